"""Whether the larger of two pictures shows any more than the smaller one: who only enlarges makes nothing up.

Pixels that were put between others follow from those. So the smaller picture is enlarged in the ways that programs
know, and what is then left between it and the larger one is compared with the finest detail that it has itself: a
camera's picture has about as much again in the next octave, one that was enlarged has what its encoding left.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from indexer.duplicates.origin import OPENED, read_picture

LEAST = 1.15
"""Times the width of the smaller one: below, there is hardly an octave to look at."""
MOST = 6.0
_WAYS = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR, Image.Resampling.NEAREST)
_CROPS = (96, 320)  # pixels of the smaller one's middle; few of them mostly show that it was not enlarged
_EDGE = 4  # of those, where enlarging a part only differs
_LEFT = 0.15  # share of the smaller one's finest detail; in cameras' pictures 0.19 and more is left, mostly 0.5 to 1
_LEAST_DETAIL = 0.8  # gray levels: a plain picture tells nothing


def was_enlarged(larger: Path, smaller: Path) -> bool:
    """Tell whether a picture was enlarged from another one that shows the same frame; False where that is not sure.

    Raises:
        OSError: A file cannot be read.
    """
    pictures = gray_of(larger), gray_of(smaller)
    if pictures[0] is None or pictures[1] is None:
        return False
    large, small = pictures[0], pictures[1]
    scale = large.width / small.width
    if not LEAST <= scale <= MOST or abs(large.height / small.height / scale - 1) > 0.02:
        return False
    ways = _WAYS
    for side in _CROPS:
        way = _followed(large, small, scale, side, ways)
        if way is None:
            return False
        ways = (way, *(other for other in _WAYS if other is not way))  # what made one part made the others, too
    return True


def _followed(
    large: Image.Image, small: Image.Image, scale: float, side: int, ways: Sequence[Image.Resampling]
) -> Image.Resampling | None:
    """Compare the middles of pictures, so many pixels of the smaller one wide and high; see `followed`."""
    size = [min(whole, round(side * scale)) for whole in large.size]
    left, top = ((whole - part) // 2 for whole, part in zip(large.size, size, strict=True))
    box = (left, top, left + size[0], top + size[1])
    return followed(large.crop(box), small, _scaled(box, large.size, small.size), ways)


def followed(
    large: Image.Image,
    small: Image.Image,
    box: tuple[float, float, float, float],
    ways: Sequence[Image.Resampling] = _WAYS,
) -> Image.Resampling | None:
    """Tell in which way a part of a gray picture was enlarged to make another one; None where in none of them.

    Its brightness may have been changed.

    Args:
        large: The larger one.
        small: The smaller one, whole.
        box: Where that part lies in it.
        ways: Those to try, the likeliest first.
    """
    part = small.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
    halved = part.resize((max(1, part.width // 2), max(1, part.height // 2)), Image.Resampling.BOX)
    finest = _inner(part, _EDGE) - _inner(halved.resize(part.size, Image.Resampling.BICUBIC), _EDGE)
    detail = float(np.linalg.norm(finest)) / finest.size**0.5 if finest.size else 0.0
    if detail < _LEAST_DETAIL:
        return None
    edge = int(_EDGE * large.width / (box[2] - box[0])) + 1
    seen = _inner(large, edge)
    made = ((way, _inner(small.resize(large.size, way, box), edge)) for way in ways)
    return next((way for way, pixels in made if _left_over(seen, pixels) < _LEFT * detail), None)


def _left_over(seen: NDArray[np.float32], made: NDArray[np.float32]) -> float:
    """Return how far pictures are apart, in gray levels of the second, once their contrast was made the same."""
    if not seen.size:
        return float("inf")
    a, b = seen - float(seen.mean()), made - float(made.mean())
    gain = float((a * b).sum()) / max(float((b * b).sum()), 1e-6)
    if gain < 0.2:
        return float("inf")
    return float(np.linalg.norm(a - gain * b)) / a.size**0.5 / gain


def _inner(picture: Image.Image, edge: int) -> NDArray[np.float32]:
    return np.asarray(picture, np.float32)[edge:-edge, edge:-edge]


def _scaled(
    box: tuple[int, int, int, int], size: tuple[int, int], to: tuple[int, int]
) -> tuple[float, float, float, float]:
    across, down = to[0] / size[0], to[1] / size[1]
    return box[0] * across, box[1] * down, min(to[0], box[2] * across), min(to[1], box[3] * down)


def gray_of(path: Path) -> Image.Image | None:
    """Decode a picture's luminance, upright; None where it is damaged, or of a kind that is not opened here.

    Raises:
        OSError: It cannot be read now.
    """
    return read_picture(path, _gray, OPENED)


def _gray(image: Image.Image) -> Image.Image:
    image.draft("L", None)
    return ImageOps.exif_transpose(image).convert("L")
