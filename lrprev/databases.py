"""The two databases of a previews folder: previews.db, which names the current previews, and root-pixels.db.

Their tables and columns stand in layout.py. Numbers are stored as REAL: 3548.0 is row 3548 of Adobe_images.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lrprev.layout import DIGEST, UUID
from lrprev.pyramid import LevelSize, Pyramid, time_from_seconds
from lrprev.readonly import database_errors

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
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def cache_entries(self, uuids: Collection[str]) -> dict[str, tuple[CacheEntry, ...]]:
        """Tell the current preview of each image (master and virtual copies) of some files, by the file's UUID."""
        found: dict[str, tuple[CacheEntry, ...]] = dict.fromkeys(uuids, ())
        query = f"SELECT uuid, imageId, digest, orientation FROM ImageCacheEntry WHERE uuid IN ({_marks(uuids)})"
        for uuid, number, digest, orientation in self._rows(query, uuids):
            if isinstance(uuid, str) and isinstance(digest, str) and (image_id := _integer(number)) is not None:
                turn = orientation if isinstance(orientation, str) else None
                found[uuid] = (*found.get(uuid, ()), CacheEntry(image_id, digest.lower(), turn))
        return found

    def pyramids(self, uuids: Collection[str]) -> dict[tuple[str, str], Pyramid]:
        """Tell what is recorded of the previews of some files, by UUID and digest, without opening any of them."""
        sizes: dict[tuple[object, object], list[LevelSize]] = defaultdict(list)
        where = f"WHERE uuid IN ({_marks(uuids)})"
        query = f"SELECT uuid, digest, level, width, height FROM PyramidLevel {where} ORDER BY level"
        for uuid, digest, *row in self._rows(query, uuids):
            if size := _level_size(row):
                sizes[uuid, digest].append(size)
        query = (
            "SELECT uuid, digest, colorProfile, quality, croppedWidth, croppedHeight, fileTimeStamp"
            f" FROM Pyramid {where}"
        )
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
            for uuid, digest, profile, quality, width, height, seconds in self._rows(query, uuids)
            if isinstance(uuid, str) and isinstance(digest, str)
        }

    def _rows(self, query: str, values: Collection[str]) -> list[tuple[object, ...]]:
        with database_errors(self._path):
            return self._connection.execute(query, tuple(values)).fetchall()


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


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _integer(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < _MAX_INTEGER else None


def _level_size(row: Sequence[object]) -> LevelSize | None:
    number, width, height = (_integer(value) for value in row)
    return LevelSize(number, width, height) if number is not None and width and height else None


def _is_key(uuid: object, digest: object) -> bool:
    return isinstance(uuid, str) and isinstance(digest, str) and bool(UUID.fullmatch(uuid) and DIGEST.fullmatch(digest))
