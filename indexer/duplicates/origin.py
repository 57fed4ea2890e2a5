"""Which of two files with one picture was made from the other: what passing through a program leaves behind.

Asked only of files that were found to be one picture encoded twice, or edited, so that what was lost says something:
who takes metadata out of a file without decoding it leaves its pixels as they are. JPEG, PNG and BMP files only are
opened: of others (a damaged HEIC may end the process that opens it) the format itself must do.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD, Base

_T = TypeVar("_T")

_FORMATS = ("JPEG",)  # which opens MPO files, too
_LOSSLESS = ("PNG", "BMP")
OPENED = (*_FORMATS, *_LOSSLESS)
"""What may be opened in this process; a parser that may end it runs in a decoder alone."""
# Cameras name their firmware in the same field, and programs that only write metadata name themselves there, too.
_EDITORS = re.compile(
    "photoshop|lightroom|camera raw|gimp|darktable|rawtherapee|capture one|affinity|snapseed|luminar|pixelmator|"
    "paint|imagemagick|instagram|dxo|on1|acdsee|vsco|picsart|canva",
    re.IGNORECASE,
)
_CROP = 512  # pixels of the middle that traces are looked for in
_FINE = 12.5  # of a quantisation table, on average: quality 90 as most programs count it
_GRID = 4.0  # times by which the steps at the edges of squares exceed others, as those differ among themselves
_LEAST_TRACES = 400  # coefficients: below, they say nothing
_TRACES = 0.15  # how far from a multiple of the other's step coefficients lie, in steps: 0.25 by chance

_CAMERA_FORMATS = ("RAW", "JPEG", "HEIC", "TIFF")  # no camera writes others

_VIDEO = re.compile(rb"\xff\xd9.{0,64}?\0\0\0.ftyp(?:mp4|isom|qt|iso)", re.DOTALL)  # after the picture's end

_GRID_SAID = "with the squares of a JPEG in it"
_TRACES_SAID = "with the traces of the other's encoding in it"


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file says before its pixels.

    Attributes:
        editor: The program that encoded it, "" where none is named.
        notes: Whether the camera's own notes are there.
        thumbnail: Whether the camera's small picture is there.
        recorded: Width and height as its camera recorded them; 0 where it did not.
        steps: The luminance's quantisation table, int64 (8, 8).
        size: As stored.
    """

    editor: str
    notes: bool
    thumbnail: bool
    recorded: tuple[int, int]
    steps: NDArray[np.int64]
    size: tuple[int, int]

    @property
    def has_own_size(self) -> bool:
        """Whether it has the size that its camera recorded, or none is recorded."""
        return not all(self.recorded) or sorted(self.recorded) == sorted(self.size)


def encoded_from(one: Path, other: Path) -> tuple[int, str]:
    """Tell which of two files with one picture, of one size, was encoded from the other.

    Returns:
        (1 where the second was made from the first, -1 the other way round, 0 where nothing tells; by what that one is
        told: "without the camera's notes").

    Raises:
        OSError: A file cannot be read.
    """
    first, second = _header_of(one), _header_of(other)
    if first is None or second is None:
        return 0, ""
    told = _by_signs(first, second)
    if told[0]:
        return told
    finer = int(first.steps.sum() - second.steps.sum())
    if first.size != second.size or not finer:
        return 0, ""
    if finer > 0 and _shows(other, second, first):
        return 1, _TRACES_SAID
    if finer < 0 and _shows(one, first, second):
        return -1, _TRACES_SAID
    return 0, ""


def converted_from(one: tuple[str, Path], other: tuple[str, Path]) -> tuple[int, str]:
    """Tell the same of two files in two formats that both have a camera's data.

    Args:
        one: Format and file.
        other: Format and file.

    Raises:
        OSError: A file cannot be read.
    """
    formats = one[0], other[0]
    foreign = [form not in _CAMERA_FORMATS for form in formats]
    if foreign[0] != foreign[1]:
        place = foreign.index(True)
        return 2 * place - 1, f"saved as {formats[place]}, which no camera writes"
    if set(formats) != {"JPEG", "HEIC"}:
        return 0, ""
    place = formats.index("JPEG")
    header = _header_of((one, other)[place][1])
    if header is None:
        return 0, ""
    said = next(filter(None, (sign(header) for sign in _SIGNS)), "")
    if said:
        return 2 * place - 1, said
    return 1 - 2 * place, "from a JPEG that has all that its camera wrote"


