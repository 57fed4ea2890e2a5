"""Where a recovery starts from: preview folders and catalogs, found under whatever the user names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lrprev import LrprevError, previews_folder, read_or_salvage, smart_previews_folder
from lrprev.folders import SMART_PREVIEWS_FOLDER_END, key_of_name
from safelight.errors import SafelightError
from safelight.recover.search import CATALOG_SUFFIX, PREVIEWS_FOLDER_END, catalogs_of, is_previews_folder, search

_BACKUPS = "Backups"
_FOLDERS_ABOVE = 3  # U/UUUU/file: the databases are at most three folders up


class CatalogIs(Enum):
    """How the catalog of a place was come by, which decides what it means that it cannot be read."""

    GIVEN = "with --catalog"  # an error
    BESIDE = "its previews' neighbour, or a source"  # an error, unless it is damaged: that is the case to rescue from
    STRAY = "in a folder that was searched or beside previews, without any of its own name"  # told, no more
    BACKUP = "made by Lightroom of a catalog that is gone"  # told, no more


class Place(NamedTuple):
    """Previews, and the catalog that names their photos.

    Attributes:
        previews: A folder of previews; None where none was found or asked for.
        only: Single previews; empty for all of the folder.
        catalog: None where none was found.
        catalog_is: How that was come by.
        smart: Folders of Smart Previews.
        is_part: Whether this is a part of what the catalog has, so that nothing beyond it is missing.
        wants_stale: Whether older renders are asked for, as their files were named.
    """

    previews: Path | None
    catalog: Path | None
    only: tuple[Path, ...] = ()
    catalog_is: CatalogIs = CatalogIs.BESIDE
    smart: tuple[Path, ...] = ()
    is_part: bool = False
    wants_stale: bool = False

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
    for path in filter(None, (*sources, catalog)):
        if path.suffix.lower() == ".zip" and path.is_file():
            raise SafelightError(f"{path} is packed, as Lightroom's backups are; unpack it and name the .lrcat in it")
    places: dict[tuple[Path | None, Path | None], Place] = {}
    for source in sources:
        if not source.exists():
            raise SafelightError(f"{source} is not there; is its drive connected?")
        if len(sources) == 1 and source.is_file() and source.suffix.lower() != CATALOG_SUFFIX:
            _refuse_what_is_none(source)  # among others, it is one that cannot be read
        found = list(_places(source.resolve(), catalog))
        if not found:
            raise SafelightError(
                f"no previews and no catalog in {source}; Lightroom keeps them in a folder named "
                f"'<catalog>{PREVIEWS_FOLDER_END}', usually in Pictures/Lightroom"
            )
        for place in found:
            before = places.get((place.folder, place.catalog))
            if before and before.only and place.only:
                wants_stale = before.wants_stale or place.wants_stale
                larger = place if before.is_part else before
                only = tuple(dict.fromkeys((*before.only, *place.only)))
                place = larger._replace(only=only, wants_stale=wants_stale)
            elif before and not before.is_part:
                continue
            places[place.folder, place.catalog] = place
    return sorted(_paired(list(places.values())), key=lambda place: place.previews is None)


def _places(source: Path, catalog: Path | None) -> Iterator[Place]:
    if source.is_file():
        yield _place_of_file(source, catalog)
    elif source.name.endswith(SMART_PREVIEWS_FOLDER_END):
        named = (catalog, CatalogIs.GIVEN) if catalog else _catalog_beside(source, SMART_PREVIEWS_FOLDER_END)
        yield Place(None, named[0], (), named[1], (source,), is_part=True)
    elif is_previews_folder(source):
        yield _place(source, catalog)
    else:
        yield from _search(source, catalog)


def _place_of_file(source: Path, catalog: Path | None) -> Place:
    if source.suffix.lower() == CATALOG_SUFFIX:
        folder = previews_folder(source)
        catalog_is = CatalogIs.GIVEN if catalog else CatalogIs.BESIDE
        previews = folder if folder.is_dir() else _only_previews(source)
        smart = _smart_previews(source, catalog, previews and _catalog_of(previews, PREVIEWS_FOLDER_END))
        return Place(previews, catalog or source, (), catalog_is, smart)
    folder = next((folder for folder in source.parents[:_FOLDERS_ABOVE] if is_previews_folder(folder)), None)
    place = _place(folder, catalog) if folder else Place(source.parent, catalog, catalog_is=CatalogIs.GIVEN)
    return place._replace(only=(source,), smart=(), is_part=True, wants_stale=True)


def _refuse_what_is_none(file: Path) -> None:
    """Refuse a file that neither its name nor anything in it tells for a preview.

    Raises:
        SafelightError: It is none.
    """
    try:
        if not key_of_name(file.name):
            read_or_salvage(file)
    except LrprevError as error:
        raise SafelightError(f"{file} is no preview and no catalog ({error})") from error
    except OSError:  # whoever reads it will tell
        pass


def _place(previews: Path, catalog: Path | None) -> Place:
    named = (catalog, CatalogIs.GIVEN) if catalog else _catalog_beside(previews, PREVIEWS_FOLDER_END)
    smart = _smart_previews(_catalog_of(previews, PREVIEWS_FOLDER_END), named[0])
    return Place(previews, named[0], (), named[1], smart)


def _only_catalog(folder: Path) -> Path | None:
    """Return the only catalog of a folder, unless it has previews under its own name: who renames one forgets these."""
    catalogs = list(catalogs_of(folder, _names(folder)))
    return catalogs[0] if len(catalogs) == 1 and not previews_folder(catalogs[0]).is_dir() else None


def _only_previews(catalog: Path) -> Path | None:
    """Return the only previews folder beside a catalog that was renamed; None where there is a choice."""
    if _only_catalog(catalog.parent) != catalog:
        return None
    found = [path for name in _names(catalog.parent) if is_previews_folder(path := catalog.parent / name)]
    return found[0] if len(found) == 1 else None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _smart_previews(*catalogs: Path | None) -> tuple[Path, ...]:
    """Find the folders of Smart Previews beside catalogs, whether or not these are there."""
    folders = dict.fromkeys(smart_previews_folder(catalog) for catalog in catalogs if catalog)
    return tuple(folder for folder in folders if folder.is_dir())


def _paired(places: list[Place]) -> list[Place]:
    """Bring together catalogs and what their photos are stored in, where these lie, or were named, apart.

    By their names, or where there is only one of each: a catalog cannot name the photos of another, for their UUIDs are
    theirs alone. Of catalogs of one name the youngest counts or, for several folders, the nearest.
    """
    lone = [place for place in places if place.folder and not place.catalog and not place.only]
    for place in lone:
        others = [one for one in places if one.catalog and not one.is_part and not (one.previews and place.previews)]
        same = [one for one in others if one.catalog and one.catalog.name == _catalog_name(place)]
        only = others[0] if len(lone) == len(others) == 1 else None
        alike = [one for one in lone if one.folder and place.folder and one.folder.name == place.folder.name]
        if chosen := max(same, key=partial(_nearness, place) if len(alike) > 1 else _age, default=only):
            smart = tuple(dict.fromkeys((*chosen.smart, *place.smart)))
            both = chosen._replace(previews=chosen.previews or place.previews, smart=smart)
            places = [both if one is chosen else one for one in places if one is not place]
    return places


def _catalog_name(place: Place) -> str | None:
    """Tell how the catalog of a place should be called; None where the folder's name does not say it."""
    end = PREVIEWS_FOLDER_END if place.previews else SMART_PREVIEWS_FOLDER_END
    path = place.folder and _catalog_of(place.folder, end)
    return path and path.name


