"""ICC profiles for the colour spaces that Lightroom renders previews in, built from their definitions.

Matrix profiles of ICC version 2, which every viewer reads: primaries adapted to D50 and one tone curve. They are our
own bytes, so no licence travels with a recovered photo.

Source: ICC.1:2001-04 (layout); IEC 61966-2-1 (sRGB); Adobe RGB (1998) Color Image Encoding; ISO 22028-2 (ROMM RGB, with
ProPhoto's primaries; its curve is a plain 1.8).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

_D50 = (0.9642, 1.0, 0.8249)  # the profile connection space's white, as ICC.1 rounds it
_D65_XY, _D50_XY = (0.3127, 0.3290), (0.3457, 0.3585)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SRGB_STEPS = 1024  # a curve of so many steps is within a quarter of an 8-bit level of the formula
_HEADER = struct.Struct(">I4sI4s4s4s6H4s4sI4s4sQI3I4s44x")


@dataclass(frozen=True, slots=True)
class _Space:
    description: str
    primaries: tuple[tuple[float, float], ...]  # x, y of red, green and blue
    white: tuple[float, float]
    gamma: float | None  # None: sRGB's own curve


_SPACES = {
    "srgb": _Space("sRGB", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), _D65_XY, None),
    "adobergb": _Space(
        "Compatible with Adobe RGB (1998)", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), _D65_XY, 563 / 256
    ),
    "prophoto": _Space(
        "Compatible with ProPhoto RGB", ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105)), _D50_XY, 1.8
    ),
}
_SPACES["prophotorgb"] = _SPACES["prophoto"]


def profile(name: str | None) -> bytes | None:
    """Return the profile of a colour space as previews name it: "AdobeRGB", "sRGB", "ProPhoto"; None for others."""
    space = (name or "").lower().replace(" ", "")
    return _build(space) if space in _SPACES else None


@cache
def _build(name: str) -> bytes:
    space = _SPACES[name]
    curve = _curve(space.gamma)
    red, green, blue = (_xyz(column) for column in _matrix(space).T)
    blocks = {
        b"desc": _description(space.description),
        b"cprt": b"text\0\0\0\0" + b"No copyright, use freely\0",
        b"wtpt": _xyz(np.array(_D50)),
        b"rXYZ": red,
        b"gXYZ": green,
        b"bXYZ": blue,
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


def _matrix(space: _Space) -> NDArray[np.float64]:
    """Return linear RGB -> XYZ at D50 as (3, 3): columns are the adapted primaries."""
    white = _xy_to_xyz(space.white)
    unscaled = np.stack([_xy_to_xyz(xy) for xy in space.primaries], axis=1)
    native = unscaled * np.linalg.solve(unscaled, white)
    cones = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ native


def _xy_to_xyz(xy: tuple[float, float]) -> NDArray[np.float64]:
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    x = np.linspace(0, 1, _SRGB_STEPS)
    y = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I", len(x)) + np.round(y * 65535).astype(">u2").tobytes()


def _description(text: str) -> bytes:
    """Return a textDescriptionType: ASCII, and empty Unicode and Macintosh forms."""
    ascii_text = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)