def edited_from(one: tuple[str, Path], other: tuple[str, Path], *, by_camera: bool) -> tuple[int, str]:
    """Tell the same of two pictures of one shot and size of which one was edited, so that no traces can be compared.

    Args:
        one: Format and file.
        other: Format and file.
        by_camera: Whether both have a camera's data.

    Raises:
        OSError: A file cannot be read.
    """
    formats = one[0], other[0]
    if formats == ("JPEG", "JPEG"):
        first, second = _header_of(one[1]), _header_of(other[1])
        return (0, "") if first is None or second is None else _by_signs(first, second)
    return converted_from(one, other) if by_camera else saved_from_jpeg(one, other)


def saved_from_jpeg(one: tuple[str, Path], other: tuple[str, Path]) -> tuple[int, str]:
    """Tell the same of a JPEG and a file in a format without loss, of which no camera's data say anything.

    Args:
        one: Format and file.
        other: Format and file.

    Raises:
        OSError: A file cannot be read.
    """
    formats = one[0], other[0]
    if "JPEG" in formats and (formats[0] in _LOSSLESS or formats[1] in _LOSSLESS):
        place = 1 - formats.index("JPEG")
        if _was_jpeg((one, other)[place][1]):
            return 2 * place - 1, _GRID_SAID
    return 0, ""


