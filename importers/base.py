"""What every source of photos agrees on: the Photo, its Renditions, and two verbs, recognise and photos.

Recognising is cheap and never walks a folder; photos() streams, and never holds a library in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol

from importers.errors import ImporterError as ImporterError


class Outcome(StrEnum):
    """How a photo's row can end a run; each photo ends in exactly one."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # we chose not to: a format without its extra, over a limit, not a picture
    FAILED = "failed"  # we tried and could not: corrupt, unreadable, timed out
    MISSING = "missing"  # it was there before


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells, without reading it, that a file has not changed since it was last read."""

    size_bytes: int
    mtime_ns: int
    inode: int


Known = Callable[[bytes, FileStamp], bool]
"""Tells whether the caller has seen a key at this very stamp, and needs no picture of it any more."""


class Mark(StrEnum):
    """Why a library keeps a photo out of sight; such a photo is left out unless it is asked for."""

    HIDDEN = "hidden"
    SHARED = "shared"  # in an album that others share with the user
    TRASHED = "trashed"
    BURST = "burst"  # a frame of a burst that was not picked
    SYNDICATED = "syndicated"  # shown from Messages, never saved to the library


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is to be read.

    Attributes:
        include: What would be left out otherwise.
        originals: Decode originals even where a preview would serve.
        moved: (old, new) beginnings of paths: where folders lie now that the library knows at another place.
        listings: A folder of ours, where a source keeps what it had to read much for; None: it keeps nothing.
    """

    include: frozenset[Mark] = frozenset()
    originals: bool = False
    moved: tuple[tuple[str, str], ...] = ()
    listings: Path | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a file a stored picture lies.

    Attributes:
        offset_bytes: Of the first byte of the picture, or of its compressed stream.
        length_bytes: As stored.
        deflated: Whether it is stored as a raw deflate stream (RFC 1951), as in a zip.
    """

    offset_bytes: int
    length_bytes: int
    deflated: bool = False


@dataclass(frozen=True, slots=True)
class Smaller:
    """The picture of a rendition, stored once more in the same file, in fewer pixels.

    Attributes:
        edge: Pixels of its shorter side.
    """

    edge: int
    span: Span


@dataclass(frozen=True, slots=True)
class Rendition:
    """One stored picture of a photo: the original, a preview, a derivative.

    Attributes:
        path: The file that holds the pixels.
        width: Pixels, upright, where known without decoding.
        height: Pixels, upright, where known without decoding.
        edited: Whether it shows the look after the user's edits.
        kind: What its source calls it: "original", "105_c", "preview 1440x1920", "Smart Preview".
        span: Where in the file it lies; None where it is the file.
        orientation: EXIF orientation (1 to 8) that is not in the picture itself but known of it; None where the
            picture's own counts.
        profile: "AdobeRGB", "sRGB" or "ProPhotoRGB" where the pixels' colours are known but not written in them.
        smaller: Smallest first; only beside a span, a width and a height. Who needs fewer pixels may decode one of
            these; what names the picture, and its size, are the rendition's all the same.
    """

    path: Path
    width: int | None = None
    height: int | None = None
    edited: bool = False
    kind: str = "original"
    span: Span | None = None
    orientation: int | None = None
    profile: str | None = None
    smaller: tuple[Smaller, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a photo was exposed. None where unknown.

    Attributes:
        seconds: Of the shutter: 0.0333 for 1/30.
        aperture: The f-number.
        iso: The sensitivity.
        focal_length_mm: Of the lens, not its 35 mm equivalent.
    """

    seconds: float | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_length_mm: float | None = None


_FARTHEST_ZONE = timedelta(hours=14)

Steps = tuple[str, ...]
"""A name with those it lies under, outermost first: ("Travel", "Iceland")."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a photo beside its pixels. Everything is optional; absent or empty means unknown.

    Attributes:
        taken_at: Capture time as the camera's clock showed it; zone-aware where the zone is known.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
        camera: Make and model as people say it, "Canon EOS 5D", the make not repeated.
        keywords: As they would be exported, those that a library keeps to itself among them.
        keyword_paths: Of those that lie under others.
        people: Names of persons in the picture.
        albums: Albums and collections, each with the folders or sets it lies in.
        labels: What the library's own recognition calls the scene: "Beach", "Dog".
        place: For people: "Reykjavik, Iceland".
        rating: 1 to 5 stars.
        flag: The pick flag: 1 picked, -1 rejected, 0 neither.
        color_label: As the user's label set calls it: "Red", "Rouge".
        favorite: Whether the user marked it so.
        edited: Whether the user changed how it looks.
        media: What kind of picture: "photo" or "video", then any of "live", "panorama", "portrait", "selfie",
            "screenshot", "slow-mo", "time-lapse", "burst", "hdr", "raw", "animation".
    """

    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    camera: str | None = None
    lens: str | None = None
    title: str | None = None
    caption: str | None = None
    keywords: tuple[str, ...] = ()
    rating: int | None = None
    keyword_paths: tuple[Steps, ...] = ()
    people: tuple[str, ...] = ()
    albums: tuple[Steps, ...] = ()
    labels: tuple[str, ...] = ()
    place: str | None = None
    flag: int | None = None
    color_label: str | None = None
    favorite: bool | None = None
    edited: bool | None = None
    media: tuple[str, ...] = ()
    exposure: Exposure = field(default_factory=Exposure)

    def over(self, other: Facts) -> Facts:
        """Return these facts, with what is unknown here taken from `other`; position and exposure go whole.

        A time in UTC says when, but not what the camera's clock showed; where `other` can be that moment as a clock
        showed it somewhere on Earth, its time is taken.
        """
        if self == _NO_FACTS:
            return other  # of most pictures nothing is known, and this is asked several times a picture
        merged = {f.name: getattr(self if _is_known(getattr(self, f.name)) else other, f.name) for f in fields(self)}
        if self.latitude is None or self.longitude is None:
            merged["latitude"], merged["longitude"] = other.latitude, other.longitude
        if self.taken_at and other.taken_at and _is_same_moment(self.taken_at, other.taken_at):
            merged["taken_at"] = other.taken_at
        return Facts(**merged)


