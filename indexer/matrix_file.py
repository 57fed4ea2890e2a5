"""The derived files behind exact search: one matrix per model that any process maps into memory.

    <home>/vectors/<model id>/
        header.json             what the files below hold; replaced atomically, always last
        <generation>.keys       int64 (R, 2), little-endian: embedding id (ascending), content id
        <generation>.vectors    float32 (R, D), little-endian, L2 norm 1
        <generation>.bytes      int8 (R, D), the same rows coarsely
        <generation>.steps      float32 (R,), little-endian: what 1 in a row of bytes stands for

Rows are only ever appended behind what the header promises, so a reader never sees a torn state, whenever the writer
dies. Removing a row starts a new generation. Nothing here is the truth: `embedding` in the catalog is.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.coarse import CoarseRows, quantise
from indexer.errors import VectorError
from indexer.events import OnProgress, Progress, ignore

FORMAT = 2
BATCH_ROWS = 4096
SAMPLED_ROWS = 16
_KINDS = ("keys", "vectors", "bytes", "steps")

Keys = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Header:
    """What the files of one generation hold."""

    format: int
    space: str
    dim: int
    rows: int
    generation: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The mapped files: keys int64 (R, 2) of embedding id and content id, vectors float32 (R, D), L2 norm 1."""

    header: Header
    keys: Keys
    vectors: Vectors
    coarse: CoarseRows


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the stored rows and the catalog differ.

    Attributes:
        live: int64, the stored rows that the catalog still has, ascending; None when it has all of them.
        missing: int64, the embedding ids that are not stored, ascending.
    """

    live: Keys | None
    missing: Keys


def folder_of(home: Path, model_id: int) -> Path:
    """Return where the matrix of a model lies."""
    return home / "vectors" / str(model_id)


def model_space(connection: sqlite3.Connection, model_id: int) -> tuple[str, int]:
    """Read a model's space and dimension D from the catalog.

    Raises:
        VectorError: The catalog has no such model.
    """
    row = connection.execute("SELECT space, dim FROM model WHERE id = ?", (model_id,)).fetchone()
    if row is None:
        raise VectorError(f"the catalog has no model with id {model_id}; run `safelight index` first")
    return str(row[0]), int(row[1])


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Generator[None]:
    """Read everything inside the block from one state of the catalog."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def load(folder: Path, space: str, dim: int) -> Stored | None:
    """Map the stored matrix, or return None where there is none that fits this space and dimension."""
    for _ in range(3):  # a writer may replace the generation between our two looks
        header = read_header(folder)
        if header is None or (header.format, header.space, header.dim) != (FORMAT, space, dim):
            return None
        files = folder / header.generation
        try:
            keys = _map(files.with_suffix(".keys"), "<i8", (header.rows, 2))
            vectors = _map(files.with_suffix(".vectors"), "<f4", (header.rows, dim))
            rows = _map(files.with_suffix(".bytes"), "i1", (header.rows, dim))
            steps = _map(files.with_suffix(".steps"), "<f4", (header.rows,))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):  # cut short, or unreadable
            return None
        return Stored(header, keys, vectors, CoarseRows(rows, steps))
    return None


def compare(connection: sqlite3.Connection, model_id: int, stored: Stored | None) -> Difference:
    """Find what separates the stored rows from the catalog; cheap where nothing was removed."""
    stored_keys = stored.keys if stored else np.empty((0, 2), np.int64)
    last_id = int(stored_keys[-1, 0]) if len(stored_keys) else 0
    # "+id" keeps SQLite on the (model_id, content_id) index: 5 ms per 100,000 rows instead of reading every blob.
    known = connection.execute(
        "SELECT count(*), sum(id), sum(content_id) FROM embedding WHERE model_id = ? AND +id <= ?", (model_id, last_id)
    ).fetchone()
    sums = stored_keys.sum(axis=0)
    if (known[0], known[1] or 0, known[2] or 0) == (len(stored_keys), int(sums[0]), int(sums[1])):
        tail = connection.execute(
            "SELECT id FROM embedding WHERE model_id = ? AND +id > ? ORDER BY id", (model_id, last_id)
        )
        return Difference(None, np.fromiter((row[0] for row in tail), np.int64))
    return _compare_keys(connection, model_id, stored_keys)


