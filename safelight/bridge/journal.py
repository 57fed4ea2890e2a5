"""The journal: what the plug-in is about to change in a catalog, written down before, so that it can be taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from safelight.bridge.errors import BridgeError
from safelight.bridge.store import Store

ENTRIES_AT_ONCE = 500
RUNS_KEPT = 50
OPERATIONS = ("field", "raw", "keyword", "collection", "rules", "query")


@dataclass(frozen=True, slots=True)
class Run:
    """One change, as the user sees it: "Find: red car"."""

    id: int
    title: str
    made_at: str
    entries: int


class Journal:
    """The journal of all catalogs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, lightroom_id: str, title: str) -> int:
        """Open a run; the oldest runs of the catalog are forgotten.

        Writes: our own data folder.
        """
        db = self._store.db
        with self._store.transaction():
            (run_id,) = db.execute(
                "INSERT INTO run (lightroom_id, title, made_at) VALUES (?, ?, ?) RETURNING id",
                (lightroom_id, title[:500], datetime.now(UTC).isoformat(timespec="seconds")),
            ).fetchone()
            db.execute(
                "DELETE FROM run WHERE lightroom_id = ? AND id NOT IN"
                " (SELECT id FROM run WHERE lightroom_id = ? ORDER BY id DESC LIMIT ?)",
                (lightroom_id, lightroom_id, RUNS_KEPT),
            )
        return run_id

    def add(self, run_id: int, changes: Sequence[dict[str, Any]]) -> None:
        """Write down changes that are about to be made.

        Raises:
            BridgeError: There is no such run, or a change is none that can be taken back.

        Writes: our own data folder.
        """
        if not self._store.db.execute("SELECT 1 FROM run WHERE id = ?", (run_id,)).fetchone():
            raise BridgeError("unknown", "this change is no longer in the journal; begin again")
        for change in changes:
            if change.get("op") not in OPERATIONS:
                raise BridgeError("bad_request", f"the journal knows no change {change.get('op')!r}")
        with self._store.transaction():
            self._store.db.executemany(
                "INSERT INTO entry (run_id, change) VALUES (?, ?)",
                [(run_id, json.dumps(change, ensure_ascii=False)) for change in changes],
            )

    def last(self, lightroom_id: str) -> Run | None:
        """Return the last change of a catalog that was not taken back; None where there is none."""
        row = self._store.db.execute(
            "SELECT run.id, run.title, run.made_at, count(entry.id) FROM run JOIN entry ON entry.run_id = run.id"
            " WHERE run.lightroom_id = ? AND run.undone_at IS NULL GROUP BY run.id ORDER BY run.id DESC LIMIT 1",
            (lightroom_id,),
        ).fetchone()
        return row and Run(*row)

    def entries(self, run_id: int, before: int | None = None) -> list[tuple[int, dict[str, Any]]]:
        """Return changes of a run, the last one first, at most ENTRIES_AT_ONCE of those before entry `before`."""
        rows = self._store.db.execute(
            "SELECT id, change FROM entry WHERE run_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (run_id, before if before is not None else 1 << 62, ENTRIES_AT_ONCE),
        )
        return [(entry_id, json.loads(change)) for entry_id, change in rows]

    def queries(self, run_id: int) -> list[dict[str, Any]]:
        """Return the changes of saved queries in a run, the last one first.

        What a later run that stands has changed again, in this catalog or another, is not among them.
        """
        rows = self._store.db.execute(
            "SELECT entry.change FROM entry WHERE run_id = ? AND json_extract(change, '$.op') = 'query' AND NOT EXISTS"
            " (SELECT 1 FROM entry AS later JOIN run ON run.id = later.run_id"
            " WHERE later.run_id > entry.run_id AND run.undone_at IS NULL"
            " AND json_extract(later.change, '$.op') = 'query'"
            " AND json_extract(later.change, '$.token') = json_extract(entry.change, '$.token')) ORDER BY id DESC",
            (run_id,),
        )
        return [json.loads(change) for (change,) in rows]

    def undone(self, run_id: int) -> None:
        """Record that a run was taken back.

        Writes: our own data folder.
        """
        with self._store.transaction():
            self._store.db.execute(
                "UPDATE run SET undone_at = ? WHERE id = ?", (datetime.now(UTC).isoformat(timespec="seconds"), run_id)
            )
