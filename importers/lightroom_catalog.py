"""Streaming the photos of an open Lightroom catalog, a batch at a time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from importers import lightroom_schema, lightroom_xmp
from importers.errors import DamagedError, ImporterError
from importers.foreign_sqlite import ForeignDatabase
from importers.lightroom_keywords import KeywordTree
from importers.lightroom_links import Links, Shared, read_links, read_shared
from importers.lightroom_moves import Moves
from importers.lightroom_originals import Originals
from importers.lightroom_photo import CatalogPhoto
from importers.lightroom_row import Row, photo_of
from importers.lightroom_schema import FIRST_KNOWN, LAST_KNOWN, Schema
from lrprev import previews_folder, smart_previews_folder

_FIRST_BATCH, _BATCH = 16, 500
"""Photos: few at first, and then twice as many each time, so that whoever asks has something to do."""
_PACKETS, _SMALL_BYTES = 50, 64 * 1024
"""XMP packets are read so many at once; longer ones by themselves."""
_MAX_BARE = 1000
"""After so many photos in a row whose metadata cannot be read, one by one, such photos are read a batch at a time."""
_MAX_STEP = 2**32
"""Ids to look ahead for what lies behind a damaged page: more than any catalog has."""
_BEFORE_ALL = -(2**63)
_MAX_WARNINGS = 100
"""Of photos; a catalog of a million damaged ones must not fill memory with complaints."""


_Stored = tuple[int | None, object]
"""Length and content of a column; the content is None where that is too long."""


class _Batch(NamedTuple):
    """Some photos, all as they were at one moment."""

    rows: list[Row]
    links: Links
    shared: Shared


_T = TypeVar("_T")
_NO_LINKS, _NO_SHARED = Links({}, {}), Shared(KeywordTree({}), {})


def _rows(cursor: sqlite3.Cursor) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _read_fewer(connection: sqlite3.Connection, query: str, after: int, most: int) -> list[Row] | None:
    """Read so many photos, or half as many, and so on; None where not even the first can be read."""
    while most:
        with suppress(sqlite3.DatabaseError):
            return _rows(connection.execute(query, (after, most)))
        most //= 2
    return None


class Catalog:
    """An open catalog. Get one from importers.lightroom.open_catalog.

    Attributes:
        path: The .lrcat file, links resolved.
        version: Adobe_DBVersion as stored, "0500006"; empty where it is missing.
        product: The Lightroom it stands for, "Lightroom 5"; None where it is not a known one.
        warnings: What could not be read, a line each; grows while photos are read.
        is_damaged: Whether something was done without, as it was opened to rescue what is left.
    """

    def __init__(self, database: ForeignDatabase, moves: Moves, *, rescues: bool = False) -> None:
        """Check that the catalog has what is needed.

        Raises:
            ImporterError: It is no catalog, or cannot be read.
        """
        self.path = database.path
        self.warnings: list[str] = []
        self.is_damaged = False
        self._rescues = rescues
        self._bare = 0
        self._lost: dict[str, sqlite3.DatabaseError] = {}
        self._database = database
        self._schema = database.read(Schema)
        self.version = database.read(self._read_version)
        self.product = lightroom_schema.product(self.version)
        if missing := self._schema.missing(lightroom_schema.NEEDED):
            raise self._unreadable(missing)
        if self.product is None:
            self.warnings.append(
                f"{self.path.name} has catalog version {self.version or '(none)'}, which is not known here; it is read"
                f" as far as it is like those of Lightroom {FIRST_KNOWN} to {LAST_KNOWN}"
            )
        if lost := self._schema.missing(lightroom_schema.WANTED):
            self.warnings.append(f"{self.path.name} lacks {', '.join(lost)}; what they would hold is left out")
        self._originals = Originals(self.path.parent, moves)
        self._shared: tuple[sqlite3.Connection, Shared] | None = None
        self._problems = 0

    @property
    def previews_folder(self) -> Path | None:
        """The folder of previews beside the catalog, or None where there is none."""
        folder = previews_folder(self.path)
        return folder if folder.is_dir() else None

    @property
    def smart_previews_folder(self) -> Path | None:
        """The folder of Smart Previews beside the catalog, or None where there is none."""
        folder = smart_previews_folder(self.path)
        return folder if folder.is_dir() else None

    def count(self) -> int:
        """Count the photos, virtual copies included."""
        return self._database.read(lambda reader: reader.execute("SELECT count(*) FROM Adobe_images").fetchone()[0])

    def develop_digests(self) -> dict[str, set[str]]:
        """Return the current develop digests of each file's images, by file_uuid: what lrprev.Store asks for."""

        def read(connection: sqlite3.Connection) -> dict[str, set[str]]:
            digests: dict[str, set[str]] = defaultdict(set)
            for uuid, digest in connection.execute(self._schema.digests_query):
                if isinstance(uuid, str):
                    digests[uuid.upper()] |= {digest.lower()} if isinstance(digest, str) else set()
            return dict(digests)

        return self._database.read(read)

    def photos(self) -> Iterator[CatalogPhoto]:
        """Yield every photo and virtual copy once, in the order of their ids; one batch at a time is in memory.

        Raises:
            ImporterError: The catalog turns out damaged, or is taken away.
        """
        last_id, most = _BEFORE_ALL, _FIRST_BATCH
        while batch := self._read(lambda reader, at=(last_id, most): self._read_batch(reader, *at)):
            most = min(2 * most, _BATCH)
            for row, packet in self._with_packets(batch.rows):
                image_id: int = row["image.id_local"]
                if image_id == last_id:
                    continue  # a damaged catalog may have two rows of metadata for one image
                last_id = image_id
                photo = photo_of(row, packet(), batch.shared, batch.links, self._originals)
                if photo:
                    yield photo
                else:
                    self._warn(image_id, "it has lost its file in the catalog, and is left out")

    def _read_batch(self, connection: sqlite3.Connection, after: int, most: int) -> _Batch | None:
        rows = self._read_rows(connection, after, most)
        if not rows:
            return None
        try:
            shared = self._read_shared(connection)
            links = read_links(connection, self._schema, rows[0]["image.id_local"], rows[-1]["image.id_local"])
        except sqlite3.DatabaseError as error:
            self._do_without("keywords and collections", error)
            shared, links = _NO_SHARED, _NO_LINKS
        return _Batch(rows, links, shared)

    def _read_shared(self, connection: sqlite3.Connection) -> Shared:
        if self._shared is None or self._shared[0] is not connection:
            self._shared = connection, read_shared(connection, self._schema)
        return self._shared[1]

    def _read_rows(self, connection: sqlite3.Connection, after: int, most: int) -> list[Row]:
        """Read photos with all that is known of them; to rescue what is left, fewer, or no more than their names."""
        everything, *less = self._schema.photos_queries
        try:
            rows = _rows(connection.execute(everything, (after, most)))
        except sqlite3.DatabaseError as error:
            if not self._rescues:
                raise
            fewer = _read_fewer(connection, everything, after, most // 2)  # the damage may be in one photo's row alone
            if fewer is not None:
                self._bare = 0
                return fewer
            self._bare += 1
            for query in less:
                bare = _read_fewer(connection, query, after, most if self._bare > _MAX_BARE else 1)
                if bare is not None:
                    self._do_without("metadata", error)
                    return bare
            beyond = self._beyond(connection, after)
            if beyond is None:
                raise
            self._do_without("names", error)
            return self._read_rows(connection, beyond, 1)
        self._bare = 0
        return rows

    def _beyond(self, connection: sqlite3.Connection, after: int) -> int | None:
        """Return the id after which photos can be read again; None where the damage reaches to the end."""

        def is_readable(image_id: int) -> bool:
            try:
                connection.execute(self._schema.photos_queries[-1], (image_id, 1)).fetchall()
            except sqlite3.DatabaseError:
                return False
            return True

        start, step = max(after, 0), 1
        while not is_readable(start + step):
            step *= 2
            if step > _MAX_STEP:
                return None
        damaged = step // 2
        while step - damaged > 1:
            middle = (damaged + step) // 2
            damaged, step = (damaged, middle) if is_readable(start + middle) else (middle, step)
        return start + step

    def _with_packets(self, rows: list[Row]) -> Iterator[tuple[Row, Callable[[], bytes | None]]]:
        """Yield rows with what returns their XMP packet; packets are too large to come with all the rows of a batch."""
        if not self._schema.has("Adobe_AdditionalMetadata", "image", "xmp"):
            yield from ((row, lambda: None) for row in rows)
            return
        for at in range(0, len(rows), _PACKETS):
            some = rows[at : at + _PACKETS]
            ids = [int(row["image.id_local"]) for row in some]
            stored = self._read_stored(ids[0], ids[-1], _SMALL_BYTES)
            for row, image_id in zip(some, ids, strict=True):
                yield row, partial(self._packet, image_id, stored.get(image_id))

    def _read_stored(self, first_id: int, last_id: int, most_bytes: int) -> dict[int, _Stored]:
        """Read the XMP of the photos from one id to another as it is stored; what is longer is left out."""
        query = (
            # Of several rows of one image the first counts: SQLite takes the other columns from where min() is.
            "SELECT image, length(xmp), CASE WHEN length(xmp) <= ?3 THEN xmp END, min(rowid)"
            " FROM Adobe_AdditionalMetadata WHERE image BETWEEN ?1 AND ?2 GROUP BY image"
        )

        def read(connection: sqlite3.Connection) -> list[tuple[int, int | None, object, int]]:
            try:
                return connection.execute(query, (first_id, last_id, most_bytes)).fetchall()
            except sqlite3.DatabaseError as error:
                self._do_without("XMP", error)
                return []

        return {image: (length, xmp) for image, length, xmp, _ in self._read(read)}

    def _packet(self, image_id: int, stored: _Stored | None) -> bytes | None:
        """Unpack one XMP packet; one that was left out as too long is read now."""
        if stored and stored[0] and stored[1] is None:
            stored = self._read_stored(image_id, image_id, lightroom_xmp.MAX_XMP_BYTES).get(image_id)
        try:
            if stored and stored[0] and stored[1] is None:
                raise ValueError(f"{stored[0]} bytes of XMP")
            return lightroom_xmp.unpack(stored[1]) if stored else None
        except ValueError as error:
            self._warn(image_id, f"it has {error}, and goes without what only its XMP holds")
            return None

    def _read_version(self, connection: sqlite3.Connection) -> str:
        if not self._schema.has("Adobe_variablesTable", "name", "value"):
            return ""
        row = connection.execute("SELECT value FROM Adobe_variablesTable WHERE name = 'Adobe_DBVersion'").fetchone()
        return str(row[0]) if row else ""

    def _unreadable(self, missing: list[str]) -> ImporterError:
        lacks = f"it lacks {', '.join(missing)}"
        if lightroom_schema.is_too_old(self.version):
            return ImporterError(
                f"{self.path} is a catalog of Lightroom {int(self.version[:2])}, too old to be read ({lacks}); a newer"
                " Lightroom makes a newer catalog of it"
            )
        return DamagedError(f"{self.path} is no Lightroom catalog that can be read: {lacks}")

    def _read(self, piece: Callable[[sqlite3.Connection], _T]) -> _T:
        """Read a piece, and tell what it does without: not what an attempt does that Lightroom has written into."""

        def attempt(connection: sqlite3.Connection) -> _T:
            self._lost.clear()
            return piece(connection)

        result = self._database.read(attempt)
        for what, error in self._lost.items():
            self.is_damaged = True
            line = f"{self.path.name} is damaged ({error}): some photos go without their {what}"
            if line not in self.warnings:
                self.warnings.append(line)
        return result

    def _do_without(self, what: str, error: sqlite3.DatabaseError) -> None:
        """Go on where only names are to be rescued; else the damage is an error."""
        if not self._rescues:
            raise error
        self._lost[what] = error

    def _warn(self, image_id: int, problem: str) -> None:
        self._problems += 1
        if self._problems <= _MAX_WARNINGS:
            self.warnings.append(f"{self.path.name}, image {image_id}: {problem}")
        elif self._problems == _MAX_WARNINGS + 1:
            self.warnings.append(f"{self.path.name} has more photos with such problems")
