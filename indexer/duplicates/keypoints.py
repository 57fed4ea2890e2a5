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
_NOISE = np.float32(1024)  # the Hessian's determinant is larger where there is something
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


def find_keypoints(gray: Image.Image) -> Keypoints:
    """Find up to COUNT points in a picture of mode L whose longer side is 256 pixels."""
    images = _pyramid(gray)
    if not images:
        return Keypoints(np.empty((0, 2), np.uint8), np.empty(0, np.uint8), np.empty(0, np.uint64))
    smoothed = [_smooth(image) for image in images]
    found = [_peaks(pixels, image.shape) for pixels, image in zip(smoothed, images, strict=True)]
    level = np.repeat(np.arange(len(found)), [len(strength) for *_, strength in found])
    y, x, strength = (np.concatenate(parts) for parts in zip(*found, strict=True))
    height, width = np.array([image.shape for image in images]).T
    xy = np.stack([(x + 0.5) / width[level], (y + 0.5) / height[level]])
    keep = _spread(xy, strength)
    level, y, x = level[keep], y[keep], x[keep]
    start = np.cumsum([0, *(len(pixels) for pixels in smoothed[:-1])])
    around = np.multiply.outer(width, _DOWN) + _ACROSS  # on each level
    places = (start[level] + y * width[level] + x)[:, None] + around[level]
    samples = np.concatenate(smoothed)[places].astype(np.float32)
    return Keypoints(
        np.ascontiguousarray(np.minimum(xy[:, keep] * 256, 255).astype(np.uint8).T),
        level.astype(np.uint8),
        _described(samples),
    )


def _pyramid(gray: Image.Image) -> list[NDArray[np.uint8]]:
    """Return the picture on six scales; the smaller three are the larger three, halved."""
    large = [gray]
    for n in (1, 2):
        size = max(2, round(gray.width * STEP**-n)), max(2, round(gray.height * STEP**-n))
        large.append(gray.resize(size, Image.Resampling.BILINEAR))
    images = [*large, *(image.reduce(2) for image in large)]
    return [np.asarray(image) for image in images if min(image.size) > 2 * _REACH + 2]


def _described(samples: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Describe patches: float32 (K, 144) -> uint64 (K,)."""
    signs = np.zeros((len(samples), 64), bool)
    for start in range(0, len(samples), _ROWS):
        np.greater(samples[start : start + _ROWS] @ _PROJECTION, 0, out=signs[start : start + _ROWS, :BITS])
    return np.packbits(signs, axis=1, bitorder="little").view("<u8").ravel()


# Rows lie one behind the other: a step down is a step of `width`. At the ends of rows nonsense comes about, too near to
# the edge to matter, and NumPy works on one long array twice as fast as on many short ones.


def _smooth(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return 256 times the pixels after a binomial filter of five taps: uint16, from pixel (2, 2)."""
    width = image.shape[1]
    p = image.ravel().astype(np.uint16)
    for step in (1, 1, 1, 1, width, width, width, width):
        p = p[:-step] + p[step:]
    return p


def _hessian(pixels: NDArray[np.uint16], width: int) -> NDArray[np.float32]:
    """Return the determinant of the second derivatives, taken two pixels apart: float32, from pixel (2, 2)."""
    p = (pixels >> 4).view(np.int16)
    down, count = 2 * width, len(p) - 4 * width - 4

    def at(y: int, x: int) -> slice:
        return slice(y * down + 2 * x, y * down + 2 * x + count)

    # Differences of differences, each first one taken once.
    across = p[2:] - p[:-2]
    xx = across[at(1, 1)] - across[at(1, 0)]
    along = p[down:] - p[:-down]
    yy = along[at(1, 1)] - along[at(0, 1)]
    across = p[4:] - p[:-4]
    xy = across[at(2, 0)] - across[at(0, 0)]
    xy >>= 2
    determinant = xx.astype(np.float32)  # once each: NumPy converts far faster than it multiplies mixed types
    determinant *= yy.astype(np.float32)
    mixed = xy.astype(np.float32)
    mixed *= mixed
    determinant -= mixed
    return determinant


def _peaks(
    pixels: NDArray[np.uint16], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Find the strongest maxima of the Hessian's determinant over 5 x 5 pixels.

    Args:
        pixels: As _smooth returns them, from pixel (2, 2).
        shape: Of the picture.

    Returns:
        Row and column in the picture, and how strong.
    """
    width = shape[1]
    above = _REACH - 6  # rows of `pixels` that no maximum needs: it lies REACH from the edge, and looks 2 + 2 around it
    rows = pixels[above * width : len(pixels) - above * width]
    response = _hessian(rows, width)
    r = response
    for step in (1, width):
        two = np.maximum(r[:-step], r[step:])
        r = np.maximum(two[: -3 * step], two[2 * step : -step])
        np.maximum(r, two[3 * step :], out=r)
    first = 2 * width + 2  # of the response, that lies amid the first 5 x 5
    highest = response[first : first + len(r)] == r
    highest &= r > _NOISE
    place = np.flatnonzero(highest) + first
    pixel = place + ((above + 4) * width + 4)
    y = pixel // width  # by one number: NumPy divides by many, and takes remainders, far slower
    x = pixel - y * width
    inside = (x >= _REACH) & (x < width - _REACH)
    y, x, strength = y[inside], x[inside], response[place[inside]]
    if len(strength) > COUNT:
        strongest = np.argpartition(-strength, COUNT)[:COUNT]
        y, x, strength = y[strongest], x[strongest], strength[strongest]
    return y, x, strength


def _spread(xy: NDArray[np.float64], strength: NDArray[np.float32]) -> NDArray[np.intp]:
    """Choose the strongest points, three from each cell, then three more, so that every crop keeps some."""
    order = np.argsort(-strength, kind="stable")
    column, row = (xy * _CELLS).astype(np.uint8)
    cell = (row * _CELLS + column)[order]
    by_cell = np.argsort(cell, kind="stable")  # of small integers, as here and below, it counts instead of comparing
    first = np.searchsorted(cell[by_cell], np.arange(_CELLS * _CELLS))
    rank = np.empty(len(order), np.int16)
    rank[by_cell] = np.arange(len(order)) - first[cell[by_cell]]
    return order[np.argsort(rank // 3, kind="stable")[:COUNT]]


# What describes a point: cosine frequencies over 12 x 12 samples, the lowest first, without the mean.

_ORDER = sorted(((v, u) for v in range(_FREQUENCIES) for u in range(_FREQUENCIES)), key=lambda vu: (vu[0] + vu[1], vu))[
    1:
]
_OFFSETS = np.arange(_SIDE) * _SPACING - _SPACING * (_SIDE - 1) // 2 - 2  # from a point, in what _smooth returns
_DOWN, _ACROSS = np.repeat(_OFFSETS, _SIDE), np.tile(_OFFSETS, _SIDE)
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
