"""The catalog's schema, one named step at a time. A step that has landed is never edited; the next one mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from indexer.errors import CatalogError

_M001 = """
CREATE TABLE root (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    path BLOB NOT NULL,
    device INTEGER,                 -- st_dev when last seen: tells an unplugged drive's empty mount point
    state TEXT NOT NULL CHECK (state IN ('online', 'offline')),
    UNIQUE (source, path)
);
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,      -- xxh3_128 of the whole file
    size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL
);
CREATE INDEX content_size ON content (size_bytes);
CREATE TABLE photo (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    root_id INTEGER NOT NULL REFERENCES root (id),
    key BLOB NOT NULL,              -- names the photo within its root
    path BLOB,                      -- bytes: a file name need not be text
    name TEXT NOT NULL,
    content_id INTEGER REFERENCES content (id),
    size_bytes INTEGER, mtime_ns INTEGER, inode INTEGER,
    state TEXT NOT NULL CHECK (state IN ('indexed', 'skipped', 'failed', 'missing')),
    reason TEXT,
    reader TEXT,                    -- what read it, so that a better reader tries a skipped file again
    added_at TEXT NOT NULL,
    taken_at TEXT, utc_offset_minutes INTEGER, taken_from TEXT,
    latitude REAL, longitude REAL,
    camera TEXT, lens TEXT, title TEXT, caption TEXT,
    keywords TEXT NOT NULL DEFAULT '[]',
    rating INTEGER,
    UNIQUE (root_id, key)
);
CREATE INDEX photo_content ON photo (content_id);
CREATE INDEX photo_time ON photo (root_id, taken_at, content_id);
CREATE INDEX photo_inode ON photo (inode, size_bytes);
CREATE INDEX photo_problem ON photo (state) WHERE state <> 'indexed';
CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    space TEXT NOT NULL UNIQUE,     -- vectors of different spaces never meet
    name TEXT NOT NULL,
    dim INTEGER NOT NULL,
    indexed_at TEXT NOT NULL,       -- last run; searches use the model of the last run unless told otherwise
    calibration TEXT                -- JSON: see calibrate.py
);
CREATE TABLE embedding (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL REFERENCES model (id),
    content_id INTEGER NOT NULL REFERENCES content (id),
    vector BLOB NOT NULL,           -- float16 (D,), little-endian, from L2 norm 1
    UNIQUE (model_id, content_id)
);
CREATE TABLE outbox (               -- what Chroma has not been told yet
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id INTEGER NOT NULL,
    content_id INTEGER NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('add', 'delete'))
);
"""


def m001_photos_contents_vectors(db: sqlite3.Connection) -> None:
    """Create the tables of the first release."""
    for statement in _M001.split(";\n"):
        if statement.strip():
            db.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (m001_photos_contents_vectors,)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the schema up to date, each step in a transaction of its own.

    Raises:
        CatalogError: The catalog was written by a newer Safelight.

    Writes: the schema of our own catalog.
    """
    db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
    applied = {name for (name,) in db.execute("SELECT name FROM migration")}
    unknown = applied - {step.__name__ for step in MIGRATIONS}
    if unknown:
        raise CatalogError(
            f"this catalog was written by a newer Safelight ({min(unknown)}); upgrade Safelight, or set "
            "SAFELIGHT_HOME to another folder"
        )
    for step in MIGRATIONS:
        if step.__name__ in applied:
            continue
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db)
            db.execute("INSERT INTO migration (name) VALUES (?)", (step.__name__,))
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
