"""A picture that Pillow has opened -> what its XMP and IPTC say, wherever its format keeps them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress

from PIL import Image, ImageFile, IptcImagePlugin, JpegImagePlugin

from importers.base import Facts
from importers.iptc import facts_of_iim
from importers.xmp import facts_of_packet
from importers.xmp_packet import MAX_XMP_BYTES

_XMP_TAG = 700
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_HEADER = struct.Struct(">32sII")  # GUID, length of the whole, offset of this part


def embedded_facts(image: Image.Image) -> Facts:
    """Read XMP and IPTC, XMP first; never raises, as metadata never stops a picture.

    Args:
        image: As opened from a file; a PNG's texts may stand behind its pixels, so load it first.
    """
    facts = Facts()
    packet: object = image.info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "surrogatepass")
    if isinstance(packet, bytes):
        facts = facts_of_packet(packet)
    if isinstance(image, JpegImagePlugin.JpegImageFile) and (extension := _extension(image.applist)):
        facts = facts.over(facts_of_packet(extension))
    if isinstance(image, ImageFile.ImageFile):
        with suppress(Exception):  # Pillow's parser raises nearly anything on broken bytes
            if datasets := IptcImagePlugin.getiptcinfo(image):
                facts = facts.over(facts_of_iim(datasets))
    return facts


def embedded_raw_facts(exif: Image.Exif) -> Facts:
    """Read the XMP of a RAW file that is built like a TIFF: a DNG's, or the stars that some cameras give."""
    with suppress(Exception):  # Pillow's EXIF parser likewise
        packet: object = exif.get(_XMP_TAG)
        return facts_of_packet(packet) if isinstance(packet, bytes) else Facts()
    return Facts()


def _extension(segments: Iterable[tuple[str, bytes]]) -> bytes:
    """Put together what of a JPEG's XMP did not fit into one segment; b"" where there is none, or a part is missing.

    Source: XMP specification part 3, 1.1.3.1.
    """
    parts: dict[bytes, dict[int, bytes]] = {}
    lengths: dict[bytes, int] = {}
    for _, payload in segments:
        if payload.startswith(_EXTENSION) and len(payload) >= len(_EXTENSION) + _EXTENSION_HEADER.size:
            guid, length, offset = _EXTENSION_HEADER.unpack_from(payload, len(_EXTENSION))
            lengths[guid] = length
            parts.setdefault(guid, {})[offset] = payload[len(_EXTENSION) + _EXTENSION_HEADER.size :]
    for guid, found in parts.items():
        whole = b"".join(found[offset] for offset in sorted(found))
        if len(whole) == lengths[guid] <= MAX_XMP_BYTES:
            return whole
    return b""
