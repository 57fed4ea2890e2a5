"""Multiply a large matrix by a vector as fast as memory delivers it, on a busy machine too.

A BLAS library that splits a product among its own threads waits, spinning, for the slowest of them; when another
process holds a core, a 5 ms product takes 40. Here each thread takes the next block when it is done with one, so a
thread that gets no core delays nobody for longer than a block: p95 about a fifth lower on a busy machine
(docs/decisions/0002-vectors.md).
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import numpy.typing as npt

BLAS_BLOCK_NUMBERS = 896 * 512
"""OpenBLAS, as NumPy ships it, keeps products of fewer than 460,800 numbers on the calling thread."""

STEP_BLOCKS = 8
"""Blocks taken at a time, in one call without Python in between."""

MAX_THREADS = 8  # more do not make memory faster


def dot_rows(matrix: npt.NDArray[np.float32], vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `matrix @ vector`: (N, D), contiguous, and (D,) -> float32 (N,)."""
    count, dim = matrix.shape
    block = max(1, BLAS_BLOCK_NUMBERS // dim)
    step = block * STEP_BLOCKS
    products = np.empty(count, np.float32)
    starts = itertools.count(0, step)  # next() is atomic: each step is taken once

    def work() -> None:
        for start in starts:
            if start >= count:
                return
            stop = min(start + step, count)
            whole = start + (stop - start) // block * block
            if whole > start:
                stacked = matrix[start:whole].reshape(-1, block, dim)
                np.matmul(stacked, vector, out=products[start:whole].reshape(-1, block))
            np.dot(matrix[whole:stop], vector, out=products[whole:stop])

    helpers = min(_threads(), -(-count // step)) - 1
    futures = [_pool().submit(work) for _ in range(helpers)]
    work()
    for future in futures:
        if not future.cancel():  # one that never got a core has nothing left to do
            future.result()
    return products


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_THREADS)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_THREADS - 1, thread_name_prefix="scan")


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
