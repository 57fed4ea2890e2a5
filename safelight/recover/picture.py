"""One preview -> the bytes of one JPEG file: which level, which profile, which metadata."""

# pyright: reportUnknownMemberType=false
import io
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from importers import icc
from importers.lightroom import CatalogPhoto
from importers.lightroom_photo import FIRST_LYING, ORIENTATIONS
from lrprev import Level, LrprevError, Preview, largest_whole
from safelight.recover import exif, iptc, xmp
from safelight.recover.jpeg import Dress, dressed, has_profile, head_of

SRGB_QUALITY = 95
_THUMBNAIL_EDGE, _THUMBNAIL_BYTES = 100, 12_000
_Size = tuple[int, int]


class Pixels(NamedTuple):
    """Which pixels are wanted; None means no limit.

    Attributes:
        level: This stored level and no other, 1 being the smallest.
        max_edge: The largest stored level whose long edge is no longer; nothing is scaled. Leave out photos that have
            none.
        min_edge: Leave out photos of which nothing so large is stored.
        srgb: Convert to sRGB, which encodes the picture anew.
    """

    level: int | None = None
    max_edge: int | None = None
    min_edge: int | None = None
    srgb: bool = False


class Picture(NamedTuple):
    """A recovered picture.

    Attributes:
        pieces: The file's content, in order.
        size: Pixels, upright.
        full_size: Of the edited photo, upright; None where nothing says it.
        note: What was lost or is uncertain, for people; empty where nothing is.
        details: What exactly was found.
        salvaged: Whether the preview was damaged.
        thumbnail: A small JPEG with profile and orientation; None where none is stored.
    """

    pieces: Sequence[bytes | memoryview]
    size: _Size
    full_size: _Size | None
    note: str
    details: str
    salvaged: bool
    thumbnail: bytes | None


class Labels(NamedTuple):
    """What goes into a picture's file of what the catalog says.

    Attributes:
        exif: None where nothing is known.
        xmp: The payloads of its segments.
        photoshop: The payload of IPTC's segment; None where there is nothing for it.
    """

    exif: exif.Words | None
    xmp: Sequence[bytes]
    photoshop: bytes | None


class NoSuchSizeError(Exception):
    """Nothing of the size that is asked for is stored; the message says what is."""


def labels_of(photo: CatalogPhoto | None, code: str | None) -> Labels:
    """Write what goes into a picture's file.

    Args:
        photo: What the catalog says; None for an orphan.
        code: Lightroom's orientation, "AB"; None where unknown.
    """
    if photo is None:
        return Labels(_bare_exif(exif.orientation_of(code)) if code is not None else None, (), None)
    return Labels(exif.words(photo, exif.orientation_of(code)), xmp.payloads(photo), iptc.payload(photo))


def picture_of(
    preview: Preview, photo: CatalogPhoto | None, code: str | None, pixels: Pixels, labels: Labels
) -> Picture:
    """Make a recovered picture.

    Args:
        preview: What is stored.
        photo: What the catalog says; None for an orphan.
        code: Lightroom's orientation, "AB"; None where unknown.
        pixels: What is wanted.
        labels: What labels_of(photo, code) says.

    Raises:
        LrprevError: No level that is wanted is whole.
        NoSuchSizeError: What is stored is smaller or larger than wanted.
        OSError: The preview cannot be read.
    """
    whole = largest_whole(preview._replace(levels=wanted(preview, pixels)))
    color_profile = preview.pyramid.color_profile if preview.pyramid else None
    orientation = exif.orientation_of(code)
    jpeg, size = whole.view, (whole.level.width, whole.level.height)
    damage = [*preview.problems, *whole.passed_over]
    notes = ["the preview is damaged: this is the largest picture in it that is whole"] if damage else []
    if code not in ORIENTATIONS and code is not None:
        notes.append(f"the orientation {code!r} is unknown; the picture is left as it is stored")
    profile = icc.profile(color_profile)
    head = head_of(jpeg)
    own_profile = has_profile(head)
    if not profile and not own_profile:
        notes.append(f"the colour profile is {color_profile or 'not known'}; the picture carries none")
    if pixels.srgb and (own_profile or profile):
        jpeg = _to_srgb(jpeg, profile)
        head = head_of(jpeg)
        color_profile, own_profile = "sRGB", False
        profile = icc.profile(color_profile)
    srgb = icc.is_srgb(color_profile) and not own_profile
    written = labels.exif.payload(size, srgb=srgb) if labels.exif else None
    dress = Dress(exif=written, xmp=labels.xmp, photoshop=labels.photoshop, icc=profile)
    return Picture(
        dressed(jpeg, dress, head),
        upright(size, orientation),
        full_size(preview, photo, orientation),
        "; ".join(notes),
        "; ".join((*damage, *(preview.pyramid.problems if preview.pyramid else ()))),
        bool(damage),
        _thumbnail(preview, orientation),
    )


