"""What pictures carry inside: XMP, IPTC and EXIF of every format, and which of them wins."""

import hashlib
import io
import struct
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightroom_catalogs import xmp_packet
from PIL import Image, PngImagePlugin, TiffImagePlugin

from importers.base import Exposure, Facts
from importers.embedded import embedded_facts
from importers.images import open_upright
from importers.iptc import facts_of_iim

PACKET = xmp_packet('xmp:Rating="4"', "<dc:title><rdf:Alt><rdf:li>Sea</rdf:li></rdf:Alt></dc:title>").encode()


def iim(*fields: tuple[int, int, bytes]) -> bytes:
    return b"".join(struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in fields)


def photoshop(datasets: bytes) -> bytes:
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(datasets)) + datasets + bytes(len(datasets) % 2)
    return b"Photoshop 3.0\0" + resource


def jpeg(*segments: tuple[int, bytes], exif: Image.Exif | None = None) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", **({"exif": exif} if exif else {}))
    data = file.getvalue()
    added = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(p) + 2) + p for marker, p in segments)
    return data[:2] + added + data[2:]


def facts(picture: bytes) -> Facts:
    return open_upright(picture, min_edge=None).facts


# Real files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("heic/non_heif/xmp.jpeg", {"keywords": ("TestSubject",)}),
        ("heic/non_heif/xmp.png", {"keywords": ("TestSubject",)}),
        ("heic/non_heif/xmp.tiff", {"keywords": ("TestSubject",)}),
        ("heic/non_heif/xmp.webp", {"keywords": ("TestSubject",)}),
        ("heic/heif_other/L_xmp_latin1.heic", {"title": "37.58"}),
        (
            "exif/jpg/xmp/BlueSquare.jpg",
            {
                "title": "Blue Square Test File - .jpg",
                "caption": "XMPFiles BlueSquare test file, created in Photoshop CS2, saved as .psd, .jpg, and .tif.",
                "keywords": ("XMP", "Blue Square", "test file", "Photoshop", ".jpg"),
            },
        ),
        ("exif/jpg/Canon_40D.jpg", {"exposure": Exposure(1 / 160, 7.1, 100.0, 135.0), "caption": None}),
    ],
)
def test_real_files(samples, name, expected):
    got = facts((samples / "images" / name).read_bytes())
    assert {field: getattr(got, field) for field in expected} == {
        field: pytest.approx(value) if isinstance(value, float) else value for field, value in expected.items()
    }


def test_iptc_of_a_real_file(samples):
    (path,) = (samples / "photos" / "Test-15.4.1.photoslibrary" / "originals").rglob("DC99FBDD-*.jpeg")
    got = facts(path.read_bytes())
    assert got.title == "St. James's Park"
    assert got.keywords == ("England", "London", "London 2018", "St. James's Park", "UK", "United Kingdom")


def test_cameras_write_no_captions(samples):
    folder = samples / "images" / "exif" / "jpg"
    captions = [
        facts(path.read_bytes()).caption
        for path in sorted(folder.glob("*.jpg")) + sorted(folder.glob("exif-org/*.jpg"))
    ]
    said = [caption for caption in captions if caption]
    assert not [caption for caption in said if "DIGITAL CAMERA" in caption.upper()]
    assert any(caption.startswith("Operation Mountain Viper") for caption in said)


# Formats (generated)


def saved(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form, **options)
    return file.getvalue()


def png_with_text_behind_its_pixels() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", PACKET.decode())
    data = saved("PNG", pnginfo=text)
    start = data.index(b"iTXt") - 4
    end = start + 12 + struct.unpack(">I", data[start : start + 4])[0]
    return data[:start] + data[end:-12] + data[start:end] + data[-12:]


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(lambda: saved("JPEG", xmp=PACKET), id="JPEG"),
        pytest.param(png_with_text_behind_its_pixels, id="PNG"),
        pytest.param(lambda: saved("TIFF", tiffinfo={700: PACKET}), id="TIFF"),
        pytest.param(lambda: saved("WEBP", xmp=PACKET), id="WebP"),
        pytest.param(lambda: saved("AVIF", xmp=PACKET), id="AVIF"),
    ],
)
def test_xmp_of_every_format(picture):
    got = facts(picture())
    assert (got.title, got.rating) == ("Sea", 4)


