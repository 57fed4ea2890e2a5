"""The real Lightroom 5 sample: three photos back, whole, named, coloured and described as its catalog has them."""

import shutil
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from exiftool import exiftool  # noqa: F401 - a fixture
from PIL import Image, ImageCms
from preview_folders import fingerprint

from importers.lightroom import open_catalog
from lrprev import jpeg, largest_whole, read_or_salvage
from safelight.recover import Options, Pixels, recover

FOLDER = "Users/arronhartley/Pictures/Sample Images"
# UUIDs and sizes by name, read off the catalog with sqlite3.
PHOTOS = {
    "sample1.jpg": ("6A2B9912-3868-45E4-AE0D-7EA73F66FF63", (4272, 2848)),
    "sample2.jpg": ("B089021B-7ACE-4A62-BD32-85A6C6AD5B9C", (3783, 2522)),
    "sample3.jpg": ("3829E5FC-7F3F-4B22-94F3-FB5E2C796026", (4272, 2848)),
}


@pytest.fixture(scope="module")
def sample(samples) -> Path:
    return samples / "lightroom5"


@pytest.fixture(scope="module")
def catalog(sample) -> Path:
    return sample / "Lightroom 5 Catalog.lrcat"


@pytest.fixture(scope="module")
def out(sample, tmp_path_factory) -> Path:
    """The sample recovered once; and it is as it was, to the byte and the nanosecond."""
    out = tmp_path_factory.mktemp("recovered")
    before = fingerprint(sample)
    tally = recover([sample], out, Options())
    assert fingerprint(sample) == before
    assert (tally.recovered, tally.lost, tally.salvaged) == (3, 0, 0)
    return out


def stored_level(sample: Path, name: str) -> bytes:
    (path,) = sample.glob(f"*Previews.lrdata/*/*/{PHOTOS[name][0]}-*.lrprev")
    return largest_whole(read_or_salvage(path)).jpeg


def test_three_photos_with_the_names_and_folders_of_the_catalog(out):
    assert {path.name for path in (out / FOLDER).iterdir()} == set(PHOTOS)
    assert len(list(out.rglob("*.jpg"))) == 3


@pytest.mark.parametrize("name", PHOTOS)
def test_full_size_and_not_a_byte_of_image_data_changed(out, sample, name):
    found, stored = (out / FOLDER / name).read_bytes(), stored_level(sample, name)
    assert Image.open(BytesIO(found)).size == PHOTOS[name][1]

    def parts(data: bytes) -> list[bytes]:
        starts = [segment.offset_bytes for segment in jpeg.walk(data, 0)]
        every = {data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)}
        return sorted(part for part in every if part[1] not in (0xE1, 0xE2, 0xED))

    assert parts(found) == parts(stored)
    assert found.endswith(stored[2:])  # the whole file as stored, but for its first marker
    pixels = [np.asarray(Image.open(BytesIO(data))) for data in (found, stored)]
    assert np.count_nonzero(pixels[0] != pixels[1]) == 0


@pytest.mark.parametrize("name", PHOTOS)
def test_the_adobe_rgb_profile_is_embedded(out, name):
    profile = Image.open(out / FOLDER / name).info["icc_profile"]
    described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    assert described.strip() == "Compatible with Adobe RGB (1998)"


def test_metadata_are_those_of_the_catalog(out, catalog, exiftool):  # noqa: F811
    with open_catalog(catalog) as opened:
        photos = {photo.file_name: photo for photo in opened.photos()}
    read = exiftool(*(out / FOLDER / name for name in PHOTOS), options=("-all", "-validate"))
    for found in read:
        photo = photos[found["System:FileName"]]
        taken = photo.taken_at
        assert taken is not None
        expected = {
            "ExifTool:Validate": "0 0 0",
            "IFD0:Make": photo.camera_make,
            "IFD0:Model": photo.camera_model,
            "IFD0:Orientation": 1,
            "ExifIFD:DateTimeOriginal": f"{taken:%Y:%m:%d %H:%M:%S}",
            "ExifIFD:OffsetTimeOriginal": "+01:00",
            "ExifIFD:ExposureTime": pytest.approx(float(photo.exposure.shutter_seconds)),
            "ExifIFD:FNumber": photo.exposure.aperture,
            "ExifIFD:ISO": photo.exposure.iso,
            "ExifIFD:FocalLength": photo.exposure.focal_length_mm,
            "ExifIFD:Flash": 0,
            "ExifIFD:SerialNumber": int(photo.camera_serial),
            "ExifIFD:LensModel": photo.lens,
            "ExifIFD:ColorSpace": 0xFFFF,
            "XMP-exif:DateTimeOriginal": f"{taken:%Y:%m:%d %H:%M:%S}.03+01:00",
        }
        assert {name: found.get(name) for name in expected} == expected
    # And the catalog's own packet says the same, so that a wrong reader would not agree with a wrong writer.
    assert {found["System:FileName"]: found["ExifIFD:ExposureTime"] for found in read} == {
        "sample1.jpg": pytest.approx(1 / 40),
        "sample2.jpg": pytest.approx(1 / 13),
        "sample3.jpg": pytest.approx(1 / 30),
    }


