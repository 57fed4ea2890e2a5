"""A Smart Preview -> a JPEG of it, for photos of which Lightroom keeps nothing larger."""

# pyright: reportUnknownMemberType=false
from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

from importers import icc, raw
from importers.lightroom import CatalogPhoto
from importers.lightroom_photo import ORIENTATIONS
from safelight.recover import exif, iptc, xmp
from safelight.recover.jpeg import Dress, dressed
from safelight.recover.picture import SRGB_QUALITY, Picture, upright

NOTE = "developed from the Smart Preview, without the edits made in Lightroom"
_ORIENTATION = 0x0112
_THUMBNAIL_EDGE, _THUMBNAIL_QUALITY = 160, 80


def developed(path: Path, photo: CatalogPhoto | None) -> Picture:
    """Develop a Smart Preview plainly, in sRGB: what it shows is the photo before any edit, and uncropped.

    Args:
        path: The DNG; only read.
        photo: What the catalog says; None where nothing is known.

    Raises:
        DamagedRaw: It cannot be developed.
        OSError: It cannot be read.
    """
    image = _turned(path, photo)
    stream, small = io.BytesIO(), io.BytesIO()
    image.save(stream, "JPEG", quality=SRGB_QUALITY, subsampling=0)
    dress = Dress(
        exif=exif.words(photo, 1).payload(image.size, srgb=True),
        xmp=xmp.payloads(photo) if photo else (),
        photoshop=iptc.payload(photo) if photo else None,
        icc=icc.profile("sRGB"),
    )
    size, turn = image.size, exif.orientation_of(photo.orientation if photo else None)
    full = (photo.width, photo.height) if photo and photo.width and photo.height else None
    image.thumbnail((_THUMBNAIL_EDGE, _THUMBNAIL_EDGE))
    image.save(small, "JPEG", quality=_THUMBNAIL_QUALITY)
    return Picture(
        dressed(stream.getvalue(), dress), size, full and upright(full, turn), NOTE, "", False, small.getvalue()
    )


def _turned(path: Path, photo: CatalogPhoto | None) -> Image.Image:
    """Develop a Smart Preview, and make it upright as the catalog has it: the DNG need not know of a turn in Lightroom.

    Where the DNG's pixels do not lie as the original's do, its own turn is all that there is to go by.
    """
    if photo is None or photo.orientation not in ORIENTATIONS or not (photo.width and photo.height):
        return raw.develop(path)
    image = raw.develop(path, is_turned=False)
    if (image.width > image.height) != (photo.width > photo.height):
        return raw.develop(path)
    image.getexif()[_ORIENTATION] = ORIENTATIONS[photo.orientation]
    return ImageOps.exif_transpose(image)
