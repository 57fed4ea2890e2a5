"""Lay one picture over another: how alike they are once any change of tone is allowed for, and where they differ.

The tone of one is fitted to the other's by a curve and by a shading that changes slowly across the picture, so that
exposure, contrast, faded looks and dark corners all fit; another subject, or one that moved, does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
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
_MIDDLES = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)  # of cells, as shares of a side
_LAST = np.float32(SIDE - 1.001)
_EDGE = 0.005
WORTH_A_LOOK = 0.7
"""Pictures that are less alike than this are not looked at in detail."""
GRID = np.stack([*np.meshgrid(_MIDDLES, _MIDDLES), np.ones((SIDE, SIDE), np.float32)]).reshape(3, SIDE * SIDE)
"""float32 (3, 2304): x, y, 1 of each cell's middle, row by row."""
_X, _Y = 2 * GRID[:2] - 1
_SHADING = np.stack([np.ones_like(_X), _X, _Y, _X * _X, _Y * _Y])


@dataclass(frozen=True)
class Overlay:
    """How two pictures compare where they overlap. All but the likeness is computed once it is asked for.

    Attributes:
        likeness: Correlation after the fit, 1 at best; 0 where the overlap is too small, of which nothing else can be
            asked.
        finer: The finer picture, float32 (48, 48).
        coarser: The other one, laid under it.
        there: Where they overlap: int64 (cells,), row by row.
        fit: What the finer one should be there by the coarser one and the fit, float32 (cells,).
    """

    likeness: float
    finer: NDArray[np.float32]
    coarser: NDArray[np.float32]
    there: NDArray[np.intp]
    fit: NDArray[np.float32]

    @cached_property
    def plain(self) -> float:
        """Root mean square difference without any fit, gray levels."""
        return root_mean_square((self.finer - self.coarser).ravel()[self.there])

    @cached_property
    def fitted(self) -> float:
        """The same after the fit."""
        return root_mean_square(self._left)

    @property
    def local(self) -> float:
        """How much larger the difference is where it is largest than where it is usual.

        A subject that moved, a thing that was added. Copies have less than about 12.
        """
        usual, largest = self._patches
        return largest / (usual + 0.3)

    @property
    def peak(self) -> float:
        """The largest difference of a patch after the fit, gray levels."""
        return self._patches[1]

    @property
    def agreeing(self) -> float:
        """Share of the textured parts of the overlap, of 6 x 6 cells each, where the two go together."""
        return self._agreement[0]

    @property
    def parts(self) -> int:
        """How many parts are textured."""
        return self._agreement[1]

    @property
    def detail(self) -> float:
        """Correlation of what is left of all parts once each part's slope is taken away; 0 where nothing is left.

        Skies, walls and studio backgrounds are alike in their slopes.
        """
        return self._agreement[2]

    @cached_property
    def _left(self) -> NDArray[np.float32]:
        return self.finer.ravel()[self.there] - self.fit

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        """Tell which cells overlap and are neither black nor white: bool (48, 48)."""
        seen = np.zeros(SIDE * SIDE, bool)
        seen[self.there] = True
        seen = seen.reshape(SIDE, SIDE)
        for cells in (self.finer, self.coarser):
            seen &= cells > _CLIPPED[0]
            seen &= cells < _CLIPPED[1]
        return seen

    @cached_property
    def _patches(self) -> tuple[float, float]:
        """Return the usual and the largest difference of 3 x 3 cells, gray levels."""
        difference = np.zeros(SIDE * SIDE, np.float32)
        difference[self.there] = self._left
        patches = np.abs(_mean_of_9(difference.reshape(SIDE, SIDE) * self._seen))[self._seen]
        if len(patches) < LEAST_CELLS:
            return 0.0, 0.0
        ranks = len(patches) // 2, len(patches) * 99 // 100
        usual, largest = np.partition(patches, ranks)[list(ranks)].tolist()
        return usual, largest

    @cached_property
    def _agreement(self) -> tuple[float, int, float]:
        if self.likeness < WORTH_A_LOOK:
            return 0.0, 0, 0.0
        return _agreement(self.finer, self.coarser, self._seen)


def overlay(one: NDArray[np.uint8], other: NDArray[np.uint8], alignment: Alignment | None) -> Overlay:
    """Compare two thumbnails, uint8 (48, 48).

    Args:
        alignment: Where the first lies in the second; None where both show the same frame.
    """
    if alignment is None:
        return _compare(one.astype(np.float32), other.astype(np.float32), _ALL)
    if alignment.area > 1:  # the finer one is laid over the coarser
        one, other, alignment = other, one, alignment.inverse()
    x, y = placed(alignment.matrix)
    inside = (x > _EDGE) & (x < 1 - _EDGE) & (y > _EDGE) & (y < 1 - _EDGE)
    there = _ALL if inside.all() else np.flatnonzero(inside)
    finer, coarser = blurred(one, alignment.matrix), sampled(other, x * SIDE - 0.5, y * SIDE - 0.5)
    coarser = coarser.reshape(SIDE, SIDE)
    return _compare(finer, coarser, there) if len(there) >= LEAST_CELLS else Overlay(0.0, finer, coarser, there, finer)


_ALL = np.arange(SIDE * SIDE)


def placed(matrix: Matrix) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Say where the middles of a thumbnail's cells lie in the other: x and y, float32 (2304,) each, row by row."""
    x, y = ((along * _MIDDLES + (down * _MIDDLES + off)[:, None]).ravel() for along, down, off in matrix.tolist())
    return x, y


