"""Any picture file -> upright RGB in sRGB, no larger than need be, or one ImageProblem.

The order of the steps is what makes it fast: reduce first, then colours, then orientation, on the small picture.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal

# The plug-ins are named so that Image.open() need not import all forty of them to find these.
from PIL import (
    AvifImagePlugin,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    Image,
    Jpeg2KImagePlugin,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401  # pyright: ignore[reportUnusedImport]
)
from PIL.ExifTags import Base

from importers import raw
from importers.base import Facts, ImporterError
from importers.colour import rgb_to_srgb, to_eight_bits, to_rgb
from importers.embedded import embedded_facts, embedded_raw_facts
from importers.extras import how_to_add
from importers.formats import HEAD_BYTES, TIFF, Format, Reader, sniff
from importers.metadata import facts_of

MAX_PIXELS = 400_000_000
"""Pictures of more pixels are skipped: 400 megapixels take 1.6 GB to decode."""

# Pillow's own guard stays as the second line (frames inside a file); it refuses above twice this figure.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class ImageProblem(ImporterError):  # noqa: N818  # an outcome of reading, not an error of ours
    """A file gives no picture.

    Attributes:
        kind: "skipped" where we choose not to read it (its format, a limit), "failed" where it is damaged.
        passing: Whether the same file may be readable tomorrow: a permission, a disk, a copy not yet finished.
    """

    def __init__(self, kind: Literal["skipped", "failed"], reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.kind: Literal["skipped", "failed"] = kind
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        stored: Mode RGB, upright, alpha laid on white, possibly reduced; in the colours of `profile`.
        profile: The ICC profile that it needs; None where it is sRGB.
        width: Pixels of the full picture, upright.
        height: Pixels of the full picture, upright.
        format: What people call its format: "JPEG".
        facts: What its metadata says.
    """

    stored: Image.Image
    profile: bytes | None
    width: int
    height: int
    format: str
    facts: Facts

    @property
    def rgb(self) -> Image.Image:
        """Return the picture in sRGB; who resizes it does so before, as converting costs by the pixel."""
        return rgb_to_srgb(self.stored, self.profile) if self.profile else self.stored


@dataclass(frozen=True, slots=True)
class _Wish:
    """How a picture is to be read; see open_upright."""

    min_edge: int | None
    max_pixels: int
    orientation: int | None = None
    profile: bytes | None = None
    facts: bool = True


def open_upright(
    source: Path | bytes | BinaryIO,
    *,
    min_edge: int | None,
    max_pixels: int = MAX_PIXELS,
    orientation: int | None = None,
    profile: bytes | None = None,
    facts: bool = True,
) -> Picture:
    """Decode a picture, told by its content, never by its name.

    Args:
        source: A file, opened read-only; or its bytes; or an open seekable file, which stays open.
        min_edge: Allow reducing while the shorter side keeps at least twice this many pixels, so that a resize to
            `min_edge` that follows looks as from the full picture; None gives the full picture.
        max_pixels: The largest picture to decode.
        orientation: EXIF orientation that is known of the picture and not in it.
        profile: ICC profile of a picture that carries none.
        facts: Whether its metadata are wanted; otherwise only what turns it is read of them.

    Raises:
        ImageProblem: It is no picture, is damaged, cannot be read, or is over a limit.
    """
    with _opened(source) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(file, _kind_of(file), _Wish(min_edge, max_pixels, orientation, profile, facts))
        except ImageProblem:
            raise
        except raw.UnknownRaw:
            raise ImageProblem(
                "failed", "rawpy does not know this kind of RAW file (update it for newer cameras), or it is damaged"
            ) from None
        except MemoryError:
            raise ImageProblem("failed", "decoding it needs more memory than a picture is given") from None
        except Image.DecompressionBombError as error:  # "Image size (2500000000 pixels) exceeds limit ..."
            raise _too_large(int(re.findall(r"\d+", str(error))[0]), max_pixels) from None
        except Exception as error:  # parsers of damaged bytes raise nearly anything
            raise _problem(error, file) from error


