"""Finding a catalog's originals on this machine."""

from __future__ import annotations

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
        if moved is not None and _is_file(moved):
            return moved
        key = root_path, path_from_catalog
        if key not in self._roots:
            self._roots[key] = tuple(self._present_roots(*key))
        return next((path for root in self._roots[key] if _is_file(path := root / path_in_root)), None)

    def _present_roots(self, root_path: str, path_from_catalog: str) -> Iterator[Path]:
        candidates = [Path(root_path)] if Path(root_path).is_absolute() else []  # "C:/" is not, on any other system
        if path_from_catalog:
            candidates.append((self._catalog_folder / path_from_catalog).resolve())
        for root in dict.fromkeys(candidates):
            if _is_folder(root):
                yield root


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
