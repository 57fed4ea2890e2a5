"""XMP -> Facts: right on real sidecars, and facts or nothing on anything else."""

import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lightroom_catalogs import xmp_packet

from importers.base import Exposure, Facts
from importers.xmp import facts_of_packet
from importers.xmp_packet import MAX_XMP_BYTES, SPACES

MORE = "".join(
    f' xmlns:{name}="{SPACES[name]}"' for name in ("lr", "digiKam", "mwg-rs", "MP", "MPRI", "MPReg", "exifEX")
)
MORE += "".join(f' xmlns:{name}="{SPACES[name]}"' for name in ("Iptc4xmpExt", "MicrosoftPhoto", "xmpDM"))


def facts(attributes: str = "", elements: str = "") -> Facts:
    return facts_of_packet(xmp_packet(MORE + " " + attributes, elements).encode())


def bag(name: str, *items: str, kind: str = "Bag") -> str:
    return f"<{name}><rdf:{kind}>{''.join(f'<rdf:li>{i}</rdf:li>' for i in items)}</rdf:{kind}></{name}>"


# Real sidecars


@pytest.fixture(scope="session")
def sidecar_files(samples):
    return sorted((samples / "xmp").rglob("*.xmp"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "gox/photomechanics.xmp",
            {
                "title": "OBJECT_NAME",
                "caption": "José Mourinho",
                "keywords": ("A keyword", "Another keyword"),
                "rating": 4,
                "people": ("A person", "Another person"),
                "place": "London, Greater London, England",
                "color_label": "Winner alt",
            },
        ),
        (
            "gox/RAW_NIKON_D750.xmp",
            {
                "taken_at": datetime(2015, 6, 2, 9, 56, 1),
                "camera": "NIKON D750",
                "lens": "50mm f/1.8",
                "keywords": ("Rangsdorf", "Pflanzen"),
                "keyword_paths": (("Subjekt", "Natur", "Pflanzen"), ("Ort", "Deutschland", "Rangsdorf")),
                "exposure": Exposure(1 / 800, 2.0, 100.0, 50.0),
            },
        ),
        ("gox/digikam_sample.jpg.xmp", {"keywords": ("Steine", "Leuchtturm"), "flag": 0, "color_label": "Green"}),
        ("gox/mwg.xmp", {"people": ("Region 1",)}),
        ("gox/gpano.xmp", {}),
    ],
)
def test_real_sidecars(samples, name, expected):
    assert facts_of_packet((samples / "xmp" / name).read_bytes()) == Facts(**expected)


def test_most_real_sidecars_say_when_and_with_what(sidecar_files):
    """Counted by searching the 425 files for the properties, not with this reader."""
    found = [facts_of_packet(path.read_bytes()) for path in sidecar_files]
    assert len(found) == 425
    assert sum(one.camera is not None for one in found) == 398
    assert sum(one.latitude is not None for one in found) == 8
    assert sum(bool(one.keywords) for one in found) == 22
    assert all(one.taken_at is None or 1990 < one.taken_at.year < 2030 for one in found)


# Texts and lists


def test_attributes_and_elements_are_the_same():
    assert facts('xmp:Rating="4" xmp:Label="Red"') == facts("", "<xmp:Rating>4</xmp:Rating><xmp:Label>Red</xmp:Label>")


def test_the_default_language_is_taken():
    both = '<rdf:li xml:lang="de">Feuer</rdf:li><rdf:li xml:lang="x-default">Fire</rdf:li>'
    assert facts("", f"<dc:title><rdf:Alt>{both}</rdf:Alt></dc:title>").title == "Fire"


def test_the_headline_stands_in_for_a_title():
    assert facts('photoshop:Headline="Flood"').title == "Flood"
    assert facts('photoshop:Headline="Flood"', bag("dc:title", "A", kind="Alt")).title == "A"


def test_keywords_in_any_list_each_once_and_none_empty():
    assert facts("", bag("dc:subject", "a", " b ", "", "a", kind="Seq") + bag("dc:subject", "c")).keywords == (
        "a",
        "b",
        "c",
    )
    assert facts('dc:subject="alone"').keywords == ("alone",)


def test_a_keyword_with_a_qualifier_and_one_with_a_comment_in_it():
    qualified = "<rdf:Description><rdf:value>a</rdf:value><xmp:Label>x</xmp:Label></rdf:Description>"
    assert facts("", bag("dc:subject", qualified, "b<!-- - -->c")).keywords == ("a", "bc")


