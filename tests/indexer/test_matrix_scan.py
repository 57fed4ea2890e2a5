"""The scan equals a plain product, whatever its shape and whoever runs it."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from indexer import scan


@pytest.mark.parametrize("dim", [1, 7, 384, 512])
@pytest.mark.parametrize("blocks", [0, 0.01, 1, 7.99, 8, 8.01, 40.5])
def test_equals_the_plain_product(dim, blocks, monkeypatch):
    monkeypatch.setattr(scan, "BLAS_BLOCK_NUMBERS", 20 * dim)
    rng = np.random.default_rng(dim)
    matrix = rng.standard_normal((int(blocks * 20), dim), dtype=np.float32)
    vector = rng.standard_normal(dim, dtype=np.float32)
    expected = matrix.astype(np.float64) @ vector.astype(np.float64)
    np.testing.assert_allclose(scan.dot_rows(matrix, vector), expected, atol=1e-4)


def test_threads_of_the_caller_do_not_meet(monkeypatch):
    monkeypatch.setattr(scan, "BLAS_BLOCK_NUMBERS", 50 * 64)
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((10_000, 64), dtype=np.float32)
    queries = rng.standard_normal((8, 64), dtype=np.float32)
    found: dict[int, list[bool]] = {i: [] for i in range(len(queries))}

    def ask(i: int) -> None:
        for _ in range(10):
            found[i].append(np.allclose(scan.dot_rows(matrix, queries[i]), matrix @ queries[i], atol=1e-4))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(queries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(all(answers) and len(answers) == 10 for answers in found.values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking with threads is what is tested
def test_works_after_a_fork():
    matrix = np.ones((200_000, 16), np.float32)
    scan.dot_rows(matrix, matrix[0])
    child = os.fork()
    if child == 0:
        os._exit(0 if (scan.dot_rows(matrix, matrix[0]) == 16).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
