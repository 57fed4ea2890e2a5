"""What every source of photos agrees on: the Photo, its Renditions, and two verbs, recognise and photos.

Recognising is cheap and never walks a folder; photos() streams, and never holds a library in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol


class ImporterError(Exception):
    """A source cannot be read; the message says what, where and what to do next, in one line."""


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
"""Tells whether the caller has seen a key at this very stamp."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One stored picture of a photo: the original, a preview, a derivative.

    Attributes:
        path: The file that holds the pixels.
        width: Pixels, upright, where known without decoding.
        height: Pixels, upright, where known without decoding.
        edited: Whether it shows the look after the user's edits.
    """

    path: Path
    width: int | None = None
    height: int | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a photo beside its pixels. Everything is optional; absent means unknown.

    Attributes:
        taken_at: Capture time as the camera's clock showed it; zone-aware where the zone is known.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
        camera: Make and model as people say it, "Canon EOS 5D", the make not repeated.
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


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo as its source knows it.

    Attributes:
        key: Names the photo within its root and survives what the source survives: a path relative to the root for
            folders, a UUID for libraries. Bytes, because file names need not be text.
        name: What to show people.
        path: The original file, or None where there is none on this machine.
        renditions: Best for embedding first.
        stamp: The stamp of the file that would be read; None where it cannot be told.
        problem: Why this photo cannot be read, where the source knows already (a FIFO, a placeholder).
    """

    key: bytes
    name: str
    path: Path | None
    renditions: tuple[Rendition, ...]
    stamp: FileStamp | None
    facts: Facts = field(default_factory=Facts)
    problem: str | None = None


class Source(Protocol):
    """A kind of place where photos live, opened at one root.

    Attributes:
        root: What was opened: absolute, links resolved.
        folder: What paths and keys lie under: the root, or the folder that holds it where the root is a file.
        device: st_dev of the root.
        unreadable: After photos(): keys of parts that could not be listed -> why. What was known there is not missing.
        passed_over: After photos(): keys of the libraries of other programs that lie inside and were not entered.
    """

    name: ClassVar[str]
    root: Path
    folder: Path
    device: int
    unreadable: dict[bytes, str]
    passed_over: list[bytes]

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is such a place; looks at names and first bytes, never walks."""
        ...

    def __init__(self, path: Path) -> None: ...

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every photo once; a place that becomes unreadable on the way raises ImporterError.

        Args:
            known: Lets the source leave unopened what the caller has seen unchanged.
        """
        ...
