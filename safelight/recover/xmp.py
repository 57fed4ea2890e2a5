"""What a catalog says of a photo -> XMP, in one segment or, where it is too long for one, in several.

Written anew from the catalog's tables: the packet that a catalog stores may lag behind them, and holds develop
settings, which Lightroom would apply a second time to a photo that shows them already.

Source: XMP Specification, part 1 (properties) and part 3, 1.1.3 (JPEG, extended XMP); MWG Guidelines 2.0.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from importers.lightroom_photo import CatalogPhoto, Position

MAGIC = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_MAGIC = b"http://ns.adobe.com/xmp/extension/\0"
_MAX_SEGMENT_BYTES = 65_533
_EXTENSION_CHUNK_BYTES = 65_000
_MAX_ATTRIBUTE_CHARACTERS = 1000  # of what stays in the first segment: a dozen of them fit
_SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
}
# XML 1.0 has no way to write these, nor half characters, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"))


def payloads(photo: CatalogPhoto) -> list[bytes]:
    """Write the payloads of the XMP segments, in their order; none where the catalog says nothing."""
    attributes = _attributes(photo)
    short, long = _texts(photo), _lists(photo)
    if not attributes and not short and not long:
        return []
    whole = MAGIC + _packet(attributes, short + long)
    if len(whole) <= _MAX_SEGMENT_BYTES:
        return [whole]
    extension = _packet({}, short + long, wrapped=False)
    import hashlib  # seldom needed, and slow to import

    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    main = MAGIC + _packet({**attributes, "xmpNote:HasExtendedXMP": guid}, [])
    return [main, *_extended(extension, guid)]


def clean(text: str) -> str:
    """Drop what XML cannot hold."""
    whole = text if text.isascii() else text.encode("utf-8", "ignore").decode()
    return _NOT_XML.sub("", whole)


def _escape(text: str) -> str:
    """Do what html.escape does: its module brings 2,231 names of characters, 1.5 ms of every start."""
    for sign, entity in _ENTITIES:
        text = text.replace(sign, entity)
    return text


def _attributes(photo: CatalogPhoto) -> dict[str, str]:
    """Return the simple properties."""
    time = _iso(photo.taken_at) if photo.taken_at else None
    found = {
        "xmp:Rating": str(photo.rating) if photo.rating else None,
        "xmp:Label": photo.label,
        "xmp:CreateDate": time,
        "photoshop:DateCreated": time,
        "photoshop:Headline": photo.headline,
        "photoshop:City": photo.city,
        "photoshop:State": photo.state,
        "photoshop:Country": photo.country,
        "Iptc4xmpCore:Location": photo.location,
        "exif:DateTimeOriginal": time,
        "aux:Lens": photo.lens,
        "aux:SerialNumber": photo.camera_serial,
        **(_place(photo.position) if photo.position else {}),
    }
    return {name: value for name, value in found.items() if value}


def _place(position: Position) -> dict[str, str]:
    """Return GPS properties, as "48,51.4999N"."""
    place: dict[str, str] = {}
    for name, value, directions in (
        ("exif:GPSLatitude", position.latitude, "NS"),
        ("exif:GPSLongitude", position.longitude, "EW"),
    ):
        degrees, minutes = divmod(round(abs(value) * 60, 6), 60)
        place[name] = f"{degrees:.0f},{minutes:.6f}{directions[value < 0]}"
    if position.altitude_m is not None:
        place["exif:GPSAltitudeRef"] = str(int(position.altitude_m < 0))
        place["exif:GPSAltitude"] = f"{round(abs(position.altitude_m) * 1000)}/1000"
    return place


def _texts(photo: CatalogPhoto) -> list[str]:
    """Return the properties that have a language or an order, as elements."""
    languages = {"dc:title": photo.title, "dc:description": photo.caption, "dc:rights": photo.copyright}
    elements = [
        f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{_escape(clean(text))}</rdf:li></rdf:Alt></{name}>'
        for name, text in languages.items()
        if text
    ]
    return elements + _items("dc:creator", "Seq", [photo.creator] if photo.creator else [])


def _lists(photo: CatalogPhoto) -> list[str]:
    paths = ("|".join(path) for path in photo.keyword_paths)
    return _items("dc:subject", "Bag", photo.keywords) + _items("lr:hierarchicalSubject", "Bag", paths)


def _items(name: str, kind: str, texts: Iterable[str]) -> list[str]:
    items = "".join(f"<rdf:li>{_escape(clean(text))}</rdf:li>" for text in texts)
    return [f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"] if items else []


def _packet(attributes: dict[str, str], elements: list[str], *, wrapped: bool = True) -> bytes:
    """Serialise properties; an extension has no packet wrapper."""
    body = "".join(elements)
    names = (*attributes, *(element[1:] for element in elements))
    spaces = _spaces(frozenset(name[: name.index(":")] for name in names))
    simple = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items())
    rdf = f'<rdf:RDF{spaces}><rdf:Description rdf:about=""{simple}>{body}</rdf:Description></rdf:RDF>'
    meta = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{rdf}</x:xmpmeta>'
    head, tail = (
        ('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="r"?>') if wrapped else ("", "")
    )
    return (head + meta + tail).encode()


@lru_cache(maxsize=256)
def _spaces(prefixes: frozenset[str]) -> str:
    """Declare the name spaces of properties; that of their lists, too."""
    return "".join(f' xmlns:{prefix}="{_SPACES[prefix]}"' for prefix in sorted(prefixes | {"rdf"}))


@lru_cache(maxsize=256)  # one capture time stands in three places, and a folder's photos share much
def _attribute(text: str) -> str:
    """Escape an attribute's value; XML turns line breaks and tabs in one into spaces unless they are escaped, too."""
    escaped = _escape(clean(text)[:_MAX_ATTRIBUTE_CHARACTERS])
    return escaped.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def _extended(packet: bytes, guid: str) -> list[bytes]:
    return [
        EXTENDED_MAGIC
        + guid.encode()
        + struct.pack(">II", len(packet), start)
        + packet[start : start + _EXTENSION_CHUNK_BYTES]
        for start in range(0, len(packet), _EXTENSION_CHUNK_BYTES)
    ]


def _iso(time: datetime) -> str:
    """Write a time with only the digits of a second that are known."""
    if not time.microsecond and not time.tzinfo:
        return time.isoformat()
    text = time.replace(microsecond=0, tzinfo=None).isoformat()
    fraction = f".{time.microsecond:06}".rstrip("0") if time.microsecond else ""
    return text + fraction + time.isoformat()[-6:] if time.tzinfo else text + fraction
