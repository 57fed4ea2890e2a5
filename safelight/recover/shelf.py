"""The names of a previews folder by photo: a million of them do not fit in memory, and are asked for in any order."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from lrprev import StoredPreview

ShelfKey = tuple[str, str, tuple[Path, ...]]
"""UUID, digest and files: what Store.stored asks for."""


class Shelf:
    """The names of a store's previews by photo, in a temporary database that SQLite keeps on disk once it is large."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute(
            "CREATE TABLE previews (uuid TEXT, digest TEXT, files TEXT, known INTEGER DEFAULT 0,"
            " taken INTEGER DEFAULT 0, PRIMARY KEY (uuid, digest)) WITHOUT ROWID"
        )

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def put(self, uuid: str, digest: str, files: tuple[Path, ...]) -> None:
        """Add a preview; files of the same preview elsewhere in the folder are added to it."""
        names = json.dumps([os.fspath(path) for path in files])
        self._db.execute(
            "INSERT INTO previews (uuid, digest, files) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET files ="
            " (SELECT json_group_array(value) FROM (SELECT value FROM json_each(files) UNION ALL"
            " SELECT value FROM json_each(excluded.files)))",
            (uuid, digest, names),
        )

    def of(self, uuid: str, *, left: bool) -> list[ShelfKey]:
        """Return the previews of a photo's file, or only those that were not taken."""
        rows = self._db.execute(
            "SELECT uuid, digest, files FROM previews WHERE uuid = ? AND taken <= ?", (uuid, not left)
        )
        return [_shelf_key(row) for row in rows.fetchall()]

    def know(self, uuid: str) -> None:
        """Note that the catalog has this file."""
        self._db.execute("UPDATE previews SET known = 1 WHERE uuid = ?", (uuid,))

    def forget(self) -> None:
        """Let the catalog have no more files than those whose previews were taken."""
        self._db.execute("UPDATE previews SET known = taken")

    def take(self, stored: StoredPreview) -> None:
        """Note that there is a job for this preview."""
        self._db.execute("UPDATE previews SET taken = 1 WHERE uuid = ? AND digest = ?", (stored.uuid, stored.digest))

    def count_known(self) -> int:
        """Count the previews of the catalog's photos that were not taken."""
        return self._db.execute("SELECT count(*) FROM previews WHERE known AND NOT taken").fetchone()[0]

    def count_unknown(self) -> int:
        """Count the previews that the catalog does not know."""
        return self._db.execute("SELECT count(*) FROM previews WHERE NOT known").fetchone()[0]

    def unknown(self) -> Iterator[ShelfKey]:
        """Yield the previews that the catalog does not know."""
        for row in self._db.execute("SELECT uuid, digest, files FROM previews WHERE NOT known"):
            yield _shelf_key(row)


def _shelf_key(row: tuple[str, str, str]) -> ShelfKey:
    return row[0], row[1], tuple(map(Path, json.loads(row[2])))
