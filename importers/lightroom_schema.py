"""Every table and column of a Lightroom catalog that is read, in one place, and the versions that have them.

Seen: catalogs of Lightroom 5 and Classic 7, 9, 11, 12 and 13; later ones are taken to be alike until one shows
otherwise. A catalog that lacks one of NEEDED is not read at all; what else is missing is left empty, with a warning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

FIRST_KNOWN, LAST_KNOWN = 5, 15
_PRODUCTS = {7: "Lightroom Classic 7 or 8", 9: "Lightroom Classic 9 or 10"}
"""Where a catalog's version, the first two digits of Adobe_DBVersion, stands for more than one Lightroom."""

NEEDED: Mapping[str, Collection[str]] = {
    "Adobe_images": ("id_local", "id_global", "rootFile"),
    "AgLibraryFile": ("id_local", "id_global", "baseName", "extension", "folder"),
    "AgLibraryFolder": ("id_local", "pathFromRoot", "rootFolder"),
    "AgLibraryRootFolder": ("id_local", "absolutePath"),
}


class Part(NamedTuple):
    """A table that has one row for each image, or for what an image points to.

    Attributes:
        name: What its columns are called by: "exif" makes "exif.aperture".
        columns: What is read of it.
        of: Another part and the column of it that points here; None for the first one.
        key: The column of this table that is pointed to.
    """

    name: str
    table: str
    columns: tuple[str, ...] = ()
    of: tuple[str, str] | None = None
    key: str = "id_local"


