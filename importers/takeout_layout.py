"""Where the parts of a Google Takeout lie: found by names, with a look into few folders and no further.

One part is an unpacked tree, a .zip or a .tgz; an export of any size has several, which Google cuts anywhere.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache, lru_cache
from pathlib import Path

from importers.formats import worth_a_look
from importers.takeout_folders import has_googles_name, is_google_photos
from importers.takeout_members import hold_an_export
from importers.takeout_stream import names_at_the_beginning

_EXPORT = re.compile(r"takeout-\d{8}T\d{6}Z", re.IGNORECASE)
_ARCHIVE = re.compile(f"({_EXPORT.pattern})" + r"(?:-\d+)?-(\d{3,4})(?: ?\(\d+\))?\.(zip|tgz|tar\.gz)", re.IGNORECASE)
_PACKED = re.compile(r"\.(zip|tgz|tar\.gz)$", re.IGNORECASE)
_PART_FOLDER = re.compile(r"takeout\b.*", re.IGNORECASE)
_INDEX_PAGE = "archive_browser.html"
_MOST_LOOKS = 8  # into folders of one tree


class PartKind(Enum):
    """How a part is packed."""

    TREE = auto()
    ZIP = auto()
    TGZ = auto()


@dataclass(frozen=True, slots=True)
class PartPlace:
    """Where a part lies.

    Attributes:
        path: The archive; of a tree the folder that holds the Google Photos folder.
        folder: Of a tree the name of its Google Photos folder.
        is_sure: Whether that folder is known to be one; else the files of the other parts may tell.
    """

    path: Path
    kind: PartKind
    folder: str = ""
    is_sure: bool = True


def find_parts(path: Path) -> list[PartPlace]:
    """Find the parts of the export at `path`: a folder that holds it or is it, or an archive among its like.

    Returns:
        In the order of their names; empty where this is no export, or a folder with other pictures, too.
    """
    with suppress(OSError):
        if path.is_dir():
            return _in_folder(path)
        if path.is_file():
            return _beside(path)
    return []


def export_around(path: Path, within: Path) -> Path | None:
    """Return the outermost folder below `within` that is an export, and is or holds what lies unpacked at `path`."""
    found: Path | None = None
    while within in path.parents and any(place.kind is PartKind.TREE for place in find_parts(path)):
        found, path = path, path.parent
    return found


@cache
def export_of(part: Path) -> str:
    """Name the export that a part is of: by Google's time in its name, or that of its folder; else it stands alone."""
    match = _EXPORT.match(part.name) or _EXPORT.match(part.parent.name)
    return match[0].lower() if match else str(part)


def missing_numbers(parts: list[PartPlace]) -> list[int]:
    """Tell which numbers are missing among archives.

    The last ones cannot be told, nor any once a part is unpacked: others may have held nothing of Google Photos.
    """
    numbers: dict[str, set[int]] = defaultdict(set)
    for part in parts:
        match = _ARCHIVE.fullmatch(part.path.name) if part.kind is not PartKind.TREE else None
        if match is None:
            return []
        numbers[match[1].lower()].add(int(match[2]))
    return sorted({number for here in numbers.values() for number in set(range(1, max(here))) - here})


def _beside(path: Path) -> list[PartPlace]:
    """Find the archives of one export by one of them."""
    match = _ARCHIVE.fullmatch(path.name)
    if match:
        return [
            place
            for other in sorted(path.parent.iterdir())
            if other.name.lower().startswith(match[1].lower())
            and _ARCHIVE.fullmatch(other.name)
            and (place := _archive(other))
        ]
    place = _archive(path)
    return [place] if place else []


def _archive(path: Path) -> PartPlace | None:
    """Return the part that a file is, whatever it is called: then a look into it tells."""
    suffix = _PACKED.search(path.name)
    if suffix is None or not path.is_file():
        return None
    kind = PartKind.ZIP if suffix[1].lower() == "zip" else PartKind.TGZ
    if not _ARCHIVE.fullmatch(path.name):
        status = path.stat()
        if not _holds_an_export(path, kind, status.st_size, status.st_mtime_ns):
            return None
    return PartPlace(path, kind)


