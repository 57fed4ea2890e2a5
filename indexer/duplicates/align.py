"""How one picture lies in another: from matching keypoints to a transform of unit coordinates.

Keypoints are upright and know their scale, so a single match gives scale and offset, and all others vote on it.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    source = (a.xy[i] + 0.5).T / 256 * size[:, None]
    target = (b.xy[j] + 0.5).T / 256 * other.size[:, None]
    levels = b.level[j].astype(np.int64) - a.level[i]
    inside = _agreeing(source, target, levels, np.argsort(differing[i, j], kind="stable")[:_HYPOTHESES])
    if np.count_nonzero(inside) < LEAST_POINTS - 1:  # where it is turned a little, one more may join
        return None
    linear, points = _similarity(source[:, inside], target[:, inside]), 0
    for _ in range(2):
        off = np.abs(linear[:, :2] @ source + linear[:, 2:] - target)
        inside = np.maximum(off[0], off[1]) < _NEARER * max(1.0, float(np.hypot(linear[0, 0], linear[1, 0])))
        points = _distinct(i[inside], j[inside])
        if points < LEAST_POINTS:
            return None
        linear = _similarity(source[:, inside], target[:, inside])
    if not 1 / _MOST_SCALE < np.hypot(linear[0, 0], linear[1, 0]) < _MOST_SCALE:
        return None  # a heap of points on one: a pattern, not a place
    degrees = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    return Alignment(linear * [*size, 1.0] / other.size[:, None], points, degrees)


def _distinct(i: NDArray[np.intp], j: NDArray[np.intp]) -> int:
    """Count the points of the picture that has fewer of them in these matches."""
    return min(len(set(i.tolist())), len(set(j.tolist())))


def _agreeing(
    source: NDArray[np.float64], target: NDArray[np.float64], levels: NDArray[np.int64], hypotheses: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return which matches, float64 (2, M) in pixels, agree with the one that most agree with."""
    supposed = STEP ** levels[hypotheses, None].astype(np.float64)
    near = _NEAR * np.maximum(1.0, supposed)
    agree = np.abs(levels - levels[hypotheses, None]) <= _NEAR_LEVELS  # (hypotheses, matches)
    for p, q in zip(source, target, strict=True):  # across, then down
        offset = q[hypotheses, None] - supposed * p[hypotheses, None]
        agree &= np.abs(supposed * p + offset - q) < near
    return agree[np.argmax(np.count_nonzero(agree, axis=1))]


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> Matrix:
    """Fit scale, offset and a turn by any angle, by least squares; float64 (2, M) each."""
    count = source.shape[1]
    from_mean, to_mean = source.sum(1) / count, target.sum(1) / count
    p, q = source - from_mean[:, None], target - to_mean[:, None]
    norm = float((p * p).sum()) or 1.0
    c = float((p * q).sum()) / norm
    s = float(p[0] @ q[1] - p[1] @ q[0]) / norm
    (x, y), (to_x, to_y) = from_mean.tolist(), to_mean.tolist()
    return np.array([[c, -s, to_x - c * x + s * y], [s, c, to_y - s * x - c * y]])


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