def test_iptc_of_a_tiff():
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[33723] = iim((2, 25, b"boat"))
    info.tagtype[33723] = 7
    assert facts(saved("TIFF", tiffinfo=info)).keywords == ("boat",)


def test_xmp_that_goes_on_in_further_segments():
    keywords = "".join(f"<rdf:li>keyword {n}</rdf:li>" for n in range(5000))
    extension = xmp_packet("", f"<dc:subject><rdf:Bag>{keywords}</rdf:Bag></dc:subject>").encode()
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    parts = [
        (
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + guid
            + struct.pack(">II", len(extension), at)
            + extension[at : at + 60_000],
        )
        for at in range(0, len(extension), 60_000)
    ]
    main = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET)
    got = facts(jpeg(main, *reversed(parts)))
    assert (got.title, len(got.keywords), got.keywords[-1]) == ("Sea", 5000, "keyword 4999")
    assert facts(jpeg(main, *parts[1:])) == facts(jpeg(main))


# Which wins


def test_texts_come_from_xmp_before_iptc_before_exif():
    exif = Image.Exif()
    exif.update({0x010E: "exif caption", 0x4746: 2})
    both = iim((2, 5, b"iptc title"), (2, 120, b"iptc caption"), (2, 90, b"Oslo"), (2, 101, b"Norway"))
    got = facts(jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET), (0xED, photoshop(both)), exif=exif))
    assert (got.title, got.caption, got.place, got.rating) == ("Sea", "iptc caption", "Oslo, Norway", 4)
    got = facts(jpeg(exif=exif))
    assert (got.caption, got.rating) == ("exif caption", 2)


def test_a_cameras_time_wins_and_a_files_own_time_gives_way():
    packet = xmp_packet('photoshop:DateCreated="1999-01-02T03:04:05" tiff:Model="Holga"').encode()
    segment = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    exif = Image.Exif()
    exif.update({0x0132: "2020:01:01 00:00:00", 0x0110: "Scanner"})
    got = facts(jpeg(segment, exif=exif))
    assert (got.taken_at, got.camera) == (datetime(1999, 1, 2, 3, 4, 5), "Scanner")
    exif.get_ifd(0x8769)[0x9003] = "2010:01:01 00:00:00"
    assert facts(jpeg(segment, exif=exif)).taken_at == datetime(2010, 1, 1)


def test_exif_descriptions_in_utf_8():
    exif = Image.Exif()
    exif[0x010E] = "Größe".encode()
    assert facts(jpeg(exif=exif)).caption == "Größe"


def test_exposure_of_exif():
    exif = Image.Exif()
    exif[0x0110] = "Holga"
    exif.get_ifd(0x8769).update(
        {33434: TiffImagePlugin.IFDRational(1, 250), 33437: 2.8, 34855: 65535, 34866: 102400, 37386: 0.0}
    )
    got = facts(jpeg(exif=exif)).exposure
    assert got == Exposure(pytest.approx(0.004), pytest.approx(2.8), 102_400.0, None)


# IPTC


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({(2, 25): b"one"}, Facts(keywords=("one",))),
        ({(2, 25): [b"one", b"", b"two", b"one", 7]}, Facts(keywords=("one", "two"))),
        ({(2, 120): "Größe".encode("latin-1")}, Facts(caption="Größe")),
        ({(2, 120): "Größe".encode()}, Facts(caption="Größe")),
        ({(2, 105): b"head", (2, 5): b" \0"}, Facts(title="head")),
        ({(2, 55): b"20190415", (2, 60): b"144024"}, Facts(datetime(2019, 4, 15, 14, 40, 24))),
        ({(2, 55): b"20190415", (2, 60): b"nonsense"}, Facts(datetime(2019, 4, 15))),
        ({(2, 55): b"00000000"}, Facts()),
        ({(2, 25): None, "x": 3}, Facts()),
    ],
)
def test_iim(fields, expected):
    assert facts_of_iim(fields) == expected


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80) | st.binary(max_size=40).map(lambda b: photoshop(iim((2, 25, b"boat"), (2, 120, b)) + b)),
    st.binary(max_size=80) | st.binary(max_size=80).map(lambda b: b"http://ns.adobe.com/xmp/extension/\0" + b),
)
def test_any_segments_give_facts(iptc_segment, app1):
    with Image.open(io.BytesIO(jpeg((0xE1, app1), (0xED, iptc_segment)))) as image:
        assert isinstance(embedded_facts(image), Facts)
