"""How a DNG's picture is stored, as its directories say.

Source: TIFF 6.0, section 2; Adobe DNG 1.7 ("JPEG XL"); TIFF/EP (NewSubfileType, SubIFDs).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_NEW_SUBFILE_TYPE, _COMPRESSION, _SUB_IFDS = 254, 259, 330
_JPEG_XL = 52546
_ORDERS = {b"II": "<", b"MM": ">"}
_CODES = {3: "H", 4: "I", 13: "I"}  # SHORT, LONG, IFD
_MAX_ENTRIES, _MAX_VALUES = 1024, 32
"""Of a directory, and of an entry: many times what cameras and Lightroom write."""
_FIELD_BYTES = 4  # a longer value lies elsewhere

_Directory = dict[int, tuple[int, ...]]


def is_jpeg_xl(path: Path) -> bool:
    """Tell whether a DNG's picture is JPEG XL, which LibRaw opens and cannot decode; its thumbnails do not count.

    So it is reported of the Smart Previews of recent versions of Lightroom Classic; no real one was at hand.
    """
    try:
        with path.open("rb") as file:
            return any(
                found.get(_NEW_SUBFILE_TYPE, (0,)) == (0,) and found.get(_COMPRESSION) == (_JPEG_XL,)
                for found in _directories(file)
            )
    except (OSError, struct.error, OverflowError):  # whoever opens it will tell
        return False


def _directories(file: BinaryIO) -> list[_Directory]:
    order = _ORDERS.get(file.read(2))
    if order is None:
        return []
    file.seek(4)
    (at,) = struct.unpack(f"{order}I", file.read(4))
    first = _directory(file, order, at)
    return [first, *(_directory(file, order, at) for at in first.get(_SUB_IFDS, ()))]


def _directory(file: BinaryIO, order: str, at: int) -> _Directory:
    file.seek(at)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    entry = struct.Struct(f"{order}HHI{_FIELD_BYTES}s")
    found: _Directory = {}
    for tag, kind, length, field in entry.iter_unpack(file.read(entry.size * min(count, _MAX_ENTRIES))):
        if tag in (_NEW_SUBFILE_TYPE, _COMPRESSION, _SUB_IFDS) and kind in _CODES and length <= _MAX_VALUES:
            values = struct.Struct(f"{order}{length}{_CODES[kind]}")
            if values.size > _FIELD_BYTES:
                file.seek(*struct.unpack(f"{order}I", field))
                field = file.read(values.size)  # the value itself
            found[tag] = values.unpack_from(field)
    return found
