"""The eight ways of turning and mirroring a picture, and a 256-bit hash that knows them all.

A turn is a number 0 to 7: mirror left and right (1), then top and bottom (2), then swap rows and columns (4).

The hash is made as PDQ makes it, from the 16 x 16 lowest frequencies of the whole picture, but by their sign instead of
against their median: a turn then only flips and swaps bits. (The library `pdqhash` has no wheels for Python 3.12 and
later, nor for Linux; `imagehash` brings SciPy and PyWavelets, 120 MB, for this one transform.)
Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook, 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FREQUENCIES = 16
HASH_BITS = FREQUENCIES * FREQUENCIES
INVERSE = (0, 1, 2, 3, 4, 6, 5, 7)
"""What undoes each turn."""
NAMES = (
    "",
    "mirrored",
    "mirrored top to bottom",
    "turned by 180 degrees",
    "mirrored and turned",
    "turned by 90 degrees",
    "turned by 90 degrees",
    "mirrored and turned",
)


def turn_pixels(pixels: NDArray[Any], turn: int) -> NDArray[Any]:
    """Turn pixels (..., H, W)."""
    if turn & 1:
        pixels = pixels[..., ::-1]
    if turn & 2:
        pixels = pixels[..., ::-1, :]
    return np.swapaxes(pixels, -1, -2) if turn & 4 else pixels


def spectra(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the frequencies 1 to 16, down and across: uint8 (N, H, H) -> float32 (N, 16, 16)."""
    side = gray.shape[-1]
    k = np.arange(1, FREQUENCIES + 1, dtype=np.float64)[:, None]
    n = np.arange(side, dtype=np.float64)
    waves = (np.cos(np.pi * k * (2 * n + 1) / (2 * side)) * (2 / side)).astype(np.float32)
    return waves @ gray.astype(np.float32) @ waves.T


_ODD = np.where(np.arange(1, FREQUENCIES + 1) % 2, -1, 1).astype(np.float32)  # mirrored, odd waves change their sign


def hashes(spectrum: NDArray[np.float32], turn: int = 0) -> NDArray[np.uint64]:
    """Return the hashes of pictures after a turn: float32 (N, 16, 16) -> uint64 (N, 4)."""
    if turn & 1:
        spectrum = spectrum * _ODD
    if turn & 2:
        spectrum = spectrum * _ODD[:, None]
    if turn & 4:
        spectrum = np.swapaxes(spectrum, -1, -2)
    return np.packbits((spectrum > 0).reshape(len(spectrum), HASH_BITS), axis=1).view(np.uint64)


def distances(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Count the bits in which hashes differ, along the last axis."""
    return np.bitwise_count(one ^ other).sum(-1, dtype=np.int64)
