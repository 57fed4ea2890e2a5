"""Which of the pictures that Photos keeps of a photo serves best, by the names that it gives them.

A name is UUID, what it is of (1 the picture, 2 a video, 3 a Live Photo's video, 4 a thumbnail), a kind, and a letter:
c the current look, a adjusted by the user, o the original's. Seen in 48 libraries (of Photos 2 to 11): "_1_105_c" has
some 0.8 megapixels, "_4_5005_c" a short side of 340 to 370 pixels and is nearly always there; both stand upright.
Before Photos 5 there are "..._thumb_..." (1024 pixels) and "..._mini_..." (360), beginning with UNADJUSTED where they
show the original; here they are called "thumb_o" and so on.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from importers.base import FileStamp

RENDER, ORIGINAL = "render", "original"
_BEST = ("105_c", "thumb_o", "thumb_c", "102_a", "201_a", "102_o", "100_o")
_SMALL = ("4_5005_c", "mini_o", "mini_c")
_AFTER_BEST, _FULL, _THUMBNAIL, _LAST = len(_BEST), len(_BEST) + 1, len(_BEST) + 2, len(_BEST) + 3

_NAME = re.compile(r"_(\d+_\d+_[a-z])\.(?:jpe?g|heic|heif|png|tiff?)", re.IGNORECASE)
_NAME_4 = re.compile(r".*_(thumb|mini)_.*\.(?:jpe?g|png|tiff?)", re.IGNORECASE)
_UNADJUSTED = "UNADJUSTED"
_UUID_LENGTH = 36

DERIVATIVES = "resources/derivatives"
_RENDERS, _ORIGINALS = "resources/renders", "originals"
_FOLDERS = (DERIVATIVES, f"{DERIVATIVES}/masters", _RENDERS, _ORIGINALS)

_DATALESS = 0x40000000  # SF_DATALESS, macOS <sys/stat.h>: reading the file would download it

Picture = tuple[str, str]
"""What a file is, and its path: ("105_c", ".../UUID_1_105_c.jpeg"). Plain text, for there are a million of them."""


class Shelves:
    """What lies in the folders of a library that are divided by the UUIDs' first letter.

    Each folder is listed once where photos come in the order of their UUIDs, and only one letter's are held: to look
    for one photo's files in a folder of thousands takes as long as to list it.
    """

    def __init__(self, library: Path) -> None:
        self._library = library
        self._letter = ""
        self._names: dict[str, list[tuple[str, str]]] = {}

    def pictures(self, uuid: str) -> Iterator[Picture]:
        """Yield a photo's previews and renders, in no order."""
        for folder, name in self._named(uuid):
            if folder != _ORIGINALS and (kind := kind_of(name)) is not None:
                is_render = folder == _RENDERS
                if not is_render or kind.endswith("_a"):
                    yield RENDER if is_render else kind, f"{self._library}/{folder}/{self._letter}/{name}"

    def raw_half(self, uuid: str) -> str | None:
        """Return the RAW file of a RAW+JPEG pair: it has the JPEG's UUID and "_4"."""
        for folder, name in self._named(uuid):
            if folder == _ORIGINALS and name.startswith("_4", _UUID_LENGTH):
                return f"{self._library}/{folder}/{self._letter}/{name}"
        return None

    def _named(self, uuid: str) -> list[tuple[str, str]]:
        if uuid[:1] != self._letter:
            self._letter = uuid[:1]
            names: dict[str, list[tuple[str, str]]] = defaultdict(list)
            for folder in _FOLDERS:
                for name in _list(self._library / folder / self._letter):
                    names[name[:_UUID_LENGTH]].append((folder, name))
            self._names = dict(names)
        return self._names.get(uuid, [])


def _list(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # a hundred thousand names need no Path each
    except (FileNotFoundError, NotADirectoryError):
        return []


def kind_of(name: str) -> str | None:
    """Name a preview by its file's name: "105_c", "4_5005_c", "thumb"; None where it is no picture."""
    if match := _NAME.fullmatch(name, _UUID_LENGTH):
        kind = match[1]
        return kind.removeprefix("1_") if kind[:2] in ("1_", "4_") else None
    if match := _NAME_4.fullmatch(name):
        return f"{match[1].lower()}_{'o' if name.startswith(_UNADJUSTED) else 'c'}"
    return None


def in_order(pictures: Iterable[Picture], *, edited: bool, full_first: bool) -> list[Picture]:
    """Order a photo's pictures, best for embedding first, and leave out those that show another look than the photo.

    Args:
        pictures: Previews, renders, and the original where that is a picture.
        edited: Whether the user changed how it looks. The original then comes last: any look is better than none.
        full_first: Whether the render or original is to be decoded although a preview would do.
    """
    ranked: list[tuple[int, str, str]] = []
    for kind, path in pictures:
        rank = _rank(kind, edited=edited)
        if rank is not None:
            ranked.append((-1 if full_first and rank == _FULL else rank, kind, path))
    return [(kind, path) for _, kind, path in sorted(ranked)]


def _rank(kind: str, *, edited: bool) -> int | None:
    """Return a picture's place; None where it shows the look before the edits, or after some that were undone."""
    if (kind.endswith("_o") and edited) or ((kind.endswith("_a") or kind == RENDER) and not edited):
        return None
    if kind in _BEST:
        return _BEST.index(kind)
    if kind in _SMALL or kind.startswith("4_"):
        return _THUMBNAIL
    if kind == ORIGINAL:
        return _LAST if edited else _FULL
    return _FULL if kind == RENDER else _AFTER_BEST


def stamp_of(path: str) -> FileStamp | None:
    """Return a file's stamp; None where it is not there, or only in iCloud. An empty file has one of 0 bytes."""
    try:
        status = os.stat(path)  # noqa: PTH116  # see Picture
    except (FileNotFoundError, NotADirectoryError):
        return None
    if getattr(status, "st_flags", 0) & _DATALESS:
        return None
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)
