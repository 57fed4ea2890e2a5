"""What is read from the whole catalog, kept until that changes: a page that opens should not wait for a sort."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

KEPT = 8


class Grids:
    """A few answers, each with the state of the catalog that it shows. All methods are for any thread."""

    def __init__(self, catalog: Path) -> None:
        """Watch a catalog that exists."""
        self._db = sqlite3.connect(catalog, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def get(self, name: str, make: Callable[[], T]) -> T:
        """Return the answer of that name, made anew where the catalog has changed since."""
        # Read before the answer is made: what changes meanwhile makes it stale, never wrongly fresh.
        state = self._state()
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and kept[0] == state:
            return kept[1]
        answer = make()
        with self._lock:
            self._kept[name] = (state, answer)
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return answer

    def close(self) -> None:
        """Let the catalog go."""
        with self._lock:
            self._db.close()

    def _state(self) -> int:
        """Differs whenever another connection, of any process, has committed something."""
        with self._lock:
            return self._db.execute("PRAGMA data_version").fetchone()[0]
