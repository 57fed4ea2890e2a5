"""Sidecars that are not understood: left alone, whatever bytes they are."""

import codecs
from contextlib import suppress

import pytest
from generated_xmp import xmp
from hypothesis import given
from hypothesis import strategies as st

from safelight.writeback.files import NotOursError
from safelight.writeback.xmp_edit import edited

KEEPER = ("Safelight", "Duplicates", "keeper")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no XMP"),
        (b"\xff\xd8\xff\xe0 a JPEG by the wrong name", "not utf-8 text"),
        (b"{}", "no XMP"),
        (b"<a><b></a>", "no XML"),
        (b"<html></html>", "no XMP in it"),
        (xmp()[:300], "no XM"),
        (xmp().replace(b"</xmp:Label>", b""), "no XML"),
        (xmp() + b"<more></more>", "no XML"),
        (b'<!DOCTYPE x [<!ENTITY e "x">]>' + xmp("<xmp:Nickname>&e;</xmp:Nickname>"), "DTD"),
        (xmp("<xmp:Nickname>&undefined;</xmp:Nickname>"), "no XML"),
        (xmp("<dc:subject rdf:parseType='Literal'>sea</dc:subject>"), "not known"),
        (xmp("<dc:subject><rdf:Description dc:x='1'/></dc:subject>"), "not known"),
        (b'<?xml version="1.0" encoding="utf-7"?>' + xmp("<xmp:Nickname>+AGE-</xmp:Nickname>"), "as it was"),
        (b'<?xml version="1.0" encoding="rot13"?>' + xmp(), "not rot13 text"),
        (codecs.BOM_UTF16_LE + f"<!DOCTYPE x>{xmp().decode()}".encode("utf-16-le"), "DTD"),
        (codecs.BOM_UTF16_BE + f'<!DOCTYPE x [<!ENTITY e "x">]>{xmp().decode()}'.encode("utf-16-be"), "DTD"),
        (f"<!DOCTYPE x>{xmp().decode()}".encode("utf-16-le"), "DTD"),
        (f"<?xml version='1.0'?><!DOCTYPE x>{xmp().decode()}".encode("utf-16-be"), "DTD"),
        (b'<?xml version="1.0" encoding="utf-16"?>' + xmp(), "not utf-16 text|utf-16 text of a kind"),
        (b'<?xml version="1.0" encoding="utf-16"?> ' + xmp(), "not utf-16 text|utf-16 text of a kind"),
        (b'<?xml version="1.0" encoding="us-ascii"?>' + xmp("<xmp:Nickname>Größe</xmp:Nickname>"), "not us-ascii text"),
        (xmp("<xmp:Nickname>Größe</xmp:Nickname>").decode().encode("latin-1"), "not utf-8 text"),
        (codecs.BOM_UTF16_LE + xmp() + b" " * (len(xmp()) % 2), "no XMP|not utf-16-le text"),
        (codecs.BOM_UTF8 + xmp().decode().encode("utf-16-le"), "no XM"),
        (b"<x>" * 40_000 + b"</x>" * 40_000, "no XML"),
        (b"<x>" * 100_000 + b"</x>" * 100_000, "more than 100,000 tags"),
    ],
)
def test_what_is_not_understood_is_refused(content, reason):
    with pytest.raises(NotOursError, match=reason):
        edited(content, [KEEPER], [])


def test_no_file_is_read_through_an_entity(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    hostile = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode() + xmp(
        "<xmp:Nickname>&e;</xmp:Nickname>"
    )
    with pytest.raises(NotOursError, match="DTD"):
        edited(hostile, [KEEPER], [])


def test_a_keyword_that_xml_cannot_hold_is_refused():
    with pytest.raises(NotOursError, match="cannot hold"):
        edited(xmp(), [("a\0b",)], [])


@given(st.binary(max_size=200))
def test_any_bytes_are_changed_or_refused(content):
    with suppress(NotOursError):
        edited(content, [KEEPER], [])
