"""Camera RAW files, through the preview that the camera stored in them (the extra `raw`: rawpy, LibRaw)."""

# pyright: reportUnknownMemberType=false
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rawpy import RawPy

_CAMERA_COMPRESSIONS = frozenset((32767, 32769, 32770, 34713, 34892, 65000, 65535))
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_DIRECTORY_BYTES = 1 << 20
PREVIEW_FORMATS = ("JPEG", "PPM")

# LibRaw's `flip` is the turn that a viewer has to make: 3 half a turn, 5 left, 6 right.
_TURNS = {3: Image.Transpose.ROTATE_180, 5: Image.Transpose.ROTATE_90, 6: Image.Transpose.ROTATE_270}
_SIDEWAYS = (5, 6)


class UnknownRaw(Exception):  # noqa: N818  # says what the file is, which need not be wrong
    """LibRaw does not know this kind of file."""


class DamagedRaw(Exception):  # noqa: N818  # as above
    """LibRaw knows this kind of file, and cannot develop this one; the message says why."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A RAW file's picture.

    Attributes:
        data: A JPEG or PPM file.
        turn: What makes it upright, where its own EXIF does not say (LibRaw adds one to JPEGs that have none).
        width: Pixels of the RAW picture, upright.
        height: Pixels of the RAW picture, upright.
    """

    data: bytes
    turn: Image.Transpose | None
    width: int
    height: int


@cache
def is_available() -> bool:
    """Tell whether the extra `raw` is installed."""
    return find_spec("rawpy") is not None


def is_raw_tiff(tags: Mapping[int, object]) -> bool:
    """Tell a RAW file that is built as a TIFF (NEF, ARW, DNG, PEF, ...) from a picture, by its first directory.

    There such a file has a thumbnail, marked as a reduced copy with the rest in sub-directories, or sensor data.
    Source: Adobe DNG 1.7 (DNGVersion 50706, PhotometricInterpretation); TIFF/EP (NewSubfileType 254, SubIFDs 330).
    """
    reduced_copy = tags.get(254) == 1 and 330 in tags
    sensor_data = tags.get(259) in _CAMERA_COMPRESSIONS or tags.get(262) in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW)
    return 50706 in tags or reduced_copy or sensor_data


def read_preview(file: BinaryIO, min_edge: int | None) -> Preview:
    """Return the largest preview; where its shorter side is under `min_edge`, the sensor data at half size instead.

    Raises:
        UnknownRaw: No RAW file, or one of a camera that is newer than LibRaw.
        rawpy.LibRawError: The file is damaged.
    """
    import rawpy

    whole = file.read()
    try:
        opened = rawpy.imread(io.BytesIO(whole))
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnknownRaw from error
    with opened:
        flip, sizes = opened.sizes.flip, opened.sizes
        width, height = (sizes.height, sizes.width) if flip in _SIDEWAYS else (sizes.width, sizes.height)
        stored = _stored_preview(opened, whole)
        if stored is not None and (min_edge is None or min(_size(stored)) >= min_edge):
            return Preview(stored, _TURNS.get(flip), width, height)
        developed = opened.postprocess(half_size=True, use_camera_wb=True)  # upright already
        return Preview(_as_ppm(developed), None, width, height)


def size_of(path: Path) -> tuple[int, int] | None:
    """Return the size in pixels, upright, of what `develop` gives; None where it cannot be had, or rawpy is absent."""
    if not is_available():
        return None
    import rawpy

    try:
        with path.open("rb") as file, rawpy.imread(file) as opened:
            sizes = opened.sizes
            return (sizes.height, sizes.width) if sizes.flip in _SIDEWAYS else (sizes.width, sizes.height)
    except (rawpy.LibRawError, rawpy.NotSupportedError, OSError):
        return None


def develop(path: Path, *, is_turned: bool = True) -> Image.Image:
    """Develop the sensor data in full size with the camera's white balance: RGB in sRGB.

    Args:
        path: The file; only read.
        is_turned: Whether it is made upright, as the file says; else it stays as it is stored.

    Raises:
        DamagedRaw: They cannot be developed.
        OSError: The file cannot be read.
    """
    import rawpy

    try:
        with path.open("rb") as file, rawpy.imread(file) as opened:
            return Image.fromarray(opened.postprocess(use_camera_wb=True, user_flip=None if is_turned else 0))
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        raise DamagedRaw(str(error)) from error


def _stored_preview(opened: RawPy, whole: bytes) -> bytes | None:
    """Return the largest preview as a picture file; None where there is none that can be read.

    Where a file is cut short, LibRaw fills up the preview with whatever the memory held before, even the end of
    another photo's preview: only one whose second half stands in the file is taken.
    """
    import rawpy

    try:
        thumb = opened.extract_thumb()
        data = thumb.data if isinstance(thumb.data, bytes) else _as_ppm(thumb.data)
        _size(data)
    except (rawpy.LibRawError, rawpy.NotSupportedError, OSError):
        return None
    if isinstance(thumb.data, bytes) and thumb.data[len(thumb.data) // 2 :] not in whole:
        return None
    return data


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture), formats=PREVIEW_FORMATS) as image:
        return image.size


def _as_ppm(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, "PPM")
    return file.getvalue()


def read_exif(file: BinaryIO) -> Image.Exif:
    """Return the EXIF of a RAW file that is built like a TIFF, as most are (Olympus and Panasonic change the mark)."""
    head = file.read(_DIRECTORY_BYTES)
    exif = Image.Exif()
    if head[:2] in (b"II", b"MM"):
        mark = b"II*\0" if head[:2] == b"II" else b"MM\0*"
        exif.load(mark + head[4:])
    return exif