def read_facts(source: Path | bytes | BinaryIO) -> Facts:
    """Read what a picture's metadata says, at no more than the cost of its header; nothing where it cannot be read."""
    with _opened(source) as file, warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")
        kind = _kind_of(file)
        if kind.reader is Reader.RAW:
            return _raw_facts(file) if raw.is_available() else Facts()
        if kind.reader is Reader.HEIF:
            _register_heif()
        with Image.open(file, formats=[kind.pillow]) as image:
            if image.format == "PNG":
                image.load()  # its texts may stand behind its pixels
            return facts_of(_exif(image), embedded_facts(image))
    return Facts()


def _opened(source: Path | bytes | BinaryIO) -> AbstractContextManager[BinaryIO]:
    match source:
        case Path():
            return open_regular(source)
        case bytes():
            return io.BytesIO(source)
        case _:
            return nullcontext(source)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, and nothing but a file: a pipe would wait for ever, a device never end.

    Raises:
        ImageProblem: It is no ordinary file, or the system does not hand it over.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ImageProblem("failed", _cannot_read(error), passing=True) from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")  # noqa: PTH123
    os.close(descriptor)
    raise ImageProblem("skipped", "it is a folder, a pipe, a socket or a device, not a file")


def reader_version() -> str:
    """Name what can be read here, so that what was skipped is tried again once more can be."""
    return "1+raw" if raw.is_available() else "1"


def _kind_of(file: BinaryIO) -> Format:
    """Tell what a file is, or why it is nothing that we read."""
    head = file.read(HEAD_BYTES)
    if not head:
        raise ImageProblem("failed", "the file is empty (0 bytes)")
    if not head.strip(b"\0"):
        raise ImageProblem("failed", "the file starts with zeros: a copy that was never finished, or a damaged disk")
    kind = sniff(head)
    if kind is None:
        raise ImageProblem("skipped", "the file is not a picture of a kind that is read, whatever its name says")
    if kind.reader is Reader.NONE:
        raise ImageProblem("skipped", f"the file is a {kind.name}, a kind that is not read")
    file.seek(0)
    return kind


def _read(file: BinaryIO, kind: Format, wish: _Wish) -> Picture:
    """Decode with the reader of this kind."""
    if kind.reader is Reader.RAW:
        return _read_raw(file, wish)
    if kind.reader is Reader.HEIF:
        _register_heif()
    try:
        image = Image.open(file, formats=[kind.pillow])
    except UnidentifiedImageError:
        if kind is TIFF and raw.is_available():  # perhaps sensor data, which only a RAW reader knows
            with suppress(Exception):
                return _read_raw(file, wish)
        raise ImageProblem("failed", f"the file begins like a {kind.name} file, but its header is damaged") from None
    with image:
        if isinstance(image, TiffImagePlugin.TiffImageFile) and raw.is_raw_tiff(image.tag_v2):
            return _read_raw(file, wish)
        return _picture(image, kind.name, wish)


def _picture(image: Image.Image, name: str, wish: _Wish) -> Picture:
    """Reduce, convert, turn upright: in this order, so that only the first step costs by the full size."""
    width, height = image.size
    _check_size(width, height, wish.max_pixels)
    exif, min_edge = _exif(image), wish.min_edge
    draft = image.draft(None, (2 * min_edge, 2 * min_edge)) if min_edge else None  # JPEG: 1/2, 1/4, 1/8 for a fraction
    image.load()
    if draft is None:
        width, height = image.size  # HEIF may turn out to be of another size than its header says
    rgb, profile = to_rgb(_reduce(to_eight_bits(image), min_edge), image.info.get("icc_profile") or wish.profile)
    turn = _TURNS.get(wish.orientation or _orientation(exif))
    if turn is not None:
        rgb = rgb.transpose(turn)
    if turn in _SIDEWAYS:
        width, height = height, width
    facts = facts_of(exif, embedded_facts(image)) if wish.facts else Facts()
    return Picture(rgb, profile, width, height, name, facts)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise _too_large(width * height, max_pixels)


