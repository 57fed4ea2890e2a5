"""XMP packets as Lightroom keeps them: packed or plain, and never trusted.

Source: XMP specification part 1 (ISO 16684-1) and part 2; the packing was seen in catalogs of Lightroom Classic 7 to
13: four bytes, big-endian, with the packet's length, then a zlib stream.
"""

# lxml comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from lxml import etree

MAX_XMP_BYTES = 32 * 1024 * 1024
"""Far above any packet seen (17 KB); masks painted with thousands of dabs make megabytes."""

_LENGTH = struct.Struct(">I")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMESPACES = {
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
}
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
_TAGS = {f"{{{_NAMESPACES[prefix]}}}{name}": f"{prefix}:{name}" for prefix, name in (p.split(":") for p in _PROPERTIES)}


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
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(packet.strip(b"\0 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    return {name: text for name, text in _properties(root) if text}


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


def _properties(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the properties of interest; XMP writes a simple one as an attribute or as an element, as it likes."""
    for rdf in root.iter(f"{_RDF}RDF"):
        for description in rdf.iterchildren(f"{_RDF}Description"):
            for tag, name in _TAGS.items():
                if (value := description.get(tag)) is not None:
                    yield name, value.strip()
            for element in description.iterchildren(*_TAGS):
                yield _TAGS[element.tag], _text(element)


def _text(element: etree._Element) -> str:
    items = element.findall(f"{_RDF}*/{_RDF}li")
    default = next((item for item in items if item.get(_LANGUAGE) == "x-default"), items[0] if items else element)
    return (default.text or "").strip()
