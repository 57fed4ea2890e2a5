"""Streaming the photos of an open Lightroom catalog, a batch at a time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from importers import lightroom_schema, lightroom_xmp
from importers.base import ImporterError
from importers.foreign_sqlite import ForeignDatabase
from importers.lightroom_keywords import Keyword, KeywordTree
from importers.lightroom_photo import CatalogPhoto
from importers.lightroom_row import Originals, integer, photo_of, text
from importers.lightroom_schema import Schema
from lrprev import previews_folder, smart_previews_folder

_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows of Schema.photos_query, with the ids of what the photos carry."""

    rows: list[sqlite3.Row]
    keyword_ids: dict[int, list[int]]
    collection_ids: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What many photos point to, and is small beside them."""

    connection: sqlite3.Connection
    keywords: KeywordTree
    collections: dict[int, tuple[str, ...]]


class Catalog:
    """An open catalog. Get one from importers.lightroom.open_catalog.

    Attributes:
        path: The .lrcat file, links resolved.
        version: Adobe_DBVersion as stored, "0500006"; empty where it is missing.
        product: The Lightroom it stands for, "Lightroom 5"; None where it is not a known one.
        warnings: What could not be read, a line each; grows while photos are read.
    """

    def __init__(self, database: ForeignDatabase) -> None:
        """Check that the catalog has what is needed.

        Raises:
            ImporterError: It is no catalog, or cannot be read.
        """
        self.path = database.path
        self.warnings: list[str] = []
        self._database = database
        self._schema = database.read(Schema)
        if missing := self._schema.missing_needed():
            raise ImporterError(f"{self.path} is no Lightroom catalog that can be read: it lacks {', '.join(missing)}")
        self.version = database.read(self._read_version)
        self.product = lightroom_schema.product(self.version)
        if self.product is None:
            self.warnings.append(
                f"{self.path.name} has the catalog version {self.version or '(none)'}, which is not known here; it is"
                f" read as far as it is like those of Lightroom {lightroom_schema.FIRST_KNOWN} to"
                f" {lightroom_schema.LAST_KNOWN}"
            )
        if lost := self._schema.missing():
            self.warnings.append(f"{self.path.name} lacks {', '.join(lost)}; what they would hold is left out")
        self._originals = Originals(self.path.parent)
        self._shared: _Shared | None = None

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
            for uuid, digest in connection.execute(self._schema.digests_query()):
                if isinstance(uuid, str):
                    digests[uuid.upper()] |= {digest.lower()} if isinstance(digest, str) else set()
            return dict(digests)

        return self._database.read(read)

    def photos(self) -> Iterator[CatalogPhoto]:
        """Yield every photo and virtual copy once, in the order of their ids; one batch at a time is in memory.

        Raises:
            ImporterError: The catalog turns out damaged, or is taken away.
        """
        last_id: int | None = None
        while (batch := self._database.read(lambda reader, after=last_id: self._read_batch(reader, after))).rows:
            for row in batch.rows:
                if row["image.id_local"] != last_id:  # a damaged catalog may have two rows of metadata for an image
                    last_id = row["image.id_local"]
                    if photo := self._photo(row, batch):
                        yield photo

    def _photo(self, row: sqlite3.Row, batch: _Batch) -> CatalogPhoto | None:
        assert self._shared
        image_id = int(row["image.id_local"])
        packet = self._read_packet(image_id)
        keyword_ids = batch.keyword_ids.get(image_id, [])
        collection_ids = batch.collection_ids.get(image_id, [])
        photo = photo_of(
            row,
            self._originals,
            packet,
            lightroom_xmp.parse(packet),
            self._shared.keywords.flat(keyword_ids),
            self._shared.keywords.paths(keyword_ids),
            tuple(self._shared.collections[key] for key in collection_ids if key in self._shared.collections),
        )
        if photo is None:
            self.warnings.append(f"{self.path.name}: image {image_id} has no file in the catalog and is left out")
        return photo

    def _read_packet(self, image_id: int) -> bytes | None:
        """Read one XMP packet; they are too large to come with the rows of a batch."""
        if not self._schema.has("Adobe_AdditionalMetadata", "image", "xmp"):
            return None
        query = "SELECT xmp FROM Adobe_AdditionalMetadata WHERE image = ? AND length(xmp) <= ?"
        limit = lightroom_xmp.MAX_XMP_BYTES
        row = self._database.read(lambda reader: reader.execute(query, (image_id, limit)).fetchone())
        try:
            return lightroom_xmp.unpack(row[0]) if row else None
        except ValueError as error:
            self.warnings.append(f"{self.path.name}: image {image_id} has {error}; its metadata is left out")
            return None

    def _read_version(self, connection: sqlite3.Connection) -> str:
        if not self._schema.has("Adobe_variablesTable", "name", "value"):
            return ""
        row = connection.execute("SELECT value FROM Adobe_variablesTable WHERE name = 'Adobe_DBVersion'").fetchone()
        return str(row[0]) if row else ""

    def _read_batch(self, connection: sqlite3.Connection, after: int | None) -> _Batch:
        if self._shared is None or self._shared.connection is not connection:
            self._shared = _Shared(connection, self._read_keywords(connection), self._read_collections(connection))
        cursor = connection.cursor()
        cursor.row_factory = sqlite3.Row
        rows = cursor.execute(self._schema.photos_query(), (after, _BATCH)).fetchall()
        if not rows:
            return _Batch([], {}, {})
        span = rows[0]["image.id_local"], rows[-1]["image.id_local"]
        return _Batch(
            rows,
            self._read_links(connection, "AgLibraryKeywordImage", "tag", span),
            self._read_links(connection, "AgLibraryCollectionImage", "collection", span),
        )

    def _read_links(
        self, connection: sqlite3.Connection, table: str, column: str, span: tuple[int, int]
    ) -> dict[int, list[int]]:
        links: dict[int, list[int]] = defaultdict(list)
        if self._schema.has(table, "image", column):
            query = f"SELECT image, {column} FROM {table} WHERE image BETWEEN ? AND ? ORDER BY id_local"
            for image_id, target in connection.execute(query, span):
                links[image_id].append(target)
        return links

    def _read_keywords(self, connection: sqlite3.Connection) -> KeywordTree:
        synonyms: dict[int, list[str]] = defaultdict(list)
        if self._schema.has("AgLibraryKeywordSynonym", "keyword", "name"):
            for key, name in connection.execute("SELECT keyword, name FROM AgLibraryKeywordSynonym ORDER BY id_local"):
                if text(name):
                    synonyms[key].append(name)
        return KeywordTree(
            {
                row[0]: Keyword(
                    text(row[1]), integer(row[2]), row[3] != 0, row[4] != 0, row[5] != 0, tuple(synonyms[row[0]])
                )
                for row in connection.execute(self._schema.select("AgLibraryKeyword", lightroom_schema.KEYWORD))
            }
        )

    def _read_collections(self, connection: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
        """Return each of the user's collections with the sets it lies in, outermost first."""
        rows = {
            row[0]: (text(row[1]), integer(row[2]), bool(row[3]))
            for row in connection.execute(self._schema.select("AgLibraryCollection", lightroom_schema.COLLECTION))
        }
        paths: dict[int, tuple[str, ...]] = {}
        for key, (_, _, system_only) in rows.items():
            path: list[str] = []
            met: set[int] = set()
            at: int | None = key
            while at is not None and at in rows and at not in met:
                met.add(at)
                name, parent, _ = rows[at]
                path.append(name or "")
                at = parent
            if not system_only:
                paths[key] = tuple(name for name in reversed(path) if name)
        return paths
