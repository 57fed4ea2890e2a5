"""Points of a picture that are found again in its crops and edits, each with 63 bits that say what is around it.

Plain NumPy on a gray picture of 256 pixels: blob-like points (determinant of the Hessian) on six scales a third of an
octave apart, each described by the signs of the low frequencies around it. Descriptions are upright on purpose: photos
are straightened by a few degrees, which they survive, or turned by quarters, which only permutes their bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STEP = 2 ** (1 / 3)
"""Between one scale and the next."""
COUNT = 128
"""Points kept of a picture."""
BITS = 63

_SIDE = 12  # samples across what is described
_SPACING = 2  # pixels between samples
_REACH = _SPACING * (_SIDE - 1) // 2 + 4  # how near to the picture's edge a point may lie
_FREQUENCIES = 8
_LEAST = 1024.0  # of the Hessian's determinant: below is noise
_ROWS = 28  # OpenBLAS keeps products of fewer than 262,144 steps on one thread; its threads would only wait
_CELLS = 6  # points are taken evenly from a grid of so many cells across


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Points that are found again. K of them, at most COUNT.

    Attributes:
        xy: uint8 (K, 2), position in 256ths of the picture's width and height.
        level: uint8 (K,), scale: what is described is STEP ** level as large as at level 0.
        bits: uint64 (K,), what is around; 63 bits are used.
    """

    xy: NDArray[np.uint8]
    level: NDArray[np.uint8]
    bits: NDArray[np.uint64]


_Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint64]]  # xy in 0..1, strength, bits


def find_keypoints(gray: Image.Image) -> Keypoints:
    """Find up to COUNT points in a picture of mode L whose longer side is 256 pixels."""
    found = [_on_level(pixels) for pixels in _pyramid(gray)]
    xy = np.concatenate([one[0] for one in found])
    level = np.concatenate([np.full(len(one[0]), n, np.uint8) for n, one in enumerate(found)])
    bits = np.concatenate([one[2] for one in found])
    keep = _spread(xy, np.concatenate([one[1] for one in found]))
    return Keypoints(np.minimum(xy[keep] * 256, 255).astype(np.uint8), level[keep], bits[keep])


def _pyramid(gray: Image.Image) -> list[NDArray[np.uint8]]:
    """Return the picture on six scales; the smaller three are the larger three, halved."""
    large = [gray]
    for n in (1, 2):
        size = max(2, round(gray.width * STEP**-n)), max(2, round(gray.height * STEP**-n))
        large.append(gray.resize(size, Image.Resampling.BILINEAR))
    return [np.asarray(image) for image in (*large, *(image.reduce(2) for image in large))]


def _on_level(image: NDArray[np.uint8]) -> _Found:
    height, width = image.shape
    if min(height, width) <= 2 * _REACH + 2:
        return np.empty((0, 2), np.float32), np.empty(0, np.float32), np.empty(0, np.uint64)
    pixels = _smooth(image)  # two less on each side
    y, x, strength = _peaks(_hessian(pixels))
    pixel = y * pixels.shape[1] + x
    samples = pixels.ravel()[pixel[:, None] + (_OFFSETS[:, None] * pixels.shape[1] + _OFFSETS).ravel()]
    bits = _described(samples.astype(np.float32))
    xy = np.stack([(x + 2.5) / width, (y + 2.5) / height], 1).astype(np.float32)
    return xy, strength, bits


