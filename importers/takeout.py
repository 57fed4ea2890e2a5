"""Google Takeout: the export of a Google Photos account, unpacked or in its .zip or .tgz parts, in any mixture.

    TakeoutSource(Path("~/Downloads/takeout-20240101T000000Z-001.zip").expanduser()).photos()

What belongs to what, what is read, and how zips and streams are dealt with: docs/takeout.md.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, ClassVar, cast

from importers import base
from importers.base import Facts, FileStamp, ImporterError, Known, Mark, Options, Photo, Rendition
from importers.folder import display_name
from importers.opened import OpenedPlace
from importers.takeout_export import Export, IsSame, Item, assemble
from importers.takeout_folders import Kind
from importers.takeout_json import Sidecar, read_json
from importers.takeout_layout import PartKind, PartPlace, find_parts, missing_numbers
from importers.takeout_listing import Listing
from importers.takeout_names import is_pixel_motion
from importers.takeout_parts import Delivery, Entry, Part, Tree, of_google_photos
from importers.takeout_tgz import Tgz
from importers.takeout_zip import Zip

_SPOOL_BYTES = 8 << 20
_VIDEO = "it is a video; only pictures are read"
_TRASHED = "it lay in the bin of Google Photos; --trashed takes it in"


class TakeoutSource(OpenedPlace):
    """An export, all its parts merged.

    Attributes:
        root: What was opened: absolute, links resolved; the first part where one of several was named.
        folder: The root, or the folder that the parts lie in.
        device: st_dev of the root.
        unreadable: After photos(): b"" -> why, where a part could not be read; any photo may have been in it.
        passed_over: Nothing.
        remarks: After photos(): parts that are missing or damaged, JSON without its photo.
    """

    name: ClassVar[str] = "takeout"
    keys_are_paths: ClassVar[bool] = False

    def __init__(self, path: Path, options: Options = Options()) -> None:  # noqa: B008  # frozen
        """Open an export.

        Raises:
            ImporterError: There is none at `path`.
        """
        super().__init__(path)
        places = find_parts(self.root)
        if not places:
            raise ImporterError(
                f"{path} is no Google Takeout: there is no Google Photos folder, nor a part of an export"
            )
        if self.root != self.folder:  # whichever part was named, the export is the same
            self.root = places[0].path
            self.folder = self.root.parent
        self._options = options

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is an export, or one of its parts; looks at the names in a few folders."""
        return bool(find_parts(path))

    def count(self) -> Iterator[int]:
        """Yield how many photos and videos there are; nothing where only a second pass over streams would tell."""
        places = find_parts(self.root)
        if all(place.kind is not PartKind.TGZ for place in places):
            parts = _open(places, io.BytesIO())
            export = assemble(_entries_of(parts, places, lambda why: None), _as_far_as_known)
            yield len(export.items) + len(export.outside)

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every photo once, part by part; videos and what is in the bin with the reason why they are not read.

        Args:
            known: A photo that was met before is not compared again with its copies in albums, nor unpacked again.

        Raises:
            ImporterError: No part can be read.
        """
        self.unreadable, self.passed_over, self.remarks = {}, [], []
        places = find_parts(self.root)
        problems: list[str] = []
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, prefix="safelight-") as spool:
            parts = _open(places, cast("IO[bytes]", spool), self._options.listings)
            export = assemble(_entries_of(parts, places, problems.append), _comparison(known))
            if not parts:
                raise ImporterError(f"{self.root} is no longer there, or no longer an export")
            if problems and not export.items:
                raise ImporterError(problems[0])
            if problems:
                self.unreadable[b""] = "; ".join(problems)
            yield from self._problems(export)
            yield from self._deliver(export, parts, known)
        self.remarks += _remarks(export, places)

    def _problems(self, export: Export) -> Iterator[Photo]:
        """Yield what is there but not read."""
        for entry in export.outside.values():
            yield Photo(_key(entry), display_name(_key(entry)), entry.path, (), entry.stamp, problem=entry.problem)
        for item in export.items:
            if (problem := self._why_not(item)) is not None:
                yield self._photo(item, Delivery(item.entry, Rendition(_file_of(item.entry)), problem=problem))

    def _deliver(self, export: Export, parts: list[Part], known: Known | None) -> Iterator[Photo]:
        by_part: dict[int, dict[Entry, Item]] = defaultdict(dict)
        for item in export.items:
            if self._why_not(item) is None:
                by_part[id(item.entry.part)][item.entry] = item
        for part in parts:
            items = by_part.pop(id(part), {})
            if part.is_stream and known:
                yield from self._known_ones(items, known)
            if not items:
                continue
            try:
                for delivery in part.deliver(list(items)):
                    yield self._photo(items[delivery.entry], delivery)
            except ImporterError as error:  # it could be listed, so it was changed or taken away on the way
                self.unreadable[b""] = str(error)

    def _known_ones(self, items: dict[Entry, Item], known: Known) -> Iterator[Photo]:
        """Yield, and take out of `items`, what need not be unpacked."""
        for entry, item in list(items.items()):
            photo = self._photo(item, Delivery(entry, Rendition(entry.part.path)))
            if photo.stamp and known(photo.key, photo.stamp):
                del items[entry]
                yield photo

    def _why_not(self, item: Item) -> str | None:
        if item.entry.problem:
            return item.entry.problem
        if item.kind is Kind.BIN and Mark.TRASHED not in self._options.include:
            return _TRASHED
        return _VIDEO if item.entry.is_video else None

    def _photo(self, item: Item, delivery: Delivery) -> Photo:
        entry = item.entry
        sidecar = _sidecar_of(item)
        key = _key(entry)
        facts = replace(
            sidecar.facts,
            albums=tuple((_text(album),) for album in item.albums),
            edited=True if item.is_copy else (False if item.copies else None),
            media=_media_of(item),
        )
        # An edited copy has its original's JSON, but a name of its own.
        name = display_name(os.fsencode(entry.name if item.is_copy else sidecar.title or entry.name))
        problem = delivery.problem
        if sidecar.trashed and Mark.TRASHED not in self._options.include:
            problem = problem or _TRASHED
        if problem and delivery.done:
            delivery.done()
        parts = tuple(_parts_of(item))
        told = repr((name, facts, sidecar.url, [(part.role, part.name) for part in parts]))
        token = hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=7)
        stamp = entry.stamp
        if entry.part.is_stream:  # a photo is unpacked again if its facts change, so its stamp covers them
            stamp = replace(stamp, mtime_ns=stamp.mtime_ns ^ int.from_bytes(token.digest()))
        return Photo(
            key=key,
            name=name,
            path=entry.path,
            renditions=(replace(delivery.rendition, edited=item.is_copy),),
            stamp=stamp,
            facts=facts,
            problem=problem,
            facts_token=token.hexdigest(),
            parts=parts,
            ref=sidecar.url,
            done=None if problem else delivery.done,
        )


def _open(places: list[PartPlace], spool: IO[bytes], listings: Path | None = None) -> list[Part]:
    """Open the parts, the youngest export first, whose files count where two exports have them."""
    stats = [place.path.stat() for place in places if place.kind is PartKind.TGZ]
    stamp = FileStamp(
        sum(status.st_size for status in stats),
        max((status.st_mtime_ns for status in stats), default=0),
        min((status.st_ino for status in stats), default=0),
    )
    kinds: dict[PartKind, Callable[[PartPlace], Part]] = {
        PartKind.TREE: Tree,
        PartKind.ZIP: Zip,
        PartKind.TGZ: lambda place: Tgz(place, stamp, spool, Listing(listings, place.path) if listings else None),
    }
    return [kinds[place.kind](place) for place in reversed(places)]


def _entries_of(parts: list[Part], places: list[PartPlace], on_problem: Callable[[str], None]) -> list[Entry]:
    def listed() -> Iterator[Entry]:
        for part in parts:
            try:
                yield from part.entries()
            except ImporterError as error:
                on_problem(str(error))

    return of_google_photos(listed(), [place.folder for place in places if place.folder and place.is_sure])


def _comparison(known: Known | None) -> IsSame:
    """Compare by checksum; files are read for it once, and not again once they have been taken for one photo."""

    def is_same(one: Entry, other: Entry) -> bool:
        if known and one.crc is None and known(_key(one), one.stamp) and not known(_key(other), other.stamp):
            return True
        return one.part.checksum(one) == other.part.checksum(other)

    return is_same


def _as_far_as_known(one: Entry, other: Entry) -> bool:
    return None in (one.crc, other.crc) or one.crc == other.crc


def _sidecar_of(item: Item) -> Sidecar:
    found = read_json(item.sidecar.part.read(item.sidecar)) if item.sidecar else None
    return found if isinstance(found, Sidecar) else Sidecar(None, Facts())


def _media_of(item: Item) -> tuple[str, ...]:
    if item.entry.is_video:
        return ("video",)
    more = ("live",) if item.motion else ()
    return ("photo", *more, *(("animation",) if item.is_animation else ()))


def _parts_of(item: Item) -> Iterator[base.Part]:
    if item.motion:
        yield _part("motion video" if is_pixel_motion(item.motion.name) else "live video", item.motion)
    if item.original:
        yield _part("original", item.original)
    for copy in item.copies:
        yield _part("edited copy", copy)
    for place in item.places:
        yield base.Part("album copy", _shown(place.key), place.path)
    if item.sidecar:
        yield _part("sidecar", item.sidecar)


def _part(role: str, entry: Entry) -> base.Part:
    return base.Part(role, _shown(entry.name), entry.path)


def _text(name: str) -> str:
    """Replace what is no text; names of folders need not be."""
    return os.fsencode(name).decode("utf-8", "replace")


def _shown(path: str) -> str:
    """Write a path for people; names need not be text."""
    return "/".join(display_name(os.fsencode(name)) for name in path.split("/"))


def _remarks(export: Export, places: list[PartPlace]) -> Iterator[str]:
    if numbers := missing_numbers(places):
        listed = ", ".join(f"{number:03}" for number in numbers)
        yield f"The parts {listed} of this export are not here; put them beside the others and index again."
    if export.alone:
        first = _shown(export.alone[0].key)
        yield (
            f"{_described(len(export.alone))} described in this export but not in it (such as {first}):"
            " a part of it may be missing, or its folder was tidied up."
        )


def _described(number: int) -> str:
    return "1 photo or video is" if number == 1 else f"{number:,} photos or videos are"


def _key(entry: Entry) -> bytes:
    return os.fsencode(entry.key)


def _file_of(entry: Entry) -> Path:
    return entry.path or entry.part.path
