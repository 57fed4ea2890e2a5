"""What is put beside a picture: read back with exiftool and Pillow, and never at the picture's cost."""

import math
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from exiftool import exiftool  # noqa: F401 - a fixture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from preview_folders import DIGEST, Library, container, levels_of, picture, place

from importers import icc
from importers.lightroom import CatalogPhoto, Exposure, Position
from lrprev import jpeg as structure
from safelight.recover import Layout, Options, exif, iptc, recover, xmp
from safelight.recover.jpeg import Dress, dressed
from safelight.recover.ledger import Outcome, Row

FULL = CatalogPhoto(
    image_id=1,
    uuid="U",
    file_uuid="F",
    root_path="/",
    folder_path="",
    base_name="a",
    extension="CR2",
    taken_at=datetime(2019, 7, 4, 18, 30, 5, 250_000, timezone(timedelta(hours=-3, minutes=-30))),
    rating=4,
    label="Rouge & <Bleu>",
    title='Höhe "Null" 日本',
    headline="A headline",
    caption="Zwei Zeilen\nmit Ümläuten & <Zeichen>",
    creator="Zoë Ångström",
    copyright="© 2019 Zoë",
    location="Ufer",
    city="Zürich",
    state="ZH",
    country="Schweiz",
    keywords=("See", "Wasser", "Ähre"),
    keyword_paths=(("Natur", "Wasser", "See"), ("Ähre",)),
    position=Position(-48.858222, 2.2945, -12.5),
    camera_make="Canon",
    camera_model="Canon EOS 5D",
    camera_serial="0123",
    lens="EF24-105mm f/4L IS USM",
    exposure=Exposure(Fraction(1, 320), 5.6, 1600.0, 105.0, True),
)


def stored(width=48, height=32) -> bytes:
    return levels_of(picture(1, width, height))[-1][0]


def dress(photo=FULL, orientation=1, **more) -> Dress:
    parts = {
        "exif": exif.words(photo, orientation).payload((48, 32), srgb=False),
        "xmp": xmp.payloads(photo),
        "photoshop": iptc.payload(photo),
        "icc": icc.profile("AdobeRGB"),
    }
    return Dress(**{**parts, **more})


def write(path: Path, jpeg: bytes, what: Dress) -> Path:
    path.write_bytes(b"".join(dressed(jpeg, what)))
    return path


def picture_segments(jpeg: bytes) -> list[bytes]:
    """Everything that decodes the picture: all segments but APP0-13 and APP15, and the scan's data."""
    found = [s for s in structure.walk(jpeg, 0) if not 0xE0 <= s.marker <= 0xEF or s.marker == 0xEE]
    ends = [*[s.offset_bytes for s in structure.walk(jpeg, 0)][1:], len(jpeg)]
    starts = [s.offset_bytes for s in structure.walk(jpeg, 0)]
    until = dict(zip(starts, ends, strict=True))
    return [jpeg[s.offset_bytes : until[s.offset_bytes]] for s in found]


