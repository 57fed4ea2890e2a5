"""Where a recovery starts from: preview folders and catalogs, found under whatever the user names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from lrprev import previews_folder, smart_previews_folder
from lrprev.folders import SMART_PREVIEWS_FOLDER_END, key_of_name
from lrprev.layout import PREVIEWS_DB, ROOT_PIXELS_DB
from safelight.errors import SafelightError

CATALOG_SUFFIX = ".lrcat"
_PREVIEWS_FOLDER_END = " Previews.lrdata"
_PREVIEW_SUFFIXES = (".lrprev", ".lrfprev", ".lrmprev")
_BACKUPS = "Backups"
_FOLDERS_ABOVE = 3  # U/UUUU/file: the databases are at most three folders up


class CatalogIs(Enum):
    """How the catalog of a place was come by, which decides what it means that it cannot be read."""

    GIVEN = "with --catalog"  # an error
    BESIDE = "its previews' neighbour, or a source"  # an error, unless it is damaged: that is the case to rescue from
    STRAY = "in a folder that was searched, without previews"  # told, no more


class Place(NamedTuple):
    """Previews, and the catalog that names their photos.

    Attributes:
        previews: A folder of previews; None where none was found or asked for.
        only: What of the place was named: single previews, or a folder of Smart Previews; empty for all.
        catalog: None where none was found.
        catalog_is: How that was come by.
        smart: Folders of Smart Previews.
    """

    previews: Path | None
    catalog: Path | None
    only: tuple[Path, ...] = ()
    catalog_is: CatalogIs = CatalogIs.BESIDE
    smart: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path | None:
        """The folder that pictures are read from; None where there is only a catalog."""
        return self.previews or next(iter(self.smart), None)


def find_places(sources: Sequence[Path], catalog: Path | None = None) -> list[Place]:
    """Find what to recover from under files and folders.

    Args:
        sources: Preview files, previews folders, catalogs, or folders to search.
        catalog: The catalog of all previews that do not lie beside theirs.

    Returns:
        Catalogs without previews come last: an older copy of a catalog has the same photos, which are back by then.

    Raises:
        SafelightError: A source is not there, or nothing to recover from is in it.
    """
    places: dict[tuple[Path | None, Path | None], Place] = {}
    for source in sources:
        if not source.exists():
            raise SafelightError(f"{source} is not there; is its drive connected?")
        found = list(_places(source.resolve(), catalog))
        if not found:
            raise SafelightError(
                f"no previews and no catalog in {source}; Lightroom keeps them in a folder named "
                f"'<catalog>{_PREVIEWS_FOLDER_END}', usually in Pictures/Lightroom"
            )
        for place in found:
            before = places.get((place.folder, place.catalog))
            if before and before.only and place.only:
                place = place._replace(only=(*before.only, *place.only))
            elif before and not before.only:
                continue
            places[place.folder, place.catalog] = place
    return sorted(places.values(), key=lambda place: place.previews is None)


def _places(source: Path, catalog: Path | None) -> Iterator[Place]:
    if source.is_file():
        yield _place_of_file(source, catalog)
    elif source.name.endswith(SMART_PREVIEWS_FOLDER_END):
        beside = catalog or _catalog_beside(source, SMART_PREVIEWS_FOLDER_END)
        yield Place(None, beside, (source,), CatalogIs.GIVEN if catalog else CatalogIs.BESIDE, (source,))
    elif is_previews_folder(source):
        yield _place(source, catalog)
    else:
        yield from _search(source, catalog)


def _place_of_file(source: Path, catalog: Path | None) -> Place:
    if source.suffix.lower() == CATALOG_SUFFIX:
        folder = previews_folder(source)
        catalog_is = CatalogIs.GIVEN if catalog else CatalogIs.BESIDE
        smart = _smart_previews(source, catalog)
        return Place(folder if folder.is_dir() else None, catalog or source, (), catalog_is, smart)
    above = list(source.parents[:_FOLDERS_ABOVE])
    folder = next((folder for folder in above if is_previews_folder(folder)), source.parent)
    return _place(folder, catalog, (source,))


def _place(previews: Path, catalog: Path | None, only: tuple[Path, ...] = ()) -> Place:
    smart = () if only else _smart_previews(_catalog_of(previews, _PREVIEWS_FOLDER_END), catalog)
    if catalog:
        return Place(previews, catalog, only, CatalogIs.GIVEN, smart)
    return Place(previews, _catalog_beside(previews, _PREVIEWS_FOLDER_END), only, smart=smart)


def _smart_previews(*catalogs: Path | None) -> tuple[Path, ...]:
    """Find the folders of Smart Previews beside catalogs, whether or not these are there."""
    folders = dict.fromkeys(smart_previews_folder(catalog) for catalog in catalogs if catalog)
    return tuple(folder for folder in folders if folder.is_dir())


def _search(folder: Path, catalog: Path | None) -> Iterator[Place]:
    """Yield every previews folder below, stray previews outside of one, and at last the catalogs without previews."""
    found, catalogs, smart = list[Place](), list[Path](), list[Path]()

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise SafelightError(f"{folder} cannot be read: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        here = Path(parent)
        for name in list(folders):
            if name.endswith(SMART_PREVIEWS_FOLDER_END):
                folders.remove(name)
                smart.append(here / name)
            elif is_previews_folder(here / name):
                folders.remove(name)
                found.append(_place(here / name, catalog))
        strays = tuple(here / name for name in sorted(names) if _looks_like_a_preview(name))
        if strays:
            found.append(Place(here, catalog, strays, CatalogIs.GIVEN))
        catalogs += (here / name for name in sorted(names) if _looks_like_a_catalog(name))
    if catalog and (found or smart):  # which stands for the others
        found = found or [Place(None, catalog, (), CatalogIs.GIVEN, _smart_previews(catalog))]
        yield from (place._replace(smart=tuple(dict.fromkeys((*place.smart, *smart)))) for place in found)
        return
    named = {place.catalog for place in found}
    left = [path for path in catalogs if path not in named and not _is_backup(path, named)]
    found += (Place(None, path, (), CatalogIs.STRAY, _smart_previews(path)) for path in left)
    yield from found
    claimed = {path for place in found for path in place.smart}
    yield from (Place(None, None, smart=(path,)) for path in smart if path not in claimed)


def is_previews_folder(folder: Path) -> bool:
    """Tell a folder of previews by its name or its databases."""
    name = folder.name
    if name.endswith(_PREVIEWS_FOLDER_END) and not name.endswith(SMART_PREVIEWS_FOLDER_END):
        return True
    return (folder / PREVIEWS_DB).is_file() or (folder / ROOT_PIXELS_DB).is_file()


def _looks_like_a_catalog(name: str) -> bool:
    return name.lower().endswith(CATALOG_SUFFIX) and not name.startswith(".")  # "._X": left by macOS


def _is_backup(catalog: Path, others: Collection[Path | None]) -> bool:
    """Tell whether Lightroom made it as a backup of one of these: Backups/2024-01-31 1200/X.lrcat beside X.lrcat."""
    return catalog.parent.parent.name == _BACKUPS and catalog.parents[2] / catalog.name in others


def _looks_like_a_preview(name: str) -> bool:
    return key_of_name(name) is not None or name.lower().endswith(_PREVIEW_SUFFIXES)


def _catalog_beside(folder: Path, end: str) -> Path | None:
    path = _catalog_of(folder, end)
    return path if path and path.is_file() else None


def _catalog_of(folder: Path, end: str) -> Path | None:
    """Tell where the catalog of a folder should lie; None where the folder's name does not say it."""
    stem = folder.name.removesuffix(end)
    return folder.with_name(stem + CATALOG_SUFFIX) if stem != folder.name else None
