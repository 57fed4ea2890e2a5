"""What osxphotos knows of a library -> Photos; `Any` here is its PhotoInfo, which has no typed interface."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importers.apple_photos_facts import Places, facts_of, marks_of
from importers.apple_photos_files import DERIVATIVES, ORIGINAL, RENDER, Picture, Shelves, in_order, kind_of, stamp_of
from importers.apple_photos_library import MAIN_DATABASES
from importers.base import Facts, FileStamp, Mark, Options, Part, Photo, Rendition

_NO_PICTURE = "neither a preview nor the original is on this computer; open the photo once in Photos, then index again"
_EMPTY_PICTURES = (
    "its previews are empty files, and the original is not on this computer; open the photo once in Photos, then index"
    " again"
)
_WHY_OUT_OF_SIGHT = {
    Mark.HIDDEN: "hidden",
    Mark.SHARED: "in a shared album",
    Mark.TRASHED: "recently deleted",
    Mark.BURST: "not picked from its burst",
    Mark.SYNDICATED: "shared with you and not saved",
}
_FLAGS = {mark: f"--{mark.value}" for mark in Mark} | {Mark.BURST: "--bursts"}


class LibraryGoneError(Exception):
    """The library went away while it was read."""


class Assets:
    """All that is in a library, in the order of the UUIDs, with what is known of the bursts."""

    def __init__(self, database: Any) -> None:
        listed = [*database.photos(), *database.photos(intrash=True)]
        found = {photo.uuid: photo for photo in listed}
        self._unpicked: dict[str, Any] = {}
        self._frames: dict[str, list[Any]] = defaultdict(list)
        self._series: dict[str, str] = {}
        for photo in listed:
            if photo.burst and photo.uuid not in self._series:
                self._add_burst([photo, *photo.burst_photos], found)
        self.photos = [one for _, one in sorted((found | self._unpicked).items())]

    def _add_burst(self, frames: list[Any], picked: dict[str, Any]) -> None:
        frames.sort(key=lambda frame: (frame.uuid not in picked, frame.intrash, not frame.burst_key, frame.uuid))
        series = min(frame.uuid for frame in frames)
        for frame in frames:
            self._series[frame.uuid] = series
            if frame.uuid not in picked:
                self._unpicked[frame.uuid] = frame
                self._frames[frames[0].uuid].append(frame)

    def is_unpicked(self, photo: Any) -> bool:
        """Tell whether it is a frame of a burst that neither Photos nor the user picked."""
        return photo.uuid in self._unpicked

    def frames_under(self, photo: Any) -> list[Any]:
        """Return the frames that were not picked, for the one that Photos shows for the burst."""
        return self._frames.get(photo.uuid, [])

    def series(self, photo: Any) -> str | None:
        """Name the burst that a photo is of, by the first of its frames' UUIDs."""
        return self._series.get(photo.uuid)


