"""Lists that are longer than a request may be: sent in pieces, then named in the request that needs them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from safelight.bridge.errors import BridgeError
from safelight.bridge.store import Store

MAX_ITEMS = 200_000
KEPT_SECONDS = 3600
_GONE = "the list that was sent is no longer there; try again"


class Uploads:
    """Lists on their way."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, upload: object, items: object) -> str:
        """Add a piece to a list, or begin one; returns its id. Lists that nobody came back for are dropped.

        Raises:
            BridgeError: There is no such list, or it becomes too long.

        Writes: our own data folder.
        """
        if not isinstance(items, list):
            raise BridgeError("bad_request", "items must come as a list")
        piece = cast("list[object]", items)
        now = datetime.now(UTC)
        if upload is None:
            upload = secrets.token_hex(8)
        elif not isinstance(upload, str) or self._count(upload) + len(piece) > MAX_ITEMS:
            raise BridgeError("too_many", f"a list has at most {MAX_ITEMS:,} items")
        with self._store.transaction():
            old = (now - timedelta(seconds=KEPT_SECONDS)).isoformat()
            self._store.db.execute("DELETE FROM upload WHERE made_at < ?", (old,))
            self._store.db.execute(
                "INSERT INTO upload (id, items, made_at) VALUES (?, ?, ?)", (upload, json.dumps(piece), now.isoformat())
            )
        return upload

    def _count(self, upload: str) -> int:
        (count,) = self._store.db.execute(
            "SELECT coalesce(sum(json_array_length(items)), 0) FROM upload WHERE id = ?", (upload,)
        ).fetchone()
        if not count:
            raise BridgeError("unknown", _GONE)
        return count

    def items(self, upload: str) -> list[object]:
        """Return a whole list.

        Raises:
            BridgeError: It is not there, or no longer.
        """
        rows = self._store.db.execute("SELECT items FROM upload WHERE id = ? ORDER BY rowid", (upload,)).fetchall()
        if not rows:
            raise BridgeError("unknown", _GONE)
        return [item for (text,) in rows for item in json.loads(text)]

    def resolve(self, value: object) -> object:
        """Return the list that {"upload": ID} names; anything else as it is."""
        if isinstance(value, Mapping):
            named = cast("Mapping[str, object]", value).get("upload")
            if isinstance(named, str):
                return self.items(named)
        return cast("object", value)
