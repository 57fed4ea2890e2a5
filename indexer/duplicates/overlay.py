"""Lay one picture over another: how alike they are once any change of tone is allowed for, and where they differ.

The tone of one is fitted to the other's by a curve and by a shading that changes slowly across the picture, so that
exposure, contrast, faded looks and dark corners all fit; another subject, or one that moved, does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.duplicates.align import Alignment
from indexer.duplicates.features import SIDE

_LEAST_CELLS = 150  # of the thumbnail's 2,304, below which an overlap says nothing
_PART = 6  # cells across a part
_TEXTURE = 16.0  # variance, gray levels squared, above which a part shows something
_CLIPPED = (6, 249)  # outside, a change of exposure has lost what was there
_AXIS = (np.arange(SIDE) + 0.5) / SIDE
_GRID = np.stack([*np.meshgrid(_AXIS, _AXIS), np.ones((SIDE, SIDE))], -1)  # (SIDE, SIDE, 3): x, y, 1
_X, _Y = ((2 * _GRID[..., axis] - 1).astype(np.float32) for axis in (0, 1))
_SHADING = np.stack([np.ones_like(_X), _X, _Y, _X * _X, _Y * _Y], -1)


@dataclass(frozen=True, slots=True)
class Overlay:
    """How two pictures compare where they overlap.

    Attributes:
        likeness: Correlation after the fit, 1 at best; 0 where the overlap is too small.
        contrast: Standard deviation there of the finer picture, gray levels.
        plain: Root mean square difference without any fit, gray levels.
        fitted: The same after the fit.
        local: How much larger the difference is where it is largest than where it is usual: a subject that moved, a
            thing that was added. Copies have less than about 12.
        agreeing: Share of the textured parts of the overlap, of 6 x 6 cells each, where the two go together.
        parts: How many parts are textured.
        peak: The largest difference of a patch after the fit, gray levels.
    """

    likeness: float = 0.0
    contrast: float = 0.0
    plain: float = 255.0
    fitted: float = 255.0
    local: float = 0.0
    peak: float = 255.0
    agreeing: float = 0.0
    parts: int = 0


def overlay(one: NDArray[np.uint8], other: NDArray[np.uint8], alignment: Alignment | None) -> Overlay:
    """Compare two thumbnails, uint8 (48, 48).

    Args:
        alignment: Where the first lies in the second; None where both show the same frame.
    """
    if alignment is None:
        a, b = one.astype(np.float32), other.astype(np.float32)
        return _compare(a, b, np.ones((SIDE, SIDE), bool))
    if alignment.area > 1:  # the finer one is laid over the coarser
        one, other, alignment = other, one, alignment.inverse()
    at = _GRID @ alignment.matrix.T
    inside = np.asarray(((at > 0.005) & (at < 0.995)).all(-1))
    if np.count_nonzero(inside) < _LEAST_CELLS:
        return Overlay()
    return _compare(_blurred(one, alignment.area), sampled(other, at * SIDE - 0.5), inside)


def _blurred(gray: NDArray[np.uint8], area: float) -> NDArray[np.float32]:
    """Take from a thumbnail the detail that it would not have at a size of `area` of another one."""
    if area > 0.75:
        return gray.astype(np.float32)
    radius = 0.5 * float(np.sqrt(1 / max(area, 1e-3) - 1))
    return np.asarray(Image.fromarray(np.ascontiguousarray(gray)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def sampled(gray: NDArray[np.uint8], xy: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sample between cells: float32, the shape of xy without its last axis."""
    xy = np.clip(xy, 0, SIDE - 1.001)
    cell = xy.astype(np.intp)
    u, v = np.moveaxis((xy - cell).astype(np.float32), -1, 0)
    index = cell[..., 1] * SIDE + cell[..., 0]
    flat = gray.astype(np.float32).ravel()
    top = flat[index] * (1 - u) + flat[index + 1] * u
    return top * (1 - v) + (flat[index + SIDE] * (1 - u) + flat[index + SIDE + 1] * u) * v


