"""The queue of what the page or the command line want done in Lightroom; the plug-in drains it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from safelight.bridge.errors import BridgeError
from safelight.bridge.store import Store

KINDS = ("collection", "smart")
TAKEN_AGAIN_SECONDS = 600
"""An action that was taken and never reported is offered again: Lightroom may have been closed in the middle."""
NOT_WANTED = "not wanted"
"""What the plug-in reports where the user has seen the preview and said no."""
ALIVE_SECONDS = 150
"""A plug-in that has asked within this time is alive; it asks at least once a minute."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done in Lightroom.

    Attributes:
        kind: "collection": write the answer of a question as a collection; "smart": make or update the smart
            collection of a saved query.
        state: "waiting", "taken", "done" or "failed".
        says: What the plug-in reported, for people.
    """

    id: int
    kind: str
    payload: dict[str, Any]
    state: str
    says: str
    made_at: str

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"id": self.id, "kind": self.kind, "payload": self.payload}


@dataclass(frozen=True, slots=True)
class Plugin:
    """A catalog whose plug-in has spoken to us."""

    id: str
    path: str
    plugin: str
    application: str
    seen_at: datetime

    @property
    def alive(self) -> bool:
        """Whether it asked so lately that it must still be there."""
        return datetime.now(UTC) - self.seen_at < timedelta(seconds=ALIVE_SECONDS)


class Actions:
    """The queue, and who drains it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def push(self, kind: str, payload: Mapping[str, object]) -> Action:
        """Queue an action; one that waits already is not queued twice.

        Writes: our own data folder.
        """
        assert kind in KINDS
        text = json.dumps(dict(payload), sort_keys=True)
        with self._store.transaction():
            row = (
                self._store.db.execute(
                    "SELECT id FROM action WHERE kind = ? AND payload = ? AND state = 'waiting'", (kind, text)
                ).fetchone()
                or self._store.db.execute(
                    "INSERT INTO action (kind, payload, made_at) VALUES (?, ?, ?) RETURNING id", (kind, text, _now())
                ).fetchone()
            )
        return self.get(row[0])

    def get(self, action_id: int) -> Action:
        """Return one action.

        Raises:
            BridgeError: There is none.
        """
        row = self._store.db.execute(f"{_SELECT} WHERE id = ?", (action_id,)).fetchone()
        if row is None:
            raise BridgeError("unknown", "this action is no longer there")
        return _action(*row)

    def list(self, limit: int = 20) -> list[Action]:
        """List the latest actions, the newest first."""
        rows = self._store.db.execute(f"{_SELECT} ORDER BY id DESC LIMIT ?", (limit,))
        return [_action(*row) for row in rows]

    def take(self) -> list[Action]:
        """Hand out what waits, and what was taken long ago and never reported.

        Writes: our own data folder.
        """
        long_ago = (datetime.now(UTC) - timedelta(seconds=TAKEN_AGAIN_SECONDS)).isoformat()
        due = "state = 'waiting' OR (state = 'taken' AND taken_at < ?)"
        if not self._store.db.execute(f"SELECT 1 FROM action WHERE {due} LIMIT 1", (long_ago,)).fetchone():
            return []  # nothing to write: the plug-in asks every few seconds
        with self._store.transaction():
            rows = self._store.db.execute(f"{_SELECT} WHERE {due} ORDER BY id LIMIT 20", (long_ago,)).fetchall()
            self._store.db.executemany(
                "UPDATE action SET state = 'taken', taken_at = ? WHERE id = ?", [(_now(), row[0]) for row in rows]
            )
        return [_action(*row) for row in rows]

    def report(self, action_id: int, *, ok: bool, says: str) -> None:
        """Record how an action ended.

        Raises:
            BridgeError: There is no such action.

        Writes: our own data folder.
        """
        self.get(action_id)
        with self._store.transaction():
            self._store.db.execute(
                "UPDATE action SET state = ?, says = ? WHERE id = ?",
                ("done" if ok else "failed", says[:1000], action_id),
            )

    # Who is there

    def seen(self, lightroom_id: str, path: str, plugin: str, application: str) -> None:
        """Record that the plug-in of a catalog has spoken.

        Writes: our own data folder.
        """
        said = "plugin = excluded.plugin, application = excluded.application, seen_at = excluded.seen_at"
        with self._store.transaction():
            self._store.db.execute(
                "INSERT INTO lightroom (id, path, plugin, application, seen_at) VALUES (?, ?, ?, ?, ?)"
                f" ON CONFLICT (path) DO UPDATE SET {said} ON CONFLICT (id) DO UPDATE SET path = excluded.path, {said}",
                (lightroom_id, path, plugin, application, _now()),
            )

    def seen_again(self, lightroom_id: str) -> None:
        """Record that a plug-in that is known has spoken.

        Writes: our own data folder.
        """
        with self._store.transaction():
            self._store.db.execute("UPDATE lightroom SET seen_at = ? WHERE id = ?", (_now(), lightroom_id))

    def plugins(self) -> list[Plugin]:
        """List the catalogs whose plug-ins have spoken, the latest first."""
        rows = self._store.db.execute(
            "SELECT id, path, plugin, application, seen_at FROM lightroom ORDER BY seen_at DESC"
        )
        return [Plugin(i, path, plugin, app, datetime.fromisoformat(seen)) for i, path, plugin, app, seen in rows]


_SELECT = "SELECT id, kind, payload, state, says, made_at FROM action"


def _action(action_id: int, kind: str, payload: str, state: str, says: str, made_at: str) -> Action:
    return Action(action_id, kind, json.loads(payload), state, says, made_at)


def _now() -> str:
    return datetime.now(UTC).isoformat()