def test_the_capture_time_is_the_files_time(out):
    time = (out / FOLDER / "sample3.jpg").stat().st_mtime
    assert datetime.fromtimestamp(time, UTC).isoformat()[:19] == "2011-06-13T16:50:35"


def test_a_second_run_writes_nothing(out, sample):
    before = fingerprint(out)
    tally = recover([sample], out, Options())
    assert (tally.recovered, tally.unchanged, tally.lost) == (0, 3, 0)
    assert fingerprint(out) == before


def test_by_date_flat_and_smaller(sample, tmp_path):
    from safelight.recover import Layout

    recover([sample], tmp_path, Options(layout=Layout.FLAT, pixels=Pixels(max_edge=600)))
    assert Image.open(tmp_path / "sample1.jpg").size == (534, 356)  # the largest stored size up to 600
    recover([sample], tmp_path / "by date", Options(layout=Layout.BY_DATE, pixels=Pixels(level=1)))
    assert Image.open(tmp_path / "by date/2011/2011-06-13/sample1.jpg").size == (67, 45)


def test_srgb_converts_the_colours_and_says_so(sample, tmp_path, out):
    recover([sample], tmp_path, Options(pixels=Pixels(max_edge=600, srgb=True)))
    recover([sample], tmp_path / "as stored", Options(pixels=Pixels(max_edge=600)))
    with Image.open(tmp_path / FOLDER / "sample1.jpg") as converted:
        assert (
            ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(converted.info["icc_profile"]))) == "sRGB\n"
        )
        assert converted.getexif().get_ifd(0x8769)[0xA001] == 1
        ours = np.asarray(converted, np.int16)
    with Image.open(tmp_path / "as stored" / FOLDER / "sample1.jpg") as stored:
        profile = ImageCms.ImageCmsProfile(BytesIO(stored.info["icc_profile"]))
        theirs = np.asarray(ImageCms.profileToProfile(stored, profile, ImageCms.createProfile("sRGB")), np.int16)
        untouched = np.asarray(stored, np.int16)
    error, change = np.abs(ours - theirs).mean(), np.abs(ours - untouched).mean()
    assert error < 1.5  # one more JPEG encoding
    assert change > 2


def test_a_single_preview_finds_its_name(sample, tmp_path):
    (path,) = sample.glob(f"*Previews.lrdata/*/*/{PHOTOS['sample2.jpg'][0]}-*.lrprev")
    tally = recover([path], tmp_path, Options())
    assert (tally.recovered, tally.missing) == (1, 0)
    assert [p.name for p in tmp_path.rglob("*.jpg")] == ["sample2.jpg"]


def test_a_lone_preview_with_the_catalog_named(sample, catalog, tmp_path):
    (path,) = sample.glob(f"*Previews.lrdata/*/*/{PHOTOS['sample2.jpg'][0]}-*.lrprev")
    carved = tmp_path / "f0012345.bin"  # as file carvers name what they find
    shutil.copyfile(path, carved)
    assert recover([carved], tmp_path / "out", Options(), catalog=catalog).recovered == 1
    assert (tmp_path / "out" / FOLDER / "sample2.jpg").is_file()


def test_without_a_catalog_the_picture_comes_back_under_its_uuid(sample, tmp_path):
    (folder,) = sample.glob("*Previews.lrdata")
    lone = tmp_path / "lone.lrdata"
    shutil.copytree(folder, lone)
    tally = recover([lone], tmp_path / "out", Options())
    assert tally.recovered == 3
    assert {p.stem for p in (tmp_path / "out/orphans").iterdir()} == {uuid for uuid, _ in PHOTOS.values()}


def test_cut_in_the_last_level_gives_the_best_whole_one(sample, tmp_path):
    """The seed saves nothing of such a file (facts, section 9, fault 4)."""
    shutil.copytree(sample, tmp_path / "cut")
    for path in (tmp_path / "cut").rglob("*"):
        path.chmod(0o755)
    (path,) = tmp_path.glob(f"cut/*Previews.lrdata/*/*/{PHOTOS['sample1.jpg'][0]}-*.lrprev")
    path.write_bytes(path.read_bytes()[:-100_000])
    rows = []
    tally = recover([tmp_path / "cut"], tmp_path / "out", Options(), on_photo=rows.append)
    assert (tally.recovered, tally.salvaged, tally.lost) == (3, 1, 0)
    (row,) = [row for row in rows if row.outcome == "salvaged"]
    assert (row.width, row.height, row.full_width, row.full_height) == (2136, 1424, 4272, 2848)
    assert "damaged" in row.note
    assert Image.open(tmp_path / "out" / FOLDER / "sample1.jpg").size == (2136, 1424)


def test_a_catalog_without_previews_says_what_is_lost(samples, tmp_path):
    """MIT-licensed sample: two NEF and two JPEG photos, no previews."""
    rows = []
    tally = recover([samples / "lightroom-lrcat-only"], tmp_path, Options(), on_photo=rows.append)
    assert (tally.recovered, tally.missing, tally.lost) == (0, 4, 4)
    assert {row.original.rpartition("/")[2] for row in rows} >= {"_MAX7667.NEF", "_MAX3047.jpg"}
    assert list(tmp_path.rglob("*.jpg")) == []
