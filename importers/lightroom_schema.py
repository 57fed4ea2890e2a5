"""Every table and column of a Lightroom catalog that is read, in one place, and the versions that have them.

Seen: catalogs of Lightroom 5 and Classic 7, 9, 11, 12 and 13. A catalog that lacks one of NEEDED is not read at all;
what else is missing is left empty, with a warning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

FIRST_KNOWN, LAST_KNOWN = 5, 15
_PRODUCTS = {7: "Lightroom Classic 7 or 8", 9: "Lightroom Classic 9 or 10"}
"""Where a catalog's version, the first two digits of Adobe_DBVersion, stands for more than one Lightroom."""

NEEDED: Mapping[str, Collection[str]] = {
    "Adobe_images": ("id_local", "id_global", "rootFile"),
    "AgLibraryFile": ("id_local", "id_global", "baseName", "extension", "folder"),
    "AgLibraryFolder": ("id_local", "pathFromRoot", "rootFolder"),
    "AgLibraryRootFolder": ("id_local", "absolutePath"),
}


@dataclass(frozen=True, slots=True)
class Joined:
    """A table with at most one row an image: what is read of it, and how it hangs on the tables before it."""

    table: str
    alias: str
    columns: tuple[str, ...]
    key: str = "id_local"
    on: tuple[str, str] | None = None  # alias and column; None for the first table


PHOTO_TABLES = (
    Joined(
        "Adobe_images",
        "image",
        (
            "id_local",
            "id_global",
            "captureTime",
            "colorLabels",
            "copyName",
            "fileFormat",
            "fileHeight",
            "fileWidth",
            "masterImage",
            "orientation",
            "pick",
            "rating",
        ),
    ),
    Joined(
        "AgLibraryFile",
        "file",
        ("id_global", "baseName", "extension", "sidecarExtensions"),
        on=("image", "rootFile"),
    ),
    Joined("AgLibraryFolder", "folder", ("pathFromRoot",), on=("file", "folder")),
    Joined("AgLibraryRootFolder", "root", ("absolutePath", "relativePathFromCatalog"), on=("folder", "rootFolder")),
    Joined(
        "Adobe_imageDevelopSettings",
        "develop",
        ("digest", "croppedWidth", "croppedHeight"),
        "image",
        ("image", "id_local"),
    ),
    Joined(
        "AgHarvestedExifMetadata",
        "exif",
        (
            "aperture",
            "flashFired",
            "focalLength",
            "gpsLatitude",
            "gpsLongitude",
            "hasGPS",
            "isoSpeedRating",
            "shutterSpeed",
        ),
        "image",
        ("image", "id_local"),
    ),
    Joined("AgInternedExifCameraModel", "camera", ("value",), on=("exif", "cameraModelRef")),
    Joined("AgInternedExifCameraSN", "serial", ("value",), on=("exif", "cameraSNRef")),
    Joined("AgInternedExifLens", "lens", ("value",), on=("exif", "lensRef")),
    Joined("AgLibraryIPTC", "iptc", ("caption", "copyright"), "image", ("image", "id_local")),
    Joined("AgHarvestedIptcMetadata", "harvested", (), "image", ("image", "id_local")),
    Joined("AgInternedIptcCreator", "creator", ("value",), on=("harvested", "creatorRef")),
    Joined("AgInternedIptcLocation", "location", ("value",), on=("harvested", "locationRef")),
    Joined("AgInternedIptcCity", "city", ("value",), on=("harvested", "cityRef")),
    Joined("AgInternedIptcState", "state", ("value",), on=("harvested", "stateRef")),
    Joined("AgInternedIptcCountry", "country", ("value",), on=("harvested", "countryRef")),
    Joined("AgLibraryFolderStackImage", "stack", ("stack", "position"), "image", ("image", "id_local")),
)

KEYWORD = ("id_local", "name", "parent", "includeOnExport", "includeParents", "includeSynonyms")
COLLECTION = ("id_local", "name", "parent", "systemOnly")
OTHER_TABLES: Mapping[str, Collection[str]] = {
    "Adobe_variablesTable": ("name", "value"),
    "Adobe_AdditionalMetadata": ("image", "xmp"),
    "AgLibraryKeyword": KEYWORD,
    "AgLibraryKeywordImage": ("image", "tag"),
    "AgLibraryKeywordSynonym": ("keyword", "name"),
    "AgLibraryCollection": COLLECTION,
    "AgLibraryCollectionImage": ("image", "collection"),
}


