"""A DNG built by the specification: no camera's file is ours to ship."""

from __future__ import annotations

import struct

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10
SENSOR = (96, 64)


def directory(entries, at, extra_at):
    """Write one TIFF directory: (directory bytes, bytes of long values). Entries: (tag, type, count, packed value)."""
    head, extra = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in sorted(entries):
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", extra_at + len(extra))
            extra += value + b"\0" * (len(value) % 2)
        head += struct.pack("<HHI", tag, kind, count) + field
    return head + struct.pack("<I", 0), extra


def short(tag, *values):
    return (tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(tag, *values):
    return (tag, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def text(tag, value):
    data = value.encode() + b"\0"
    return (tag, ASCII, len(data), data)


def generated_dng(preview, *, orientation=1, left=20_000, compression=1):
    """A DNG whose first directory is a JPEG preview, and whose sub-directory is a sensor that saw mid-grey.

    Args:
        preview: The JPEG.
        orientation: EXIF's.
        left: What the sensor's left half saw instead.
        compression: What is said of how the sensor's values are stored; they are not compressed.
    """
    width, height = SENSOR
    values = np.full((height, width), 20_000, "<u2")
    values[:, : width // 2] = left
    sensor = values.tobytes()
    preview_at, sensor_at = 4096, 4096 + len(preview) + len(preview) % 2
    first = [
        long(254, 1),
        *(long(256, 240), long(257, 160), short(258, 8, 8, 8), short(259, 7), short(262, 6), short(277, 3)),
        *(long(273, preview_at), long(278, 160), long(279, len(preview)), short(274, orientation)),
        *(text(271, "Acme"), text(272, "Acme One"), text(306, "2024:03:04 05:06:07")),
        long(330, 2048),
        (50706, BYTE, 4, bytes((1, 4, 0, 0))),
        (50707, BYTE, 4, bytes((1, 1, 0, 0))),
        text(50708, "Acme One"),
        (
            50721,
            SRATIONAL,
            9,
            b"".join(struct.pack("<ii", int(row == column), 1) for row in range(3) for column in range(3)),
        ),
        (50728, RATIONAL, 3, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
        short(50778, 21),
    ]
    second = [
        long(254, 0),
        *(long(256, width), long(257, height), short(258, 16)),
        *(short(259, compression), short(262, 32803), short(277, 1)),
        *(long(273, sensor_at), long(278, height), long(279, len(sensor))),
        short(33421, 2, 2),
        (33422, BYTE, 4, bytes((0, 1, 1, 2))),
        long(50717, 65535),
    ]
    one, one_extra = directory(first, 8, 1024)
    two, two_extra = directory(second, 2048, 3072)
    data = (b"II*\0" + struct.pack("<I", 8) + one).ljust(1024, b"\0") + one_extra
    data = data.ljust(2048, b"\0") + two
    data = data.ljust(3072, b"\0") + two_extra
    return data.ljust(4096, b"\0") + preview + b"\0" * (len(preview) % 2) + sensor
