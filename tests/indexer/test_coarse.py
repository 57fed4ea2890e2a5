"""A coarse look at all rows: never further from the truth than it says, so that no true best row is passed over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.coarse import coarse_scores, quantise
from indexer.matrix import Matrix
from indexer.matrix_file import Header, Stored


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def like_pictures(rng, count, dim):
    return rng.standard_normal((count, dim))


def with_loud_numbers(rng, count, dim):
    """Two numbers far above the rest, the same in all rows, as CLIP's vectors have them."""
    rows = rng.standard_normal((count, dim))
    rows[:, [3, dim // 2]] += 12
    return rows


def nearly_one_number(rng, count, dim):
    return np.eye(dim)[rng.integers(0, dim, count)] + rng.standard_normal((count, dim)) * 1e-3


def of_one_kind(rng, count, dim):
    """All alike but for a little: the best differ in what rounding takes away."""
    return rng.standard_normal(dim) + rng.standard_normal((count, dim)) * 1e-2


KINDS = [like_pictures, with_loud_numbers, nearly_one_number, of_one_kind]


@given(st.sampled_from(KINDS), st.sampled_from([8, 32, 384, 512, 768, 1152]), st.integers(0, 2**32 - 1))
def test_a_coarse_score_is_as_near_as_it_says(kind, dim, seed):
    rng = np.random.default_rng(seed)
    rows = unit(kind(rng, 200, dim))
    query = unit(kind(rng, 1, dim))[0]
    scores, margin = coarse_scores(quantise(rows), query)
    assert scores.dtype == np.float32
    assert np.abs(scores - rows @ query).max() <= margin
    assert margin < 0.35


def test_rows_without_a_direction_score_nothing():
    rows = np.zeros((3, 16), np.float32)
    scores, _ = coarse_scores(quantise(rows), unit(np.ones((1, 16)))[0])
    assert scores.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [1, 0.5])
def test_the_best_of_many_rows_are_the_true_ones(kind, kept):
    rng = np.random.default_rng(5)
    rows = unit(kind(rng, 30_000, 64))
    keys = np.stack([np.arange(len(rows))] * 2, axis=1)
    stored = Stored(Header(2, "", 64, len(rows), ""), keys, rows, quantise(rows))
    matrix = Matrix(stored, None, np.empty((0, 2), np.int64), np.empty((0, 64), np.float32), 0)
    keep = None if kept == 1 else rng.random(len(rows)) < kept
    for query in unit(kind(rng, 5, 64)):
        ids, scores = matrix.top(query, 10, keep)
        exact = (rows.astype(np.float64) @ query) - (0 if keep is None else 9 * ~keep)
        assert set(ids) <= set(np.flatnonzero(exact >= np.sort(exact)[-10] - 1e-6))
        np.testing.assert_allclose(scores, np.sort(exact)[::-1][:10], atol=1e-6)


def test_a_coarse_look_leaves_few_rows_to_score(monkeypatch):
    rng = np.random.default_rng(6)
    rows = unit(rng.standard_normal((30_000, 256)))
    keys = np.stack([np.arange(len(rows))] * 2, axis=1)
    stored = Stored(Header(2, "", 256, len(rows), ""), keys, rows, quantise(rows))
    matrix = Matrix(stored, None, np.empty((0, 2), np.int64), np.empty((0, 256), np.float32), 0)
    scored = []
    exactly = Matrix._gathered_scores
    monkeypatch.setattr(
        Matrix, "_gathered_scores", lambda self, unit, rows: (scored.append(len(rows)), exactly(self, unit, rows))[1]
    )
    matrix.top(unit(rng.standard_normal((1, 256)))[0], 10)
    assert len(scored) == 1
    assert 10 <= scored[0] < 600
