"""What a catalog says of a photo -> IPTC-IIM in a Photoshop segment, for programs that read no XMP.

IIM's fields are short: longer texts are cut here and whole in the XMP beside it. The digest tells readers that both
were written together, so that they take the XMP.

Source: IPTC-IIM 4.2; Adobe Photoshop File Formats ("Image Resource Blocks"); MWG Guidelines 2.0, 3.3.1 (digest).
"""

from __future__ import annotations

import struct
from functools import cache
from importlib import import_module
from typing import Any

from importers.lightroom_photo import CatalogPhoto
from safelight.recover.exif import cut_utf8

MAGIC = b"Photoshop 3.0\0"
_IIM, _IIM_DIGEST = 0x0404, 0x0425
_UTF8 = b"\x1b%G"
_MAX_IIM_BYTES = 60_000  # a segment holds 65,533


def payload(photo: CatalogPhoto) -> bytes | None:
    """Write a Photoshop segment's payload; None where the catalog says nothing that IIM has a field for."""
    fields = _fields(photo)
    if not fields:
        return None
    iim = _dataset(1, 90, _UTF8) + _dataset(2, 0, b"\0\4")
    for number, text, limit_bytes in fields:
        entry = _dataset(2, number, cut_utf8(text, limit_bytes))
        if len(iim) + len(entry) > _MAX_IIM_BYTES:
            break  # keywords come last; all of them are in the XMP
        iim += entry
    return MAGIC + _resource(_IIM, iim) + _resource(_IIM_DIGEST, _md5()(iim, usedforsecurity=False).digest())


def _fields(photo: CatalogPhoto) -> list[tuple[int, str, int]]:
    """List (dataset, text, longest in bytes)."""
    time = photo.taken_at.isoformat(timespec="seconds") if photo.taken_at else ""
    texts = [
        (5, photo.title, 64),
        (55, time[:10].replace("-", ""), 8),
        (60, time[11:25].replace(":", ""), 11),
        (80, photo.creator, 32),
        (90, photo.city, 32),
        (92, photo.location, 32),
        (95, photo.state, 32),
        (101, photo.country, 64),
        (105, photo.headline, 256),
        (116, photo.copyright, 128),
        (120, photo.caption, 2000),
        *((25, keyword, 64) for keyword in photo.keywords),
    ]
    return [(number, text, limit) for number, text, limit in texts if text]


def _dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def _resource(number: int, data: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)


@cache
def _md5() -> Any:
    """Return MD5, from Python's own module where there is one: hashlib loads OpenSSL, 4 ms of every start."""
    try:
        return import_module("_md5").md5
    except ImportError:
        return import_module("hashlib").md5