def _described(samples: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Describe patches: float32 (K, 144) -> uint64 (K,)."""
    signs = np.empty((len(samples), BITS), bool)
    for start in range(0, len(samples), _ROWS):
        signs[start : start + _ROWS] = samples[start : start + _ROWS] @ _PROJECTION > 0
    return signs.astype(np.uint64) @ _WEIGHTS


def _smooth(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return 256 times the pixels after a binomial filter of five taps, two less on each side."""
    p = image.astype(np.uint16)
    p = (p[:, :-4] + p[:, 4:]) + ((p[:, 1:-3] + p[:, 3:-1]) << 2) + 6 * p[:, 2:-2]
    return ((p[:-4] + p[4:]) + ((p[1:-3] + p[3:-1]) << 2) + 6 * p[2:-2]).astype(np.uint16, copy=False)


def _hessian(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the determinant of the second derivatives, taken two pixels apart; two less on each side."""
    p = (pixels >> 4).astype(np.int16)
    centre = p[2:-2, 2:-2] << 1
    xx = (p[2:-2, 4:] + p[2:-2, :-4] - centre).astype(np.float32)
    yy = (p[4:, 2:-2] + p[:-4, 2:-2] - centre).astype(np.float32)
    xy = ((p[4:, 4:] + p[:-4, :-4] - p[4:, :-4] - p[:-4, 4:]) >> 2).astype(np.float32)
    return (xx * yy - xy * xy).astype(np.float32, copy=False)


def _peaks(response: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Find the strongest maxima, in coordinates of the pixels that the response was made from."""
    edge = _REACH - 4  # of response: two pixels went to smoothing, two to derivatives
    height, width = response.shape
    inner = response[edge : height - edge, edge : width - edge]
    around = _maximum_of_25(response[edge - 2 : height - edge + 2, edge - 2 : width - edge + 2])
    y, x = np.nonzero((inner > _LEAST) & (inner >= around))
    strength = inner[y, x]
    if len(y) > COUNT:
        best = np.argpartition(-strength, COUNT)[:COUNT]
        y, x, strength = y[best], x[best], strength[best]
    return y + edge + 2, x + edge + 2, strength


def _maximum_of_25(r: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maximum over 5 x 5 pixels, two less on each side."""
    two = np.maximum(r[:-1], r[1:])
    rows = np.maximum(np.maximum(two[:-3], two[2:-1]), r[4:])
    two = np.maximum(rows[:, :-1], rows[:, 1:])
    return np.maximum(np.maximum(two[:, :-3], two[:, 2:-1]), rows[:, 4:])


def _spread(xy: NDArray[np.float32], strength: NDArray[np.float32]) -> NDArray[np.intp]:
    """Choose the strongest points, three from each cell, then three more, so that every crop keeps some."""
    order = np.argsort(-strength, kind="stable")
    cell = (xy[order] * _CELLS).astype(np.int32) @ np.array([1, _CELLS], np.int32)
    by_cell = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[by_cell], np.arange(_CELLS * _CELLS))
    rank = np.empty(len(order), np.intp)
    rank[by_cell] = np.arange(len(order)) - first[cell[by_cell]]
    return order[np.argsort(rank // 3, kind="stable")[:COUNT]]


# What describes a point: cosine frequencies over 12 x 12 samples, the lowest first, without the mean.

_ORDER = sorted(((v, u) for v in range(_FREQUENCIES) for u in range(_FREQUENCIES)), key=lambda vu: (vu[0] + vu[1], vu))[
    1:
]
_OFFSETS = (np.arange(_SIDE) * _SPACING - _SPACING * (_SIDE - 1) // 2).astype(np.intp)
_WEIGHTS = np.uint64(1) << np.arange(BITS, dtype=np.uint64)


def _projection() -> NDArray[np.float32]:
    k, n = np.arange(_FREQUENCIES)[:, None], np.arange(_SIDE)
    rows = np.cos(np.pi * k * (2 * n + 1) / (2 * _SIDE))
    return np.ascontiguousarray(np.stack([np.outer(rows[v], rows[u]).ravel() for v, u in _ORDER], 1), np.float32)


_PROJECTION = _projection()  # (144 samples, 63)

# A mirrored wave of odd frequency has the other sign; a transposition swaps the two frequencies.
_MIRROR_X = np.uint64(sum(1 << n for n, (_, u) in enumerate(_ORDER) if u % 2))
_MIRROR_Y = np.uint64(sum(1 << n for n, (v, _) in enumerate(_ORDER) if v % 2))
_TRANSPOSED = np.array([_ORDER.index((u, v)) for v, u in _ORDER])


def turn_bits(bits: NDArray[np.uint64], turn: int) -> NDArray[np.uint64]:
    """Describe what is around after one of the eight turns (see turns.py)."""
    if turn & 1:
        bits = bits ^ _MIRROR_X
    if turn & 2:
        bits = bits ^ _MIRROR_Y
    if not turn & 4:
        return bits
    ones = (bits[:, None] >> np.arange(BITS, dtype=np.uint64)) & np.uint64(1)
    return ones[:, _TRANSPOSED] @ _WEIGHTS
