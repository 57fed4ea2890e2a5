"""Exact cosine search over all vectors of one model, in any process, cold or warm.

The vectors are mapped from the derived file of indexer/matrix_file.py; rows that the catalog has and the file does not
(yet) are read from the catalog, and rows that the catalog no longer has are left out. So the answer is complete and
right whatever state the file is in; the file only makes it fast. In large libraries a coarse look at every row
(indexer/coarse.py) tells which few have to be scored exactly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer import matrix_file
from indexer.coarse import CoarseRows, coarse_scores, quantise
from indexer.errors import VectorError
from indexer.matrix_file import Keys, Stored, Vectors
from indexer.scan import dot_rows

GATHER_BELOW = 1 / 6
"""Below this share of kept rows, copying them together beats scanning all (measured at 100,000 and 300,000 x 512)."""

GATHER_ROWS = 512
"""Rows copied together at a time: 1 MB at D = 512 stays in the cache; 1,024 rows take twice as long."""

COARSE_FROM = 20_000
"""Rows from which on a coarse look comes first; fewer are scored exactly within 2 ms."""

BLOCK_ROWS = 8192

REOPEN_ROWS = 4096
"""Rows beside the stored matrix from which on it pays to look for a stored one that holds more of them."""


class Matrix:
    """The vectors of one model as they stood when it was opened or last grew: N rows, in the order of embedding.

    Attributes:
        content_ids: int64 (N,), the content of each row.
        dim: D.
    """

    def __init__(self, stored: Stored | None, live: Keys | None, tail_keys: Keys, tail: Vectors, removed: int) -> None:
        self._header = stored.header if stored else None
        self._stored = stored.vectors if stored else np.empty((0, tail.shape[1]), np.float32)
        self._coarse: CoarseRows = stored.coarse if stored else quantise(self._stored)
        self._live = live
        self._tail = tail
        stored_keys = stored.keys if stored else np.empty((0, 2), np.int64)
        keys = np.concatenate([stored_keys if live is None else stored_keys[live], tail_keys])
        self.content_ids = keys[:, 1].copy()
        self.dim = int(tail.shape[1])
        self._last_id = int(keys[:, 0].max(initial=0))
        self._removed = removed

    @classmethod
    def open(cls, home: Path, connection: sqlite3.Connection, model_id: int) -> Matrix:
        """Open the vectors of a model: the stored matrix plus whatever the catalog has beyond it.

        Args:
            home: Safelight's data folder.
            connection: The catalog; only read.
            model_id: The model; vectors of different models never mix.

        Raises:
            VectorError: The catalog has no such model, or holds a vector of the wrong length.
        """
        with matrix_file.snapshot(connection):
            space, dim = matrix_file.model_space(connection, model_id)
            stored = matrix_file.load(matrix_file.folder_of(home, model_id), space, dim)
            difference = matrix_file.compare(connection, model_id, stored)
            if stored and not matrix_file.is_true(connection, stored, difference.live):
                stored, difference = None, matrix_file.compare(connection, model_id, None)
            keys = np.empty((len(difference.missing), 2), np.int64)
            tail = np.empty((len(difference.missing), dim), np.float32)
            at = 0
            for batch_keys, batch in matrix_file.read_vectors(connection, difference.missing, dim):
                keys[at : at + len(batch)], tail[at : at + len(batch)] = batch_keys, batch
                at += len(batch)
            removed = matrix_file.removed(connection)
        return cls(stored, difference.live, keys, tail, removed)

    def grow(self, home: Path, connection: sqlite3.Connection, model_id: int) -> bool:
        """Take in the vectors that were added since, reading only those; a run adds some every second.

        Returns:
            False where it has to be opened anew: others have gone, or there is a stored matrix that holds more of it.

        Raises:
            VectorError: The catalog holds a vector of the wrong length.
        """
        if len(self._tail) >= REOPEN_ROWS:
            header = matrix_file.read_header(matrix_file.folder_of(home, model_id))
            if header != self._header:
                return False
        with matrix_file.snapshot(connection):
            if matrix_file.removed(connection) != self._removed:
                return False
            for keys, vectors in matrix_file.read_vectors_after(connection, model_id, self._last_id, self.dim):
                self._tail = np.concatenate([self._tail, vectors])
                self.content_ids = np.concatenate([self.content_ids, keys[:, 1]])
                self._last_id = int(keys[-1, 0])
        return True

    def __len__(self) -> int:
        return len(self.content_ids)

    def scores(self, query: npt.ArrayLike) -> Vectors:
        """Score every row: float32 (N,), the cosine to `query` (D,), which may have any length but zero."""
        unit = self._unit(query)
        stored = dot_rows(self._stored, unit)
        if self._live is not None:
            stored = stored[self._live]
        return np.concatenate([stored, dot_rows(self._tail, unit)]) if len(self._tail) else stored

    def top(self, query: npt.ArrayLike, k: int, keep: npt.NDArray[np.bool_] | None = None) -> tuple[Keys, Vectors]:
        """Find the k rows nearest to a query.

        Args:
            query: float (D,), any length but zero.
            k: How many at most.
            keep: bool (N,), the rows to consider; None for all.

        Returns:
            Content ids int64 (n,) and cosines float32 (n,), best first; n is smaller than k where fewer rows are kept.

        Raises:
            VectorError: The query has another dimension, or no direction.
        """
        unit = self._unit(query)
        rows = None if keep is None else np.flatnonzero(keep)
        if len(self) >= COARSE_FROM and not self._is_few(rows):
            rows = self._promising(unit, k, rows)
        if rows is None:
            scores = self.scores(unit)
        else:
            scores = self._gathered_scores(unit, rows) if self._is_few(rows) else self.scores(unit)[rows]
        best = _best(scores, k)
        return self.content_ids[best if rows is None else rows[best]], scores[best]

    def top_many(self, queries: npt.ArrayLike, k: int) -> tuple[Keys, Vectors]:
        """Find the k rows nearest to each of Q queries, by blocked matrix products.

        Args:
            queries: float (Q, D), any length but zero.
            k: How many at most.

        Returns:
            Content ids int64 (Q, n) and cosines float32 (Q, n), best first, n = min(k, N).

        Raises:
            VectorError: The queries have another dimension, or one has no direction.
        """
        units = np.stack([self._unit(query) for query in np.asarray(queries)])  # (Q, D)
        n = min(k, len(self))
        best_rows = np.empty((len(units), 0), np.int64)
        best_scores = np.empty((len(units), 0), np.float32)
        for start in range(0, len(self), BLOCK_ROWS):
            rows = np.arange(start, min(start + BLOCK_ROWS, len(self)))
            scores = np.hstack([best_scores, units @ self._rows(rows).T])  # (Q, n + block)
            candidates = np.hstack([best_rows, np.broadcast_to(rows, (len(units), len(rows)))])
            keep = min(n, scores.shape[1])
            chosen = np.argpartition(scores, scores.shape[1] - keep, axis=1)[:, scores.shape[1] - keep :]
            best_scores = np.take_along_axis(scores, chosen, axis=1)
            best_rows = np.take_along_axis(candidates, chosen, axis=1)
        order = np.argsort(-best_scores, axis=1, kind="stable")
        return self.content_ids[np.take_along_axis(best_rows, order, 1)], np.take_along_axis(best_scores, order, 1)

    def vectors(self, content_ids: npt.ArrayLike) -> Vectors:
        """Fetch the vectors of some contents: float32 (n, D), L2 norm 1, in the order asked for.

        Raises:
            VectorError: A content has no vector of this model.
        """
        wanted = np.asarray(content_ids, np.int64).reshape(-1)
        order = np.argsort(self.content_ids, kind="stable")
        places = np.searchsorted(self.content_ids, wanted, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)] if len(order) else np.empty(0, np.int64)
        if len(rows) != len(wanted) or not np.array_equal(self.content_ids[rows], wanted):
            raise VectorError("a photo asked for has no vector of this model yet; run `safelight index` first")
        return self._rows(rows)

    def blocks(self) -> Iterator[Vectors]:
        """Yield all rows in order: float32 (n, D), at most BLOCK_ROWS at a time, so that a pass needs little memory."""
        for start in range(0, len(self), BLOCK_ROWS):
            yield self._rows(np.arange(start, min(start + BLOCK_ROWS, len(self))))

    def _is_few(self, rows: Keys | None) -> bool:
        return rows is not None and len(rows) < GATHER_BELOW * len(self)

    def _promising(self, unit: Vectors, k: int, rows: Keys | None) -> Keys | None:
        """Narrow down where the k best of these rows are; None stands for all rows."""
        scores, margin = coarse_scores(self._coarse, unit)
        if self._live is not None:
            scores = scores[self._live]
        if len(self._tail):
            scores = np.concatenate([scores, dot_rows(self._tail, unit)])
        if rows is not None:
            scores = scores[rows]
        if not 0 < k < len(scores):
            return rows
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        # The k best by bytes may have fallen by the margin in truth, and another may have risen by it.
        promising = np.flatnonzero(scores >= least - 2 * margin)
        return promising if rows is None else rows[promising]

    def _gathered_scores(self, unit: Vectors, rows: Keys) -> Vectors:
        scores = np.empty(len(rows), np.float32)
        buffer = np.empty((GATHER_ROWS, self.dim), np.float32)
        for start in range(0, len(rows), GATHER_ROWS):
            block = rows[start : start + GATHER_ROWS]
            np.dot(self._rows(block, buffer[: len(block)]), unit, out=scores[start : start + len(block)])
        return scores

    def _rows(self, rows: Keys, out: Vectors | None = None) -> Vectors:
        """Copy some rows together: float32 (n, D)."""
        picked = np.empty((len(rows), self.dim), np.float32) if out is None else out
        stored_count = len(self) - len(self._tail)
        in_tail = rows >= stored_count
        if in_tail.any():
            picked[in_tail] = self._tail[rows[in_tail] - stored_count]
            stored_rows = rows[~in_tail]
            picked[~in_tail] = self._stored[stored_rows if self._live is None else self._live[stored_rows]]
        else:
            stored_rows = rows if self._live is None else self._live[rows]
            np.take(self._stored, stored_rows, axis=0, out=picked, mode="clip")  # "clip" lets it write into `out`
        return picked

    def _unit(self, query: npt.ArrayLike) -> Vectors:
        vector = np.asarray(query, np.float32)
        if vector.shape != (self.dim,):
            raise VectorError(f"the query has shape {vector.shape} where this model's vectors have ({self.dim},)")
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0:
            raise VectorError("the query has no direction (zeros, or not a number); ask for something else")
        return vector / np.float32(norm)


def _best(scores: Vectors, k: int) -> Keys:
    """Return the indices of the k largest scores, largest first, the earlier row first among equals."""
    if k < len(scores):
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k] if k > 0 else np.inf
        candidates = np.flatnonzero(scores >= threshold)
    else:
        candidates = np.arange(len(scores))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]