class Schema:
    """The tables of one catalog with the columns they have. Views and computed columns do not count."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._columns: dict[str, frozenset[str]] = {}
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table in _wanted():
                rows = connection.execute(f'PRAGMA table_info("{table}")')
                self._columns[table] = frozenset(str(row[1]) for row in rows)

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table is there with all these columns."""
        return table in self._columns and self._columns[table].issuperset(columns)

    def missing_needed(self) -> list[str]:
        """Name the tables and columns without which no photo can be found."""
        return self._missing(NEEDED)

    def missing(self) -> list[str]:
        """Name all tables and columns that are not there: "AgLibraryIPTC", "Adobe_images.pick"."""
        return self._missing(_wanted())

    def photos_query(self) -> str:
        """Write the query for the photos after ?1, at most ?2; columns are named "image.rating", absent ones NULL."""
        there = {"image"}
        selected: list[str] = []
        joins: list[str] = []
        for table in PHOTO_TABLES:
            if table.on and table.on[0] in there and self._joins(table):
                there.add(table.alias)
                joins.append(
                    f'LEFT JOIN "{table.table}" AS "{table.alias}"'
                    f' ON "{table.alias}"."{table.key}" = "{table.on[0]}"."{table.on[1]}"'
                )
            for column in table.columns:
                known = table.alias in there and self.has(table.table, column)
                value = f'"{table.alias}"."{column}"' if known else "NULL"
                selected.append(f'{value} AS "{table.alias}.{column}"')
        return (
            f'SELECT {", ".join(selected)} FROM "Adobe_images" AS "image" {" ".join(joins)}'
            ' WHERE (?1 IS NULL OR "image"."id_local" > ?1) ORDER BY "image"."id_local" LIMIT ?2'
        )

    def digests_query(self) -> str:
        """Write the query for the file UUID and the develop digest of every image."""
        known = self.has("Adobe_imageDevelopSettings", "image", "digest")
        develop = "LEFT JOIN Adobe_imageDevelopSettings AS develop ON develop.image = image.id_local" if known else ""
        return (
            f"SELECT file.id_global, {'develop.digest' if known else 'NULL'} FROM Adobe_images AS image"
            f" JOIN AgLibraryFile AS file ON file.id_local = image.rootFile {develop}"
        )

    def select(self, table: str, columns: Collection[str]) -> str:
        """Write "SELECT ... FROM table", with NULL for columns that are missing; no rows where the table is."""
        if table not in self._columns:
            return f"SELECT {', '.join('NULL' for _ in columns)} WHERE 0"
        known = (f'"{column}"' if self.has(table, column) else "NULL" for column in columns)
        return f'SELECT {", ".join(known)} FROM "{table}"'

    def _joins(self, table: Joined) -> bool:
        assert table.on
        holder = next(other.table for other in PHOTO_TABLES if other.alias == table.on[0])
        return self.has(table.table, table.key) and self.has(holder, table.on[1])

    def _missing(self, wanted: Mapping[str, Collection[str]]) -> list[str]:
        lost: list[str] = []
        for table, columns in wanted.items():
            if table in self._columns:
                lost += (f"{table}.{column}" for column in columns if column not in self._columns[table])
            else:
                lost.append(table)
        return lost


def _wanted() -> dict[str, list[str]]:
    """Return every table with every column that is read of it."""
    wanted = {table: list(columns) for table, columns in OTHER_TABLES.items()}
    for table in PHOTO_TABLES:
        wanted.setdefault(table.table, []).extend((table.key, *table.columns))
    tables = {table.alias: table.table for table in PHOTO_TABLES}
    for table in PHOTO_TABLES:
        if table.on and table.on[1] not in wanted[tables[table.on[0]]]:
            wanted[tables[table.on[0]]].append(table.on[1])
    return wanted


def product(version: str) -> str | None:
    """Name the Lightroom that a catalog's Adobe_DBVersion stands for: "0500006" is "Lightroom 5"; None if unknown."""
    if not version[:2].isdigit():
        return None
    major = int(version[:2])
    if not FIRST_KNOWN <= major <= LAST_KNOWN:
        return None
    return _PRODUCTS.get(major, f"Lightroom {'Classic ' if major > 6 else ''}{major}")
