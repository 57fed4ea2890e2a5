"""Whether two files show the same pixels: what only decoding both in full can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from importers.base import Rendition
from indexer.decoders import DecoderPool, Job
from indexer.duplicates.features import MIN_EDGE, Features
from indexer.preprocess import PixelSpec

# What decoders must be told; here every pixel counts.
_NO_MODEL = PixelSpec(MIN_EDGE, MIN_EDGE, "exact", MIN_EDGE, 2, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
_LOSSY = {"JPEG", "HEIC", "AVIF", "GIF"}  # of GIF the colours; and what moves in it is no longer in a still
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


class Pixels:
    """Compares files by all of their pixels, decoded where a picture can do no harm. All methods are for one thread."""

    def __init__(self) -> None:
        """Prepare; the decoder is started with the first pair."""
        self._decoder = DecoderPool(_NO_MODEL, workers=1)
        self._digests: dict[Path, bytes] = {}

    def are_same(self, one: Path, other: Path) -> bool:
        """Decode both files, upright and in sRGB, and compare every pixel; False where one cannot be read."""
        first = self._digest(one)
        return bool(first) and first == self._digest(other)

    def close(self) -> None:
        """End the decoder."""
        self._decoder.close()

    def _digest(self, path: Path) -> bytes:
        if path not in self._digests:
            self._decoder.submit(Job(0, (Rendition(path.absolute()),), in_full=True))
            (decoded,) = self._decoder.results(wait=True)
            self._digests[path] = decoded.pixel_digest
        return self._digests[path]