def test_everything_is_read_back_by_exiftool(tmp_path, exiftool):  # noqa: F811
    (found,) = exiftool(write(tmp_path / "a.jpg", stored(), dress()), options=("-all", "-validate"))
    expected = {
        "IFD0:Make": "Canon",
        "IFD0:Model": "Canon EOS 5D",
        "IFD0:Orientation": 1,
        "IFD0:ImageDescription": FULL.caption,
        "IFD0:Artist": FULL.creator,
        "IFD0:Copyright": FULL.copyright,
        "IFD0:Rating": 4,
        "ExifIFD:DateTimeOriginal": "2019:07:04 18:30:05",
        "ExifIFD:OffsetTimeOriginal": "-03:30",
        "ExifIFD:SubSecTimeOriginal": 25,
        "ExifIFD:ExposureTime": 1 / 320,
        "ExifIFD:FNumber": 5.6,
        "ExifIFD:ISO": 1600,
        "ExifIFD:FocalLength": 105,
        "ExifIFD:Flash": 1,
        "ExifIFD:SerialNumber": "0123",
        "ExifIFD:LensModel": FULL.lens,
        "ExifIFD:ExifImageWidth": 48,
        "GPS:GPSAltitudeRef": 1,
        "GPS:GPSAltitude": 12.5,
        "Composite:GPSLatitude": pytest.approx(-48.858222, abs=1e-7),
        "Composite:GPSLongitude": pytest.approx(2.2945, abs=1e-7),
        "XMP-dc:Title": FULL.title,
        "XMP-dc:Description": FULL.caption,
        "XMP-dc:Creator": [FULL.creator],
        "XMP-dc:Rights": FULL.copyright,
        "XMP-dc:Subject": list(FULL.keywords),
        "XMP-lr:HierarchicalSubject": ["Natur|Wasser|See", "Ähre"],
        "XMP-xmp:Rating": 4,
        "XMP-xmp:Label": FULL.label,
        "XMP-photoshop:City": "Zürich",
        "XMP-photoshop:Country": "Schweiz",
        "XMP-iptcCore:Location": "Ufer",
        "XMP-exif:DateTimeOriginal": "2019:07:04 18:30:05.25-03:30",
        "XMP-exif:GPSLatitude": pytest.approx(-48.858222, abs=1e-6),
        "XMP-aux:Lens": FULL.lens,
        "IPTC:ObjectName": FULL.title,
        "IPTC:Keywords": list(FULL.keywords),
        "IPTC:Caption-Abstract": FULL.caption,
        "IPTC:By-line": FULL.creator,
        "IPTC:CopyrightNotice": FULL.copyright,
        "IPTC:DateCreated": "2019:07:04",
        "IPTC:TimeCreated": "18:30:05-03:30",
        "IPTC:Province-State": "ZH",
        "ICC_Profile:ProfileDescription": "Compatible with Adobe RGB (1998)",
        "ExifTool:Validate": "0 1 1",  # one warning, minor: that IFD0 has a Rating
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["Photoshop:IPTCDigest"] == found["File:CurrentIPTCDigest"]


def test_every_shutter_speed_of_a_catalog_is_written_as_it_is(tmp_path, exiftool):  # noqa: F811
    """Generated: electronic shutters go to 1/180000; catalogs keep a logarithm with six decimals."""
    speeds = [900, 30, 1.3, 0.3, 1 / 3, 1 / 8_000, 1 / 12_800, 1 / 16_000, 1 / 32_000, 1 / 64_000, 1 / 180_000]
    with Library(tmp_path / "lib") as library:
        for number, seconds in enumerate(speeds):
            image = library.photo(f"{number:02}.JPG")
            library.writer.add("AgHarvestedExifMetadata", image=image, shutterSpeed=round(-math.log2(seconds), 6))
    recover([tmp_path / "lib"], tmp_path / "out", Options(layout=Layout.FLAT))
    found = exiftool(*sorted((tmp_path / "out").glob("*.JPG")))
    assert [one["ExifIFD:ExposureTime"] for one in found] == pytest.approx(speeds, rel=2e-5)


@pytest.mark.parametrize("iso", [50, 65_534, 65_535, 102_400, 3_280_000])
def test_no_sensitivity_is_too_high(tmp_path, exiftool, iso):  # noqa: F811
    photo = FULL._replace(exposure=Exposure(iso=float(iso)))
    (found,) = exiftool(write(tmp_path / "a.jpg", stored(), dress(photo)), options=("-all", "-validate"))
    assert found["ExifIFD:ISO"] == min(iso, 65_535)
    assert found.get("ExifIFD:RecommendedExposureIndex", found["ExifIFD:ISO"]) == iso
    assert found["ExifTool:Validate"] == "0 1 1"  # as without: see above


def test_a_photo_of_which_nothing_is_known_gets_no_empty_fields(tmp_path, exiftool):  # noqa: F811
    nothing = CatalogPhoto(1, "U", "F", "/", "", "a", "CR2")
    (found,) = exiftool(write(tmp_path / "a.jpg", stored(), dress(nothing)), options=("-all", "-validate"))
    assert not [name for name in found if name.startswith(("XMP", "IPTC", "Photoshop", "GPS"))]
    assert found["ExifTool:Validate"] == "0 0 0"


def test_the_picture_is_not_touched():
    plain = stored()
    result = b"".join(dressed(plain, dress(orientation=6)))
    assert picture_segments(result) == picture_segments(plain)
    assert np.array_equal(Image.open(BytesIO(result)), Image.open(BytesIO(plain)))
    assert result.endswith(plain[plain.index(b"\xff\xdb") :])


@pytest.mark.parametrize("code", exif.ORIENTATIONS)
def test_each_orientation_is_shown_with_its_corners_where_the_code_says(code):
    """A is the screen's top-left corner, B top-right, C bottom-right, D bottom-left: facts, section 5."""
    colours = {"top-left": (255, 0, 0), "top-right": (0, 255, 0)}
    marked = Image.new("RGB", (64, 32), (0, 0, 255))
    marked.paste(colours["top-left"], (0, 0, 16, 16))
    marked.paste(colours["top-right"], (48, 0, 64, 16))
    jpeg = levels_of(marked)[-1][0]
    result = b"".join(dressed(jpeg, Dress(exif.words(None, exif.orientation_of(code)).payload((64, 32), srgb=True))))
    shown = ImageOps.exif_transpose(Image.open(BytesIO(result)))
    width, height = shown.size
    screen = {"A": (4, 4), "B": (width - 5, 4), "C": (width - 5, height - 5), "D": (4, height - 5)}
    seen = [
        np.abs(np.subtract(shown.getpixel(screen[corner]), colour)).max()
        for corner, colour in zip(code, colours.values(), strict=True)
    ]
    assert max(seen) < 60
    assert (width < height) == (set(code) in ({"B", "C"}, {"A", "D"}))


def test_an_unknown_code_leaves_the_picture_as_it_is():
    assert exif.orientation_of(None) == exif.orientation_of("XY") == 1


@pytest.mark.parametrize(
    ("name", "space"), [("sRGB", "sRGB"), ("AdobeRGB", None), ("ProPhoto", None), ("ProPhotoRGB", None)]
)
def test_profiles_say_what_their_space_says(name, space):
    """Against littleCMS: white stays white, grey stays grey, and sRGB is littleCMS's own sRGB to one level."""
    profile = ImageCms.ImageCmsProfile(BytesIO(icc.profile(name)))
    assert ImageCms.isIntentSupported(profile, ImageCms.Intent.PERCEPTUAL, ImageCms.Direction.INPUT)
    to_srgb = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    ramp = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2))
    shown = np.asarray(ImageCms.applyTransform(ramp, to_srgb)).astype(int)
    assert np.abs(shown - shown[..., :1]).max() <= 1
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[0, 255].tolist() == [255, 255, 255]
    if space:
        colours = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8))
        assert (
            np.abs(np.asarray(ImageCms.applyTransform(colours, to_srgb)).astype(int) - np.asarray(colours)).max() <= 1
        )


