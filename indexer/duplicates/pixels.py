"""Whether two files show the same pixels: what only decoding both in full can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from importers.images import ImageProblem, open_upright
from indexer.duplicates.features import Features

_LOSSY = {"JPEG", "HEIC", "AVIF"}
_LOSSLESS = {"PNG", "TIFF", "BMP", "PNM"}


def saved_from(one: str, other: str) -> int:
    """Tell of the formats of two files with the same pixels which was saved from which, as Verdict.derived does.

    Encoding with loss changes pixels; so where a lossy file has those of a lossless one, it came first.
    """
    return (one in _LOSSY and other in _LOSSLESS) - (one in _LOSSLESS and other in _LOSSY)


def may_be_same(one: Features, other: Features) -> bool:
    """Tell whether decoding both is worth while: all that is kept of them is the same."""
    return (
        (one.width, one.height) == (other.width, other.height)
        and np.array_equal(one.gray, other.gray)
        and np.array_equal(one.chroma, other.chroma)
        and np.array_equal(one.keypoints.bits, other.keypoints.bits)
    )


def same_pixels(one: Path, other: Path) -> bool:
    """Decode both files, upright and in sRGB, and compare every pixel; False where one cannot be read."""
    try:
        first, second = (np.asarray(open_upright(path, min_edge=None).rgb) for path in (one, other))
    except ImageProblem:
        return False
    return np.array_equal(first, second)