_OF_IMAGE = ("image", "id_local")
PARTS = (
    Part(
        "image",
        "Adobe_images",
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
    Part("file", "AgLibraryFile", ("id_global", "baseName", "extension", "sidecarExtensions"), ("image", "rootFile")),
    Part("folder", "AgLibraryFolder", ("pathFromRoot",), ("file", "folder")),
    Part("root", "AgLibraryRootFolder", ("absolutePath", "relativePathFromCatalog"), ("folder", "rootFolder")),
    Part(
        "develop",
        "Adobe_imageDevelopSettings",
        ("digest", "croppedWidth", "croppedHeight", "hasDevelopAdjustments", "hasDevelopAdjustmentsEx"),
        _OF_IMAGE,
        "image",
    ),
    Part(
        "exif",
        "AgHarvestedExifMetadata",
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
        _OF_IMAGE,
        "image",
    ),
    Part("camera", "AgInternedExifCameraModel", ("value",), ("exif", "cameraModelRef")),
    Part("serial", "AgInternedExifCameraSN", ("value",), ("exif", "cameraSNRef")),
    Part("lens", "AgInternedExifLens", ("value",), ("exif", "lensRef")),
    Part("iptc", "AgLibraryIPTC", ("caption", "copyright"), _OF_IMAGE, "image"),
    Part("harvested", "AgHarvestedIptcMetadata", (), _OF_IMAGE, "image"),
    Part("creator", "AgInternedIptcCreator", ("value",), ("harvested", "creatorRef")),
    Part("location", "AgInternedIptcLocation", ("value",), ("harvested", "locationRef")),
    Part("city", "AgInternedIptcCity", ("value",), ("harvested", "cityRef")),
    Part("state", "AgInternedIptcState", ("value",), ("harvested", "stateRef")),
    Part("country", "AgInternedIptcCountry", ("value",), ("harvested", "countryRef")),
    Part("stack", "AgLibraryFolderStackImage", ("stack", "position"), _OF_IMAGE, "image"),
)

KEYWORD = ("id_local", "name", "parent", "includeOnExport", "includeParents", "includeSynonyms")
COLLECTION = ("id_local", "name", "parent", "systemOnly")
_OTHERS: Mapping[str, Collection[str]] = {
    "Adobe_variablesTable": ("name", "value"),
    "Adobe_AdditionalMetadata": ("image", "xmp"),
    "AgLibraryKeyword": KEYWORD,
    "AgLibraryKeywordImage": ("id_local", "image", "tag"),
    "AgLibraryKeywordSynonym": ("keyword", "name"),
    "AgLibraryCollection": COLLECTION,
    "AgLibraryCollectionImage": ("id_local", "image", "collection"),
}


def _all_columns() -> dict[str, list[str]]:
    tables = {part.name: part.table for part in PARTS}
    columns = {table: list(names) for table, names in _OTHERS.items()}
    for part in PARTS:
        columns[part.table] = [part.key, *(name for name in part.columns if name != part.key)]
    for part in PARTS:
        if part.of and part.of[1] not in columns[tables[part.of[0]]]:
            columns[tables[part.of[0]]].append(part.of[1])
    return columns


WANTED: Mapping[str, Collection[str]] = _all_columns()
"""Every table with every column that is read of it."""


_NAMES = ("image", "file", "folder", "root")


class Schema:
    """The tables of one catalog with the columns they have. Views and computed columns do not count.

    Attributes:
        photos_queries: For photos: with all that is known of them; where a table is damaged, without metadata, or with
            no more than where their files are.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._columns: dict[str, frozenset[str]] = {}
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table in WANTED:
                rows = connection.execute(f'PRAGMA table_info("{table}")')
                self._columns[table] = frozenset(str(row[1]) for row in rows)
        everything = [part.name for part in PARTS]
        self.photos_queries = tuple(map(self._photos_query, (everything, (*_NAMES, "develop"), _NAMES)))
        self.digests_query = self._digests_query()

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table is there with all these columns."""
        return table in self._columns and self._columns[table].issuperset(columns)

    def missing(self, wanted: Mapping[str, Collection[str]]) -> list[str]:
        """Name the tables and columns that are not there: "AgLibraryIPTC", "Adobe_images.pick"."""
        lost: list[str] = []
        for table, columns in wanted.items():
            if table in self._columns:
                lost += (f"{table}.{column}" for column in columns if column not in self._columns[table])
            else:
                lost.append(table)
        return lost

    def select(self, table: str, columns: Collection[str]) -> str:
        """Write "SELECT ... FROM table", with NULL for columns that are missing; no rows where the table is."""
        if table not in self._columns:
            return f"SELECT {', '.join('NULL' for _ in columns)} WHERE 0"
        values = (f'"{column}"' if self.has(table, column) else "NULL" for column in columns)
        return f'SELECT {", ".join(values)} FROM "{table}"'

    def _photos_query(self, names: Collection[str]) -> str:
        """Write the query for the photos after ?1, at most ?2; columns are named "image.rating", absent ones NULL."""
        joined: dict[str, str] = {}  # name -> table
        values: list[str] = []
        joins: list[str] = []
        for part in PARTS:
            if part.name in names and self._can_join(part, joined):
                joined[part.name] = part.table
                if part.of:
                    joins.append(
                        f'LEFT JOIN "{part.table}" AS "{part.name}"'
                        f' ON "{part.name}"."{part.key}" = "{part.of[0]}"."{part.of[1]}"'
                    )
            for column in part.columns:
                known = part.name in joined and self.has(part.table, column)
                value = f'"{part.name}"."{column}"' if known else "NULL"
                values.append(f'{value} AS "{part.name}.{column}"')
        return (
            f'SELECT {", ".join(values)} FROM "Adobe_images" AS "image" {" ".join(joins)}'
            ' WHERE "image"."id_local" > ?1 AND typeof("image"."id_local") = \'integer\''
            ' ORDER BY "image"."id_local" LIMIT ?2'
        )

    def _can_join(self, part: Part, joined: Mapping[str, str]) -> bool:
        if part.of is None:
            return True
        holder, column = part.of
        return holder in joined and self.has(joined[holder], column) and self.has(part.table, part.key)

    def _digests_query(self) -> str:
        """Write the query for the file's UUID and the develop digest of every image."""
        known = self.has("Adobe_imageDevelopSettings", "image", "digest")
        develop = "LEFT JOIN Adobe_imageDevelopSettings AS develop ON develop.image = image.id_local" if known else ""
        return (
            f"SELECT file.id_global, {'develop.digest' if known else 'NULL'} FROM Adobe_images AS image"
            f" JOIN AgLibraryFile AS file ON file.id_local = image.rootFile {develop}"
        )


def is_too_old(version: str) -> bool:
    """Tell whether an Adobe_DBVersion is that of a Lightroom before those that are known."""
    return version[:2].isdecimal() and int(version[:2]) < FIRST_KNOWN


def product(version: str) -> str | None:
    """Name the Lightroom that a catalog's Adobe_DBVersion stands for: "0500006" is "Lightroom 5"; None if unknown."""
    if not version[:2].isdecimal():
        return None
    major = int(version[:2])
    if not FIRST_KNOWN <= major <= LAST_KNOWN:
        return None
    return _PRODUCTS.get(major, f"Lightroom {'Classic ' if major > 6 else ''}{major}")