@pytest.mark.parametrize(
    ("name", "primaries", "white"),
    [
        ("AdobeRGB", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), (0.3127, 0.3290)),
        ("sRGB", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), (0.3127, 0.3290)),
        ("ProPhoto", ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105)), (0.34567, 0.35850)),
    ],
)
def test_primaries_are_those_of_the_definition(name, primaries, white):
    """Computed from the chromaticities that the standards give, adapted to D50 by Bradford."""

    def xyz(xy):
        return np.array([xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]])

    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    unscaled = np.stack([xyz(xy) for xy in primaries], axis=1)
    native = unscaled * np.linalg.solve(unscaled, xyz(white))
    cones = (bradford @ np.array([0.9642, 1, 0.8249])) / (bradford @ xyz(white))
    expected = (np.linalg.inv(bradford) @ np.diag(cones) @ bradford @ native).T
    profile = ImageCms.ImageCmsProfile(BytesIO(icc.profile(name))).profile
    found = np.array([profile.red_colorant[0], profile.green_colorant[0], profile.blue_colorant[0]])
    assert np.abs(found - expected).max() < 2e-4


@pytest.mark.parametrize(
    "odd",
    [
        {"fileTimeStamp": -63113817600},
        {"fileTimeStamp": "false"},
        {"croppedWidth": 0, "croppedHeight": 0},
        {"croppedWidth": '"uncropped"'},
        {"quality": 3},
        {"quality": '"fin\xe4l"'},
        {"fromProxy": 7},
    ],
)
def test_an_odd_field_of_a_header_costs_neither_colours_nor_the_rest(tmp_path, odd):
    """Generated: what is odd is not known, the picture is whole, and no damage is claimed."""
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid, digest=DIGEST)
        place(library.previews, container(levels_of(picture(1)), uuid, DIGEST, **odd), uuid)
    (library.previews / "previews.db").unlink()
    (preview,) = library.previews.rglob("*.lrprev")
    preview.write_bytes(preview.read_bytes().replace("ä".encode(), b"\xe4 "))
    rows: list[Row] = []
    recover([tmp_path / "lib"], tmp_path / "out", Options(layout=Layout.FLAT), on_photo=rows.append)
    assert Image.open(tmp_path / "out/a.CR2.jpg").info["icc_profile"] == icc.profile("AdobeRGB")
    assert [(row.outcome, row.width, row.note) for row in rows] == [(Outcome.RECOVERED, 240, "")]
    assert bool(rows[0].details) == (odd != {"fileTimeStamp": -63113817600})


