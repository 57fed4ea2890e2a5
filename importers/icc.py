"""ICC profiles for the colour spaces that Lightroom renders previews in, built from their definitions.

Matrix profiles of ICC version 2, which every viewer reads: the primaries' colours under D50 and one tone curve. They
are our own bytes, so no licence travels with a recovered photo.

Source: ICC.1:2001-04 (layout); IEC 61966-2-1 (sRGB); Adobe RGB (1998) Color Image Encoding; ISO 22028-2 (ROMM RGB, with
ProPhoto's primaries; its curve is a plain 1.8).
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple

_Xyz = tuple[float, float, float]
_D50: _Xyz = (0.9642, 1.0, 0.8249)  # the profile connection space's white, as ICC.1 rounds it
_SRGB_STEPS = 1024  # a curve of so many steps is within a quarter of an 8-bit level of the formula
_HEADER = struct.Struct(">I4sI4s4s4s6H4s4sI4s4sQI3I4s44x")


class _Space(NamedTuple):
    """A colour space: its primaries adapted to D50 (Bradford), and its curve; without a gamma, sRGB's."""

    description: str
    red: _Xyz
    green: _Xyz
    blue: _Xyz
    gamma: float | None


_PROPHOTO = _Space(
    "Compatible with ProPhoto RGB",
    (0.79767, 0.28804, 0.0),
    (0.13519, 0.71188, 0.0),
    (0.03134, 0.00009, 0.8249),
    1.8,
)
_SPACES = {
    "srgb": _Space("sRGB", (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141), None),
    "adobergb": _Space(
        "Compatible with Adobe RGB (1998)",
        (0.60974, 0.31111, 0.01947),
        (0.20528, 0.62567, 0.06087),
        (0.14919, 0.06322, 0.74457),
        563 / 256,
    ),
    "prophoto": _PROPHOTO,
    "prophotorgb": _PROPHOTO,
}


def profile(name: str | None) -> bytes | None:
    """Return the profile of a colour space as previews name it: "AdobeRGB", "sRGB", "ProPhoto"; None for others."""
    space = _space(name)
    return _build(space) if space in _SPACES else None


def is_srgb(name: str | None) -> bool:
    """Tell whether a colour space as previews name it is sRGB."""
    return _space(name) == "srgb"


def _space(name: str | None) -> str:
    return (name or "").lower().replace(" ", "")


@cache
def _build(name: str) -> bytes:
    space = _SPACES[name]
    curve = _curve(space.gamma)
    blocks = {
        b"desc": _description(space.description),
        b"cprt": b"text\0\0\0\0" + b"No copyright, use freely\0",
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(space.red),
        b"gXYZ": _xyz(space.green),
        b"bXYZ": _xyz(space.blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data, places = struct.pack(">I", len(blocks)), b"", dict[bytes, int]()
    start = _HEADER.size + len(table) + 12 * len(blocks)
    for tag, block in blocks.items():
        if block not in places:  # the three curves share their bytes
            places[block] = start + len(data)
            data += block + bytes(-len(block) % 4)
        table += struct.pack(">4sII", tag, places[block], len(block))
    return _header(start + len(data)) + table + data


def _header(size_bytes: int) -> bytes:
    date = (2026, 1, 1, 0, 0, 0)
    white = [round(value * 65536) for value in _D50]
    return _HEADER.pack(
        size_bytes, b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ", *date, b"acsp", b"\0\0\0\0", 0, b"\0\0\0\0",
        b"\0\0\0\0", 0, 0, *white, b"\0\0\0\0",
    )  # fmt: skip


def _xyz(values: _Xyz) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    steps = (step / (_SRGB_STEPS - 1) for step in range(_SRGB_STEPS))
    light = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in steps)
    values = [round(y * 65535) for y in light]
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def _description(text: str) -> bytes:
    """Return a textDescriptionType: ASCII, and empty Unicode and Macintosh forms."""
    ascii_text = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)
