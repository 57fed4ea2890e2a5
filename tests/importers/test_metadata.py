"""EXIF -> Facts: right on real cameras, and never an error."""

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from importers.base import Facts
from importers.images import open_upright
from importers.metadata import facts_of


def facts(main=None, photo=None, gps=None):
    exif = Image.Exif()
    exif.update(main or {})
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(gps or {})
    written = Image.Exif()
    written.load(exif.tobytes())
    return facts_of(written)


# Real files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "jpg/gps/DSCN0010.jpg",
            Facts(datetime(2008, 10, 22, 16, 28, 39), 43.467448, 11.885127, "NIKON COOLPIX P6000"),
        ),
        (
            "jpg/Kodak_CX7530.jpg",
            Facts(datetime(2005, 8, 13, 9, 47, 23), -0.3713, 36.056417, "KODAK CX7530 ZOOM DIGITAL CAMERA"),
        ),
        ("jpg/Canon_40D.jpg", Facts(datetime(2008, 5, 30, 15, 56, 1), camera="Canon EOS 40D")),
        (
            "jpg/Konica_Minolta_DiMAGE_Z3.jpg",
            Facts(datetime(2005, 3, 10, 15, 10, 48), camera="KONICA MINOLTA DiMAGE Z3"),
        ),
        (
            "jpg/exif-org/kodak-dc210.jpg",
            Facts(datetime(2000, 10, 26, 16, 46, 51), camera="Eastman Kodak DC210 Zoom (V05.00)"),
        ),
        ("jpg/corrupted.jpg", Facts(datetime(2015, 9, 8, 11, 2, 17), camera="OLYMPUS u1020,S1020")),
        (
            "jpg/hdr/iphone_hdr_YES.jpg",
            Facts(
                datetime(2015, 4, 10, 20, 12, 23, 550000),
                40.446972,
                -3.724753,
                "Apple iPhone 6",
                "Apple iPhone 6 back camera 4.15mm f/2.2",
            ),
        ),
        (
            "heic/mobile/iphone_13_pro_max.HEIC",
            Facts(
                datetime(2022, 2, 16, 12, 55, 41, 762000, timezone(timedelta(hours=1))),
                camera="Apple iPhone 13 Pro Max",
                lens="Apple iPhone 13 Pro Max back triple camera 5.7mm f/1.5",
            ),
        ),
        ("jpg/PaintTool_sample.jpg", Facts()),
    ],
)
def test_real_cameras(samples, name, expected):
    got = open_upright(samples / "images" / "exif" / name, min_edge=64).facts
    assert (got.taken_at, got.camera, got.lens) == (expected.taken_at, expected.camera, expected.lens)
    assert (got.latitude, got.longitude) == pytest.approx((expected.latitude, expected.longitude), abs=1e-5)


def test_no_real_file_says_what_cannot_be(samples):
    for path in sorted((samples / "images" / "exif" / "jpg").rglob("*.jpg")):
        got = open_upright(path, min_edge=64).facts
        assert got.taken_at is None or 1990 < got.taken_at.year < 2030
        assert (got.latitude is None) == (got.longitude is None)
        for text in (got.camera, got.lens):
            assert text is None or (text == text.strip() and text and "\0" not in text)


# Time


def test_time_with_zone_and_fraction():
    got = facts(photo={0x9003: "2021:05:06 07:08:09", 0x9011: "-03:30", 0x9291: "25"})
    assert got.taken_at == datetime(2021, 5, 6, 7, 8, 9, 250000, timezone(-timedelta(hours=3, minutes=30)))


def test_the_zone_belongs_to_its_own_time():
    got = facts({0x0132: "2022:01:01 00:00:00"}, {0x9010: "+01:00", 0x9003: "2021:05:06 07:08:09"})
    assert got.taken_at == datetime(2021, 5, 6, 7, 8, 9)
    assert got.taken_at.tzinfo is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021:05:06 07:08:09", datetime(2021, 5, 6, 7, 8, 9)),
        ("2021-05-06T07:08:09", datetime(2021, 5, 6, 7, 8, 9)),
        ("2021:05:06 07:08", datetime(2021, 5, 6, 7, 8)),
        ("2021:05:06 07:08:60", datetime(2021, 5, 6, 7, 8, 59)),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2021:13:45 99:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_as_they_are_written(text, expected):
    assert facts(photo={0x9003: text}).taken_at == expected