def wanted(preview: Preview, pixels: Pixels) -> tuple[Level, ...]:
    """Return the levels that may be taken, smallest first.

    Raises:
        LrprevError: The preview is damaged, and has lost that level.
        NoSuchSizeError: What is stored is smaller or larger than wanted.
    """
    levels = preview.levels
    if pixels.level is not None:
        # From Classic 13.3 on a level is a file of its own, and only its size tells its place.
        numbered = enumerate(levels, start=1)
        levels = tuple(level for place, level in numbered if (level.number or place) == pixels.level)
        if not levels and preview.problems:
            raise LrprevError(0, f"a level {pixels.level}", f"{len(preview.levels)} levels")
        if not levels:
            raise NoSuchSizeError(f"no level {pixels.level} is stored, but {len(preview.levels)} smaller ones")
    if pixels.max_edge is not None:
        smallest = levels[0]
        levels = tuple(level for level in levels if _edge(level) <= (pixels.max_edge or 0))
        if not levels:
            raise NoSuchSizeError(f"the smallest that is stored is {smallest.width}x{smallest.height}")
    if pixels.min_edge is not None and _edge(levels[-1]) < pixels.min_edge:
        raise NoSuchSizeError(f"only {levels[-1].width}x{levels[-1].height} is stored")
    return levels


def full_size(preview: Preview, photo: CatalogPhoto | None, orientation: int) -> _Size | None:
    """Tell the size of the whole edited photo, upright, however small what is stored."""
    pyramid = preview.pyramid
    if pyramid and pyramid.cropped_width and pyramid.cropped_height:
        return upright((pyramid.cropped_width, pyramid.cropped_height), orientation)
    if photo and photo.cropped_width and photo.cropped_height:
        return upright((photo.cropped_width, photo.cropped_height), orientation)
    return None


def upright(size: _Size, orientation: int) -> _Size:
    """Swap width and height where the orientation lays the picture on its side."""
    return (size[1], size[0]) if orientation >= FIRST_LYING else size


def _edge(level: Level) -> int:
    return max(level.width, level.height)


def _to_srgb(jpeg: bytes | memoryview, profile: bytes | None) -> bytes:
    """Decode, convert and encode anew: 4:4:4, quality 95."""
    from PIL import Image

    from importers.colour import rgb_to_srgb, to_eight_bits, to_rgb

    with Image.open(io.BytesIO(jpeg)) as image:
        rgb, needs = to_rgb(to_eight_bits(image), image.info.get("icc_profile") or profile)
    stream = io.BytesIO()
    (rgb_to_srgb(rgb, needs) if needs else rgb).save(stream, "JPEG", quality=SRGB_QUALITY, subsampling=0)
    return stream.getvalue()


def _thumbnail(preview: Preview, orientation: int) -> bytes | None:
    """Dress the smallest level that is large enough to see something, for the report."""
    small = [level for level in preview.levels if level.length_bytes <= _THUMBNAIL_BYTES]
    level = next((level for level in small if _edge(level) >= _THUMBNAIL_EDGE), small[-1] if small else None)
    if level is None:
        return None
    try:
        profile = icc.profile(preview.pyramid.color_profile if preview.pyramid else None)
        size = (level.width, level.height)
        jpeg = level.read()
        return b"".join(dressed(jpeg, Dress(exif=_bare_exif(orientation).payload(size, srgb=False), icc=profile)))
    except (LrprevError, OSError):
        return None


@cache
def _bare_exif(orientation: int) -> exif.Words:
    return exif.words(None, orientation)
