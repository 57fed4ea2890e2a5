"""Any of Pillow's picture modes -> RGB in sRGB, alpha on white."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

WHITE = 255
_INDISTINGUISHABLE = 2
"""Profiles that move no colour by more than this many of 255 levels are sRGB under another name."""
_SAME_GREY = 12
"""Of 255 levels. Adobe RGB moves a dark grey by 9, a gamma of 1.8 moves others by 19."""


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Turn pixels of 1, 16 or 32 bits and palettes into 8 bits a channel; other modes are returned as they are."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.mode in ("La", "RGBa"):
        return image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_scaled(np.asarray(image)))
    if image.mode in ("L", "RGB") and "transparency" in image.info:
        return image.convert("RGBA")  # one colour that stands for "see through"
    return image


def _scaled(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values to 0..255: the white of a file is the smallest usual white that none of its values exceeds.

    Files do not say their white: 16-bit integers use 65535, floats 1 or, rarely, an integer's white.
    """
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(grey.max(initial=0.0))
    usual = (65535.0, 2.0**32 - 1) if np.issubdtype(values.dtype, np.integer) else (1.0, 255.0, 65535.0)
    white = next((white for white in usual if peak <= white), peak)
    return (np.clip(grey, 0, white) * (255 / white) + 0.5).astype(np.uint8)


def to_rgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Lay alpha on white and convert to RGB; the file behind the picture may be closed afterwards.

    A profile that is broken, or of another colour space than the picture, is ignored, as viewers do.

    Returns:
        The picture, and the profile that its colours still need (see rgb_to_srgb); None where they are sRGB.
    """
    image = _on_white(image)
    space = profile[16:20] if profile else b""  # ICC.1, header: the data colour space
    if profile and space == b"RGB " and image.mode in ("RGB", "L"):
        return _rgb(image), profile if _transform(profile, "RGB") else None
    if profile and (space, image.mode) in ((b"GRAY", "L"), (b"CMYK", "CMYK"), (b"Lab ", "LAB")):
        transform = _transform(profile, image.mode)
    else:
        transform = _lab_transform() if image.mode == "LAB" else None
    return (_apply(transform, image) if transform else _rgb(image)), None


def _rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB; Pillow would copy a picture that is RGB already."""
    if image.mode != "RGB":
        return image.convert("RGB")
    image.load()  # or the pixels would still be in the file, for which nobody keeps it open
    return image


def rgb_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an RGB picture from its profile's colours to sRGB."""
    transform = _transform(profile, "RGB")
    return _apply(transform, image) if transform else image


@lru_cache(maxsize=64)
def averages_like_srgb(profile: bytes) -> bool:
    """Tell whether a picture may be reduced in the colours of an RGB profile as well as in sRGB.

    So it is where grey is nearly the same number in both: in Display P3 and Adobe RGB. Not with the gamma of 1.8 that
    ProPhoto RGB and old Macs have: there the mean of black and white is another grey.
    """
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    change = np.asarray(rgb_to_srgb(Image.fromarray(ramp), profile), np.int16) - ramp
    return bool(np.abs(change).max() <= _SAME_GREY)


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a picture with an alpha channel on white."""
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque = "L" if image.mode == "LA" else "RGB"
    paper = Image.new(opaque, image.size, WHITE if opaque == "L" else (WHITE, WHITE, WHITE))
    paper.paste(image.convert(opaque), mask=image.getchannel("A"))
    return paper


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    assert result is not None  # only in-place transforms return nothing
    return result


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the way to sRGB once for all pictures of a profile; None where it is broken or changes nothing."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), mode, "RGB"
        )
    except (OSError, ImageCms.PyCMSError):
        return None
    if mode == "CMYK":
        return transform
    levels = np.linspace(0, 255, 6).astype(np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    colours = Image.fromarray(probe).convert(mode)
    change = np.asarray(_apply(transform, colours), np.int16) - np.asarray(colours.convert("RGB"), np.int16)
    return transform if np.abs(change).max() > _INDISTINGUISHABLE else None


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
