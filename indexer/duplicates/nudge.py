"""Moving an alignment a little, to where two thumbnails agree better: keypoints place it to a few pixels only."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from indexer.duplicates.align import Alignment, Matrix
from indexer.duplicates.features import SIDE
from indexer.duplicates.overlay import (
    GRID,
    LEAST_CELLS,
    about_mean,
    blurred,
    placed,
    root_mean_square,
    sampled,
    square,
    within,
)

_STEPS = 2
_MOST = 0.06  # of a side, that one step may move anything
_EDGE = 2 / SIDE
_DAMPING = 1.01


def nudged(one: NDArray[np.uint8], other: NDArray[np.uint8], alignment: Alignment) -> Alignment:
    """Return a better alignment of two thumbnails, uint8 (48, 48); the same one where none is near.

    Two steps of Gauss and Newton over the six numbers of the transform, and brightness.
    Source: Baker and Matthews, "Lucas-Kanade 20 Years On", 2004.
    """
    if alignment.area > 1:
        return nudged(other, one, alignment.inverse()).inverse()
    matrix = alignment.matrix
    fine, stack = blurred(one, matrix).ravel(), _with_slopes(other)
    for _ in range(_STEPS):
        change = _step(fine, stack, matrix)
        if change is None or np.abs(change).max() > _MOST:
            return alignment
        matrix = matrix + change
    return replace(alignment, matrix=matrix)


def _with_slopes(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a thumbnail and its slopes across and down, gray levels over the whole side: float32 (3, 48, 48)."""
    stack = np.zeros((3, SIDE, SIDE), np.float32)
    stack[0] = gray
    stack[1, :, 1:-1] = (stack[0, :, 2:] - stack[0, :, :-2]) * (SIDE / 2)
    stack[2, 1:-1] = (stack[0, 2:] - stack[0, :-2]) * (SIDE / 2)
    return stack


def _step(fine: NDArray[np.float32], stack: NDArray[np.float32], matrix: Matrix) -> Matrix | None:
    places = placed(matrix)
    there = within(places, _EDGE)
    cells = int(np.add.reduce(there))
    if cells < LEAST_CELLS:
        return None
    slopes = sampled(stack, places)
    q = slopes[0]
    gain = root_mean_square(about_mean(fine, there, cells), cells)
    gain /= max(root_mean_square(about_mean(q, there, cells), cells), 1.0)
    basis = np.empty((7, SIDE * SIDE), np.float32)
    slopes[1:] *= there * np.float32(gain)
    np.multiply(slopes[1:, None], GRID, out=basis[:6].reshape(2, 3, -1))
    basis[6] = there
    products = square(basis)
    products[np.diag_indices(len(products))] = products.diagonal() * _DAMPING + 1e-6  # of a plain picture slopes are 0
    solved = cast("NDArray[np.float64]", np.linalg.solve(products, basis @ (fine - gain * q)))
    return solved[:6].reshape(2, 3)
