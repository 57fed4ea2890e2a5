"""Lay one picture over another: how alike they are once any change of tone is allowed for, and where they differ.

The tone of one is fitted to the other's by a curve and by a shading that changes slowly across the picture, so that
exposure, contrast, faded looks and dark corners all fit; another subject, or one that moved, does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
from typing import Any, cast

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
_BEYOND = 64  # tones that a curve goes on for past its ends
_MIDDLES = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)  # of cells, as shares of a side
_LAST = np.float32(SIDE - 1.001)
_EDGE = 0.005
WORTH_A_LOOK = 0.7
"""Pictures that are less alike than this are not looked at in detail."""
GRID = np.stack([*np.meshgrid(_MIDDLES, _MIDDLES), np.ones((SIDE, SIDE), np.float32)]).reshape(3, SIDE * SIDE)
"""float32 (3, 2304): x, y, 1 of each cell's middle, row by row."""
ALL = GRID[2]
"""float32 (2304,): 1 for each cell."""
_POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2))  # of x and y: how the light may change across a picture
_PRODUCTS = sorted({(a + c, b + d) for a, b in _POWERS for c, d in _POWERS})  # of two of them
_X, _Y = 2 * GRID[:2] - 1
_SHADING = np.stack([_X**a * _Y**b for a, b in _POWERS])
_SHADING_PRODUCTS = np.stack([_X**a * _Y**b for a, b in _PRODUCTS])


@dataclass(frozen=True)
class Overlay:
    """How two pictures compare where they overlap. All but the likeness is computed once it is asked for.

    Attributes:
        likeness: Correlation after the fit, 1 at best; 0 where the overlap is too small, of which nothing else can be
            asked.
        finer: The finer picture, float32 (48, 48).
        coarser: The other one, laid under it.
        there: Where they overlap: float32 (2304,), 1 in these cells and 0 in others, row by row.
        cells: How many these are.
        fit: What the finer one should be there by the coarser one and the fit, float32 (2304,).
    """

    likeness: float
    finer: NDArray[np.float32]
    coarser: NDArray[np.float32]
    there: NDArray[np.float32]
    cells: int
    fit: NDArray[np.float32]

    @cached_property
    def plain(self) -> float:
        """Root mean square difference without any fit, gray levels."""
        return root_mean_square((self.finer - self.coarser).ravel() * self.there, self.cells)

    @cached_property
    def fitted(self) -> float:
        """The same after the fit."""
        return root_mean_square(self._left, self.cells)

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
        return (self.finer.ravel() - self.fit) * self.there

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        """Tell which cells overlap and are neither black nor white: bool (48, 48)."""
        seen = np.minimum(self.finer, self.coarser) > _CLIPPED[0]
        seen &= np.maximum(self.finer, self.coarser) < _CLIPPED[1]
        seen &= self.there.reshape(SIDE, SIDE) > 0
        return seen

    @cached_property
    def _patches(self) -> tuple[float, float]:
        """Return the usual and the largest difference of 3 x 3 cells, gray levels."""
        patches = np.abs(_mean_of_9(self._left.reshape(SIDE, SIDE) * self._seen))[self._seen]
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
        return _compare(one.astype(np.float32), other.astype(np.float32), ALL, SIDE * SIDE)
    if alignment.area > 1:  # the finer one is laid over the coarser
        one, other, alignment = other, one, alignment.inverse()
    places = placed(alignment.matrix)
    there = within(places, _EDGE)
    cells = int(np.add.reduce(there))
    finer, coarser = blurred(one, alignment.matrix), sampled(other, places).reshape(SIDE, SIDE)
    if cells < LEAST_CELLS:
        return Overlay(0.0, finer, coarser, there, cells, finer.ravel())
    return _compare(finer, coarser, there, cells)


def placed(matrix: Matrix) -> NDArray[np.float32]:
    """Say where the middles of a thumbnail's cells lie in the other: x and y, float32 (2, 2304), row by row."""
    return matrix.astype(np.float32) @ GRID