def _too_large(pixels: int, max_pixels: int) -> ImageProblem:
    counts = f"{pixels / 1e6:,.0f} megapixels are more than the limit of {max_pixels / 1e6:,.0f}"
    return ImageProblem("skipped", f"the picture is too large: {counts}")


def _reduce(image: Image.Image, min_edge: int | None) -> Image.Image:
    """Average whole blocks while the shorter side stays at least 2 * min_edge: far cheaper than a wide filter.

    Only by factors that divide both sides, but for one pixel: a padded last block would shift the whole picture.
    """
    largest = min(image.size) // (2 * min_edge) if min_edge else 1
    fitting = (factor for factor in range(largest, 1, -1) if all(-side % factor <= 1 for side in image.size))
    factor = next(fitting, 1)
    return image.reduce(factor) if factor > 1 else image


# What undoes each EXIF orientation. Readers that turn the picture themselves (TIFF, HEIF) also reset the tag.
_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


def _exif(image: Image.Image) -> Image.Exif:
    """Return a picture's EXIF, empty where it cannot be parsed: its pixels may be fine."""
    try:
        return image.getexif()
    except Exception:
        return Image.Exif()


def _orientation(exif: Image.Exif) -> int | None:
    try:
        value = exif.get(Base.Orientation)
    except Exception:
        return None
    return value if isinstance(value, int) else None


def _read_raw(file: BinaryIO, wish: _Wish) -> Picture:
    """Read a RAW file through its preview, with the facts of whichever of the two knows more."""
    if not raw.is_available():
        raise ImageProblem("skipped", f"camera RAW files need the extra `raw`; {how_to_add('raw')}; then index again")
    file.seek(0)
    preview = raw.read_preview(file, wish.min_edge)
    with Image.open(io.BytesIO(preview.data), formats=raw.PREVIEW_FORMATS) as image:
        has_orientation = _orientation(_exif(image)) is not None
        picture = _picture(image, "RAW", wish)
    rgb = picture.stored
    if not has_orientation and preview.turn is not None:
        rgb = rgb.transpose(preview.turn)
    facts = _raw_facts(file) if wish.facts else Facts()
    if facts == Facts():
        facts = picture.facts
    return replace(picture, stored=rgb, width=preview.width, height=preview.height, facts=facts)


def _raw_facts(file: BinaryIO) -> Facts:
    file.seek(0)
    exif = raw.read_exif(file)
    return facts_of(exif, embedded_raw_facts(exif))


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC, once; the pictures beside the main one (thumbnails, depth) are not wanted."""
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)  # pyright: ignore[reportUnknownMemberType]


# How Pillow, libheif and LibRaw say it.
_CUT_SHORT = ("truncated", "end of file", "eof", "not enough", "input/output error")


def _problem(error: Exception, file: BinaryIO) -> ImageProblem:
    """Say in words for people what a decoder's error means."""
    said = error.args[0] if error.args else ""
    text = " ".join((said.decode(errors="replace") if isinstance(said, bytes) else str(error)).split())
    lower = text.lower()
    if isinstance(error, OSError) and error.errno:
        return ImageProblem("failed", _cannot_read(error), passing=True)
    if isinstance(error, EOFError) or any(sign in lower for sign in _CUT_SHORT):
        length = _human(file.seek(0, io.SEEK_END))
        return ImageProblem(
            "failed", f"the file is cut short: it ends after {length}, and part of the picture is missing"
        )
    return ImageProblem("failed", f"the picture is damaged ({text[:120] or type(error).__name__})")


def _cannot_read(error: OSError) -> str:
    """Say why the system does not hand over a file."""
    match error.errno:
        case errno.ENOENT:
            return "the file is no longer there"
        case errno.EACCES:
            return "this user has no permission to read the file"
        case errno.EPERM:
            return "the system denies access; on a Mac, allow it in System Settings, Privacy & Security"
        case errno.EIO:
            return "the disk reports an error while reading the file"
        case _:
            return f"the file cannot be read: {error.strerror or error}"


def _human(size_bytes: int) -> str:
    """Write a size as people do."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    return f"{size_bytes / 1000:.0f} kB" if size_bytes < 1_000_000 else f"{size_bytes / 1e6:.1f} MB"