def blurred(gray: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.float32]:
    """Take from a thumbnail the detail that it would not have in the size that it has in another one."""
    across, down = (min(1.0, hypot(row[0], row[1])) for row in matrix.tolist())
    if across * down > 0.75:
        return gray.astype(np.float32)
    radius = tuple(0.5 * (1 / max(scale, 0.03) ** 2 - 1) ** 0.5 for scale in (across, down))
    return np.asarray(Image.fromarray(np.ascontiguousarray(gray)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def sampled(gray: NDArray[Any], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample between cells of one picture or several.

    Args:
        gray: (..., 48, 48).
        x: float32 (cells,), in cells from the middle of the first.
        y: float32 (cells,).

    Returns:
        float32 (..., cells).
    """
    x, y = (np.minimum(np.maximum(axis, 0), _LAST) for axis in (x, y))
    across, down = np.floor(x), np.floor(y)
    u, v = x - across, y - down
    index = (down * SIDE + across).astype(np.intp)
    flat = gray.astype(np.float32, order="C", copy=False).reshape(*gray.shape[:-2], SIDE * SIDE)
    corners = [flat[..., step:].take(index, axis=-1, mode="clip") for step in (0, 1, SIDE, SIDE + 1)]
    for left, right in (corners[:2], corners[2:]):
        right -= left
        right *= u
        left += right
    top, bottom = corners[0], corners[2]
    bottom -= top
    bottom *= v
    bottom += top
    return bottom


def square(basis: NDArray[np.float32]) -> NDArray[np.float64]:
    """Multiply float32 (terms, cells) by itself: float64 (terms, terms)."""
    other = basis.copy()  # by itself, NumPy would call a routine that takes thrice as long
    return (other @ basis.T).astype(np.float64)


def _compare(a: NDArray[np.float32], b: NDArray[np.float32], there: NDArray[np.intp]) -> Overlay:
    p, q, shading = a.ravel(), b.ravel(), _SHADING
    if there is not _ALL:
        p, q, shading = p[there], q[there], shading.take(there, axis=1)
    fit = _fit(_curve(p, q), p, shading)
    about_p, about_fit = about_mean(p), about_mean(fit)
    deviation = root_mean_square(about_p) * root_mean_square(about_fit)
    likeness = float(about_p @ about_fit) / len(p) / deviation if deviation > 0.1 else 0.0
    return Overlay(likeness, a, b, there, fit)


def about_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the mean of values, float32 (cells,)."""
    return values - np.add.reduce(values) / np.float32(len(values))


def root_mean_square(values: NDArray[np.float32]) -> float:
    """Return the root of the mean of squared values, float32 (cells,)."""
    return sqrt(float(values @ values) / len(values))


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[float, int, float]:
    """Return the share of textured parts where a and b go together, the number of textured parts, and `detail`."""
    cells = _by_part(np.stack([a, b, seen.astype(np.float32)]))
    mask = np.ascontiguousarray(cells[:, 2])
    number = mask.sum(0)
    usable = number >= _PART * _PART / 2
    n = np.maximum(number, 1)
    both, mask = cells[:, :2] * mask[:, None], mask[:, None]
    both = (both - both.sum(0) / n) * mask
    (var_a, var_b), together = _moments(both, n)
    textured = usable & (np.maximum(var_a, var_b) > _TEXTURE)
    parts = int(np.count_nonzero(textured))
    agree = textured & (together > 0.5 * np.sqrt(np.maximum(var_a * var_b, 1e-3)))
    agreeing = float(np.count_nonzero(agree)) / parts if parts else 0.0
    level = (_WITHOUT_SLOPE @ both.reshape(len(both), -1)).reshape(both.shape) * mask
    (var_a, var_b), together = _moments(level, n)
    detailed = usable & (np.maximum(var_a, var_b) > _DETAIL)
    norm = sqrt(float(var_a[detailed].sum()) * float(var_b[detailed].sum()))
    return agreeing, parts, float(together[detailed].sum()) / norm if norm else 0.0


def _moments(both: NDArray[np.float32], number: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each part's variances of two pictures, and their covariance, where their means are 0: (36, 2, parts)."""
    return (both * both).sum(0) / number, (both[:, 0] * both[:, 1]).sum(0) / number


def _by_part(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the cells of each part below each other: float32 (pictures, 48, 48) -> (36, pictures, 64)."""
    across = SIDE // _PART
    parts = pictures.reshape(-1, across, _PART, across, _PART).transpose(2, 4, 0, 1, 3)
    return parts.reshape(_PART * _PART, -1, across * across)


def _without_slope() -> NDArray[np.float32]:
    """Return what takes the slope away from a part whose mean is 0: float32 (36, 36), symmetric."""
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
    basis = np.concatenate([shading, shading * q])
    products = square(basis)
    products[np.diag_indices(len(products))] = products.diagonal() * (1 + 1e-5) + 1e-6  # of a black picture all are 0
    return np.linalg.solve(products, basis @ p).astype(np.float32) @ basis


def _mean_of_9(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average 3 x 3 cells, zero beyond the edge."""
    d = np.zeros((SIDE + 2, SIDE + 2), np.float32)
    d[1:-1, 1:-1] = difference
    rows = d[:-2] + d[1:-1] + d[2:]
    return ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9).astype(np.float32, copy=False)
