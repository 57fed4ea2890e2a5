"""XMP packets as Lightroom keeps them: packed or plain, and never trusted.

Source: XMP specification part 1 (ISO 16684-1), part 2 for the schemas; the packing was seen in catalogs of
Lightroom Classic 7 to 13: four bytes big-endian with the length, then a zlib stream.
"""

# lxml comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

MAX_XMP_BYTES = 32 * 1024 * 1024
"""Far above any packet seen (60 KB); masks painted with thousands of dabs make megabytes."""

_LENGTH = struct.Struct(">I")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
}


@dataclass(frozen=True, slots=True)
class Xmp:
    """The simple properties and plain lists of a packet, by prefixed name: "dc:title", "exif:DateTimeOriginal".

    Attributes:
        values: Each with its texts, in order; of translated ones the default language comes first.
    """

    values: dict[str, tuple[str, ...]]

    def text(self, name: str) -> str | None:
        """Return a property's first text, or None where there is none or it is empty."""
        return next((text for text in self.values.get(name, ()) if text), None)


EMPTY = Xmp({})


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


def parse(packet: bytes | None) -> Xmp:
    """Read the properties of a packet. What is no XMP has none: metadata never stops a photo.

    Entities are not expanded and nothing is loaded from anywhere.
    """
    if not packet:
        return EMPTY
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(packet.strip(b"\0 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return EMPTY
    values: dict[str, tuple[str, ...]] = {}
    for name, texts in _properties(root):
        values.setdefault(name, texts)
    return Xmp(values)


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
        raise ValueError(f"a damaged XMP blob: {error}") from error
    if len(packet) != length or not inflater.eof:
        raise ValueError(f"an XMP blob of {len(packet)} bytes that says {length}")
    return packet


def _properties(root: etree._Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f".//{_RDF}RDF")
    if rdf is None:
        return
    for description in rdf.iterchildren(f"{_RDF}Description"):
        for tag, value in description.attrib.items():
            if name := _name(tag):
                yield name, (str(value).strip(),)
        for child in description.iterchildren(tag=etree.Element):
            if name := _name(child.tag):
                yield name, tuple(_texts(child))


def _texts(element: etree._Element) -> Iterator[str]:
    """Yield the items of a list, or the element's own text."""
    items = list(element.iterfind(f"{_RDF}*/{_RDF}li"))
    items.sort(key=lambda item: item.get(_LANGUAGE, "x-default") != "x-default")
    for item in items or [element]:
        yield (item.text or "").strip()


def _name(tag: str) -> str | None:
    """Return "dc:title" for "{http://purl.org/dc/elements/1.1/}title", None for a namespace not asked for."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{name}" if prefix else None