def within(places: NDArray[np.float32], edge: float) -> NDArray[np.float32]:
    """Tell which of some places, float32 (2, cells), lie in a picture: float32 (cells,), 1 or 0.

    Args:
        edge: How far from the picture's edge, as a share of its sides.
    """
    from_middle = np.abs(places - np.float32(0.5))
    return (np.maximum(from_middle[0], from_middle[1]) < 0.5 - edge).astype(np.float32)


def blurred(gray: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.float32]:
    """Take from a thumbnail the detail that it would not have in the size that it has in another one."""
    across, down = (min(1.0, hypot(row[0], row[1])) for row in matrix.tolist())
    if across * down > 0.75:
        return gray.astype(np.float32)
    radius = tuple(0.5 * (1 / max(scale, 0.03) ** 2 - 1) ** 0.5 for scale in (across, down))
    return np.asarray(Image.fromarray(np.ascontiguousarray(gray)).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def sampled(gray: NDArray[Any], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample between cells of one picture or several.

    Args:
        gray: (..., 48, 48).
        places: float32 (2, cells): x and y as shares of a side; outside, what is nearest on the edge counts.

    Returns:
        float32 (..., cells).
    """
    at = places * np.float32(SIDE)
    at -= np.float32(0.5)
    np.maximum(at, 0, out=at)
    np.minimum(at, _LAST, out=at)
    cell = np.floor(at)
    u, v = at - cell
    index: NDArray[np.intp] = (cell[1] * SIDE + cell[0]).astype(np.intp)
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


def _compare(a: NDArray[np.float32], b: NDArray[np.float32], there: NDArray[np.float32], cells: int) -> Overlay:
    p, q = a.ravel(), b.ravel()
    fit = _fit(_curve(p, q, there), p, there)
    about_p, about_fit = about_mean(p, there, cells), about_mean(fit, there, cells)
    deviation = root_mean_square(about_p, cells) * root_mean_square(about_fit, cells)
    likeness = float(about_p @ about_fit) / cells / deviation if deviation > 0.1 else 0.0
    return Overlay(likeness, a, b, there, cells, fit)


def about_mean(values: NDArray[np.float32], there: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """Subtract from values, float32 (2304,), their mean in some cells, see Overlay; 0 in others."""
    return (values - np.float32(values @ there) / np.float32(cells)) * there


def root_mean_square(values: NDArray[np.float32], cells: int) -> float:
    """Return the root of the mean of squared values in some cells; float32 (2304,), 0 in others."""
    return sqrt(float(values @ values) / cells)


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[float, int, float]:
    """Return the share of textured parts where a and b go together, the number of textured parts, and `detail`."""
    cells = _by_part(np.stack([a, b, seen.astype(np.float32)]))
    both, mask = cells[:2], cells[2]
    number = np.add.reduce(mask)
    usable = number >= _PART * _PART / 2
    n = np.maximum(number, 1)
    both *= mask
    both -= (np.add.reduce(both, axis=1) / n)[:, None]
    both *= mask
    (var_a, var_b), together = _moments(both, n)
    textured = usable & (np.maximum(var_a, var_b) > _TEXTURE)
    parts = int(np.count_nonzero(textured))
    agree = textured & (together > 0.5 * np.sqrt(np.maximum(var_a * var_b, 1e-3)))
    agreeing = float(np.count_nonzero(agree)) / parts if parts else 0.0
    level = _WITHOUT_SLOPE @ both
    level *= mask
    (var_a, var_b), together = _moments(level, n)
    detailed = (usable & (np.maximum(var_a, var_b) > _DETAIL)).astype(np.float32)
    norm = sqrt(float(var_a @ detailed) * float(var_b @ detailed))
    return agreeing, parts, float(together @ detailed) / norm if norm else 0.0


def _moments(both: NDArray[np.float32], number: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each part's variances of two pictures, and their covariance, where their means are 0: (2, 36, parts)."""
    return np.add.reduce(both * both, axis=1) / number, np.add.reduce(both[0] * both[1]) / number


def _by_part(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the cells of each part below each other: float32 (pictures, 48, 48) -> (pictures, 36, 64)."""
    across = SIDE // _PART
    parts = pictures.reshape(-1, across, _PART, across, _PART).transpose(0, 2, 4, 1, 3)
    return parts.reshape(-1, _PART * _PART, across * across)


def _without_slope() -> NDArray[np.float32]:
    """Return what takes the slope away from a part whose mean is 0: float32 (36, 36), symmetric."""
    axis = np.linspace(-1, 1, _PART)
    x, y = (plane.ravel() / np.linalg.norm(plane) for plane in np.meshgrid(axis, axis))
    return (np.eye(_PART * _PART) - np.outer(x, x) - np.outer(y, y)).astype(np.float32)


_WITHOUT_SLOPE = _without_slope()


def _curve(p: NDArray[np.float32], q: NDArray[np.float32], there: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map q to the mean of p where q has that tone, of 16."""
    level = np.rint(q).astype(np.intp)
    tone = q.astype(np.intp)
    tone >>= 4
    sums = (np.bincount(tone, weights, 16).tolist() for weights in (there, q * there, p * there))
    means = [(of_q / number, of_p / number) for number, of_q, of_p in zip(*sums, strict=True) if number >= 8]
    if len(means) < 2:
        return q
    slopes = [(b[1] - a[1]) / max(1.0, b[0] - a[0]) for a, b in (means[:2], means[-2:])]
    x, y = zip(
        (means[0][0] - _BEYOND, means[0][1] - _BEYOND * slopes[0]),
        *means,
        (means[-1][0] + _BEYOND, means[-1][1] + _BEYOND * slopes[1]),
        strict=True,
    )
    return np.interp(_TONES, x, y).astype(np.float32).take(level)


def _fit(q: NDArray[np.float32], p: NDArray[np.float32], there: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit p by q with a gain and an offset that change slowly across the picture."""
    terms = np.empty((5, SIDE * SIDE), np.float32)
    terms[0] = there
    np.multiply(q, there, out=terms[1])
    np.multiply(q, terms[1], out=terms[2])
    np.multiply(p, there, out=terms[3])
    np.multiply(p, terms[1], out=terms[4])
    sums = (_SHADING_PRODUCTS @ terms.T).astype(np.float64).ravel()
    products = sums.take(_LEFT_HAND)
    products.ravel()[:: len(products) + 1] *= 1 + 1e-5
    products.ravel()[:: len(products) + 1] += 1e-6  # of a black picture all are 0
    solved = cast("NDArray[np.float64]", np.linalg.solve(products, sums.take(_RIGHT_HAND)))
    offset, gain = solved.reshape(2, -1).astype(np.float32) @ _SHADING
    gain *= q
    gain += offset
    return gain


def _normal_equations() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Say where in the sums of _fit, (products of two shadings, terms), each number of its equations lies.

    The unknowns are the offset's part in each shading, then the gain's. The five terms are 1, q, q * q; p and p * q.
    """
    place = {powers: 5 * n for n, powers in enumerate(_PRODUCTS)}
    unknowns = [(a, b, of_q) for of_q in (0, 1) for a, b in _POWERS]
    left = [[place[a + c, b + d] + m + n for c, d, n in unknowns] for a, b, m in unknowns]
    return np.array(left), np.array([place[a, b] + 3 + m for a, b, m in unknowns])


_LEFT_HAND, _RIGHT_HAND = _normal_equations()


def _mean_of_9(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average 3 x 3 cells, zero beyond the edge."""
    d = np.zeros((SIDE + 2, SIDE + 2), np.float32)
    d[1:-1, 1:-1] = difference
    rows = d[:-2] + d[1:-1] + d[2:]
    return ((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9).astype(np.float32, copy=False)
