"""What is kept of a picture's looks, 3.8 kB at most, so that two pictures compare without their files.

Axes: H rows, W columns of the thumbnail, K keypoints, N pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from importers.colour import averages_like_srgb, rgb_to_srgb
from importers.images import Picture
from indexer.duplicates.keypoints import COUNT, Keypoints, find_keypoints

VERSION = 3
"""Of how features are computed."""
COMPARABLE = 2
"""The oldest version whose features may be compared with the present ones; those before are computed anew."""
SIDE = 48
CHROMA_SIDE = 8
LONGER = 256
"""Pixels of the longer side when keypoints are looked for."""
MIN_EDGE = 128
"""A picture may be decoded reduced while its shorter side keeps twice this."""
_THUMBNAIL_BYTES = SIDE * SIDE
_CHROMA_BYTES = 2 * CHROMA_SIDE * CHROMA_SIDE


@dataclass(frozen=True, slots=True)
class Features:
    """A picture's looks.

    Attributes:
        gray: uint8 (48, 48), the whole picture squeezed into a square.
        chroma: uint8 (2, 8, 8), Cb and Cr of the same; 128 is gray.
        keypoints: What is found again in crops.
        width: Pixels of the full picture, upright.
        height: Pixels of the full picture, upright.
    """

    gray: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    keypoints: Keypoints
    width: int
    height: int

    @property
    def size(self) -> NDArray[np.float64]:
        """Width and height where the longer side is 256: the pixels that keypoints are counted in."""
        return np.array([self.width, self.height]) * (LONGER / max(self.width, self.height))


def describe(picture: Image.Image, width: int, height: int, profile: bytes | None = None) -> Features:
    """Compute the features of an upright RGB picture.

    Args:
        picture: At any reduction that leaves some 256 pixels.
        width: Pixels of the full picture, upright.
        height: Pixels of the full picture, upright.
        profile: The ICC profile of its colours, one whose pixels average as sRGB's do; None where they are sRGB.
    """
    scale = LONGER / max(picture.size)
    size = max(2, round(picture.width * scale)), max(2, round(picture.height * scale))
    factor = max(1, max(picture.size) // LONGER)
    coarse = _in_blocks(picture, factor)  # the one step that looks at every pixel
    whole = 0, 0, picture.width / factor, picture.height / factor  # not what fills the last blocks
    gray = coarse.convert("L").resize(size, Image.Resampling.BILINEAR, whole)
    thumbnail = gray.resize((SIDE, SIDE), Image.Resampling.BOX)
    few = _in_blocks(coarse, min(coarse.size) // (4 * CHROMA_SIDE))
    if profile:  # converting a pixel's colours costs more than all else: only of few, and no edge is moved by it
        unconverted, few = few, rgb_to_srgb(few, profile)
        thumbnail = _brightened(thumbnail, unconverted.convert("L"), few.convert("L"))
    colours = few.resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BOX).convert("YCbCr")
    return Features(
        np.asarray(thumbnail),
        np.ascontiguousarray(np.moveaxis(np.asarray(colours)[..., 1:], -1, 0)),
        find_keypoints(gray),
        width,
        height,
    )


def _brightened(thumbnail: Image.Image, before: Image.Image, after: Image.Image) -> Image.Image:
    """Change a gray picture as another one, in any size, was changed."""
    change = Image.fromarray(np.asarray(after, np.float32) - np.asarray(before))
    change = np.asarray(change.resize(thumbnail.size, Image.Resampling.BILINEAR))
    return Image.fromarray(np.clip(np.asarray(thumbnail) + np.rint(change), 0, 255).astype(np.uint8))


def _in_blocks(picture: Image.Image, factor: int) -> Image.Image:
    """Average blocks of `factor` x `factor` pixels."""
    return picture.reduce(factor) if factor > 1 else picture


def describe_picture(picture: Picture) -> Features:
    """Compute the features of a decoded picture."""
    stored, profile = picture.stored, picture.profile
    if profile and not averages_like_srgb(profile):
        stored, profile = rgb_to_srgb(_in_blocks(stored, max(stored.size) // (2 * LONGER)), profile), None
    return describe(stored, picture.width, picture.height, profile)


def pack(features: Features) -> bytes:
    """Write features as bytes: thumbnail, chroma, then of all keypoints the bits, positions and levels."""
    points = features.keypoints
    parts = (features.gray, features.chroma, points.bits.astype("<u8"), points.xy, points.level)
    return b"".join(part.tobytes() for part in parts)


def unpack(data: bytes, width: int, height: int) -> Features:
    """Read features as pack() wrote them.

    Raises:
        ValueError: The bytes are not features.
    """
    start = _THUMBNAIL_BYTES + _CHROMA_BYTES
    count, rest = divmod(len(data) - start, 11)
    if rest or not 0 <= count <= COUNT:
        raise ValueError(f"{len(data)} bytes are no features")
    gray = np.frombuffer(data, np.uint8, _THUMBNAIL_BYTES).reshape(SIDE, SIDE)
    chroma = np.frombuffer(data, np.uint8, _CHROMA_BYTES, _THUMBNAIL_BYTES).reshape(2, CHROMA_SIDE, CHROMA_SIDE)
    bits = np.frombuffer(data, "<u8", count, start).astype(np.uint64)
    xy = np.frombuffer(data, np.uint8, 2 * count, start + 8 * count).reshape(count, 2)
    level = np.frombuffer(data, np.uint8, count, start + 10 * count)
    return Features(gray, chroma, Keypoints(xy, level, bits), width, height)
