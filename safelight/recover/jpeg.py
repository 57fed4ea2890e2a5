"""Our segments beside a stored JPEG's own; its picture's bytes stay as they are.

The order is the usual one: JFIF, EXIF, XMP, Photoshop, ICC, then everything that decodes the picture.

Source: ITU-T T.81, annex B; CIPA DC-008 4.5.4 (EXIF); ICC.1 annex B.4 (ICC); CIPA DC-007 (MPF).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from lrprev import LrprevError
from lrprev.jpeg import Segment, segments
from safelight.recover import exif, iptc, xmp

ICC_MAGIC = b"ICC_PROFILE\0"
_MPF_MAGIC = b"MPF\0"
_SOI = b"\xff\xd8"
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_APPLICATION = range(0xE0, 0xF0)
_JFIF_MAGIC = b"JFIF\0"
_HEAD_BYTES = 64  # of a payload: longer than any magic


class Dress(NamedTuple):
    """What goes beside the picture; None and empty leave alone what the JPEG has of that kind."""

    exif: bytes | None = None
    xmp: Sequence[bytes] = ()
    photoshop: bytes | None = None
    icc: bytes | None = None


Head = Sequence[tuple[Segment, bytes]]
"""The application segments before the scan, each with the first bytes of its payload."""


def head_of(jpeg: bytes | memoryview) -> Head:
    """List the application segments of a JPEG before its scan; others are part of the picture.

    Raises:
        LrprevError: It is no JPEG.
    """
    return [
        (segment, bytes(jpeg[segment.payload_offset : min(segment.end, segment.payload_offset + _HEAD_BYTES)]))
        for segment in segments(jpeg)
        if segment.marker in _APPLICATION
    ]


def has_profile(head: Head) -> bool:
    """Tell whether a JPEG carries an ICC profile."""
    return any(magic.startswith(ICC_MAGIC) for _, magic in head)


def dressed(jpeg: bytes | memoryview, dress: Dress, head: Head | None = None) -> list[bytes | memoryview]:
    """Put segments into a JPEG, without copying its picture.

    What the JPEG has of a kind that is written is dropped: an embedded camera preview's EXIF would contradict the
    catalog, and its thumbnail the picture. So is a list of further pictures (MPF), whose offsets no longer hold. A
    profile of its own stays and wins: it was written together with the pixels.

    Args:
        jpeg: The stored JPEG.
        dress: What to put beside the picture.
        head: What head_of(jpeg) says, where it is at hand.

    Returns:
        The new file in pieces, in order.

    Raises:
        LrprevError: It is no JPEG.
    """
    head = head_of(jpeg) if head is None else head
    first = [segment for segment, magic in head if segment.marker == _APP0 and magic.startswith(_JFIF_MAGIC)][:1]
    pieces: list[bytes | memoryview] = [_SOI, *(memoryview(jpeg)[s.offset_bytes : s.end] for s in first)]
    if dress.exif:
        pieces.append(_segment(_APP1, dress.exif))
    pieces += (_segment(_APP1, payload) for payload in dress.xmp)
    if dress.photoshop:
        pieces.append(_segment(_APP13, dress.photoshop))
    if dress.icc and not has_profile(head):
        pieces.append(_segment(_APP2, ICC_MAGIC + b"\1\1" + dress.icc))
    at = len(_SOI)
    for segment, magic in head:
        if segment in first or _is_replaced(segment, magic, dress):
            pieces.append(memoryview(jpeg)[at : segment.offset_bytes])
            at = segment.end
    return [*pieces, memoryview(jpeg)[at:]]


def _is_replaced(segment: Segment, magic: bytes, dress: Dress) -> bool:
    if segment.marker == _APP1:
        if magic.startswith(exif.MAGIC):
            return dress.exif is not None
        return bool(dress.xmp) and magic.startswith((xmp.MAGIC, xmp.EXTENDED_MAGIC))
    if segment.marker == _APP13:
        return dress.photoshop is not None and magic.startswith(iptc.MAGIC)
    return segment.marker == _APP2 and magic.startswith(_MPF_MAGIC)


def _segment(marker: int, payload: bytes) -> bytes:
    if len(payload) + 2 > 0xFFFF:
        raise LrprevError(0, "a segment of at most 65,535 bytes", f"{len(payload) + 2} bytes to write")
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
