"""Any bytes that may be an XMP packet -> its properties; nothing is expanded, loaded or fetched, and nothing raised.

Source: XMP specification part 1 (ISO 16684-1), 7: a property is an attribute or an element, a structure is written in
four ways, a list is a Bag, a Seq or an Alt, and prefixes mean nothing.
"""

# lxml comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

MAX_XMP_BYTES = 32 * 1024 * 1024
"""Far above any packet seen (100 kB); masks painted with thousands of dabs make megabytes."""

SPACES = {
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
}
"""The prefixes by which names are written here; files may use any others."""

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_LITTLE_END_FIRST, _BIG_END_FIRST = b"\xff\xfe", b"\xfe\xff"


def clark(name: str) -> str:
    """Return a name as lxml wants it: "dc:title" -> "{http://purl.org/dc/elements/1.1/}title"."""
    prefix, _, local = name.partition(":")
    return f"{{{SPACES[prefix]}}}{local}"


_RDF, _DESCRIPTION, _LI = clark("rdf:RDF"), clark("rdf:Description"), clark("rdf:li")
_VALUE, _RESOURCE = clark("rdf:value"), clark("rdf:resource")
_LISTS = (clark("rdf:Bag"), clark("rdf:Seq"), clark("rdf:Alt"))


class Properties:
    """The properties of a packet, or the fields of a structure in it, by prefixed name ("dc:title")."""

    def __init__(self, nodes: Iterable[etree._Element]) -> None:
        self._nodes = tuple(nodes)

    def text(self, name: str) -> str | None:
        """Return a property as text: of a list the first item, of several languages the default; None where empty."""
        for value in self._values(name):
            items = _items(value)
            default = next((item for item in items if item.get(_LANGUAGE) == "x-default"), None)
            ordered = items if default is None else [default, *items]
            if text := next(filter(None, map(_text, ordered)), None):
                return text
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list's items, each once; empty ones are left out, and a single value counts as a list of one."""
        items = (_text(item) for value in self._values(name) for item in _items(value))
        return tuple(dict.fromkeys(filter(None, items)))

    def structures(self, name: str) -> Iterator[Properties]:
        """Yield the structures in a property, be it one or a list of them."""
        for value in self._values(name):
            if not isinstance(value, str):
                for item in _items(value):
                    yield Properties((item, *item.iterchildren(_DESCRIPTION)))

    def _values(self, name: str) -> Iterator[str | etree._Element]:
        """Yield what is written under a name; it may be there more than once."""
        tag = clark(name)
        for node in self._nodes:
            if (attribute := node.get(tag)) is not None:
                yield attribute
            yield from node.iterchildren(tag)


def properties_of(packet: bytes | None) -> Properties:
    """Read a packet; what is no XMP, or larger than MAX_XMP_BYTES, has no properties. Never raises."""
    if not packet or len(packet) > MAX_XMP_BYTES:
        return Properties(())
    from lxml import etree  # slow to import, and many a catalog holds no packet

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(_trimmed(packet), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return Properties(())
    return Properties(node for rdf in root.iter(_RDF) for node in rdf.iterchildren(_DESCRIPTION))


def _trimmed(packet: bytes) -> bytes:
    """Cut off padding, and what files hold around a packet; UTF-16 has zero bytes that are none."""
    if packet.startswith((_LITTLE_END_FIRST, _BIG_END_FIRST)):
        return packet
    if packet.startswith(b"<\0"):
        return _LITTLE_END_FIRST + packet
    if packet.startswith(b"\0<"):
        return _BIG_END_FIRST + packet
    start, end = packet.find(b"<"), packet.rfind(b">")
    return packet[start : end + 1] if start >= 0 else b""


def _items(value: str | etree._Element) -> list[_Text | etree._Element]:
    """Return the items of a list; anything else is the one item."""
    if isinstance(value, str):
        return [_Text(value)]
    lists = list(value.iterchildren(*_LISTS))
    return [item for one in lists for item in one.iterchildren(_LI)] if lists else [value]


class _Text(str):
    """A value that was an attribute, which has no language."""

    def get(self, name: str) -> None:
        return None


def _text(item: _Text | etree._Element) -> str | None:
    if isinstance(item, str):
        return item.strip() or None
    if text := (item.text or "").strip():
        return text
    for node in (item, *item.iterchildren(_DESCRIPTION)):  # a value with qualifiers
        if (value := node.findtext(_VALUE) or node.get(_VALUE)) and value.strip():
            return value.strip()
    return item.get(_RESOURCE) or None