def test_hierarchies_of_lightroom_digikam_and_microsoft():
    got = facts(
        "",
        bag("lr:hierarchicalSubject", "Travel|Iceland", "alone")
        + bag("digiKam:TagsList", "People/Ann", kind="Seq")
        + bag("MicrosoftPhoto:LastKeywordXMP", "Travel/Iceland")
        + bag("dc:subject", "Iceland"),
    )
    assert got.keyword_paths == (("Travel", "Iceland"), ("People", "Ann"))
    assert got.keywords == ("Iceland", "alone", "Ann")


# Marks


@pytest.mark.parametrize(
    ("stored", "rating", "flag"),
    [
        ("5", 5, None),
        ("3.0", 3, None),
        ("0", None, None),
        ("-1", None, -1),
        ("-1.0", None, -1),
        ("6", None, None),
        ("x", None, None),
        ("", None, None),
    ],
)
def test_stars_and_rejects(stored, rating, flag):
    got = facts(f'xmp:Rating="{stored}"')
    assert (got.rating, got.flag) == (rating, flag)


def test_flags_of_lightroom_and_digikam():
    assert [facts(f'xmpDM:pick="{pick}"').flag for pick in ("-1", "0", "1", "2")] == [-1, 0, 1, None]
    assert [facts(f'digiKam:PickLabel="{pick}"').flag for pick in "0123"] == [None, -1, 0, 1]


def test_colours_of_digikam():
    assert [facts(f'digiKam:ColorLabel="{n}"').color_label for n in ("0", "1", "9", "17", "²")] == [
        None, "Red", "White", None, None,
    ]  # fmt: skip


# People


FACES = """<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>
  <rdf:li rdf:parseType="Resource"><mwg-rs:Name>Ann</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>
  <rdf:li><rdf:Description mwg-rs:Name="Bob" mwg-rs:Type="Face"/></rdf:li>
  <rdf:li mwg-rs:Name="Cid"/>
  <rdf:li rdf:parseType="Resource"><mwg-rs:Name>a box</mwg-rs:Name><mwg-rs:Type>BarCode</mwg-rs:Type></rdf:li>
</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"""
FACES_OF_MICROSOFT = """<MP:RegionInfo><rdf:Description><MPRI:Regions><rdf:Bag><rdf:li>
  <rdf:Description MPReg:PersonDisplayName="Dee" MPReg:Rectangle="0,0,1,1"/></rdf:li></rdf:Bag></MPRI:Regions>
</rdf:Description></MP:RegionInfo>"""


def test_people_at_faces_and_in_lists():
    got = facts("", FACES + FACES_OF_MICROSOFT + bag("Iptc4xmpExt:PersonInImage", "Eve", "Ann"))
    assert got.people == ("Eve", "Ann", "Bob", "Cid", "Dee")


# Time and place


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("2012-05-06T10:11:12", datetime(2012, 5, 6, 10, 11, 12)),
        ("2012-05-06T10:11:12.25Z", datetime(2012, 5, 6, 10, 11, 12, 250000, UTC)),
        ("2012-05-06T10:11-03:30", datetime(2012, 5, 6, 10, 11, 0, 0, timezone(-timedelta(hours=3, minutes=30)))),
        ("2012:05:06 10:11:12.000", datetime(2012, 5, 6, 10, 11, 12)),  # darktable
        ("2012-05-06", datetime(2012, 5, 6)),
        ("2012-05", None),
        ("2012", None),
        ("0000-00-00T00:00:00", None),
        ("2012-13-45T10:11:12", None),
        ("2012-05-06T99:11:12", None),
        ("99999999999999", None),
    ],
)
def test_times(stored, expected):
    assert facts(f'exif:DateTimeOriginal="{stored}"').taken_at == expected


