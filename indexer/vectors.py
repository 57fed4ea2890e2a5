"""Chroma: one collection per model, derived from the catalog through its outbox, thrown away and rebuilt at will.

    <home>/chroma/<model id>/lock        who has it open: Chroma 1.5.9 is not safe for two processes
    <home>/chroma/<model id>/index/      what Chroma writes
    <home>/chroma/<model id>/index.new/  a rebuild in progress; becomes `index` by a rename when complete

An outbox row is work that Chroma has not confirmed: rows are deleted after Chroma has taken them, so a crash repeats
work and never loses any; repeating is harmless (known ids are ignored, unknown ones deleted in vain). Whatever is
wrong with Chroma, `indexer.matrix` answers from the catalog meanwhile.

Whoever keeps a ChromaIndex open must turn SIGTERM into an ordinary exit: Python's default kills inside a flush.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer import chroma_health
from indexer.chroma_core import Core
from indexer.chroma_health import DamagedError
from indexer.errors import VectorError
from indexer.events import OnProgress, Progress, ignore
from indexer.lock import LockedError, ProcessLock
from indexer.matrix_file import Keys, Vectors, model_space, read_vectors, snapshot, unit_rows

ADD_RECORDS = 5461  # the most Chroma takes in one add
GET_RECORDS = 32_000  # and gives in one get
SYNC_RECORDS = 1000
"""Chroma flushes its index after so many records; what is unflushed is replayed from its log at the next open."""

# One thread: several link the graph in whatever order, and seldom leave a vector that no other points to. On two cores
# beside other work one was also the faster: 9.5 s instead of 13.9 for 8,000 x 512.
_HNSW = {"space": "cosine", "ef_search": 1000, "num_threads": 1}

PROBES = 8


@dataclass(frozen=True, slots=True)
class Health:
    """What `safelight doctor` says about the Chroma index of one model.

    Attributes:
        state: "absent": not built yet; "in use": another process has it open, nothing was read.
        detail: The damage, or who is using it; "" when ok.
        records: Vectors in Chroma, None when unknown.
        waiting: Outbox rows that Chroma has not taken yet.
    """

    state: Literal["ok", "absent", "damaged", "in use"]
    detail: str
    records: int | None
    waiting: int


def folder_of(home: Path, model_id: int) -> Path:
    """Return where the Chroma index of a model lies."""
    return home / "chroma" / str(model_id)


def health(home: Path, connection: sqlite3.Connection, model_id: int) -> Health:
    """Examine the index of a model without opening Chroma.

    Raises:
        VectorError: The catalog has no such model.
    """
    _, dim = model_space(connection, model_id)
    count = "SELECT count(*) FROM outbox WHERE model_id = ?"
    waiting = int(connection.execute(count, (model_id,)).fetchone()[0])
    folder = folder_of(home, model_id)
    if not (folder / "index").exists():
        return Health("absent", "", None, waiting)
    try:
        with _lock(folder, "checking the Chroma index"):
            return Health("ok", "", chroma_health.check(folder / "index", _name(model_id), dim), waiting)
    except LockedError as error:
        return Health("in use", str(error), None, waiting)
    except DamagedError as error:
        return Health("damaged", str(error), None, waiting)


def is_current(home: Path, connection: sqlite3.Connection, model_id: int) -> bool:
    """Tell whether the index of a model is sound and has all its vectors; Chroma is not opened, nor even imported.

    Raises:
        VectorError: The catalog has no such model.
    """
    found = health(home, connection, model_id)
    count = "SELECT count(*) FROM embedding WHERE model_id = ?"
    return (found.state, found.waiting) == ("ok", 0) and (found.records,) == connection.execute(
        count, (model_id,)
    ).fetchone()


def rebuild(home: Path, connection: sqlite3.Connection, model_id: int, on_progress: OnProgress = ignore) -> None:
    """Throw the index of a model away and build it anew from the catalog.

    Raises:
        LockedError: Another process has it open.
        VectorError: Chroma is not installed, or the new index cannot be written.
    Writes: <home>/chroma/<model id>/
    """
    folder = folder_of(home, model_id)
    with _lock(folder, "rebuilding the Chroma index"):
        _build(folder, connection, model_id, on_progress)


class ChromaIndex:
    """The open index of one model; belongs to one process and one thread, which also owns the connection."""

    def __init__(
        self,
        home: Path,
        connection: sqlite3.Connection,
        model_id: int,
        purpose: str,
        on_progress: OnProgress = ignore,
    ) -> None:
        """Open the index: check its files, rebuild it where absent or damaged, and bring it in step with the catalog.

        Args:
            home: Safelight's data folder.
            connection: The catalog, outside a transaction; read, and outbox rows deleted.
            model_id: The model.
            purpose: What the lock says to others: "indexing photos".
            on_progress: Receives one event per batch of a rebuild.

        Raises:
            LockedError: Another process has it open.
            VectorError: Chroma is not installed or cannot be made to work; search goes on without it.
        Writes: <home>/chroma/<model id>/, the outbox.
        """
        _, self._dim = model_space(connection, model_id)
        self._connection = connection
        self._model_id = model_id
        self._folder = folder_of(home, model_id)
        self._lock = _lock(self._folder, purpose)
        try:
            self._core = self._open_sound(on_progress)
        except BaseException:
            self._lock.release()
            raise

    def apply(self, on_progress: OnProgress = ignore) -> int:
        """Give Chroma what waits in the outbox; returns how many rows that were.

        Safe to interrupt and repeat at any point.

        Raises:
            VectorError: Chroma cannot write (a full disk); the rows wait. Close the index: the next open mends it.
        Writes: <home>/chroma/<model id>/, the outbox.
        """
        query = "SELECT seq, content_id, op FROM outbox WHERE model_id = ? ORDER BY seq LIMIT ?"
        count = "SELECT count(*) FROM outbox WHERE model_id = ?"
        total = int(self._connection.execute(count, (self._model_id,)).fetchone()[0])
        done = 0
        while rows := self._connection.execute(query, (self._model_id, ADD_RECORDS)).fetchall():
            touched = np.unique(np.array([row[1] for row in rows], np.int64))
            removed = np.unique(np.array([row[1] for row in rows if row[2] == "delete"], np.int64))
            self._delete(removed)
            self._add(touched)  # what the catalog has now, whatever the rows say
            _forget_outbox(self._connection, self._model_id, rows[-1][0])
            done += len(rows)
            on_progress(Progress("updating the vector index", done, max(total, done)))
        return done

    def query(self, vector: npt.ArrayLike, k: int) -> tuple[Keys, Vectors]:
        """Find the k nearest contents, scored exactly from the catalog's vectors.

        Args:
            vector: float (D,), any length but zero.
            k: How many at most.

        Returns:
            Content ids int64 (n,) and cosines float32 (n,), best first. Contents that the catalog no longer has are
            left out.

        Raises:
            VectorError: Chroma fails; close the index, ask `indexer.matrix`, open it again.
        """
        unit = unit_rows(np.asarray(vector, np.float32)[None])[0]
        waiting = "SELECT count(*) FROM outbox WHERE model_id = ? AND op = 'delete'"
        stale = int(self._connection.execute(waiting, (self._model_id,)).fetchone()[0])
        with _chroma_errors("search"):
            found = self._core.nearest(unit, max(1, k + stale))
        keys, vectors = _current(self._connection, self._model_id, self._dim, [int(i) for i in found])
        scores = vectors @ unit
        best = np.argsort(-scores, kind="stable")[:k]
        return keys[best, 1], scores[best]

    def close(self) -> None:
        """Close Chroma and free the lock."""
        try:
            self._core.close()
        finally:
            self._lock.release()

    def __enter__(self) -> ChromaIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_sound(self, on_progress: OnProgress) -> Core:
        """Open what is there if it is sound, else a rebuilt one."""
        index = self._folder / "index"
        try:
            chroma_health.check(index, _name(self._model_id), self._dim)
            return self._open_in_step(index)
        except DamagedError:
            shutil.rmtree(index, ignore_errors=True)  # worth nothing, and the disk may be full
        except VectorError:
            pass
        _build(self._folder, self._connection, self._model_id, on_progress)
        return self._open_in_step(index)

    def _open_in_step(self, index: Path) -> Core:
        core = self._core = _open(index)
        try:
            with _chroma_errors("open"):
                core.open(_name(self._model_id))
            self._reconcile()
            self._probe()
        except BaseException:
            core.close()
            raise
        return core

    def _reconcile(self) -> None:
        """Make Chroma's ids equal to the catalog's, but for what the outbox will do anyway."""
        present = self._ids()
        with snapshot(self._connection):
            wanted = _content_ids(self._connection, self._model_id)
            rows = self._connection.execute("SELECT content_id FROM outbox WHERE model_id = ?", (self._model_id,))
            waiting = np.fromiter((row[0] for row in rows), np.int64)
        self._delete(np.setdiff1d(np.setdiff1d(present, wanted), waiting))
        self._add(np.setdiff1d(np.setdiff1d(wanted, present), waiting))

    def _probe(self) -> None:
        """Ask for a few vectors that must be found, the newest among them."""
        ids = self._ids()
        if len(ids) == 0:
            return
        sample = np.unique(ids)[np.unique(np.linspace(0, len(ids) - 1, PROBES).astype(np.int64))]
        keys, vectors = _current(self._connection, self._model_id, self._dim, sample.tolist())
        for key, vector in zip(keys, vectors, strict=True):
            if vector.any() and self.query(vector, 1)[1].max(initial=-1) < 1 - 1e-3:
                raise VectorError(f"Chroma does not find vector {key[0]}")

    def _ids(self) -> Keys:
        ids: list[int] = []
        with _chroma_errors("list its records"):
            while batch := self._core.ids(GET_RECORDS, len(ids)):
                ids += map(int, batch)
        return np.array(ids, np.int64)

    def _add(self, content_ids: Keys) -> None:
        _add(self._core, self._connection, self._model_id, self._dim, content_ids)

    def _delete(self, content_ids: Keys) -> None:
        for start in range(0, len(content_ids), ADD_RECORDS):
            with _chroma_errors("delete"):
                self._core.delete([str(i) for i in content_ids[start : start + ADD_RECORDS]])


def _build(folder: Path, connection: sqlite3.Connection, model_id: int, on_progress: OnProgress) -> None:
    """Build the index in a folder beside it and put that in its place; the caller holds the lock."""
    _, dim = model_space(connection, model_id)
    fresh, index, old = folder / "index.new", folder / "index", folder / "index.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        with snapshot(connection):
            content_ids = _content_ids(connection, model_id)
            last_seq = connection.execute("SELECT max(seq) FROM outbox WHERE model_id = ?", (model_id,)).fetchone()[0]
        core = _open(fresh)
        try:
            with _chroma_errors("create a collection"):
                core.create(_name(model_id), _HNSW | {"sync_threshold": SYNC_RECORDS})
            _add(core, connection, model_id, dim, content_ids, on_progress)
        finally:
            core.close()
        if index.exists():
            index.rename(old)
        fresh.rename(index)
    except OSError as error:
        raise VectorError(f"cannot write the vector index in {folder}: {error.strerror or error}") from error
    finally:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
    if last_seq is not None:
        _forget_outbox(connection, model_id, last_seq)


def _add(
    core: Core,
    connection: sqlite3.Connection,
    model_id: int,
    dim: int,
    content_ids: Keys,
    on_progress: OnProgress = ignore,
) -> None:
    """Add the catalog's vectors of these contents; ids that Chroma knows already it ignores."""
    for start in range(0, len(content_ids), ADD_RECORDS):
        keys, vectors = _current(connection, model_id, dim, content_ids[start : start + ADD_RECORDS].tolist())
        if len(keys):
            with _chroma_errors("add"):
                core.add([str(i) for i in keys[:, 1]], vectors)
        done = min(start + ADD_RECORDS, len(content_ids))
        on_progress(Progress("building the vector index", done, len(content_ids), total_final=True))


