"""XMP packets as Lightroom keeps them: packed or plain, and never trusted.

Source: XMP specification part 1 (ISO 16684-1) and part 2; the packing was seen in catalogs of Lightroom Classic 7 to
13: four bytes, big-endian, with the packet's length, then a zlib stream.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from importers.xmp_packet import MAX_XMP_BYTES, properties_of

_LENGTH = struct.Struct(">I")
_PROPERTIES = (
    "Iptc4xmpCore:Location",
    "aux:Lens",
    "aux:SerialNumber",
    "dc:creator",
    "dc:description",
    "dc:rights",
    "dc:title",
    "exif:DateTimeOriginal",
    "exif:GPSAltitude",
    "exif:GPSAltitudeRef",
    "photoshop:City",
    "photoshop:Country",
    "photoshop:Headline",
    "photoshop:State",
    "tiff:Make",
    "tiff:Model",
)
_LOCAL = {name: name.partition(":")[2].encode("ascii") for name in _PROPERTIES}


def unpack(stored: object) -> bytes | None:
    """Return the packet in a column of the catalog: text, or a packed blob; None where there is none.

    Raises:
        ValueError: It is packed in no way known here, damaged, or larger than MAX_XMP_BYTES.
    """
    if isinstance(stored, str):
        packet = stored.encode("utf-8", "surrogatepass")
    elif isinstance(stored, bytes):
        packet = stored if stored.lstrip().startswith(b"<") else _inflated(stored)
    else:
        packet = b""
    if len(packet) > MAX_XMP_BYTES:
        raise ValueError(f"an XMP packet of {len(packet)} bytes")
    return packet or None


def parse(packet: bytes | None) -> Mapping[str, str]:
    """Read what the tables of a catalog have no room for, by prefixed name: "dc:title", "exif:GPSAltitude".

    Of a list the first item is taken, of a text in several languages the default one. What is no XMP says nothing:
    metadata never stops a photo. Entities are not expanded and nothing is loaded from anywhere.
    """
    if not packet:
        return {}
    # Names are ASCII, so most of what is not there is seen without a parser; UTF-16 has zero bytes between.
    present = [name for name, local in _LOCAL.items() if local in packet] if b"\0" not in packet else _PROPERTIES
    if not present:
        return {}
    xmp = properties_of(packet)
    return {name: text for name in present if (text := xmp.text(name))}


def _inflated(blob: bytes) -> bytes:
    if not blob:
        return b""
    if len(blob) < _LENGTH.size:
        raise ValueError(f"an XMP blob of {len(blob)} bytes")
    (length,) = _LENGTH.unpack_from(blob)
    if length > MAX_XMP_BYTES:
        raise ValueError(f"an XMP packet of {length} bytes")
    inflater = zlib.decompressobj()
    try:
        packet = inflater.decompress(blob[_LENGTH.size :], length + 1)
    except zlib.error as error:
        raise ValueError(f"a damaged XMP blob ({error})") from error
    if len(packet) != length or not inflater.eof:
        raise ValueError(f"an XMP blob that is not the {length} bytes it says")
    return packet