@lru_cache(maxsize=1024)
def _holds_an_export(path: Path, kind: PartKind, size_bytes: int, mtime_ns: int) -> bool:
    """Look into a zip's table of contents, or at the beginning of a stream; once for each state of the file."""
    names: list[str] = []
    try:
        if kind is PartKind.ZIP:
            with zipfile.ZipFile(path) as archive:
                names += archive.namelist()
        else:
            for name in names_at_the_beginning(path):
                names.append(name)
    except Exception:  # zipfile and tarfile raise nearly anything on damaged files
        return bool(names) and hold_an_export(names)
    return hold_an_export(names)


def _in_folder(path: Path, *, levels: int = 1) -> list[PartPlace]:
    """Find the parts that a folder holds or is; folders of other names must be, or hold, nothing but parts, too.

    Args:
        levels: Of such folders.
    """
    names = {entry.name: entry.is_dir() for entry in os.scandir(path) if not entry.name.startswith(".")}
    if parts := [part for part in _tree(path, names) if part.is_sure]:
        return parts
    if _is_google_photos(path, [name for name, is_folder in names.items() if is_folder]) and (
        _holds_json(path, names) or _PART_FOLDER.fullmatch(path.parent.name)
    ):
        return [PartPlace(path.parent, PartKind.TREE, path.name)]
    others = [name for name, is_folder in sorted(names.items()) if is_folder and not _PART_FOLDER.fullmatch(name)]
    if _loose(names) or (others and not levels):
        return []
    parts: list[PartPlace] = []
    for name in others:
        inner = _in_folder(path / name, levels=levels - 1)
        if not inner:
            return []
        parts += inner
    for name in sorted(set(names).difference(others)):
        parts += _part_within(path / name, is_folder=names[name])
    return sorted(parts, key=lambda part: part.path) if any(part.is_sure for part in parts) else []


def _part_within(path: Path, *, is_folder: bool) -> Iterator[PartPlace]:
    """Yield what a folder of parts holds under one name: "Takeout 2", "takeout-20240101T000000Z-001", an archive."""
    if not is_folder:
        if archive := _archive(path):
            yield archive
        return
    for tree in (path, path / "Takeout"):
        with suppress(OSError):
            yield from _tree(tree, {entry.name: entry.is_dir() for entry in os.scandir(tree)})


def _tree(path: Path, names: dict[str, bool]) -> list[PartPlace]:
    """Return the part that is unpacked at `path`, where the Google Photos folder lies in it."""
    folders = [name for name, is_folder in sorted(names.items()) if is_folder]
    is_part = bool(_PART_FOLDER.fullmatch(path.name)) or _INDEX_PAGE in names
    if not is_part and (len(folders) != 1 or _loose(names)):
        return []
    inner = {name: _folders_in(path / name) for name in folders}
    found = [
        PartPlace(path, PartKind.TREE, name)
        for name in folders
        if _is_google_photos(path / name, inner[name])
        and (is_part or _holds_json(path / name, dict.fromkeys(inner[name], True)))
    ]
    maybe = [name for name in folders if is_part and has_googles_name(name)]
    return found or [PartPlace(path, PartKind.TREE, name, is_sure=False) for name in maybe]


def _is_google_photos(path: Path, inner: list[str]) -> bool:
    """Tell what a folder is, with a look into a few of those in it where names leave it open."""
    return is_google_photos(path.name, inner, _names_within(path, sorted(inner)[:_MOST_LOOKS]))


def _names_within(path: Path, folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        with suppress(OSError):
            yield from (entry.name for entry in os.scandir(path / folder))


def _folders_in(path: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(path) if entry.is_dir()]
    except OSError:
        return []


def _loose(names: dict[str, bool]) -> bool:
    """Tell whether there are pictures among the files."""
    return any(not is_folder and worth_a_look(Path(name).suffix) for name, is_folder in names.items())


def _holds_json(path: Path, names: dict[str, bool]) -> bool:
    """Look for a JSON in the folder or in the first that lie in it; every export has them."""
    folders = [name for name, is_folder in sorted(names.items()) if is_folder][:3]
    return any(name.lower().endswith(".json") for name in (*names, *_names_within(path, folders)))