def _current(
    connection: sqlite3.Connection, model_id: int, dim: int, content_ids: Sequence[int]
) -> tuple[Keys, Vectors]:
    """Read what the catalog has of these contents: keys int64 (n, 2), vectors float32 (n, D), L2 norm 1."""
    rows = connection.execute(
        "SELECT e.id FROM json_each(?) AS wanted CROSS JOIN embedding AS e"
        " ON e.model_id = ? AND e.content_id = wanted.value",
        (json.dumps(content_ids), model_id),
    )
    embedding_ids = np.fromiter((row[0] for row in rows), np.int64)
    batches = list(read_vectors(connection, embedding_ids, dim))
    if not batches:
        return np.empty((0, 2), np.int64), np.empty((0, dim), np.float32)
    return np.concatenate([keys for keys, _ in batches]), np.concatenate([vectors for _, vectors in batches])


def _content_ids(connection: sqlite3.Connection, model_id: int) -> Keys:
    rows = connection.execute("SELECT content_id FROM embedding WHERE model_id = ? ORDER BY content_id", (model_id,))
    return np.fromiter((row[0] for row in rows), np.int64)


def _forget_outbox(connection: sqlite3.Connection, model_id: int, last_seq: int) -> None:
    connection.execute("DELETE FROM outbox WHERE model_id = ? AND seq <= ?", (model_id, last_seq))
    connection.commit()


def _name(model_id: int) -> str:
    return f"model-{model_id}"


def _lock(folder: Path, purpose: str) -> ProcessLock:
    try:
        return ProcessLock(folder / "lock", purpose)
    except OSError as error:  # a link that leads nowhere, a file in its place
        raise VectorError(f"cannot write {folder} ({error.strerror}); searching works without it") from error


def _open(folder: Path) -> Core:
    with _chroma_errors("open"):
        return Core(folder)


@contextmanager
def _chroma_errors(doing: str) -> Generator[None]:
    """Turn whatever Chroma raises, a panic of its Rust core included, into a VectorError."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, VectorError):
        raise
    except BaseException as error:
        first: BaseException = error
        while first.__context__ is not None:  # Chroma trips over its own clean-up; the first error is the cause
            first = first.__context__
        raise VectorError(f"Chroma cannot {doing}: {first}; searching works without it") from error