def _nearness(place: Place, other: Place) -> tuple[int, float]:
    """Tell how many folders lead to both, and the time of the other's catalog, for equals."""
    here, there = (path.parents if path else () for path in (place.folder, other.catalog))
    return len({*here} & {*there}), _age(other)


def _age(place: Place) -> float:
    return _modified(place.catalog) if place.catalog else 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _search(folder: Path, catalog: Path | None) -> Iterator[Place]:
    """Yield every previews folder below, stray previews outside of one, and at last the catalogs without previews."""
    finds = search(folder)
    found, strays = [_place(previews, catalog) for previews in finds.previews], tuple(finds.strays)
    if catalog:  # which stands for the others
        found += [Place(folder, catalog, strays, CatalogIs.GIVEN, is_part=True)] if strays else []
        if finds.smart and not found:
            found = [Place(None, catalog, (), CatalogIs.GIVEN, _smart_previews(catalog))]
        yield from (place._replace(smart=tuple(dict.fromkeys((*place.smart, *finds.smart)))) for place in found)
        if found:
            return
    named = {place.catalog for place in found}
    left = [path for path in finds.catalogs if path not in named and not _is_backup(path, finds.catalogs)]
    catalogs = [*filter(None, named), *left]
    if len(catalogs) == 1 and strays:  # its photos' UUIDs are theirs alone, so it cannot name others
        found.append(Place(folder, catalogs[0], strays, CatalogIs.STRAY, _smart_previews(*left), is_part=not left))
        left.clear()
    elif strays:
        found.append(Place(folder, None, strays))
    found += (Place(None, path, (), CatalogIs.STRAY, _smart_previews(path)) for path in left)
    yield from found
    claimed = {path for place in found for path in place.smart}
    yield from (Place(None, None, smart=(path,)) for path in finds.smart if path not in claimed)


def _is_backup(catalog: Path, others: Collection[Path]) -> bool:
    """Tell whether Lightroom made it as a backup of one of these: Backups/2024-01-31 1200/X.lrcat beside X.lrcat.

    Where that one is gone, its youngest backup stands for it.
    """
    folder, name = catalog.parent.parent, catalog.name
    if folder.name != _BACKUPS:
        return False
    siblings = [other for other in others if other.parent.parent == folder and other.name == name]
    return folder.parent / name in others or max(siblings, key=_modified, default=catalog) != catalog


def _catalog_beside(folder: Path, end: str) -> tuple[Path | None, CatalogIs]:
    """Return the catalog of a folder by its name, or one that was renamed, or a backup: not worth an error."""
    path = _catalog_of(folder, end)
    if path and path.is_file():
        return path, CatalogIs.BESIDE
    if renamed := _only_catalog(folder.parent):
        return renamed, CatalogIs.STRAY
    backups = folder.parent / _BACKUPS
    found = [backups / name / path.name for name in _names(backups)] if path else []
    return max(filter(Path.is_file, found), key=_modified, default=None), CatalogIs.BACKUP


def _catalog_of(folder: Path, end: str) -> Path | None:
    """Tell where the catalog of a folder should lie; None where the folder's name does not say it."""
    stem = folder.name.removesuffix(end)
    return folder.with_name(stem + CATALOG_SUFFIX) if stem != folder.name else None
