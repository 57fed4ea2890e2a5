"""Lay one picture over another: how alike they are once any change of tone is allowed for, and where they differ.

The tone of one is fitted to the other's by a curve and by a shading that changes slowly across the picture, so that
exposure, contrast, faded looks and dark corners all fit; another subject, or one that moved, does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.duplicates.align import Alignment, Matrix
from indexer.duplicates.features import SIDE

LEAST_CELLS = 150
"""Of the thumbnail's 2,304, below which an overlap says nothing."""
_PART = 6  # cells across a part
_TEXTURE = 16.0  # variance, gray levels squared, above which a part shows something
_DETAIL = 8.0  # ... and above which there is something in it beside a slope
_CLIPPED = (6, 249)  # outside, a change of exposure has lost what was there
_TONES = np.arange(256)
_AXIS = (np.arange(SIDE) + 0.5) / SIDE
WORTH_A_LOOK = 0.7
"""Pictures that are less alike than this are not looked at in detail."""
GRID = np.stack([*np.meshgrid(_AXIS, _AXIS), np.ones((SIDE, SIDE))], -1)
"""float64 (48, 48, 3): x, y, 1 of each cell's middle."""
_X, _Y = ((2 * GRID[..., axis] - 1).astype(np.float32) for axis in (0, 1))
_SHADING = np.stack([np.ones_like(_X), _X, _Y, _X * _X, _Y * _Y], -1).reshape(SIDE * SIDE, 5)


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
        detail: Correlation of what is left of all parts once each part's slope is taken away: skies, walls and studio
            backgrounds are alike in their slopes. 0 where nothing is left.
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
    detail: float = 0.0


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
    at = GRID @ alignment.matrix.T
    inside = np.asarray(((at > 0.005) & (at < 0.995)).all(-1))
    if np.count_nonzero(inside) < LEAST_CELLS:
        return Overlay()
    return _compare(blurred(one, alignment.matrix), sampled(other, at * SIDE - 0.5), inside)