_NO_FACTS = Facts()


def _is_same_moment(utc: datetime, local: datetime) -> bool:
    """Tell whether a time in UTC can be that of a clock which shows another, and whose zone may be unknown."""
    if utc.utcoffset() != timedelta(0):
        return False
    if local.tzinfo is None:
        return timedelta(minutes=1) <= abs(local - utc.replace(tzinfo=None)) <= _FARTHEST_ZONE
    return abs(local - utc) < timedelta(minutes=1)


_NOTHING = (None, (), Exposure())


def _is_known(value: object) -> bool:
    return value not in _NOTHING


@dataclass(frozen=True, slots=True)
class Part:
    """A file that belongs to a photo without being one: the other half of a pair, a sidecar.

    Attributes:
        role: "raw", "jpeg", "live video", "motion video", "burst frame", "original", "edited copy", "album copy",
            "sidecar", "movie",
            "missing original" (its name is the path that the library has).
        name: What to show people.
        path: None where it is not on this machine.
    """

    role: str
    name: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo as its source knows it.

    Attributes:
        key: Names the photo within its root and survives what the source survives: a path relative to the root for
            folders, a UUID for libraries. Bytes, because file names need not be text.
        name: What to show people.
        path: The original file, or None where there is none on this machine.
        renditions: Best for embedding first; the next one serves where one is damaged.
        stamp: The stamp of the first rendition's file; None where it cannot be told.
        facts: What the source knows.
        facts_complete: Whether a picture's own metadata has nothing to add, so that changed facts are taken over
            without reading a file. Otherwise `facts` win over what the file says.
        facts_token: Changes when the facts do: for those who did not keep them. Empty: with the stamp alone.
        exact: The file whose bytes name this photo wherever else it lies, where that is not the first rendition: the
            original, when a preview of it is decoded. None where it is not there or would cost too much to read.
        sidecars: XMP files with facts, which win over those in the picture; the first one over the next.
        parts: What belongs to it.
        series: Names the burst, bracket or stack that it is one of.
        ref: What its source calls it beside the key, so that results find back: Lightroom's image id.
        problem: Why this photo is not read, where the source knows already (a FIFO, a placeholder, hidden).
        away: Whether that is only because its pictures are not here now: one that was read before stays findable.
        done: Called once the run needs the files no more: for those that were unpacked for it.
    """

    key: bytes
    name: str
    path: Path | None
    renditions: tuple[Rendition, ...]
    stamp: FileStamp | None
    facts: Facts = field(default_factory=Facts)
    problem: str | None = None
    away: bool = False
    facts_complete: bool = False
    facts_token: str = ""
    exact: Path | None = None
    sidecars: tuple[Path, ...] = ()
    parts: tuple[Part, ...] = ()
    series: str | None = None
    ref: str | None = None
    done: Callable[[], None] | None = None


class Source(Protocol):
    """A kind of place where photos live, opened at one root.

    Attributes:
        keys_are_paths: Whether a photo is known by its path, so that a file met elsewhere may be one that has moved,
            and one that was not met is looked for before it is called missing. Libraries have keys that stay.
        root: What was opened: absolute, links resolved.
        folder: What paths and keys lie under: the root, or the folder that holds it where the root is a file.
        device: st_dev of the root.
        mounts: During photos(): keys of the folders met by then that lie on another drive than the folder around them
            -> st_dev.
        unreadable: After photos(): keys of parts that could not be listed -> why. What was known there is not missing.
        passed_over: After photos(): keys of the libraries of other programs that lie inside and were not entered.
        remarks: After photos(): what people should know, a line each.
    """

    name: ClassVar[str]
    keys_are_paths: ClassVar[bool]
    root: Path
    folder: Path
    device: int
    mounts: dict[bytes, int]
    unreadable: dict[bytes, str]
    passed_over: list[bytes]
    remarks: list[str]

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is such a place; looks at names and first bytes, never walks."""
        ...

    def __init__(self, path: Path, options: Options = ...) -> None: ...

    def count(self) -> Iterator[int]:
        """Yield how many photos there are, as far as is known, growing; runs in a thread beside photos()."""
        ...

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every photo once; a place that becomes unreadable on the way raises ImporterError.

        Args:
            known: Lets the source leave unopened what the caller has seen unchanged.
        """
        ...
