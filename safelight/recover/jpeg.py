"""Our segments beside a stored JPEG's own; its picture's bytes stay as they are.

The order is the usual one: JFIF, EXIF, XMP, Photoshop, ICC, then everything that decodes the picture.

Source: ITU-T T.81, annex B; CIPA DC-008 4.5.4 (EXIF); ICC.1 annex B.4 (ICC); CIPA DC-007 (MPF).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from lrprev import LrprevError
from lrprev.jpeg import Segment, segments
from safelight.recover import exif, iptc, xmp

ICC_MAGIC = b"ICC_PROFILE\0"
_MPF_MAGIC = b"MPF\0"
_SOI = b"\xff\xd8"
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_SOS, _EOI = 0xDA, 0xD9
_JFIF_MAGIC = b"JFIF\0"
_HEAD_BYTES = 64  # of a payload: longer than any magic


@dataclass(frozen=True, slots=True)
class Dress:
    """What goes beside the picture; None and empty leave alone what the JPEG has of that kind."""

    exif: bytes | None = None
    xmp: Sequence[bytes] = ()
    photoshop: bytes | None = None
    icc: bytes | None = None


Head = Sequence[tuple[Segment, bytes]]
"""The segments before the scan, each with the first bytes of its payload."""


def head_of(jpeg: bytes | memoryview) -> Head:
    """List the segments of a JPEG before its scan.

    Raises:
        LrprevError: It is no JPEG.
    """
    head: list[tuple[Segment, bytes]] = []
    for segment in segments(jpeg):
        if segment.marker in (_SOS, _EOI):
            break
        end = min(segment.end, segment.payload_offset + _HEAD_BYTES)
        head.append((segment, bytes(jpeg[segment.payload_offset : end])))
    return head


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
    pieces: list[bytes | memoryview] = [_SOI, *(_bytes(jpeg, segment) for segment in first)]
    if dress.exif:
        pieces.append(_segment(_APP1, dress.exif))
    pieces += (_segment(_APP1, payload) for payload in dress.xmp)
    if dress.photoshop:
        pieces.append(_segment(_APP13, dress.photoshop))
    if dress.icc and not has_profile(head):
        pieces.append(_segment(_APP2, ICC_MAGIC + b"\1\1" + dress.icc))
    pieces += (_bytes(jpeg, s) for s, magic in head if s not in first and not _is_replaced(s, magic, dress))
    picture = head[-1][0].end if head else len(_SOI)
    return [*pieces, memoryview(jpeg)[picture:]]


def _is_replaced(segment: Segment, magic: bytes, dress: Dress) -> bool:
    if segment.marker == _APP1:
        if magic.startswith(exif.MAGIC):
            return dress.exif is not None
        return bool(dress.xmp) and magic.startswith((xmp.MAGIC, xmp.EXTENDED_MAGIC))
    if segment.marker == _APP13:
        return dress.photoshop is not None and magic.startswith(iptc.MAGIC)
    return segment.marker == _APP2 and magic.startswith(_MPF_MAGIC)


def _bytes(jpeg: bytes | memoryview, segment: Segment) -> memoryview:
    return memoryview(jpeg)[segment.offset_bytes : segment.end]


def _segment(marker: int, payload: bytes) -> bytes:
    if len(payload) + 2 > 0xFFFF:
        raise LrprevError(0, "a segment of at most 65,535 bytes", f"{len(payload) + 2} bytes to write")
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
