"""Finding a catalog's originals on this machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from importers.lightroom_moves import Moves

_NOTHING_MOVED = Moves()


class Originals:
    """Looks for originals where they have moved, where the catalog says, then where they lay beside it.

    A root folder that is not there, a drive that is away, is asked for once and not once a photo.
    """

    def __init__(self, catalog_folder: Path, moves: Moves = _NOTHING_MOVED) -> None:
        self._catalog_folder = catalog_folder
        self._moves = moves
        self._roots: dict[tuple[str, str], tuple[Path, ...]] = {}

    def find(self, root_path: str, path_from_catalog: str, path_in_root: str) -> Path | None:
        """Return the file, or None where it is missing.

        Args:
            root_path: AgLibraryRootFolder.absolutePath, of whatever machine wrote it.
            path_from_catalog: AgLibraryRootFolder.relativePathFromCatalog, or empty.
            path_in_root: Folder and file name.
        """
        moved = self._moves.apply(root_path + path_in_root)
        if moved is not None:
            for way in _spellings(str(moved)):
                if _is_file(path := Path(way)):
                    return path
        key = root_path, path_from_catalog
        if key not in self._roots:
            self._roots[key] = tuple(self._present_roots(*key))
        ways = _spellings(path_in_root)
        return next((path for root in self._roots[key] for way in ways if _is_file(path := root / way)), None)

    def _present_roots(self, root_path: str, path_from_catalog: str) -> Iterator[Path]:
        # "C:/" is not absolute, on any other system
        candidates = [Path(way) for way in _spellings(root_path)] if Path(root_path).is_absolute() else []
        if path_from_catalog:
            candidates.append((self._catalog_folder / path_from_catalog).resolve())
        for root in dict.fromkeys(candidates):
            if _is_folder(root):
                yield root


def _spellings(path: str) -> tuple[str, ...]:
    """Return a path as it is given, then with its accents composed and apart: a Mac's disks, copied, have those."""
    if path.isascii():
        return (path,)
    return tuple(dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no permission, a NUL in the name
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
