"""How one picture lies in another: from matching keypoints to a transform of unit coordinates.

Keypoints are upright and know their scale, so a single match gives scale and offset, and all others vote on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees

import numpy as np
from numpy.typing import NDArray

from indexer.duplicates.features import Features
from indexer.duplicates.keypoints import STEP, Keypoints, turn_bits

Matrix = NDArray[np.float64]
"""float64 (2, 3): (x, y, 1) of one picture to (x, y) of the other, both from 0 to 1 over the whole picture."""

IDENTITY: Matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_CORNERS = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])

LEAST_POINTS = 4
_MATCHING_BITS = 12  # of 63: the same place differs by about 6, another by about 31
_HYPOTHESES = 24
_NEAR = 10.0  # pixels of 256 within which a match agrees with a single other one: a turn by 8 degrees still does
_NEAR_LEVELS = 2  # ... and that its scale may differ from the other's
_MOST_SCALE = 8.0
_NEARER = 5.0  # ... and with the transform fitted to all


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a picture lies in another.

    Attributes:
        matrix: From the first picture, turned, to the second.
        points: How many keypoints agree on it.
        degrees: By how much it is turned, beyond quarters.
    """

    matrix: Matrix
    points: int = 0
    degrees: float = 0.0

    @property
    def area(self) -> float:
        """Share of the second picture's surface that the first one, whole, would take; above 1 if it is the larger."""
        (a, b, _), (c, d, _) = self.matrix.tolist()
        return abs(a * d - b * c)

    @property
    def deviation(self) -> float:
        """How far the corners are from the other picture's corners, as a share of its sides."""
        return float(np.abs(_CORNERS @ self.matrix.T - _CORNERS[:, :2]).max())

    @property
    def off_centre(self) -> float:
        """How far the centre is from the other picture's centre, as a share of its sides."""
        return float(np.abs(self.matrix @ (0.5, 0.5, 1.0) - 0.5).max())

    @property
    def outside(self) -> float:
        """How far the first picture reaches over the second one's edge, as a share of its sides; 0 where inside."""
        corners = _CORNERS @ self.matrix.T
        return float(max(-corners.min(), corners.max() - 1, 0.0))

    def inverse(self) -> Alignment:
        """Return where the second picture lies in the first."""
        (a, b, x), (c, d, y) = self.matrix.tolist()
        area = a * d - b * c
        a, b, c, d = d / area, -b / area, -c / area, a / area
        matrix = np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])
        return Alignment(matrix, self.points, -self.degrees)


def locate(one: Features, other: Features, turn: int = 0) -> Alignment | None:
    """Find `one`, after a turn, in `other`; None where fewer than four keypoints agree."""
    a, size = _turned(one, turn)
    b = other.keypoints
    differing = np.bitwise_count(a.bits[:, None] ^ b.bits)
    near = np.flatnonzero(differing <= _MATCHING_BITS)  # far cheaper than nonzero() in two dimensions
    if len(near) < LEAST_POINTS:
        return None
    i, j = np.divmod(near, len(b.bits))
    if _distinct(i, j) < LEAST_POINTS:
        return None
    other_size = other.size
    source, target = _places(a.xy, i, size), _places(b.xy, j, other_size)
    levels = b.level.astype(np.intp)[j] - a.level[i]
    inside = _agreeing(source, target, levels, differing.ravel().take(near).argsort(kind="stable")[:_HYPOTHESES])
    if np.count_nonzero(inside) < LEAST_POINTS - 1:  # where it is turned a little, one more may join
        return None
    (turn_and_scale, offset), points = _similarity(source[inside], target[inside]), 0
    for _ in range(2):
        off = turn_and_scale * source
        off += offset
        off -= target
        inside = _both_below(off, _NEARER * max(1.0, abs(turn_and_scale)))
        points = _distinct(i[inside], j[inside])
        if points < LEAST_POINTS:
            return None
        turn_and_scale, offset = _similarity(source[inside], target[inside])
    if not 1 / _MOST_SCALE < abs(turn_and_scale) < _MOST_SCALE:
        return None  # a heap of points on one: a pattern, not a place
    c, s = turn_and_scale.real, turn_and_scale.imag
    linear = np.array([[c, -s, offset.real], [s, c, offset.imag]])
    return Alignment(linear * [*size, 1.0] / other_size[:, None], points, degrees(atan2(s, c)))


# Places are complex numbers, x + iy: to turn and scale them is to multiply them by another one.


def _places(xy: NDArray[np.uint8], which: NDArray[np.intp], size: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return where some keypoints lie, in pixels."""
    return ((xy.take(which, axis=0) + 0.5) * (size / 256)).view(np.complex128).ravel()


def _both_below(off: NDArray[np.complex128], limit: NDArray[np.float64] | float) -> NDArray[np.bool_]:
    """Tell where both parts of (..., M) are nearer to zero than a limit."""
    below = np.abs(off.view(np.float64)) < limit
    return below[..., ::2] & below[..., 1::2]


def _distinct(i: NDArray[np.intp], j: NDArray[np.intp]) -> int:
    """Count the points of the picture that has fewer of them in these matches."""
    return min(len(set(i.tolist())), len(set(j.tolist())))


def _agreeing(
    source: NDArray[np.complex128],
    target: NDArray[np.complex128],
    levels: NDArray[np.intp],
    hypotheses: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Return which matches, complex128 (M,) in pixels, agree with the one that most agree with."""
    supposed = levels.take(hypotheses)
    scale = STEP ** supposed.astype(np.float64)
    off = np.multiply.outer(scale, source)  # (hypotheses, matches)
    off -= target
    off -= off[np.arange(len(hypotheses)), hypotheses][:, None]
    agree = _both_below(off, _NEAR * np.maximum(1.0, scale)[:, None])
    agree &= np.abs(np.subtract.outer(supposed, levels)) <= _NEAR_LEVELS
    return agree[np.add.reduce(agree, axis=1, dtype=np.intp).argmax()]


def _similarity(source: NDArray[np.complex128], target: NDArray[np.complex128]) -> tuple[complex, complex]:
    """Fit a turn by any angle with a scale, and an offset, by least squares; complex128 (M,) each."""
    count = len(source)
    from_mean, to_mean = complex(np.add.reduce(source)) / count, complex(np.add.reduce(target)) / count
    p, q = source - from_mean, target - to_mean
    turn_and_scale = complex(np.vdot(p, q)) / (float(np.vdot(p, p).real) or 1.0)
    return turn_and_scale, to_mean - turn_and_scale * from_mean


def _turned(features: Features, turn: int) -> tuple[Keypoints, NDArray[np.float64]]:
    """Return the keypoints of the turned picture, and its size."""
    points, size = features.keypoints, features.size
    if not turn:
        return points, size
    xy = points.xy
    if turn & 1:
        xy = np.stack([255 - xy[:, 0], xy[:, 1]], 1)
    if turn & 2:
        xy = np.stack([xy[:, 0], 255 - xy[:, 1]], 1)
    if turn & 4:
        xy, size = xy[:, ::-1], size[::-1]
    return Keypoints(xy, points.level, turn_bits(points.bits, turn)), size