def blurred(gray: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.float32]:
    """Take from a thumbnail the detail that it would not have in the size that it has in another one."""
    across, down = (min(1.0, float(np.linalg.norm(matrix[axis, :2]))) for axis in (0, 1))
    if across * down > 0.75:
        return gray.astype(np.float32)
    radius = tuple(0.5 * (1 / max(scale, 0.03) ** 2 - 1) ** 0.5 for scale in (across, down))
    return np.asarray(Image.fromarray(np.ascontiguousarray(gray)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def sampled(gray: NDArray[Any], xy: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sample between cells of one picture or several: (..., 48, 48) and xy (..., 2) -> float32."""
    x, y = (np.minimum(np.maximum(xy[..., axis], 0), SIDE - 1.001) for axis in (0, 1))
    across, down = x.astype(np.intp), y.astype(np.intp)
    u, v = (x - across).astype(np.float32), (y - down).astype(np.float32)
    index = down * SIDE + across
    flat = gray.astype(np.float32, copy=False).reshape(*gray.shape[:-2], SIDE * SIDE)
    corners = [flat.take(index + step, axis=-1, mode="clip") for step in (0, 1, SIDE, SIDE + 1)]
    top = corners[0] + (corners[1] - corners[0]) * u
    bottom = corners[2] + (corners[3] - corners[2]) * u
    return (top + (bottom - top) * v).astype(np.float32, copy=False)


def _compare(a: NDArray[np.float32], b: NDArray[np.float32], inside: NDArray[np.bool_]) -> Overlay:
    there = np.flatnonzero(inside)
    p, q = a.ravel()[there], b.ravel()[there]
    fit = _fit(_curve(p, q), p, _SHADING[there])
    about_p, about_fit, count = p - p.mean(), fit - fit.mean(), len(p)
    contrast = float(np.sqrt(about_p @ about_p / count))
    deviation = float(np.sqrt(about_fit @ about_fit / count)) * contrast
    likeness = float(about_p @ about_fit) / count / deviation if deviation > 0.1 else 0.0
    if likeness < WORTH_A_LOOK:
        return Overlay(likeness)
    difference = np.zeros_like(a)
    difference.ravel()[there] = left = p - fit
    plain = _root_mean_square(p - q)
    seen = inside & (a > _CLIPPED[0]) & (a < _CLIPPED[1]) & (b > _CLIPPED[0]) & (b < _CLIPPED[1])
    patches = np.abs(_mean_of_9(np.where(seen, difference, np.float32(0))))[seen]
    usual = largest = 0.0
    if len(patches) >= LEAST_CELLS:
        ranks = len(patches) // 2, len(patches) * 99 // 100
        usual, largest = np.partition(patches, ranks)[list(ranks)].tolist()
    agreeing, parts, detail = _agreement(a, b, seen)
    fitted = _root_mean_square(left)
    local = float(largest / (usual + 0.3))
    return Overlay(likeness, contrast, plain, fitted, local, float(largest), agreeing, parts, detail)


def _root_mean_square(values: NDArray[np.float32]) -> float:
    return float(np.sqrt(values @ values / len(values)))


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[float, int, float]:
    """Return the share of textured parts where a and b go together, the number of textured parts, and `detail`."""
    mask = _by_part(seen.astype(np.float32))
    number = mask.sum(1)
    usable = number >= _PART * _PART / 2
    n = np.maximum(number, 1)
    a, b = (_by_part(cells) for cells in (a, b))
    a, b = (np.where(mask > 0, cells - ((cells * mask).sum(1) / n)[:, None], 0) for cells in (a, b))
    var_a, var_b, together = _moments(a, b, n)
    textured = usable & (np.maximum(var_a, var_b) > _TEXTURE)
    parts = int(np.count_nonzero(textured))
    agree = textured & (together > 0.5 * np.sqrt(np.maximum(var_a * var_b, 1e-3)))
    agreeing = float(np.count_nonzero(agree)) / parts if parts else 0.0
    var_a, var_b, together = _moments((a @ _WITHOUT_SLOPE) * mask, (b @ _WITHOUT_SLOPE) * mask, n)
    detailed = usable & (np.maximum(var_a, var_b) > _DETAIL)
    norm = float(np.sqrt(var_a[detailed].sum() * var_b[detailed].sum()))
    return agreeing, parts, float(together[detailed].sum()) / norm if norm else 0.0


def _moments(
    a: NDArray[np.float32], b: NDArray[np.float32], number: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return each part's variance of a, of b, and their covariance, where their means are 0."""
    return (a * a).sum(1) / number, (b * b).sum(1) / number, (a * b).sum(1) / number


def _by_part(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the cells of each part side by side: float32 (48, 48) -> (64, 36)."""
    across = SIDE // _PART
    return cells.reshape(across, _PART, across, _PART).swapaxes(1, 2).reshape(across * across, _PART * _PART)


def _without_slope() -> NDArray[np.float32]:
    """Return what takes the slope away from a part whose mean is 0: float32 (36, 36)."""
    axis = np.linspace(-1, 1, _PART)
    x, y = (plane.ravel() / np.linalg.norm(plane) for plane in np.meshgrid(axis, axis))
    return (np.eye(_PART * _PART) - np.outer(x, x) - np.outer(y, y)).astype(np.float32)


_WITHOUT_SLOPE = _without_slope()


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
    return np.interp(_TONES, x, y).astype(np.float32)[np.rint(q).astype(np.intp)]


def _fit(q: NDArray[np.float32], p: NDArray[np.float32], shading: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit p by q with a gain and an offset that change slowly across the picture."""
    basis = np.concatenate([shading, shading * q[:, None]], 1)
    square = basis.T @ basis
    square[np.diag_indices(len(square))] = square.diagonal() * (1 + 1e-5) + 1e-6  # of a black picture it is all 0
    return basis @ np.linalg.solve(square.astype(np.float64), basis.T @ p).astype(np.float32)


def _mean_of_9(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average 3 x 3 cells, zero beyond the edge."""
    d = np.zeros((SIDE + 2, SIDE + 2), np.float32)
    d[1:-1, 1:-1] = difference
    rows = d[:-2] + d[1:-1] + d[2:]
    return ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9).astype(np.float32, copy=False)
