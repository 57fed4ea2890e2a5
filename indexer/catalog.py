"""The catalog: which photos there are, what is in them, and their vectors. The one truth; all else is derived.

SQLite in WAL mode with one writer. Paths are stored as bytes, because a file name need not be text.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from importers.base import Part
from indexer.errors import CatalogError
from indexer.home import why_unwritable
from indexer.opening import Standing, is_for_lack_of_writing, open_as_it_stands, open_nothing, open_to_write
from indexer.photo_row import PhotoRow, new_public_id, upsert
from indexer.presence import SeenIds, is_mounted, is_under
from indexer.rows import KNOWN_COLUMNS, ROOT_COLUMNS, Content, Known, Model, Root, as_known, as_root
from indexer.tags import write_tags

FILE_NAME = "library.sqlite"


class Catalog:
    """An open catalog. Belongs to the thread that opened it."""

    def __init__(self, home: Path, *, reading: bool = False) -> None:
        """Open the catalog in `home`, creating both where absent.

        Args:
            reading: Whether it is only to be read, so that it is opened where nothing can be written, too: on a full or
                a write-protected disk. What tries to write then fails like any other transaction. Where there is none,
                none is made, and it is empty: the drive that the data folder lies on may be away.

        Raises:
            CatalogError: It cannot be opened, or a newer Safelight wrote it.

        Writes: our own data folder.
        """
        self.home = home
        self.path = home / FILE_NAME
        self._standing: Standing | None = None
        try:
            self.db = open_nothing() if reading and not self.path.exists() else open_to_write(self.path)
        except (OSError, sqlite3.Error) as error:
            if reading and is_for_lack_of_writing(error):
                with suppress(OSError):  # of a folder that may not even be looked into
                    self._standing = open_as_it_stands(self.path)
            if self._standing is None:
                raise self._cannot_open(error) from error
            self.db = self._standing.db

    def _cannot_open(self, error: Exception) -> CatalogError:
        if why := why_unwritable(self.home):
            todo = "mend that, or set SAFELIGHT_HOME to another folder"
            return CatalogError(f"cannot open the catalog {self.path}: {why}; {todo}")
        todo = "if it is damaged, move it away and index again, or take it from a backup"
        return CatalogError(f"cannot open the catalog {self.path}: {error}; {todo}")

    def close(self) -> None:
        """Close the database.

        Raises:
            CatalogError: It was only read, and something wrote to it meanwhile: what was read may be wrong.
        """
        if self._standing is not None:
            self._standing.close()
        else:
            self.db.close()

    @property
    def keeps_nothing(self) -> bool:
        """Whether it is read as it stands, where nothing can be written."""
        return self._standing is not None

    def keep_in_memory(self, *tables: str) -> None:
        """Let what is written to tables, where nothing can be written, hold until it is closed."""
        if self._standing is not None:
            self._standing.keep_in_memory(tables)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make everything inside happen or not happen.

        Raises:
            CatalogError: The disk is full or the database cannot be written; nothing was changed.
        """
        try:
            self.db.execute("BEGIN" if self.keeps_nothing else "BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise CatalogError(
                f"cannot write the catalog {self.path}: {error}; what was saved before is kept, run again when mended"
            ) from error

    # Roots

    def roots(self) -> list[Root]:
        """List every indexed place."""
        return [as_root(row) for row in self.db.execute(f"SELECT {ROOT_COLUMNS} FROM root r ORDER BY r.path")]

    def add_root(self, source: str, path: Path, device: int | None, *, keys_are_paths: bool = True) -> Root:
        """Record a place, or return it as it stands. Roots inside it are taken over, their photos kept.

        Args:
            keys_are_paths: Whether a photo's key is its path below the root, so that another root gives it another key.

        Writes: the catalog.
        """
        with self.transaction():
            self.db.execute(
                "INSERT INTO root (source, path, device, state) VALUES (?, ?, ?, 'online') ON CONFLICT DO NOTHING",
                (source, os.fsencode(path), device),
            )
            root = next(r for r in self.roots() if (r.source, r.path) == (source, path))
            for inner in self.roots():
                if inner.source == source and path in inner.path.parents:
                    start = len(os.fsencode(path)) + len(os.sep) + 1  # SQL counts from 1
                    self._keep_mounts(root, inner)
                    self.db.execute(
                        "UPDATE OR IGNORE photo SET root_id = ?, key = CASE WHEN ? THEN substr(path, ?) ELSE key END"
                        " WHERE root_id = ?",
                        (root.id, keys_are_paths, start, inner.id),
                    )
                    self.db.execute("DELETE FROM photo WHERE root_id = ?", (inner.id,))
                    self.db.execute("DELETE FROM root WHERE id = ?", (inner.id,))
        return root

    def _keep_mounts(self, root: Root, inner: Root) -> None:
        """Remember what is known of the drives of a root that `root` takes over; its own may be away now."""
        key = os.fsencode(inner.path.relative_to(root.path))
        if inner.state == "offline" or not is_mounted(inner.path):
            row = (root.id, key, inner.device or 0, "offline")
            self.db.execute("INSERT OR IGNORE INTO mount VALUES (?, ?, ?, ?)", row)
        self.db.execute(
            "INSERT OR IGNORE INTO mount SELECT ?, CAST(? || '/' || key AS BLOB), device, state FROM mount"
            " WHERE root_id = ?",
            (root.id, key, inner.id),
        )

    def set_options(self, root: Root, options: str) -> None:
        """Record how a place is to be read.

        Writes: the catalog.
        """
        with self.transaction():
            self.db.execute("UPDATE root SET options = ? WHERE id = ?", (options, root.id))

    def mark_root(self, root: Root, state: str, device: int | None) -> None:
        """Record whether a place could be reached, and on which device.

        Writes: the catalog.
        """
        with self.transaction():
            self.db.execute("UPDATE root SET state = ?, device = ? WHERE id = ?", (state, device, root.id))

    def forget_if_empty(self, root: Root) -> None:
        """Forget a place that no photo was ever found in.

        Writes: the catalog.
        """
        with self.transaction():
            self.db.execute(
                "DELETE FROM root WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM photo WHERE root_id = ?1)", (root.id,)
            )

    def set_unread(self, root: Root, unread: Mapping[bytes | None, str], scope: bytes = b"") -> None:
        """Record which parts of a place could not be read, and why; what was recorded of them before is over.

        Args:
            unread: Keys of folders; None stands for the whole place.
            scope: The key, in the root, of the part that was looked at. Empty: all.

        Writes: the catalog.
        """
        with self.transaction():
            before = self.db.execute("SELECT rowid, key FROM unread WHERE root_id = ?", (root.id,)).fetchall()
            over = [(row_id,) for row_id, key in before if not scope or (key is not None and is_under(key, scope))]
            self.db.executemany("DELETE FROM unread WHERE rowid = ?", over)
            rows = ((root.id, key, why) for key, why in unread.items())
            self.db.executemany("INSERT INTO unread VALUES (?, ?, ?)", rows)

    # Photos

    def known(self, root: Root, key: bytes, model: Model) -> Known | None:
        """Look up the photo `key` of `root`, and whether `model` has its vector."""
        row = self.db.execute(
            f"SELECT {KNOWN_COLUMNS} FROM photo p WHERE p.root_id = ? AND p.key = ?", (model.id, root.id, key)
        ).fetchone()
        return row and as_known(row)

    def content_at(self, root_id: int, key: bytes) -> tuple[int | None] | None:
        """Return the content id of the photo at a place, in a tuple because it may be None; None: nothing is there."""
        row = self.db.execute("SELECT content_id FROM photo WHERE root_id = ? AND key = ?", (root_id, key)).fetchone()
        return row and (row[0],)

    def write_photo(self, row: PhotoRow) -> int:
        """Insert or refresh one photo; returns its row id.

        Writes: the catalog, inside the caller's transaction.
        """
        columns, fresh = row.columns(), new_public_id()
        photo_id, public_id = self.db.execute(
            upsert(tuple(columns)), (fresh, datetime.now(UTC).isoformat(timespec="seconds"), *columns.values())
        ).fetchone()
        self._write_beside(photo_id, row, is_new=public_id == fresh)
        return photo_id

    def write_facts(self, photo_id: int, row: PhotoRow) -> None:
        """Take over what is known of a photo, which was read before and has not changed to look at.

        Writes: the catalog, inside the caller's transaction.
        """
        columns: dict[str, object] = {"name": row.name, "path": row.path, **row.fact_columns()}
        update = ", ".join(f"{name} = ?" for name in columns)
        self.db.execute(f"UPDATE photo SET {update} WHERE id = ?", (*columns.values(), photo_id))
        self._write_beside(photo_id, row)

    def _write_beside(self, photo_id: int, row: PhotoRow, *, is_new: bool = False) -> None:
        if not is_new:
            self.db.execute("DELETE FROM tag WHERE photo_id = ?", (photo_id,))
        write_tags(self.db, photo_id, row.facts)
        if row.parts or not is_new:
            self.write_parts(photo_id, row.parts)

    def write_parts(self, photo_id: int, parts: tuple[Part, ...]) -> None:
        """Make the parts of a photo these.

        Writes: the catalog, inside the caller's transaction.
        """
        self.db.execute("DELETE FROM part WHERE photo_id = ?", (photo_id,))
        paths = {(part.role, part.name): part.path and os.fsencode(part.path) for part in parts}
        rows = ((photo_id, *names, path) for names, path in paths.items())
        self.db.executemany("INSERT INTO part VALUES (?, ?, ?, ?)", rows)

    def seen_again(self, photo_id: int) -> None:
        """Record that a photo that was called missing is back, unchanged.

        Writes: the catalog, inside the caller's transaction.
        """
        self.db.execute(
            "UPDATE photo SET state = CASE WHEN content_id IS NULL THEN 'failed' ELSE 'indexed' END WHERE id = ?",
            (photo_id,),
        )

    def unseen(self, root: Root, scope: bytes, seen: SeenIds) -> list[tuple[int, bytes, bytes | None, str]]:
        """List (id, key, path, state) of the photos of `root` under `scope` that a scan did not meet."""
        rows = self.db.execute("SELECT id, key, path, state FROM photo WHERE root_id = ?", (root.id,))
        return [row for row in rows if row[0] not in seen and is_under(row[1], scope)]

    def mark_missing(self, photo_ids: list[int]) -> None:
        """Mark photos as no longer there; their contents and vectors are kept.

        Writes: the catalog.
        """
        with self.transaction():
            self.db.executemany("UPDATE photo SET state = 'missing' WHERE id = ?", ((i,) for i in photo_ids))

    # Contents and vectors

    def size_is_known(self, size_bytes: int) -> bool:
        """Tell whether some content has this size, so that a file of this size may be a copy."""
        row = self.db.execute("SELECT 1 FROM content WHERE size_bytes = ? LIMIT 1", (size_bytes,)).fetchone()
        return row is not None

    def content(self, digest: bytes, model: Model) -> tuple[int, bool] | None:
        """Return (content id, whether `model` has its vector) of the content with this hash."""
        return self.db.execute(
            "SELECT id, EXISTS (SELECT 1 FROM embedding e WHERE e.model_id = ? AND e.content_id = content.id)"
            " FROM content WHERE hash = ?",
            (model.id, digest),
        ).fetchone()

    def write_content(self, content: Content) -> int:
        """Insert a content or return it as it stands; returns its id.

        Writes: the catalog, inside the caller's transaction.
        """
        (content_id,) = self.db.execute(
            "INSERT INTO content (hash, size_bytes, width, height, format) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (hash) DO UPDATE SET width = excluded.width, height = excluded.height RETURNING id",
            (content.hash, content.size_bytes, content.width, content.height, content.format),
        ).fetchone()
        return content_id

    def write_vectors(self, model: Model, content_ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store vectors and tell the outbox; one that is there already is never changed.

        Args:
            content_ids: Each once.
            vectors: float32 (N, D), L2 norm 1; stored as float16.

        Writes: the catalog, inside the caller's transaction.
        """
        stored = vectors.astype("<f2")
        self.db.executemany(
            "INSERT INTO outbox (model_id, content_id, op) SELECT ?1, ?2, 'add'"
            " WHERE NOT EXISTS (SELECT 1 FROM embedding WHERE model_id = ?1 AND content_id = ?2)",
            ((model.id, content_id) for content_id in content_ids),
        )
        self.db.executemany(
            "INSERT INTO embedding (model_id, content_id, vector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            ((model.id, i, vector.tobytes()) for i, vector in zip(content_ids, stored, strict=True)),
        )

    def write_vector(self, model: Model, content_id: int, vector: NDArray[np.float32]) -> None:
        """Store one vector, float32 (D,), as write_vectors() stores many.

        Writes: the catalog, inside the caller's transaction.
        """
        self.write_vectors(model, [content_id], vector[None])

    def vector(self, model: Model, content_id: int) -> NDArray[np.float32] | None:
        """Return one stored vector: float32 (D,), L2 norm 1 up to float16 rounding."""
        row = self.db.execute(
            "SELECT vector FROM embedding WHERE model_id = ? AND content_id = ?", (model.id, content_id)
        ).fetchone()
        return np.frombuffer(row[0], "<f2").astype(np.float32) if row else None

    # Models

    def models(self) -> list[Model]:
        """List the models whose vectors are here, the one of the last run first."""
        rows = self.db.execute("SELECT id, space, name, dim FROM model ORDER BY indexed_at DESC, id DESC")
        return [Model(*row) for row in rows]

    def add_model(self, space: str, name: str, dim: int) -> Model:
        """Record that a run with this model begins.

        Raises:
            CatalogError: The space is known with another length of vectors.

        Writes: the catalog.
        """
        with self.transaction():
            row = self.db.execute(
                "INSERT INTO model (space, name, dim, indexed_at) VALUES (?, ?, ?, ?) ON CONFLICT (space)"
                " DO UPDATE SET name = excluded.name, indexed_at = excluded.indexed_at RETURNING id, space, name, dim",
                (space, name, dim, datetime.now(UTC).isoformat()),
            ).fetchone()
            model = Model(*row)
            if model.dim != dim:
                raise CatalogError(f"{name} gives vectors of {dim} numbers, the catalog's {space} have {model.dim}")
        return model
