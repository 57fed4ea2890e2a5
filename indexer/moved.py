"""Which photo a file was before it was renamed or moved, and giving that photo its new place: its id stays."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

from importers.base import FileStamp
from indexer.presence import is_gone
from indexer.rows import KNOWN_COLUMNS, ROOT_COLUMNS, Known, Model, Root, as_known, as_root

IsThere = Callable[[Root, bytes], bool]
"""Tells whether the drive is there that holds a root's photo of this key: what is merely away has not moved."""


def vanished_twin(
    db: sqlite3.Connection, root: Root, stamp: FileStamp, model: Model, is_there: IsThere
) -> Known | None:
    """Find the photo of `root` that this file was before it was renamed: same inode, size and time, path gone."""
    rows = db.execute(
        f"SELECT p.key, {KNOWN_COLUMNS} FROM photo p"
        " WHERE p.inode = ? AND p.size_bytes = ? AND p.mtime_ns = ? AND p.root_id = ?",
        (model.id, stamp.inode, stamp.size_bytes, stamp.mtime_ns, root.id),
    )
    found = ((key, as_known(row)) for key, *row in rows)
    return next((known for key, known in found if _has_left(known.path, stamp.inode) and is_there(root, key)), None)


def replaced_twin(db: sqlite3.Connection, root: Root, stamp: FileStamp, key: bytes, is_there: IsThere) -> bytes | None:
    """Find the key that this file had in `root` before it was called `key`; another file may have it now."""
    rows = db.execute(
        "SELECT key, path FROM photo WHERE inode = ? AND size_bytes = ? AND mtime_ns = ?"
        " AND root_id = ? AND key <> ? AND content_id IS NOT NULL",
        (stamp.inode, stamp.size_bytes, stamp.mtime_ns, root.id, key),
    )
    return next((old for old, path in rows if _is_no_more(path, stamp.inode) and is_there(root, old)), None)


def vanished_with(db: sqlite3.Connection, content_id: int, source: str, is_there: IsThere) -> int | None:
    """Find a photo of such sources with this content whose file is gone although its drive is there: it moved."""
    rows = db.execute(
        f"SELECT p.id, p.path, p.key, {ROOT_COLUMNS} FROM photo p JOIN root r ON r.id = p.root_id"
        " WHERE p.content_id = ? AND r.source = ?",
        (content_id, source),
    ).fetchall()
    return next((i for i, path, key, *root in rows if is_gone(path) and is_there(as_root(root), key)), None)


def move_photo(db: sqlite3.Connection, photo_id: int, root_id: int, key: bytes, path: bytes | None, name: str) -> None:
    """Give a photo its new place, keeping its id and its content.

    Writes: the catalog, inside the caller's transaction.
    """
    db.execute(
        "UPDATE photo SET root_id = ?, key = ?, path = ?, name = ?,"
        " state = CASE state WHEN 'missing' THEN 'indexed' ELSE state END WHERE id = ?",
        (root_id, key, path, name, photo_id),
    )


def trade_places(db: sqlite3.Connection, root: Root, key: bytes, other: bytes) -> None:
    """Let the photos at two keys have each other's name: their files were renamed.

    Writes: the catalog, inside the caller's transaction.
    """
    where = "SELECT id, key, path, name FROM photo WHERE root_id = ? AND key IN (?, ?)"
    one, two = db.execute(where, (root.id, key, other)).fetchall()
    db.execute("UPDATE photo SET key = x'00' WHERE id = ?", one[:1])  # no file's: a key is there once
    for (photo_id, *_), place in ((two, one[1:]), (one, two[1:])):
        db.execute("UPDATE photo SET key = ?, path = ?, name = ? WHERE id = ?", (*place, photo_id))


def _is_no_more(path: bytes | None, inode: int) -> bool:
    """Tell whether a file is no longer at `path`, nor where a link there leads: nothing is, or another file."""
    try:
        return path is not None and os.stat(path).st_ino != inode  # noqa: PTH116  # of bytes; as a walk looks at it
    except OSError:
        return is_gone(path)


def _has_left(path: bytes | None, inode: int) -> bool:
    """Tell whether a file that was met elsewhere is no longer at `path` as well.

    A name that still leads to the file's only entry is another spelling of its new one: renamed in upper and lower
    case on a disk that does not tell them apart, or reached through a link that took the old folder's place.
    """
    if is_gone(path) or path is None:
        return path is not None
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return status.st_ino == inode and status.st_nlink == 1