def test_the_first_time_that_can_be_read_counts():
    got = facts('exif:DateTimeOriginal="2012" photoshop:DateCreated="2011-01-02" xmp:CreateDate="2020-01-01T00:00:00"')
    assert got.taken_at == datetime(2011, 1, 2)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("48,51.5N", "2,21.0E", (48.858333, 2.35)),
        ("33,51,30S", "151,12,36W", (-33.858333, -151.21)),
        ("48.5", "-2.25", (48.5, -2.25)),
        ("95,0N", "2,0E", (None, None)),
        ("0,0N", "0,0E", (None, None)),
        ("48,51.5E", "2,21.0N", (None, None)),
        ("48,51.5N", "east", (None, None)),
    ],
)
def test_positions(latitude, longitude, expected):
    got = facts(f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="{longitude}"')
    assert (got.latitude, got.longitude) == (pytest.approx(expected, abs=1e-6) if expected[0] else expected)


def test_places_are_joined_and_not_repeated():
    assert facts('photoshop:City="Singapore" photoshop:Country="Singapore"').place == "Singapore"


# Camera


def test_exposure_as_ratios_and_as_numbers():
    got = facts(
        'exif:ExposureTime="1/250" exif:FNumber="2.8" exif:FocalLength="50/1"',
        bag("exif:ISOSpeedRatings", "400", kind="Seq"),
    )
    assert got.exposure == Exposure(0.004, 2.8, 400.0, 50.0)
    assert facts('exif:ExposureTime="1/0" exif:FNumber="0/1" exif:FocalLength="x"').exposure == Exposure()
    large = facts('exifEX:PhotographicSensitivity="65535" exifEX:RecommendedExposureIndex="102400"')
    assert large.exposure.iso == 102_400


def test_lenses_of_both_vocabularies():
    assert facts('aux:Lens="EF50mm f/1.4 USM"').lens == "EF50mm f/1.4 USM"
    assert facts('exifEX:LensMake="Apple" exifEX:LensModel="iPhone 13"').lens == "Apple iPhone 13"


# Encodings, and whatever comes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("head", ["", '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'])
def test_encodings(encoding, head):
    packet = head + xmp_packet('xmp:Label="Größe"') + ("\n" * 20 + '<?xpacket end="w"?>' if head else "")
    assert facts_of_packet(packet.encode(encoding)).color_label == "Größe"


def test_a_latin_1_file_that_says_so():
    packet = '<?xml version="1.0" encoding="ISO-8859-1"?>' + xmp_packet('xmp:Label="Größe"')
    assert facts_of_packet(packet.encode("latin-1")).color_label == "Größe"


def test_entities_are_neither_expanded_nor_loaded(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for entity in (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', '<!ENTITY e "secret">'):
        packet = f"<!DOCTYPE x [{entity}]>" + xmp_packet("", bag("dc:subject", "a", "&e;"))
        assert facts_of_packet(packet.encode()).keywords == ("a",)


def test_bombs_are_no_metadata_and_cost_no_memory():
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    laughs = f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>' + xmp_packet('xmp:Label="&a9;"')
    deep = xmp_packet("", "<x>" * 50_000 + "</x>" * 50_000)
    large = b"<" + bytes(MAX_XMP_BYTES)
    tracemalloc.start()
    try:
        for packet in (laughs.encode(), deep.encode(), large):
            assert facts_of_packet(packet) == Facts()
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def check(got: Facts) -> None:
    assert isinstance(got, Facts)
    assert got.rating is None or 1 <= got.rating <= 5
    assert (got.latitude is None) == (got.longitude is None)
    assert got.latitude is None or -90 <= got.latitude <= 90
    assert all(isinstance(text, str) and text for text in (*got.keywords, *got.people))
    for text in (got.title, got.caption, got.camera, got.lens, got.place, got.color_label):
        assert text is None or text.strip()


@given(st.binary() | st.text().map(lambda text: xmp_packet("", text).encode("utf-8", "surrogatepass")))
def test_any_bytes_give_facts(packet):
    check(facts_of_packet(packet))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_real_sidecars_give_facts(sidecar_files, data):
    names = ("photomechanics", "digikam_sample.jpg", "mwg", "RAW_NIKON_D750", "dji", "gpano", "test1")
    known = [path for path in sidecar_files if path.stem in names]
    broken = bytearray(data.draw(st.sampled_from(known)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(broken) - 1))
        broken[start : start + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=4)
            | st.sampled_from(
                [b"<", b">", b'"', b"&", b"/", b"rdf:li", b"99999999999999999999", b"<rdf:li/>", b"\xff\xfe"]
            )
        )
    check(facts_of_packet(bytes(broken)))


NUMERIC = ["xmp:Rating", "exif:GPSLatitude", "exif:GPSLongitude", "exif:ExposureTime", "exif:FNumber"]
NUMERIC += ["exif:DateTimeOriginal", "xmp:CreateDate", "digiKam:ColorLabel", "digiKam:PickLabel"]


@given(
    name=st.sampled_from(NUMERIC),
    value=st.text(alphabet="0123456789.,:/-+TZNSEW ٣²", max_size=24),
)
def test_any_value_in_any_field_gives_facts(name, value):
    other = 'exif:GPSLongitude="1,2E"' if name == "exif:GPSLatitude" else 'exif:GPSLatitude="1,2N"'
    check(facts(f'{name}="{value}" {other}'))
