"""A first look at all rows, a byte a number: a quarter of the memory to read, and memory is what a scan waits for.

Rounding a row to bytes moves its score a little, in a known measure. So the best rows by bytes, and all that rounding
may have put behind them, are few, and hold the true best; only those are scored exactly (indexer/matrix.py).
"""
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.cores import cores

_LARGEST = 127
_DEVIATIONS = 8
"""How far a rounded score may lie from the true one, in standard deviations of the sum of all roundings; beyond 8 lies
one row in 10**15."""

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CoarseRows:
    """Rows of L2 norm 1 as bytes: int8 (N, D), and float32 (N,), what 1 in each row stands for."""

    rows: npt.NDArray[np.int8]
    steps: Vectors


def quantise(vectors: Vectors) -> CoarseRows:
    """Round rows (N, D) to bytes, the largest number of each to 127 or -127."""
    steps = np.abs(vectors).max(axis=1, initial=0) / np.float32(_LARGEST)
    divisors = np.where(steps > 0, steps, np.float32(1))
    return CoarseRows(np.rint(vectors / divisors[:, None]).astype(np.int8), steps)


def coarse_scores(coarse: CoarseRows, query: Vectors) -> tuple[Vectors, float]:
    """Score every row roughly.

    Args:
        coarse: N rows.
        query: float32 (D,), L2 norm 1.

    Returns:
        float32 (N,), and how far any of them may lie from the exact score.
    """
    if not len(coarse.rows):
        return np.empty(0, np.float32), 0.0
    import simsimd

    asked = quantise(query[None])
    products = simsimd.cdist(asked.rows, coarse.rows, "dot", threads=min(cores(), 8), out_dtype="float32")
    scores: Vectors = np.asarray(products)[0] * (coarse.steps * asked.steps[0])
    # A rounding is off by a step times what is uniform in +-1/2, standard deviation 12**-0.5; weighted with the other
    # side's numbers, whose squares sum to 1, their sum deviates as much.
    step = float(np.hypot(coarse.steps.max(initial=0), asked.steps[0]))
    return scores, _DEVIATIONS * step * 12**-0.5
