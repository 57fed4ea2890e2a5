"""The catalog's schema, one named step at a time. A step that has landed is never edited; the next one mends it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from indexer.errors import CatalogError
from indexer.tags import fold

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

_M002 = """
ALTER TABLE root ADD COLUMN options TEXT NOT NULL DEFAULT '{}';   -- how it is to be read: safelight/reading.py
ALTER TABLE photo ADD COLUMN facts_token TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN original_hash BLOB;    -- xxh3_128 of the original where a preview or an edit was read
ALTER TABLE photo ADD COLUMN rendition TEXT;        -- JSON: what was read where that is not the original
ALTER TABLE photo ADD COLUMN series TEXT;           -- names the burst or stack that it is one of
ALTER TABLE photo ADD COLUMN ref TEXT;              -- what its source calls it beside the key
ALTER TABLE photo ADD COLUMN place TEXT;
ALTER TABLE photo ADD COLUMN flag INTEGER;          -- pick flag: 1, 0, -1
ALTER TABLE photo ADD COLUMN color_label TEXT;
ALTER TABLE photo ADD COLUMN favorite INTEGER;
ALTER TABLE photo ADD COLUMN edited INTEGER;
ALTER TABLE photo ADD COLUMN exposure_seconds REAL;
ALTER TABLE photo ADD COLUMN aperture REAL;
ALTER TABLE photo ADD COLUMN iso REAL;
ALTER TABLE photo ADD COLUMN focal_length_mm REAL;
CREATE INDEX photo_original ON photo (original_hash) WHERE original_hash IS NOT NULL;
CREATE TABLE tag (                  -- what photos share: keywords, people, albums, labels, media kinds
    photo_id INTEGER NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,             -- see tags.py
    path TEXT NOT NULL,             -- steps joined by U+001F, outermost first
    folded TEXT NOT NULL,           -- the last step, as it is searched for
    PRIMARY KEY (photo_id, kind, path)
) WITHOUT ROWID;
CREATE INDEX tag_name ON tag (kind, folded, photo_id);
CREATE TABLE part (                 -- files that belong to a photo without being one
    photo_id INTEGER NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    path BLOB,
    PRIMARY KEY (photo_id, role, name)
) WITHOUT ROWID;
"""


_M003 = """
CREATE TABLE features (             -- what a picture looks like, for finding duplicates: duplicates/features.py
    content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE verdict (              -- pairs that were compared, so that only new photos cost anything
    one INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
    other INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
    judged TEXT NOT NULL,           -- by which rules: version and sensitivity
    relation TEXT,                  -- what the other is to the one; NULL: nothing
    what TEXT NOT NULL DEFAULT '',
    derived INTEGER NOT NULL DEFAULT 0,
    part INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (one, other, judged)
) WITHOUT ROWID;
CREATE INDEX verdict_other ON verdict (other);
CREATE TABLE decision (             -- what the user said of duplicates; by content, which outlives names and models
    kind TEXT NOT NULL CHECK (kind IN ('different', 'ignored', 'keeper')),
    hash BLOB NOT NULL,
    other BLOB NOT NULL DEFAULT x'',  -- of a pair the greater hash; of a keeper the public id that was meant
    decided_at TEXT NOT NULL,
    PRIMARY KEY (kind, hash, other)
) WITHOUT ROWID;
"""


def m001_photos_contents_vectors(db: sqlite3.Connection) -> None:
    """Create the tables of the first release."""
    _run(db, _M001)


def m002_libraries(db: sqlite3.Connection) -> None:
    """Make room for what photo libraries know; keywords move to the tags."""
    _run(db, _M002)
    for photo_id, keywords in db.execute("SELECT id, keywords FROM photo WHERE keywords <> '[]'").fetchall():
        rows = ((photo_id, "keyword", word, fold(word)) for word in json.loads(keywords))
        db.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?, ?, ?)", rows)
    db.execute("ALTER TABLE photo DROP COLUMN keywords")


def m003_duplicates(db: sqlite3.Connection) -> None:
    """Make room for what duplicates are found by, and for what the user decides about them."""
    _run(db, _M003)


_M004 = """
CREATE INDEX photo_newest ON photo (taken_at) WHERE state = 'indexed' AND content_id IS NOT NULL;
CREATE TABLE removal (              -- one row; lets who holds all vectors see whether it has to read them all again
    embeddings INTEGER NOT NULL     -- how many were ever removed
);
INSERT INTO removal VALUES (0);
CREATE TRIGGER embedding_removed AFTER DELETE ON embedding
BEGIN
    UPDATE removal SET embeddings = embeddings + 1;
END;
"""


def m004_quick_looks(db: sqlite3.Connection) -> None:
    """Let the newest photos be listed without a look at all others, and removed vectors be noticed without a count."""
    _run(db, _M004)


_M005 = """
CREATE TABLE unread (               -- what a run could not read of a place, until a run can
    root_id INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    key BLOB,                       -- of the folder; NULL: the whole place
    reason TEXT NOT NULL
);
"""


def m005_unread_folders(db: sqlite3.Connection) -> None:
    """Make room for the folders and places that could not be read."""
    _run(db, _M005)


_M006 = """
CREATE TABLE looks (                -- of contents that decisions were carried over to; apart, as features are long
    content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
    digest BLOB NOT NULL            -- of the features and the size: duplicates/store.py
);
"""


def m006_looks(db: sqlite3.Connection) -> None:
    """Make room for what tells that a new content looks exactly like one that something was decided about."""
    _run(db, _M006)


_M007 = """
CREATE TABLE mount (                -- folders that lie on another drive than the folder around them: drives.py
    root_id INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    key BLOB NOT NULL,              -- of the folder, in its root
    device INTEGER NOT NULL,        -- st_dev when last seen
    state TEXT NOT NULL CHECK (state IN ('online', 'offline')),
    PRIMARY KEY (root_id, key)
) WITHOUT ROWID;
"""


def m007_mounts(db: sqlite3.Connection) -> None:
    """Make room for the drives that are mounted inside a place."""
    _run(db, _M007)


def _run(db: sqlite3.Connection, script: str) -> None:
    """Execute statements one by one; executescript would commit the transaction that the step runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    m001_photos_contents_vectors,
    m002_libraries,
    m003_duplicates,
    m004_quick_looks,
    m005_unread_folders,
    m006_looks,
    m007_mounts,
)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the schema up to date, each step in a transaction of its own.

    Raises:
        CatalogError: The catalog was written by a newer Safelight.

    Writes: the schema of our own catalog.
    """
    db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
    for step in _waiting(db):
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db)
            db.execute("INSERT INTO migration (name) VALUES (?)", (step.__name__,))
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def refuse_others(db: sqlite3.Connection) -> None:
    """Refuse a catalog that cannot be read without bringing it up to date first.

    Raises:
        CatalogError: The catalog was written by another Safelight, newer or older.
    """
    if _waiting(db):
        raise CatalogError(
            "this catalog was written by an older Safelight and has to be brought up to date; make room on its disk and"
            " make its folder writable"
        )


def _waiting(db: sqlite3.Connection) -> list[Callable[[sqlite3.Connection], None]]:
    """List the steps that have not been applied."""
    applied = {name for (name,) in db.execute("SELECT name FROM migration")}
    unknown = applied - {step.__name__ for step in MIGRATIONS}
    if unknown:
        raise CatalogError(
            f"this catalog was written by a newer Safelight ({min(unknown)}); upgrade Safelight, or set "
            "SAFELIGHT_HOME to another folder"
        )
    return [step for step in MIGRATIONS if step.__name__ not in applied]