def _was_jpeg(path: Path) -> bool:
    """Tell whether a file in a format without loss was saved from a JPEG; it is asked about beside each of its copies.

    Raises:
        OSError: It cannot be read now.
    """
    return _was_jpeg_at(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _was_jpeg_at(path: Path, mtime_ns: int) -> bool:
    pixels = read_picture(path, _middle, _LOSSLESS)
    return pixels is not None and has_grid(pixels)


def is_enlarged(path: Path, size: tuple[int, int]) -> bool:
    """Tell whether a JPEG has more pixels than its camera recorded, which were those of another file with its picture.

    Args:
        path: The larger file.
        size: Width and height of the other one, upright.

    Raises:
        OSError: It cannot be read.
    """
    header = _header_of(path)
    return header is not None and not header.has_own_size and sorted(header.recorded) == sorted(size)


def _by_signs(first: _Header, second: _Header) -> tuple[int, str]:
    """Tell by what one of two files has lost, or says of itself."""
    for sign in _SIGNS:
        made = sign(first), sign(second)
        if bool(made[0]) != bool(made[1]):
            return (1, made[1]) if made[1] else (-1, made[0])
    return 0, ""


def holds_video(path: Path) -> bool:
    """Tell whether a film lies behind a JPEG's picture, as in a phone's motion photo.

    Raises:
        OSError: It cannot be read.
    """
    return _VIDEO.search(path.read_bytes()) is not None


def is_as_recorded(path: Path) -> bool:
    """Tell whether a JPEG has the size that its camera recorded.

    Raises:
        OSError: It cannot be read.
    """
    header = _header_of(path)
    return header is not None and all(header.recorded) and header.has_own_size


def is_fine(path: Path) -> bool:
    """Tell whether a JPEG was encoded so finely that its noise was kept; of other files True.

    Raises:
        OSError: It cannot be read.
    """
    header = _header_of(path)
    return header is None or float(header.steps.mean()) <= _FINE


def _shows(path: Path, own: _Header, other: _Header) -> bool:
    middle = read_picture(path, _middle)
    return middle is not None and has_traces(middle, own.steps, other.steps)


_SIGNS: tuple[Callable[[_Header], str], ...] = (
    lambda header: f"saved by {header.editor}" if header.editor else "",
    lambda header: "" if header.notes else "without the camera's notes",
    lambda header: "" if header.has_own_size else "in another size than its camera recorded",
    lambda header: "" if header.thumbnail else "without the camera's small picture",
)
"""What tells a file that was encoded again, in words; the first that is true of one file only decides."""


def has_traces(middle: NDArray[np.uint8], own: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Tell whether a finely encoded picture was encoded coarsely before: its coefficients still lie at those steps.

    Source: J. Lukas, J. Fridrich, "Estimation of primary quantization matrix in double compressed JPEG images", 2003.

    Args:
        middle: uint8 (H, W), luminance; H and W are multiples of 8, and it begins where a block of the file does.
        own: Its quantisation table, int64 (8, 8).
        other: That of the file it may have been made from.
    """
    rows, columns = middle.shape[0] // 8, middle.shape[1] // 8
    blocks = middle.astype(np.float32).reshape(rows, 8, columns, 8).swapaxes(1, 2)  # (rows, columns, 8, 8)
    steps: NDArray[np.float64] = _COSINES @ blocks @ _COSINES.T / other
    told = other >= 2 * np.sqrt(own**2 + 1)  # elsewhere its own steps and rounding hide the other's
    told[0, 0] = False
    seen = steps[:, :, told]
    seen = seen[np.abs(seen) > 0.5]
    return len(seen) >= _LEAST_TRACES and float(np.abs(seen - np.round(seen)).mean()) < _TRACES


def has_grid(middle: NDArray[np.uint8]) -> bool:
    """Tell whether a picture was a JPEG once: from one square of 8 x 8 to the next it changes more than within them.

    Source: Z. Fan, R. de Queiroz, "Identification of bitmap compression history: JPEG detection", 2003.

    Args:
        middle: uint8 (H, W), luminance; it begins where a square would.
    """
    steps = np.zeros(8)
    for pixels in (middle.astype(np.float32), middle.T.astype(np.float32)):
        step = np.abs(np.diff(pixels, axis=1))
        more = (step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2).mean(0)  # from pixel n + 1 to n + 2
        steps += [more[(phase - 2) % 8 :: 8].mean() for phase in range(8)]  # step from phase - 1 to phase
    within = steps[2:-1]  # what lies beside the edge of a square is compared with that
    return bool(steps[0] - within.mean() > _GRID * max(float(within.std()), 0.02))


_COSINES = np.sqrt(2 / 8) * np.cos(np.pi / 8 * np.outer(np.arange(8), np.arange(8) + 0.5)).astype(np.float32)
_COSINES[0] /= np.sqrt(2)  # float32 (frequency, place): the DCT that JPEG uses


def read_picture(path: Path, read: Callable[[Image.Image], _T], formats: tuple[str, ...] = _FORMATS) -> _T | None:
    """Read something of a JPEG, or of what else is named; None where it is none, or damaged.

    Raises:
        OSError: It cannot be read now.
    """
    try:
        with warnings.catch_warnings(), Image.open(path, formats=formats) as image:
            warnings.simplefilter("ignore")
            return read(image)
    except OSError as error:
        if error.errno is not None:  # it is away, not damaged
            raise
        return None
    except Exception:  # parsers of damaged bytes raise nearly anything
        return None


def _header_of(path: Path) -> _Header | None:
    """Read what stands before the pixels of a JPEG; a keeper's is asked for again and again.

    Raises:
        OSError: It cannot be read now.
    """
    return _header_at(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _header_at(path: Path, mtime_ns: int) -> _Header | None:
    return read_picture(path, _header)


def _header(image: Image.Image) -> _Header:
    """Read what stands before the pixels."""
    tables: dict[int, Any] = image.quantization  # type: ignore[attr-defined]  # of JPEG alone
    exif = image.getexif()
    details = exif.get_ifd(IFD.Exif)
    width, height = (int(details.get(side) or 0) for side in (Base.ExifImageWidth, Base.ExifImageHeight))
    editor = str(exif.get(Base.Software, "")).strip("\0 ")
    return _Header(
        editor=editor[:60] if _EDITORS.search(editor) else "",
        notes=Base.MakerNote in details,
        thumbnail=bool(exif.get_ifd(IFD.IFD1)),
        recorded=(width, height),
        steps=np.array(tables[0], np.int64).reshape(8, 8),
        size=image.size,
    )


def _middle(image: Image.Image) -> NDArray[np.uint8]:
    """Decode the luminance as it is stored, and cut out whole blocks of its middle."""
    image.draft("L", None)
    width, height = (min(_CROP, side // 8 * 8) for side in image.size)
    left, top = (image.width - width) // 16 * 8, (image.height - height) // 16 * 8
    return np.asarray(image.convert("L").crop((left, top, left + width, top + height)))