def removed(connection: sqlite3.Connection) -> int:
    """Count the embeddings that were ever removed, of any model."""
    return connection.execute("SELECT embeddings FROM removal").fetchone()[0]


def _compare_keys(connection: sqlite3.Connection, model_id: int, stored_keys: Keys) -> Difference:
    rows = connection.execute("SELECT id, content_id FROM embedding WHERE model_id = ? ORDER BY id", (model_id,))
    wanted = np.array(rows.fetchall(), np.int64).reshape(-1, 2)
    _, in_stored, in_wanted = np.intersect1d(stored_keys[:, 0], wanted[:, 0], assume_unique=True, return_indices=True)
    same = stored_keys[in_stored, 1] == wanted[in_wanted, 1]
    missing = np.delete(wanted[:, 0], in_wanted[same])
    return Difference(in_stored[same].astype(np.int64), missing)


def read_vectors(connection: sqlite3.Connection, embedding_ids: Keys, dim: int) -> Iterator[tuple[Keys, Vectors]]:
    """Read vectors from the catalog in batches: keys int64 (n, 2), vectors float32 (n, D), L2 norm 1.

    Raises:
        VectorError: A vector does not have D numbers.
    """
    for start in range(0, len(embedding_ids), BATCH_ROWS):
        batch = json.dumps(embedding_ids[start : start + BATCH_ROWS].tolist())
        rows = connection.execute(
            "SELECT e.id, e.content_id, e.vector FROM json_each(?) AS wanted CROSS JOIN embedding AS e"
            " ON e.id = wanted.value",
            (batch,),
        ).fetchall()
        for embedding_id, _, blob in rows:
            if len(blob) != 2 * dim:
                raise VectorError(
                    f"vector {embedding_id} in the catalog has {len(blob) // 2} numbers instead of {dim};"
                    " run `safelight doctor`"
                )
        if not rows:
            continue
        keys = np.array([row[:2] for row in rows], np.int64)
        yield keys, unit_rows(np.frombuffer(b"".join(row[2] for row in rows), "<f2").reshape(-1, dim))


def read_vectors_after(
    connection: sqlite3.Connection, model_id: int, last_id: int, dim: int
) -> Iterator[tuple[Keys, Vectors]]:
    """Read the vectors that were added behind an id, as read_vectors does."""
    added = connection.execute(
        "SELECT id FROM embedding WHERE id > ? AND model_id = ? ORDER BY id", (last_id, model_id)
    )
    ids = np.fromiter((row[0] for row in added), np.int64)
    yield from read_vectors(connection, ids, dim)


