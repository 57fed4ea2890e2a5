"""The names of previews by photo: a million of them do not fit in memory, and are asked for in any order."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from lrprev import SmartPreview, StoredPreview
from lrprev.store import Found

_THESE = "uuid IN (SELECT value FROM json_each(?))"


class Shelf:
    """The names of previews and Smart Previews by photo, in a temporary database; SQLite keeps a large one on disk."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute(
            "CREATE TABLE previews (uuid TEXT, digest TEXT, files TEXT, known INTEGER DEFAULT 0,"
            " taken INTEGER DEFAULT 0, PRIMARY KEY (uuid, digest)) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE smart (uuid TEXT PRIMARY KEY, file BLOB, taken INTEGER DEFAULT 0) WITHOUT ROWID")

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def fill(self, found: Iterable[Found]) -> None:
        """Add previews; files of the same preview elsewhere in the folder are added to it."""
        self._db.executemany(
            "INSERT INTO previews (uuid, digest, files) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET files ="
            " (SELECT json_group_array(value) FROM (SELECT value FROM json_each(files) UNION ALL"
            " SELECT value FROM json_each(excluded.files)))",
            ((uuid, digest, json.dumps([os.fspath(path) for path in files])) for uuid, digest, files in found),
        )

    def of(self, uuids: Collection[str], *, left: bool) -> dict[str, list[Found]]:
        """Return the previews of some files, or only those that were not taken."""
        query = f"SELECT uuid, digest, files FROM previews WHERE {_THESE} AND taken <= ? ORDER BY uuid, digest"
        found: dict[str, list[Found]] = defaultdict(list)
        for row in self._db.execute(query, (json.dumps([*uuids]), not left)):
            found[row[0]].append(_found(row))
        return found

    def know(self, uuids: Collection[str]) -> None:
        """Note that the catalog has these files."""
        self._db.execute(f"UPDATE previews SET known = 1 WHERE {_THESE}", (json.dumps([*uuids]),))

    def forget(self) -> None:
        """Let the catalog have no more files than those whose previews were taken."""
        self._db.execute("UPDATE previews SET known = taken")

    def take(self, previews: Iterable[StoredPreview]) -> None:
        """Note that there are jobs for these previews."""
        keys = [(stored.uuid, stored.digest) for stored in previews]
        self._db.executemany("UPDATE previews SET taken = 1 WHERE uuid = ? AND digest = ?", keys)

    def count_known(self) -> int:
        """Count the previews of the catalog's photos that were not taken."""
        return self._db.execute("SELECT count(*) FROM previews WHERE known AND NOT taken").fetchone()[0]

    def count_unknown(self) -> int:
        """Count the previews that the catalog does not know."""
        return self._db.execute("SELECT count(*) FROM previews WHERE NOT known").fetchone()[0]

    def unknown(self) -> Iterator[Found]:
        """Yield the previews that the catalog does not know."""
        for row in self._db.execute("SELECT uuid, digest, files FROM previews WHERE NOT known"):
            yield _found(row)

    def fill_smart(self, found: Iterable[SmartPreview]) -> None:
        """Add Smart Previews; of several of one photo, the first."""
        rows = ((smart.uuid, os.fsencode(smart.path)) for smart in found)  # a name need not be text
        self._db.executemany("INSERT OR IGNORE INTO smart (uuid, file) VALUES (?, ?)", rows)

    def smart_of(self, uuids: Collection[str]) -> dict[str, Path]:
        """Return the Smart Previews of some files."""
        rows = self._db.execute(f"SELECT uuid, file FROM smart WHERE {_THESE}", (json.dumps([*uuids]),))
        return {uuid: Path(os.fsdecode(file)) for uuid, file in rows}

    def take_smart(self, uuids: Collection[str]) -> None:
        """Note that there are jobs for the Smart Previews of these files."""
        self._db.execute(f"UPDATE smart SET taken = 1 WHERE {_THESE}", (json.dumps([*uuids]),))

    def count_smart_left(self) -> int:
        """Count the Smart Previews that were not taken."""
        return self._db.execute("SELECT count(*) FROM smart WHERE NOT taken").fetchone()[0]

    def smart_left(self) -> Iterator[SmartPreview]:
        """Yield the Smart Previews that were not taken."""
        for uuid, file in self._db.execute("SELECT uuid, file FROM smart WHERE NOT taken"):
            yield SmartPreview(uuid, Path(os.fsdecode(file)))


def _found(row: tuple[str, str, str]) -> Found:
    return row[0], row[1], tuple(json.loads(row[2]))