def test_a_broken_time_gives_way_to_the_next():
    got = facts({0x0132: "2020:02:03 04:05:06"}, {0x9003: "0000:00:00 00:00:00", 0x9004: "2019:02:03 04:05:06"})
    assert got.taken_at == datetime(2019, 2, 3, 4, 5, 6)
    assert facts({0x0132: "2020:02:03 04:05:06"}).taken_at == datetime(2020, 2, 3, 4, 5, 6)


def test_zulu_and_nonsense_zones():
    assert facts(photo={0x9003: "2021:05:06 07:08:09", 0x9011: "Z"}).taken_at.tzinfo == UTC
    assert facts(photo={0x9003: "2021:05:06 07:08:09", 0x9011: "+99:00"}).taken_at.tzinfo is None


# Place


def test_southern_and_western_places_are_negative():
    got = facts(gps={1: "S", 2: (33.0, 51.0, 30.0), 3: "W", 4: (151.0, 12.0, 36.0)})
    assert (got.latitude, got.longitude) == pytest.approx((-33.858333, -151.21), abs=1e-6)


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (IFDRational(0, 0), 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: (5.0, 0.0, 0.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
    ],
)
def test_broken_places_are_unknown(gps):
    got = facts(gps=gps)
    assert (got.latitude, got.longitude) == (None, None)


def test_a_place_without_directions_is_north_and_east():
    got = facts(gps={2: (10.0, 30.0, 0.0), 4: (20.0, 0.0, 0.0)})
    assert (got.latitude, got.longitude) == (10.5, 20.0)


# Names


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("FUJIFILM", "X-T5", "FUJIFILM X-T5"),
        ("OLYMPUS IMAGING CORP.", "E-M1", "OLYMPUS E-M1"),
        ("Konica Minolta Camera, Inc.", "DiMAGE Z3", "Konica Minolta DiMAGE Z3"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("Canon\0garbage", "  EOS   R5\0\0", "Canon EOS R5"),
        ("Canon", None, "Canon"),
        (None, "Pixel 8", "Pixel 8"),
        ("   ", "----", None),
    ],
)
def test_cameras_are_named_as_people_do(make, model, expected):
    tags = {0x010F: make, 0x0110: model}
    assert facts({tag: value for tag, value in tags.items() if value is not None}).camera == expected


def test_rating_is_one_to_five_stars():
    assert [facts({0x4746: stars}).rating for stars in (0, 1, 5, 6, 99)] == [None, 1, 5, None, None]


# Never an error


@pytest.fixture(scope="module")
def real_exif(samples):
    names = ["jpg/gps/DSCN0010.jpg", "jpg/Canon_40D.jpg", "jpg/hdr/iphone_hdr_YES.jpg", "jpg/tests/87_OSError.jpg"]
    return [Image.open(samples / "images" / "exif" / name).info["exif"] for name in names]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_exif_gives_facts(real_exif, data):
    broken = bytearray(data.draw(st.sampled_from(real_exif)))
    for _ in range(data.draw(st.integers(1, 12))):
        # Directories stand at the start, where a changed byte does the most.
        position = data.draw(st.integers(6, min(len(broken), 700) - 1))
        broken[position] = data.draw(st.integers(0, 255))
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(
        picture, "JPEG", exif=bytes(broken[: data.draw(st.integers(20, len(broken)))][:65_000])
    )
    got = open_upright(picture.getvalue(), min_edge=None)
    assert got.rgb.size == (8, 8)
    assert isinstance(got.facts, Facts)
    assert got.facts.latitude is None or -90 <= got.facts.latitude <= 90