def test_an_unknown_space_gets_no_profile():
    assert icc.profile("Foo") is None
    assert icc.profile(None) is None
    assert icc.profile("") is None


def test_xmp_too_long_for_a_segment_goes_on_in_further_ones(tmp_path, exiftool):  # noqa: F811
    words = tuple(f"Stichwort {number:05}" for number in range(6000))
    many = CatalogPhoto(
        1, "U", "F", "/", "", "a", "CR2", rating=5, title="T", keywords=words, keyword_paths=tuple((w,) for w in words)
    )
    assert len(xmp.payloads(many)) > 2
    (found,) = exiftool(write(tmp_path / "a.jpg", stored(), dress(many)), options=("-all", "-m"))  # -m: all keywords
    assert found["XMP-dc:Subject"] == list(words)
    assert found["XMP-lr:HierarchicalSubject"] == list(words)
    assert found["XMP-xmp:Rating"] == 5
    assert found["XMP-dc:Title"] == "T"
    assert 1000 < len(found["IPTC:Keywords"]) < len(words)
    assert "ExifTool:Warning" not in found


text = st.text(max_size=40) | st.text(max_size=5).map(lambda t: t * 20_000)


@settings(max_examples=60, deadline=None)
@given(text, text, text, st.lists(text, max_size=4), st.sampled_from(range(1, 9)))
def test_whatever_a_catalog_says_the_result_is_a_sound_jpeg(title, caption, label, keywords, orientation):
    odd = CatalogPhoto(
        1, "U", "F", "/", "", "a", "CR2", title=title, caption=caption, label=label, creator=caption, city=title,
        keywords=tuple(keywords), keyword_paths=tuple((word, title) for word in keywords),
        position=Position(1e9, float("nan")), exposure=Exposure(Fraction(1, 10**12), float("inf"), 1e9, -1.0),
    )  # fmt: skip
    plain = stored()
    result = b"".join(dressed(plain, dress(odd, orientation)))
    assert structure.check(result).end == len(result)
    assert picture_segments(result) == picture_segments(plain)


def test_a_camera_previews_own_metadata_does_not_contradict_the_catalog():
    """An embedded camera JPEG with EXIF (sideways, with a thumbnail), XMP, IPTC and a list of further pictures."""
    other = CatalogPhoto(1, "U", "F", "/", "", "b", "JPG", title="Wrong", keywords=("wrong",))
    thumbnail = exif.MAGIC + exif.words(other, 6).payload((1, 1), srgb=True)[6:] + stored()
    own = b"".join(dressed(stored(), dress(other, exif=thumbnail, icc=None)))
    own = own[:2] + b"\xff\xe2\x00\x08MPF\0\0\0" + own[2:]
    result = b"".join(dressed(own, dress(orientation=1)))
    assert result.count(b"\xff\xd8\xff") == 1
    assert b"Wrong" not in result
    assert b"wrong" not in result
    assert b"MPF" not in result
    assert Image.open(BytesIO(result)).getexif()[0x0112] == 1


def test_a_profile_of_its_own_wins_over_what_the_header_says():
    own = b"".join(dressed(stored(), Dress(icc=icc.profile("ProPhoto"))))
    result = b"".join(dressed(own, dress()))
    assert Image.open(BytesIO(result)).info["icc_profile"] == icc.profile("ProPhoto")


def test_jfif_stays_first():
    plain = stored()
    assert plain[2:4] == b"\xff\xe0"
    result = b"".join(dressed(plain, dress()))
    assert result[: 2 + 18] == plain[: 2 + 18]
    assert result.count(b"JFIF\0") == 1
