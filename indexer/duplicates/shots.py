"""Whether two files that look the same are two shots: the noise of a sensor is never the same twice.

A copy has the noise of what it was made from, as far as its encoding kept any; the next frame from a tripod has its
own. So where there is little else to see, the finest differences between pixels either go together or have nothing to
do with one another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.duplicates.enlarged import gray_of
from indexer.duplicates.origin import is_fine

_BLOCK = 16  # pixels; those with least in them are compared
_QUIET = 0.25  # share of the blocks
_LEAST_BLOCKS = 24
_CROP = 1024  # pixels of the middle
_MOST_PIXELS = 30_000_000  # as floating-point numbers twice
_LEAST_NOISE = 0.6  # gray levels: below, an encoding has left none
_AS_MUCH = 1.6  # times: where one has lost its noise, nothing goes together
_TOGETHER = 0.22  # correlation; of two shots' noise it is about 0, of a copy's 0.3 to 1
_STILL, _MOVED = 2.0, 10.0  # gray levels by which blocks differ, on average


def are_two_shots(one: Path, other: Path) -> bool:
    """Tell whether two pictures of one size, alike all over but in places, are two shots; False where that is not sure.

    Raises:
        OSError: A file cannot be read.
    """
    if not (is_fine(one) and is_fine(other)):
        return False
    pictures = gray_of(one), gray_of(other)
    if pictures[0] is None or pictures[1] is None or pictures[0].size != pictures[1].size:
        return False
    if pictures[0].width * pictures[0].height > _MOST_PIXELS:
        return False
    whole = [np.asarray(picture, np.float32) for picture in (pictures[0], pictures[1])]
    return have_moved(*whole) and have_other_noise(*(_middle(pixels) for pixels in whole))


def have_moved(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Tell whether two gray pictures differ in a few places, much more than in all others."""
    change = np.abs(_blocks(one - other).mean(1))
    return len(change) >= _LEAST_BLOCKS and float(np.median(change)) < _STILL and float(change.max()) > _MOVED


def have_other_noise(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Tell whether the noise of two gray pictures, float32 (H, W) from 0 to 255, has nothing in common."""
    found = noise(one, other)
    if found is None:
        return False
    first, second, together = found
    if min(first, second) < _LEAST_NOISE or max(first, second) > _AS_MUCH * min(first, second):
        return False
    return together < _TOGETHER


def noise(one: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[float, float, float] | None:
    """Measure the noise of two pictures, in gray levels, and its correlation; None where there is too much to see."""
    a, b = _blocks(_fine(one)), _blocks(_fine(other))
    busy = np.maximum((a * a).mean(1), (b * b).mean(1))
    quiet = np.argsort(busy)[: int(_QUIET * len(busy))]
    quiet = quiet[busy[quiet] > 0.01]  # not what is of one tone, burnt out or black
    if len(quiet) < _LEAST_BLOCKS:
        return None
    a, b = a[quiet], b[quiet]
    first, second = float((a * a).mean()), float((b * b).mean())
    return first**0.5, second**0.5, float((a * b).mean()) / max((first * second) ** 0.5, 1e-6)


def _fine(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much pixels differ from those around them: what is left of edges and slopes is little."""
    down = pixels[1:-1] - (pixels[:-2] + pixels[2:]) / 2
    return (down[:, 1:-1] - (down[:, :-2] + down[:, 2:]) / 2).astype(np.float32, copy=False)


def _blocks(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut into blocks: float32 (H, W) -> (blocks, 256)."""
    rows, columns = pixels.shape[0] // _BLOCK, pixels.shape[1] // _BLOCK
    cut = pixels[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return cut.swapaxes(1, 2).reshape(rows * columns, _BLOCK * _BLOCK)


def _middle(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    top, left = (max(0, side - _CROP) // 2 for side in pixels.shape)
    return pixels[top : top + _CROP, left : left + _CROP]
