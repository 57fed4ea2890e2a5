"""The two databases of a previews folder: previews.db, which names the current previews, and root-pixels.db.

Their tables and columns stand in layout.py. Numbers are stored as REAL: 3548.0 is row 3548 of Adobe_images.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lrprev.errors import LrprevError
from lrprev.layout import DIGEST, PREVIEWS_DB_COLUMNS, PREVIEWS_DB_KEYS, UUID
from lrprev.pyramid import LevelSize, Pyramid, time_from_seconds
from lrprev.readonly import columns_of, database_errors

_MAX_INTEGER = 2**53  # up to here REAL holds integers exactly; NaN and infinities fail the comparison


class CacheEntry(NamedTuple):
    """A row of ImageCacheEntry: this digest is the current preview of that image.

    Attributes:
        image_id: Adobe_images.id_local in the catalog.
        orientation: "AB" for upright and seven others; None for videos.
    """

    image_id: int
    digest: str
    orientation: str | None


class PreviewsDatabase:
    """previews.db. Damaged rows count as absent; a damaged file raises LrprevError.

    It is asked for some dozens of files at a time: a query for each takes five times as long.

    Attributes:
        missing: Tables and columns that it has not, "Pyramid.quality": a later version may have moved them.
        tells_current: Whether it says which previews are current.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Look which of its tables can be read.

        Raises:
            LrprevError: None can, or it is no sound database.
        """
        self._connection = connection
        self._path = path
        with database_errors(path):
            found = columns_of(connection, PREVIEWS_DB_COLUMNS)
        self._columns = {table: names for table, names in found.items() if names.issuperset(PREVIEWS_DB_KEYS[table])}
        if not self._columns:
            raise LrprevError(0, f"{path.name} to have {', '.join(PREVIEWS_DB_COLUMNS)}", "none of them")
        self.missing = list(self._lacking(PREVIEWS_DB_COLUMNS))
        self.tells_current = "ImageCacheEntry" in self._columns

    def cache_entries(self, uuids: Collection[str]) -> dict[str, tuple[CacheEntry, ...]]:
        """Tell the current preview of each image (master and virtual copies) of some files, by the file's UUID."""
        found: dict[str, tuple[CacheEntry, ...]] = dict.fromkeys(uuids, ())
        rows = self._rows("ImageCacheEntry", ("uuid", "imageId", "digest", "orientation"), uuids)
        for uuid, number, digest, orientation in rows:
            if isinstance(uuid, str) and isinstance(digest, str) and (image_id := _integer(number)) is not None:
                turn = orientation if isinstance(orientation, str) else None
                found[uuid] = (*found.get(uuid, ()), CacheEntry(image_id, digest.lower(), turn))
        return found

    def pyramids(self, uuids: Collection[str]) -> dict[tuple[str, str], Pyramid]:
        """Tell what is recorded of the previews of some files, by UUID and digest, without opening any of them."""
        sizes: dict[tuple[object, object], list[LevelSize]] = defaultdict(list)
        rows = self._rows("PyramidLevel", ("uuid", "digest", "level", "width", "height"), uuids, " ORDER BY level")
        for uuid, digest, *row in rows:
            if size := _level_size(row):
                sizes[uuid, digest].append(size)
        columns = "uuid", "digest", "colorProfile", "quality", "croppedWidth", "croppedHeight", "fileTimeStamp"
        return {
            (uuid, digest): Pyramid(
                uuid=uuid,
                digest=digest,
                levels=tuple(sizes.get((uuid, digest), ())),
                color_profile=profile if isinstance(profile, str) else None,
                quality=quality if isinstance(quality, str) else None,
                cropped_width=_integer(width),
                cropped_height=_integer(height),
                file_time=time_from_seconds(seconds) if isinstance(seconds, int | float) else None,
            )
            for uuid, digest, profile, quality, width, height, seconds in self._rows("Pyramid", columns, uuids)
            if isinstance(uuid, str) and isinstance(digest, str)
        }

    def _rows(
        self, table: str, columns: Sequence[str], uuids: Collection[str], order: str = ""
    ) -> list[tuple[object, ...]]:
        if table not in self._columns:
            return []
        values = ", ".join(name if name in self._columns[table] else "NULL" for name in columns)
        query = f"SELECT {values} FROM {table} WHERE uuid IN ({', '.join('?' * len(uuids))}){order}"
        with database_errors(self._path):
            return self._connection.execute(query, tuple(uuids)).fetchall()

    def _lacking(self, wanted: Mapping[str, Collection[str]]) -> Iterator[str]:
        for table, columns in wanted.items():
            has = self._columns.get(table)
            yield from [table] if has is None else (f"{table}.{name}" for name in columns if name not in has)


class RootPixels:
    """root-pixels.db: the smallest level of each preview once more, as a blob."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def jpeg(self, uuid: str, digest: str) -> bytes | None:
        """Read one thumbnail."""
        with database_errors(self._path):
            row = self._connection.execute(
                "SELECT jpegData FROM RootPixels WHERE uuid = ? AND digest = ?", (uuid, digest)
            ).fetchone()
        return row[0] if row and isinstance(row[0], bytes) else None

    def keys(self) -> Iterator[tuple[str, str]]:
        """Yield the (uuid, digest) of each thumbnail, sorted."""
        with database_errors(self._path):
            for uuid, digest in self._connection.execute("SELECT uuid, digest FROM RootPixels ORDER BY uuid, digest"):
                if _is_key(uuid, digest):
                    yield uuid, digest


def _integer(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < _MAX_INTEGER else None


def _level_size(row: Sequence[object]) -> LevelSize | None:
    number, width, height = (_integer(value) for value in row)
    return LevelSize(number, width, height) if number is not None and width and height else None


def _is_key(uuid: object, digest: object) -> bool:
    return isinstance(uuid, str) and isinstance(digest, str) and bool(UUID.fullmatch(uuid) and DIGEST.fullmatch(digest))