def _compare(a: NDArray[np.float32], b: NDArray[np.float32], inside: NDArray[np.bool_]) -> Overlay:
    p, q = a[inside], b[inside]
    contrast = float(p.std())
    fit = _fit(_curve(p, q), p, _SHADING[inside])
    difference = np.zeros_like(a)
    difference[inside] = p - fit
    deviation = float(fit.std()) * contrast
    likeness = float(((p - p.mean()) * (fit - fit.mean())).mean()) / deviation if deviation > 0.1 else 0.0
    plain = float(np.sqrt(((p - q) ** 2).mean()))
    seen = inside & (a > _CLIPPED[0]) & (a < _CLIPPED[1]) & (b > _CLIPPED[0]) & (b < _CLIPPED[1])
    patches = np.abs(_mean_of_9(np.where(seen, difference, 0)))[seen]
    usual, largest = np.quantile(patches, (0.5, 0.99)) if len(patches) >= _LEAST_CELLS else (0.0, 0.0)
    agreeing, parts = _agreement(a, b, seen)
    fitted = float(np.sqrt(((p - fit) ** 2).mean()))
    return Overlay(likeness, contrast, plain, fitted, float(largest / (usual + 0.3)), float(largest), agreeing, parts)


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the share of textured parts where a and b go together, and the number of textured parts."""
    number = _by_part(seen.astype(np.float32))
    usable = number >= _PART * _PART / 2
    n = np.maximum(number, 1)
    a, b = np.where(seen, a, 0), np.where(seen, b, 0)
    mean_a, mean_b = _by_part(a) / n, _by_part(b) / n
    var_a, var_b = _by_part(a * a) / n - mean_a**2, _by_part(b * b) / n - mean_b**2
    together = _by_part(a * b) / n - mean_a * mean_b
    textured = usable & (np.maximum(var_a, var_b) > _TEXTURE)
    parts = int(np.count_nonzero(textured))
    agree = textured & (together > 0.5 * np.sqrt(np.maximum(var_a * var_b, 1e-3)))
    return (float(np.count_nonzero(agree)) / parts if parts else 0.0), parts


def _by_part(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum over parts of 6 x 6 cells."""
    across = SIDE // _PART
    return cells.reshape(across, _PART, across, _PART).sum((1, 3))


def _curve(p: NDArray[np.float32], q: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map q to the mean of p where q has that tone."""
    tone = q.astype(np.intp) >> 4
    number = np.bincount(tone, minlength=16)
    used = number >= 8
    if np.count_nonzero(used) < 2:
        return q
    x = (np.bincount(tone, q, 16)[used]) / number[used]
    y = (np.bincount(tone, p, 16)[used]) / number[used]
    slopes = (y[[1, -1]] - y[[0, -2]]) / np.maximum(1.0, x[[1, -1]] - x[[0, -2]])
    x = np.concatenate([[x[0] - 64], x, [x[-1] + 64]])
    y = np.concatenate([[y[0] - 64 * slopes[0]], y, [y[-1] + 64 * slopes[1]]])
    return np.interp(q, x, y).astype(np.float32)


def _fit(q: NDArray[np.float32], p: NDArray[np.float32], shading: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit p by q with a gain and an offset that change slowly across the picture."""
    basis = np.concatenate([shading, shading * q[:, None]], 1)
    square = basis.T @ basis
    square[np.diag_indices(len(square))] *= 1 + 1e-5
    return basis @ np.linalg.solve(square.astype(np.float64), basis.T @ p).astype(np.float32)


def _mean_of_9(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average 3 x 3 cells, zero beyond the edge."""
    d = np.pad(difference, 1)
    rows = d[:-2] + d[1:-1] + d[2:]
    return ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9).astype(np.float32, copy=False)
