"""What osxphotos knows of a library -> rows to write down; `Any` here is its PhotoInfo, which comes without types."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importers.apple_photos_facts import FactsReader, marks_of
from importers.apple_photos_files import DERIVATIVES, ORIGINAL, RENDER, Picture, Shelves, in_order, kind_of, stamp_of
from importers.apple_photos_library import MAIN_DATABASES
from importers.apple_photos_wire import Row
from importers.base import Facts, FileStamp, Mark, Options

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
    """Turns what osxphotos knows into rows, and keeps count of what went wrong.

    Attributes:
        sees_shelves: Whether previews lie where Shelves looks for them.
    """

    library: Path
    options: Options
    sees_shelves: bool
    reader: FactsReader
    _shelves: Shelves = field(init=False)
    _without_facts: int = 0
    _first_trouble: str = ""

    def __post_init__(self) -> None:
        self._shelves = Shelves(self.library)

    def row(self, source: Any, assets: Assets) -> Row:
        """Translate one asset; one that cannot be is a photo with a problem.

        Raises:
            LibraryGoneError: There are no pictures of it any more, nor the library.
        """
        try:
            return self._row(source, assets)
        except LibraryGoneError:
            raise
        except Exception as error:  # one odd row must not cost the others
            self._check_still_there()
            return Row(source.uuid, source.uuid, problem=f"it cannot be read ({error})")

    def _row(self, source: Any, assets: Assets) -> Row:
        uuid, name = source.uuid, source.original_filename or source.uuid
        marks = marks_of(source, unpicked=assets.is_unpicked(source)) - self.options.include
        if marks:
            # Nothing else is told: what is hidden is not to be found in our catalog either.
            return Row(uuid, name, problem=_why_left_out(marks))
        original = source.path or None
        renditions, stamp, problem = self._renditions(source, original)
        is_whole_still = any(path == original for path, _, _ in renditions)
        return Row(
            uuid,
            name,
            original,
            assets.series(source),
            list(self._parts(source, name, assets)),
            self._facts(source),
            renditions,
            stamp,
            original if is_whole_still else None,
            problem,
        )

    def _renditions(
        self, source: Any, original: str | None
    ) -> tuple[list[tuple[str, str, bool]], FileStamp | None, str | None]:
        """Return the pictures that are there, the first one's stamp, and why there are none."""
        pictures = list(self._pictures(source))
        if original is not None and not source.ismovie:
            pictures.append((ORIGINAL, original))
        edited = bool(source.hasadjustments)
        ordered = in_order(pictures, edited=edited, full_first=self.options.originals)
        found = [(kind, path, stamp) for kind, path in ordered if (stamp := stamp_of(path)) is not None]
        full = [one for one in found if one[2].size_bytes > 0]
        if not full:
            self._check_still_there()
            return [], None, _EMPTY_PICTURES if found else _NO_PICTURE
        return [(path, kind, edited and kind != ORIGINAL) for kind, path, _ in full], full[0][2], None

    def _pictures(self, source: Any) -> Iterable[Picture]:
        elsewhere = source.shared or source.shared_moment or (source.syndicated and not source.saved_to_library)
        if self.sees_shelves and not elsewhere:
            return self._shelves.pictures(source.uuid)
        return _listed_pictures(source)

    def _parts(self, source: Any, name: str, assets: Assets) -> Iterator[tuple[str, str, str | None]]:
        if source.has_raw:
            on_shelf = self.sees_shelves and not source.isreference
            raw: str | None = self._shelves.raw_half(source.uuid) if on_shelf else source.path_raw
            yield "raw", f"{Path(name).stem}{Path(raw).suffix if raw else ' (RAW)'}", raw or None
        if source.live_photo:
            yield "live video", f"{Path(name).stem}.mov", source.path_live_photo or None
        if Mark.BURST not in self.options.include:
            for frame in assets.frames_under(source):
                yield "burst frame", frame.original_filename or frame.uuid, frame.path or None

    def _facts(self, source: Any) -> Facts:
        try:
            return self.reader.facts(source)
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


def _listed_pictures(source: Any) -> Iterator[Picture]:
    """Yield the pictures that osxphotos finds, one by one: where there are no shelves, or a photo is on none."""
    for path in source.path_derivatives:
        if (kind := kind_of(Path(path).name)) is not None:
            yield kind, path
    if source.path_edited and not source.ismovie:
        yield RENDER, source.path_edited
    if source.ismovie and source.path:
        yield "poster_c", str(Path(source.path).with_name(f"{source.uuid}.poster.JPG"))


def _why_left_out(marks: frozenset[Mark]) -> str:
    """Say why a photo is not read, and which flags take it in."""
    out = [mark for mark in Mark if mark in marks]
    why, flags = " and ".join(_WHY_OUT_OF_SIGHT[mark] for mark in out), " ".join(_FLAGS[mark] for mark in out)
    return f"{why} in Apple Photos; {flags} {'takes' if len(out) == 1 else 'take'} it in"