@dataclass(slots=True)
class Translator:
    """Turns what osxphotos knows into photos, and keeps count of what went wrong."""

    library: Path
    options: Options
    sees_shelves: bool
    _shelves: Shelves = field(init=False)
    _places: Places = field(default_factory=Places)
    _without_facts: int = 0
    _first_trouble: str = ""

    def __post_init__(self) -> None:
        self._shelves = Shelves(self.library)

    def photo(self, source: Any, assets: Assets) -> Photo:
        """Translate one asset; one that cannot be is a photo with a problem.

        Raises:
            LibraryGoneError: There are no pictures of it any more, nor the library.
        """
        try:
            return self._photo(source, assets)
        except LibraryGoneError:
            raise
        except Exception as error:  # one odd row must not cost the others
            self._check_still_there()
            return Photo(source.uuid.encode(), source.uuid, None, (), None, problem=f"it cannot be read ({error})")

    def _photo(self, source: Any, assets: Assets) -> Photo:
        uuid, name = source.uuid, source.original_filename or source.uuid
        marks = marks_of(source, unpicked=assets.is_unpicked(source)) - self.options.include
        if marks:
            # Nothing else is told: what is hidden is not to be found in our catalog either.
            return Photo(uuid.encode(), name, None, (), None, problem=_why_left_out(marks))
        original = _path(source.path)
        renditions, stamp, problem = self._renditions(source, original)
        is_whole_still = any(one.path == original for one in renditions)
        return Photo(
            uuid.encode(),
            name,
            original,
            renditions,
            stamp,
            facts=self._facts(source),
            problem=problem,
            exact=original if is_whole_still else None,
            parts=tuple(self._parts(source, name, assets)),
            series=assets.series(source),
        )

    def _renditions(
        self, source: Any, original: Path | None
    ) -> tuple[tuple[Rendition, ...], FileStamp | None, str | None]:
        """Return the pictures that are there, the first one's stamp, and why there are none."""
        pictures = list(self._pictures(source))
        if original is not None and not source.ismovie:
            pictures.append((ORIGINAL, str(original)))
        edited = bool(source.hasadjustments)
        ordered = in_order(pictures, edited=edited, full_first=self.options.originals)
        found = [(kind, path, stamp) for kind, path in ordered if (stamp := stamp_of(path)) is not None]
        full = [one for one in found if one[2].size_bytes > 0]
        if not full:
            self._check_still_there()
            return (), None, _EMPTY_PICTURES if found else _NO_PICTURE
        renditions = (Rendition(Path(path), edited=edited and kind != ORIGINAL, kind=kind) for kind, path, _ in full)
        return tuple(renditions), full[0][2], None

    def _pictures(self, source: Any) -> Iterator[Picture]:
        elsewhere = source.shared or source.shared_moment or (source.syndicated and not source.saved_to_library)
        if self.sees_shelves and not elsewhere:
            yield from self._shelves.pictures(source.uuid)
            return
        for path in source.path_derivatives:
            if (kind := kind_of(Path(path).name)) is not None:
                yield kind, path
        if source.path_edited and not source.ismovie:
            yield RENDER, source.path_edited
        if source.ismovie and source.path:
            yield "poster_c", str(Path(source.path).with_name(f"{source.uuid}.poster.JPG"))

    def _parts(self, source: Any, name: str, assets: Assets) -> Iterator[Part]:
        stem = Path(name).stem
        if source.has_raw:
            on_shelf = self.sees_shelves and not source.isreference
            raw = self._shelves.raw_half(source.uuid) if on_shelf else _path(source.path_raw)
            yield Part("raw", f"{stem}{raw.suffix if raw else ' (RAW)'}", raw)
        if source.live_photo:
            yield Part("live video", f"{stem}.mov", _path(source.path_live_photo))
        if Mark.BURST not in self.options.include:
            for frame in assets.frames_under(source):
                yield Part("burst frame", frame.original_filename or frame.uuid, _path(frame.path))

    def _facts(self, source: Any) -> Facts:
        try:
            return facts_of(source, self._places)
        except Exception as error:  # metadata never stops a photo
            self._without_facts += 1
            self._first_trouble = self._first_trouble or f"{source.original_filename}: {error}"
            return Facts()

    def _check_still_there(self) -> None:
        if not any(os.path.exists(self.library / name) for name in MAIN_DATABASES):  # noqa: PTH110  # False on any error
            raise LibraryGoneError

    def remarks(self) -> list[str]:
        """Say what people should know once all photos are through."""
        remarks: list[str] = []
        if self.sees_shelves and not (self.library / DERIVATIVES).is_dir():
            remarks.append(
                f"{self.library / DERIVATIVES}, where Photos keeps its previews, is missing; originals were read where"
                " they are here."
            )
        if self._without_facts:
            remarks.append(f"What Photos knows of {self._without_facts:,} photos was not read ({self._first_trouble}).")
        return remarks


def _why_left_out(marks: frozenset[Mark]) -> str:
    """Say why a photo is not read, and which flags take it in."""
    out = [mark for mark in Mark if mark in marks]
    why, flags = " and ".join(_WHY_OUT_OF_SIGHT[mark] for mark in out), " ".join(_FLAGS[mark] for mark in out)
    return f"{why} in Apple Photos; {flags} {'takes' if len(out) == 1 else 'take'} it in"


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
