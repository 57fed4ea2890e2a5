"""The bridge's own small database, beside the catalog of photos: what must survive a restart of the helper.

It is a file of its own because it knows nothing of pixels and vectors, and both the helper and the command line write
to it: `safelight lightroom push` works whether the helper runs or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from safelight.errors import SafelightError

FILE_NAME = "lightroom.sqlite"
_VERSION = 1
_TABLES = """
CREATE TABLE lightroom (              -- catalogs whose plug-in has spoken to us
    id TEXT PRIMARY KEY,              -- opaque; what requests name a catalog by
    path TEXT NOT NULL UNIQUE,        -- as Lightroom says it
    plugin TEXT NOT NULL,
    application TEXT NOT NULL,
    seen_at TEXT NOT NULL
);
CREATE TABLE saved_query (
    token TEXT PRIMARY KEY,           -- what matching photos carry in Lightroom
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    question TEXT NOT NULL,           -- JSON: see question.py
    rules TEXT NOT NULL,              -- JSON: further rules of the smart collection, evaluated by Lightroom
    changed_at TEXT NOT NULL
);
CREATE TABLE action (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'done', 'failed')),
    says TEXT NOT NULL DEFAULT '',
    made_at TEXT NOT NULL,
    taken_at TEXT
);
CREATE TABLE run (                    -- one change of a Lightroom catalog, as the user sees it
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lightroom_id TEXT NOT NULL,
    title TEXT NOT NULL,
    made_at TEXT NOT NULL,
    undone_at TEXT
);
CREATE TABLE entry (                  -- written before the change that it describes
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    change TEXT NOT NULL
);
CREATE INDEX entry_run ON entry (run_id);
CREATE TABLE upload (                 -- lists too long for one request, put together again
    id TEXT NOT NULL,
    items TEXT NOT NULL,              -- JSON
    made_at TEXT NOT NULL
);
CREATE INDEX upload_id ON upload (id);
"""


class Store:
    """The database, opened; belongs to the thread that opened it."""

    def __init__(self, home: Path) -> None:
        """Open the database in `home`, creating both where absent.

        Raises:
            SafelightError: It cannot be opened, or a newer Safelight wrote it.

        Writes: our own data folder.
        """
        self.path = home / FILE_NAME
        try:
            home.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA foreign_keys = ON")
            if self._version() != _VERSION:
                with self.transaction():
                    self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise SafelightError(f"cannot open {self.path}: {error}; check its permissions, or move it away") from error

    def _migrate(self) -> None:
        version = self._version()  # again: another process may have been quicker
        if version > _VERSION:
            raise SafelightError(f"{self.path} was written by a newer Safelight; upgrade Safelight")
        if version == 0:
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    self.db.execute(statement)
            self.db.execute(f"PRAGMA user_version = {_VERSION}")

    def _version(self) -> int:
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        return version

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make everything inside happen or not happen."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self.db.close()
