"""XMP packets from anyone: a value or nothing, never more memory than a packet may take, never a file or a network."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightroom_catalogs import pack, xmp_packet

from importers import lightroom_xmp
from importers.lightroom_xmp import MAX_XMP_BYTES, parse, unpack


@pytest.mark.parametrize("stored", ["<x/>", b"<x/>", b"\n <x/>", pack(b"<x/>"), pack(b"<x/>") + b"more"])
def test_plain_and_packed_packets_come_out_the_same(stored: str | bytes) -> None:
    assert (unpack(stored) or b"").strip() == b"<x/>"


@pytest.mark.parametrize("stored", [None, "", b"", 7, 1.5, pack(b"")])
def test_no_packet_is_none(stored: object) -> None:
    assert unpack(stored) is None


def test_packing_follows_the_layout() -> None:
    packet = b"<x>" + b"a" * 5000 + b"</x>"
    assert unpack((5007).to_bytes(4, "big") + zlib.compress(packet, 9)) == packet


def test_a_bomb_is_not_inflated() -> None:
    """A blob of 200 KB that says 10 bytes and holds 200 MB."""
    bomb = struct.pack(">I", 10) + zlib.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not the 10 bytes it says"):
            unpack(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_too_large_is_an_error_before_anything_is_inflated() -> None:
    with pytest.raises(ValueError, match=f"an XMP packet of {MAX_XMP_BYTES + 1} bytes"):
        unpack(struct.pack(">I", MAX_XMP_BYTES + 1) + zlib.compress(b"<x/>"))
    with pytest.raises(ValueError, match="an XMP packet of"):
        unpack("<" + "x" * MAX_XMP_BYTES)


@given(st.binary() | st.binary().map(pack) | st.binary().map(lambda data: pack(data)[:-1]) | st.text())
def test_anything_stored_is_a_packet_or_a_value_error(stored: bytes | str) -> None:
    try:
        packet = unpack(stored)
    except ValueError:
        return
    assert packet is None or isinstance(packet, bytes)


@given(st.binary() | st.text().map(lambda text: xmp_packet(elements=text).encode("utf-8", "surrogatepass")))
def test_any_packet_has_texts_or_nothing(packet: bytes) -> None:
    assert all(isinstance(text, str) and text for text in parse(packet).values())


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_a_damaged_packet_has_texts_or_nothing(start: int, patch: bytes) -> None:
    packet = xmp_packet('tiff:Make="Canon"', "<dc:title><rdf:Alt><rdf:li>Fire</rdf:li></rdf:Alt></dc:title>").encode()
    start %= len(packet)
    found = parse(packet[:start] + patch + packet[start + len(patch) :])
    assert set(found) <= {"tiff:Make", "dc:title", *lightroom_xmp._PROPERTIES}


def test_attributes_and_elements_are_the_same_thing() -> None:
    attributes = parse(xmp_packet('tiff:Make="Canon"').encode())
    assert (
        attributes == parse(xmp_packet(elements="<tiff:Make> Canon\n</tiff:Make>").encode()) == {"tiff:Make": "Canon"}
    )


def test_several_descriptions_are_read_together() -> None:
    packet = xmp_packet('tiff:Make="Canon"').replace(
        "</rdf:RDF>", '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Model="D60"/></rdf:RDF>'
    )
    assert parse(packet.encode()) == {"tiff:Make": "Canon", "tiff:Model": "D60"}


def test_prefixes_mean_nothing_and_namespaces_everything() -> None:
    packet = xmp_packet('tiff:Make="Canon"')
    assert parse(packet.replace("tiff:", "t:").replace("xmlns:tiff", "xmlns:t").encode()) == {"tiff:Make": "Canon"}
    assert parse(packet.replace("http://ns.adobe.com/tiff/1.0/", "http://example.org/").encode()) == {}


def test_a_packet_in_its_wrapper_and_with_padding() -> None:
    packet = xmp_packet('tiff:Make="Canon"')
    wrapped = f'<?xpacket begin="\ufeff" id="x"?>{packet}{" " * 2000}<?xpacket end="w"?>\0\0'
    assert parse(wrapped.encode()) == {"tiff:Make": "Canon"}


def test_entities_are_neither_expanded_nor_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    body = xmp_packet(elements="<dc:title><rdf:Alt><rdf:li>a&e;</rdf:li></rdf:Alt></dc:title>")
    for entity in (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', '<!ENTITY e "secret">'):
        assert parse(f"<!DOCTYPE x [{entity}]>{body}".encode()) == {"dc:title": "a"}


def test_a_billion_laughs_are_not_told() -> None:
    """Two gigabytes, would they be expanded; in an attribute they are by definition, and the parser gives up."""
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    for body in (xmp_packet("tiff:Make='&a9;'"), xmp_packet(elements="<tiff:Make>&a9;</tiff:Make>")):
        assert parse(f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>{body}'.encode()) == {}


def test_deep_nesting_is_no_metadata() -> None:
    assert parse(xmp_packet(elements="<x>" * 100_000 + "</x>" * 100_000).encode()) == {}