def unit_rows(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Scale rows (N, D) to L2 norm 1 as float32; a row without a direction (zeros, NaN) becomes zeros."""
    rows = vectors.astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = np.isfinite(norms) & (norms > 0)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=usable)


def is_true(connection: sqlite3.Connection, stored: Stored, live: Keys | None) -> bool:
    """Compare a few stored vectors with the catalog's, always the newest: another catalog may stand here now."""
    rows = np.arange(len(stored.keys)) if live is None else live
    if len(rows) == 0:
        return True
    sample = rows[np.unique(np.linspace(0, len(rows) - 1, SAMPLED_ROWS).astype(np.int64))]
    for keys, vectors in read_vectors(connection, stored.keys[sample, 0], stored.header.dim):
        if not np.array_equal(keys, stored.keys[sample]):
            return False
        if not np.allclose(vectors, stored.vectors[sample], atol=1e-6):
            return False
        coarse = quantise(stored.vectors[sample])
        if not np.array_equal(coarse.rows, stored.coarse.rows[sample]):
            return False
        if not np.array_equal(coarse.steps, stored.coarse.steps[sample]):
            return False
    return True


def update(home: Path, connection: sqlite3.Connection, model_id: int, on_progress: OnProgress = ignore) -> int:
    """Bring the stored matrix of a model in step with the catalog.

    Any process may call it; a second one waits. Cheap when little is new: call it after every few thousand embeddings.

    Args:
        home: Safelight's data folder.
        connection: The catalog, outside a transaction (rows that may yet be rolled back must not be stored).
        model_id: The model whose vectors to store.
        on_progress: Receives one event per batch.

    Returns:
        How many rows were written.

    Raises:
        VectorError: The files cannot be written (a full disk, no permission); search goes on without them.
    Writes: <home>/vectors/<model id>/
    """
    if connection.in_transaction:
        raise ValueError("commit before updating the stored matrix")
    folder = folder_of(home, model_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("wb") as lock, snapshot(connection):
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _update(folder, connection, model_id, on_progress)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise VectorError(
            f"cannot write the search matrix in {folder}: {reason}; searching still works, only slower;"
            " mend that and run `safelight index` again"
        ) from error


def _update(folder: Path, connection: sqlite3.Connection, model_id: int, on_progress: OnProgress) -> int:
    space, dim = model_space(connection, model_id)
    stored = load(folder, space, dim)
    difference = compare(connection, model_id, stored)
    if stored and (difference.live is not None or not is_true(connection, stored, None)):
        stored, difference = None, compare(connection, model_id, None)
    kept_rows = len(stored.keys) if stored else 0
    header = Header(FORMAT, space, dim, kept_rows, stored.header.generation if stored else uuid.uuid4().hex)
    _remove_other_generations(folder, read_header(folder))
    if stored and len(difference.missing) == 0:
        return 0
    written = 0
    row_bytes = dict(zip(_KINDS, (16, 4 * dim, dim, 4), strict=True))
    with ExitStack() as stack:
        files = {
            kind: stack.enter_context(_open_at(folder / f"{header.generation}.{kind}", kept_rows * size))
            for kind, size in row_bytes.items()
        }
        for keys, vectors in read_vectors(connection, difference.missing, dim):
            coarse = quantise(vectors)
            _write_all(files["keys"], keys.astype("<i8").tobytes())
            _write_all(files["vectors"], vectors.astype("<f4").tobytes())
            _write_all(files["bytes"], coarse.rows.tobytes())
            _write_all(files["steps"], coarse.steps.astype("<f4").tobytes())
            written += len(keys)
            on_progress(Progress("preparing search", written, len(difference.missing), total_final=True))
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    header = Header(FORMAT, space, dim, kept_rows + written, header.generation)
    _write_header(folder, header)
    _remove_other_generations(folder, header)
    return written


@contextmanager
def _open_at(path: Path, offset_bytes: int) -> Generator[FileIO]:
    """Open for appending at an offset, dropping what a killed writer left behind it, and again on failure."""
    with FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
        file.truncate(offset_bytes)
        file.seek(offset_bytes)
        try:
            yield file
        except BaseException:
            file.truncate(offset_bytes)
            raise


def _write_all(file: FileIO, data: bytes) -> None:
    """Write every byte; an unbuffered file may take fewer at a time (a nearly full disk)."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _map(path: Path, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if shape[0] == 0:
        return np.empty(shape, dtype)
    return np.asarray(np.memmap(path, dtype, "r", shape=shape))


def read_header(folder: Path) -> Header | None:
    """Read what the stored matrix in a folder holds; None where there is none."""
    try:
        return Header(**json.loads((folder / "header.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_header(folder: Path, header: Header) -> None:
    fresh = folder / "header.json.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(header), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / "header.json")
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_other_generations(folder: Path, header: Header | None) -> None:
    for path in [path for kind in _KINDS for path in folder.glob(f"*.{kind}")]:
        if header is None or path.stem != header.generation:
            with suppress(OSError):
                path.unlink()
