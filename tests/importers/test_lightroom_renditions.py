"""Which picture of a photo is read: previews, Smart Previews, originals, each as far as it looks as it should."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from lightroom_catalogs import CatalogWriter, execute, settle
from lightroom_sources import library, read
from PIL import Image
from preview_folders import DIGEST, Library, container, levels_of, picture, place

from importers.base import Part, Photo, Span
from importers.lightroom_source import LightroomSource

STALE = "f" * 32


def kinds(photo: Photo) -> list[str]:
    return [rendition.kind for rendition in photo.renditions]


def stored(photo: Photo, index: int = 0) -> Image.Image:
    """The picture that a rendition points to, as it is stored."""
    rendition = photo.renditions[index]
    assert rendition.span
    with rendition.path.open("rb") as stream:
        stream.seek(rendition.span.offset_bytes)
        data = stream.read(rendition.span.length_bytes)
    assert data.startswith(b"\xff\xd8")
    assert data.endswith(b"\xff\xd9")
    return Image.open(io.BytesIO(data))


def smart_preview(lib: Library, uuid: str) -> Path:
    path = lib.catalog.with_name("Lib Smart Previews.lrdata") / uuid[0] / uuid[:4] / f"{uuid}.dng"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"II*\0 a DNG")
    return path


@pytest.mark.parametrize(
    ("size", "chosen"),
    [
        ((1440, 1920), (720, 960)),  # 360 x 480 is too small
        ((1024, 2000), (512, 1000)),
        ((480, 360), (480, 360)),  # a thumbnail-sized render: the largest there is
        ((4000, 500), (4000, 500)),  # a panorama that never reaches it
    ],
)
def test_the_smallest_level_that_is_large_enough_is_read(tmp_path, size, chosen):
    with library(tmp_path) as lib:
        lib.photo("a.jpg", levels=levels_of(picture(1, *size)))
    (photo,) = read(lib.catalog)
    rendition = photo.renditions[0]
    assert stored(photo).size == chosen == (rendition.width, rendition.height)
    assert (kinds(photo), rendition.profile) == ([f"preview {chosen[0]}x{chosen[1]}"], "AdobeRGB")


@pytest.mark.parametrize(
    ("size", "edges"), [((1920, 1440), [360]), ((3000, 2000), [250, 500]), ((1200, 800), [400]), ((480, 360), [])]
)
def test_smaller_levels_that_are_more_than_thumbnails_are_told_of(tmp_path, size, edges):
    with library(tmp_path) as lib:
        lib.photo("a.jpg", levels=levels_of(picture(1, *size)), orientation="BC")
    rendition = read(lib.catalog)[0].renditions[0]
    assert [smaller.edge for smaller in rendition.smaller] == edges
    whole = rendition.path.read_bytes()
    for edge, span in ((smaller.edge, smaller.span) for smaller in rendition.smaller):
        level = Image.open(io.BytesIO(whole[span.offset_bytes : span.offset_bytes + span.length_bytes]))
        assert min(level.size) == edge
        assert abs(max(level.size) / edge - max(size) / min(size)) < 0.01


def test_a_smaller_level_that_is_not_what_its_header_says_is_left_alone(tmp_path):
    with library(tmp_path) as lib:
        levels = levels_of(picture(1, 1920, 1440))
        odd = levels_of(picture(2, 300, 360))[-1]
        levels = [(odd[0], *level[1:]) if level[1] == 480 else level for level in levels]
        lib.photo("a.jpg", levels=levels)
    rendition = read(lib.catalog)[0].renditions[0]
    assert (rendition.kind, rendition.smaller) == ("preview 960x720", ())


@pytest.mark.parametrize(("code", "exif"), [("AB", 1), ("BC", 6), ("CD", 3), ("DA", 8), ("BA", 2), ("zz", None)])
def test_previews_are_turned_as_the_catalog_says(tmp_path, code, exif):
    with library(tmp_path) as lib:
        lib.photo("a.jpg", levels=levels_of(picture(1, 1200, 800)), orientation=code)
    (photo,) = read(lib.catalog)
    rendition = photo.renditions[0]
    assert rendition.orientation == exif
    assert stored(photo).size == (1200, 800)
    assert (rendition.width, rendition.height) == ((800, 1200) if code in ("BC", "DA") else (1200, 800))


def test_the_turn_in_previews_db_comes_first(tmp_path):
    with library(tmp_path) as lib:
        image = lib.photo("a.jpg", orientation="AB")
        lib._current = [(image, *lib._current[0][1:3], "CD")]
    assert read(lib.catalog)[0].renditions[0].orientation == 3


def test_the_present_look_comes_before_an_older_one(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
        _, uuid, _, _ = lib._current[0]
        place(lib.previews, container(levels_of(picture(9, 1200, 800)), uuid, STALE), uuid, STALE)
    (photo,) = read(lib.catalog)
    assert kinds(photo) == ["preview 240x160", "older preview 1200x800"]


def test_previews_db_names_the_present_look_where_the_catalog_does_not(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
        place(lib.previews, container(levels_of(picture(9)), lib._current[0][1], STALE), lib._current[0][1], STALE)
    execute(lib.catalog, "UPDATE Adobe_imageDevelopSettings SET digest = NULL")
    assert kinds(read(lib.catalog)[0]) == ["preview 240x160", "older preview 240x160"]


def test_without_previews_db_the_catalog_finds_them(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
    (lib.previews / "previews.db").unlink()
    assert kinds(read(lib.catalog)[0]) == ["preview 240x160"]


def test_a_damaged_previews_db_costs_a_line_and_no_photo(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
    (lib.previews / "previews.db").write_bytes(b"no database")
    settle(lib.previews / "previews.db")
    source = LightroomSource(lib.catalog)
    (photo,) = source.photos()
    assert kinds(photo) == ["preview 240x160"]
    assert any("previews.db is left aside" in remark for remark in source.remarks)


def test_plain_jpegs_of_classic_13_3(tmp_path):
    levels = levels_of(picture(1, 1024, 1536), smallest=300)
    with library(tmp_path) as lib:
        file, uuid = lib.file("a.jpg")
        lib.writer.image(file, digest=DIGEST, id_global="7" * 36)
        for jpeg, width, height in levels[1:]:
            place(lib.previews, jpeg, uuid, DIGEST, f"_{max(width, height)}")
        place(lib.previews, container(levels[:1], uuid, DIGEST), uuid, DIGEST, ".lrfprev")
    (photo,) = read(lib.catalog)
    rendition = photo.renditions[0]
    assert kinds(photo) == ["preview 512x768"]
    assert rendition.path.name.endswith("_768")
    assert rendition.span == Span(0, rendition.path.stat().st_size)
    assert rendition.profile == "AdobeRGB"  # the small levels' file says so, for all
    assert photo.stamp
    assert photo.stamp.inode == rendition.path.stat().st_ino


def test_colours_of_plain_jpegs_alone_are_those_that_previews_db_has(tmp_path):
    with library(tmp_path) as lib:
        file, uuid = lib.file("a.jpg")
        lib.image(file, uuid, digest=DIGEST)
        (container_file,) = lib.previews.rglob("*.lrprev")
        container_file.unlink()
        ((jpeg, width, _),) = levels_of(picture(1, 100, 80))
        place(lib.previews, jpeg, uuid, DIGEST, f"_{width}")
    assert [rendition.profile for rendition in read(lib.catalog)[0].renditions] == ["AdobeRGB"]


def test_then_the_smart_preview_then_the_original_then_an_older_look(tmp_path, originals):
    (originals / "2024" / "a.NEF").write_bytes(b"RAW")
    with library(tmp_path, originals) as lib:
        file, uuid = lib.file("a.NEF")
        lib.writer.image(file)
        place(lib.previews, container(levels_of(picture(1)), uuid, STALE), uuid, STALE)
        smart = smart_preview(lib, uuid)
    (photo,) = read(lib.catalog)
    assert kinds(photo) == ["Smart Preview", "original", "older preview 240x160"]
    assert [rendition.path for rendition in photo.renditions[:2]] == [smart, originals / "2024" / "a.NEF"]
    assert photo.stamp
    assert photo.stamp.inode == smart.stat().st_ino


@pytest.mark.parametrize(
    ("more", "smart", "chosen"),
    [
        ({}, False, ["original", "preview 96x64"]),
        ({}, True, ["Smart Preview", "original", "preview 96x64"]),
        ({"adjustments": 1.0}, True, ["preview 96x64", "Smart Preview", "original"]),  # the others look otherwise
        ({"fileWidth": 96.0, "fileHeight": 64.0}, False, ["preview 96x64", "original"]),  # there is no more of it
    ],
)
def test_a_mere_thumbnail_comes_after_what_looks_the_same(tmp_path, originals, more, smart, chosen):
    picture(1, 600, 400).save(originals / "2024" / "a.jpg")
    with library(tmp_path, originals) as lib:
        file, uuid = lib.file("a.jpg")
        lib.image(file, uuid, levels=levels_of(picture(1, 96, 64)), fileFormat="JPG", **more)
        place(lib.previews, container(levels_of(picture(9, 600, 400)), uuid, STALE), uuid, STALE)
        if smart:
            smart_preview(lib, uuid)
    (photo,) = read(lib.catalog)
    assert kinds(photo) == [*chosen, "older preview 600x400"]


@pytest.mark.parametrize(("stored", "lying"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_originals_are_found_however_their_accents_are_encoded(tmp_path, stored, lying):
    root = tmp_path / unicodedata.normalize(lying, "Zürich")
    (root / "2024").mkdir(parents=True)
    original = root / "2024" / unicodedata.normalize(lying, "é.jpg")
    picture(1).save(original)
    with Library(tmp_path / "lightroom", root=unicodedata.normalize(stored, f"{tmp_path}/Zürich/")) as lib:
        lib.photo(unicodedata.normalize(stored, "é.jpg"), fileFormat="JPG")
    (photo,) = read(lib.catalog)
    assert kinds(photo) == ["original", "preview 240x160"]
    assert photo.renditions[0].path == original


def test_without_previews_originals_are_read_and_a_line_says_so(tmp_path, originals):
    picture(1).save(originals / "2024" / "a.jpg")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root=f"{originals}/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"), fileFormat="JPG")
    source = LightroomSource(path)
    (photo,) = source.photos()
    assert (kinds(photo), photo.exact, photo.parts) == (["original"], None, ())
    assert source.remarks == ["There are no previews beside A.lrcat; its photos are read from their originals."]


def test_originals_come_first_where_asked_for_unless_they_lack_the_edits(tmp_path, originals):
    for name in ("plain.jpg", "edited.jpg"):
        picture(1).save(originals / "2024" / name)
    with library(tmp_path, originals) as lib:
        lib.photo("plain.jpg", fileFormat="JPG")
        lib.photo("edited.jpg", fileFormat="JPG", adjustments=1.0)
    plain, edited = read(lib.catalog, originals=True)
    assert kinds(plain) == ["original", "preview 240x160"]
    assert kinds(edited) == ["preview 240x160", "original"]
    assert [rendition.edited for rendition in edited.renditions] == [True, False]


@pytest.mark.parametrize("content", [b"", b"AgHg", b"\0" * 5000])
def test_a_damaged_preview_leaves_the_original(tmp_path, originals, content):
    picture(1).save(originals / "2024" / "a.jpg")
    with library(tmp_path, originals) as lib:
        lib.photo("a.jpg", fileFormat="JPG")
    (preview,) = lib.previews.rglob("*.lrprev")
    preview.write_bytes(content)
    (photo,) = read(lib.catalog)
    assert kinds(photo) == ["original"]
    (originals / "2024" / "a.jpg").unlink()
    (photo,) = read(lib.catalog)
    assert photo.renditions == ()
    assert photo.problem
    assert photo.problem.startswith("its preview is damaged (")
    assert photo.problem.endswith(f"its original is not at {originals}/2024/a.jpg")


def test_a_photo_without_any_picture_says_where_its_original_was(tmp_path):
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root="D:/Photos/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    (photo,) = read(path)
    assert photo.problem == "Lightroom keeps no preview of it, and its original is not at D:/Photos/2024/a.jpg"
    assert photo.parts == (Part("missing original", "D:/Photos/2024/a.jpg"),)


def test_videos_are_shown_by_their_preview_or_passed_over(tmp_path, originals):
    (originals / "2024" / "a.mp4").write_bytes(b"a video")
    with library(tmp_path, originals) as lib:
        lib.photo("a.mp4", fileFormat="VIDEO", orientation=None)
        file, uuid = lib.file("b.mp4")
        lib.writer.image(file, fileFormat="VIDEO")
        smart_preview(lib, uuid)
    first, second = read(lib.catalog)
    assert (kinds(first), first.facts.media, first.exact) == (["preview 240x160"], ("video",), None)
    assert (second.renditions, second.problem) == ((), "a video, of which Lightroom keeps no preview")


def test_a_hostile_file_uuid_leads_nowhere(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
    execute(lib.catalog, "UPDATE AgLibraryFile SET id_global = '../../../etc'")
    assert read(lib.catalog)[0].renditions == ()
