"""Which pictures and facts a catalog gives of each photo. The catalogs and previews here are generated."""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightroom_catalogs import LIGHTROOM_13, CatalogWriter, execute, settle
from PIL import Image
from preview_folders import DIGEST, Library, container, fingerprint, levels_of, picture, place, write_previews_db

from importers import lightroom_previews
from importers.base import ImporterError, Options, Part, Photo, Span
from importers.lightroom_moves import Moves
from importers.lightroom_source import LightroomSource
from importers.sources import open_source

STALE = "f" * 32


def read(catalog: Path, **options) -> list[Photo]:
    """Read a catalog; whatever lies in its folder must be as before."""
    before = fingerprint(catalog.parent)
    photos = list(LightroomSource(catalog, Options(**options)).photos())
    assert fingerprint(catalog.parent) == before
    return photos


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


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A folder of originals: the root of generated catalogs."""
    folder = tmp_path / "originals"
    (folder / "2024").mkdir(parents=True)
    return folder


def library(tmp_path: Path, originals: Path | None = None) -> Library:
    return Library(tmp_path / "lightroom", root=f"{originals}/" if originals else "/Volumes/Photos/")


def smart_preview(lib: Library, uuid: str) -> Path:
    path = lib.catalog.with_name("Lib Smart Previews.lrdata") / uuid[0] / uuid[:4] / f"{uuid}.dng"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"II*\0 a DNG")
    return path


# Which picture


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


# What is not opened

_opened: list[str] | None = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_audit)


def test_a_known_preview_is_not_opened(tmp_path):
    global _opened
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
        lib.photo("b.jpg")
    stamps = {photo.key: photo.stamp for photo in read(lib.catalog)}
    a, _ = stamps
    _opened = []
    try:
        again = list(LightroomSource(lib.catalog).photos(lambda key, stamp: key == a and stamp == stamps[a]))
        previews = {Path(name).name[:8] for name in _opened if name.endswith(".lrprev")}
    finally:
        _opened = None
    assert len(previews) == 1
    assert {photo.key: photo.stamp for photo in again} == stamps
    assert [photo.renditions[0].span is None for photo in again] == [True, False]


@pytest.mark.parametrize("layout", ["one file", "plain JPEGs of 13.3"])
def test_no_folder_is_listed_for_what_is_known(tmp_path, monkeypatch, layout):
    with library(tmp_path) as lib:
        file, uuid = lib.file("a.jpg")
        lib.writer.image(file, digest=DIGEST)
        if layout == "one file":
            place(lib.previews, container(levels_of(picture(1)), uuid, DIGEST), uuid, DIGEST)
        else:
            for jpeg, width, height in levels_of(picture(1, 1024, 683), smallest=300):
                place(lib.previews, jpeg, uuid, DIGEST, f"_{max(width, height)}")
    (photo,) = read(lib.catalog)

    def refuse(folder, uuid):
        raise AssertionError("a folder was listed")

    monkeypatch.setattr(lightroom_previews, "files_of", refuse)
    (again,) = LightroomSource(lib.catalog).photos(lambda key, stamp: stamp == photo.stamp)
    assert (again.stamp, again.facts_token) == (photo.stamp, photo.facts_token)
    with pytest.raises(AssertionError, match="listed"):
        list(LightroomSource(lib.catalog).photos(lambda key, stamp: False))


# What is said of it


def test_facts_parts_and_names(tmp_path, originals):
    for name in ("IMG_1.CR2", "IMG_1.JPG"):
        (originals / "2024" / name).write_bytes(b"picture")
    with library(tmp_path, originals) as lib:
        writer = lib.writer
        file, uuid = lib.file("IMG_1.CR2")
        writer.connection.execute("UPDATE AgLibraryFile SET sidecarExtensions = 'JPG,xmp' WHERE id_local = ?", (file,))
        image = lib.image(file, uuid, rating=4.0, pick=-1.0, colorLabels="Rouge", adjustments=1.0)
        bird = writer.keyword("bird", writer.keyword("animal"))
        writer.tag(image, bird)
        trips = writer.add("AgLibraryCollection", name="Trips", systemOnly=0.0)
        iceland = writer.add("AgLibraryCollection", name="Iceland", parent=trips, systemOnly=0.0)
        writer.add("AgLibraryCollectionImage", collection=iceland, image=image)
        writer.add("AgLibraryIPTC", image=image, caption="A robin")
        writer.add(
            "AgHarvestedIptcMetadata",
            image=image,
            cityRef=writer.interned("AgInternedIptcCity", "Reykjavik"),
            countryRef=writer.interned("AgInternedIptcCountry", "Iceland"),
        )
        writer.add("AgLibraryFolderStackImage", image=image, stack=77, position=1.0)
        writer.add("AgHarvestedExifMetadata", image=image, gpsLatitude=64.1, gpsLongitude=-21.9, hasGPS=1)
    (photo,) = read(lib.catalog)
    facts = photo.facts
    assert (facts.rating, facts.flag, facts.color_label, facts.edited) == (4, -1, "Rouge", True)
    assert (facts.keywords, facts.keyword_paths) == (("bird", "animal"), (("animal", "bird"),))
    assert (facts.albums, facts.place, facts.caption) == ((("Trips", "Iceland"),), "Reykjavik, Iceland", "A robin")
    assert (facts.latitude, facts.longitude, facts.media) == (64.1, -21.9, ("photo", "raw"))
    assert photo.parts == (
        Part("jpeg", "IMG_1.JPG", originals / "2024" / "IMG_1.JPG"),
        Part("sidecar", "IMG_1.xmp"),
    )
    assert (photo.series, photo.ref, photo.facts_complete) == ("77", str(image), True)
    assert photo.path == originals / "2024" / "IMG_1.CR2"


@pytest.mark.parametrize(
    ("newer", "older", "cropped", "edited"),
    [
        (-1.0, None, "uncropped", False),
        (0.0, None, "uncropped", False),
        (1.0, None, "uncropped", True),
        (None, 1, "uncropped", True),
        (None, 0, "uncropped", False),
        (None, None, "uncropped", None),
        (-1.0, None, 3000.0, True),
    ],
)
def test_whether_a_photo_was_edited(tmp_path, newer, older, cropped, edited):
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as writer:
        writer.photo()
        writer.connection.execute(
            "UPDATE Adobe_imageDevelopSettings SET hasDevelopAdjustmentsEx = ?, hasDevelopAdjustments = ?,"
            " croppedWidth = ?",
            (newer, older, cropped),
        )
    assert read(path)[0].facts.edited is edited


def test_only_originals_that_are_cheap_and_sure_name_their_previews(tmp_path, originals):
    for name in ("plain.jpg", "raw.NEF", "unsure.jpg"):
        (originals / "2024" / name).write_bytes(b"picture")
    with library(tmp_path, originals) as lib:
        lib.photo("plain.jpg", fileFormat="JPG", levels=levels_of(picture(1, 600, 400)))
        lib.photo("raw.NEF", fileFormat="RAW")
        lib.photo("unsure.jpg", fileFormat="JPG", adjustments=None)
        lib.photo("away.jpg", fileFormat="JPG")
    exact = {photo.name: photo.exact for photo in read(lib.catalog)}
    path = originals / "2024" / "plain.jpg"
    assert exact == {"plain.jpg": path, "raw.NEF": None, "unsure.jpg": None, "away.jpg": None}


def test_virtual_copies_are_photos_with_previews_of_their_own(tmp_path):
    with library(tmp_path) as lib:
        file, uuid = lib.file("a.jpg")
        master = lib.image(file, uuid, levels=levels_of(picture(1)))
        lib.image(file, uuid, levels=levels_of(picture(2, 160, 240)), masterImage=master, copyName="Copy 1")
        lib.image(file, uuid, digest=lib._current[0][2], levels=levels_of(picture(1)), masterImage=master)
    photos = read(lib.catalog)
    assert [photo.name for photo in photos] == ["a.jpg", "a.jpg (Copy 1)", "a.jpg (virtual copy)"]
    assert len({photo.key for photo in photos}) == 3
    assert [photo.renditions[0].width for photo in photos] == [240, 160, 240]
    assert photos[0].stamp == photos[2].stamp


def test_the_token_changes_with_what_is_told_and_only_then(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
    (before,) = read(lib.catalog)
    os.utime(next(lib.previews.rglob("*.lrprev")))
    assert read(lib.catalog)[0].facts_token == before.facts_token
    execute(lib.catalog, "UPDATE Adobe_images SET rating = 5.0")
    (after,) = read(lib.catalog)
    assert after.facts_token != before.facts_token
    assert replace(after.facts, rating=None) == before.facts


# Where originals went


@pytest.mark.parametrize(
    ("root", "moved"),
    [
        ("D:/Photos/", "D:/Photos"),
        ("D:/Photos/", "d:\\photos\\"),
        ("//server/share/Photos/", "\\\\SERVER\\share\\photos"),
        ("/Volumes/Old/", "/Volumes/Old"),
        ("/Volumes/Old/", "/Volumes/Old/"),
    ],
)
def test_originals_are_found_where_their_folder_moved(tmp_path, originals, root, moved):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root=root) as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    assert read(path)[0].path is None
    assert read(path, moved=((moved, str(originals)),))[0].path == originals / "2024" / "a.jpg"


def test_the_longest_beginning_counts_and_whole_steps_only(tmp_path, originals):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root="D:/Photos/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    nowhere = str(tmp_path / "nowhere")
    inner = ("D:/Photos/2024", str(originals / "2024"))
    assert read(path, moved=(("D:/", nowhere), inner, ("D:/Photos", nowhere)))[0].path
    assert read(path, moved=(("D:/Pho", str(originals)),))[0].path is None
    assert read(path, moved=(("d:/photos/2024/A.JPG", str(originals / "2024" / "a.jpg")),))[0].path
    assert read(path, moved=(("/Volumes", str(originals)),))[0].path is None


def test_case_counts_where_it_is_no_windows(tmp_path, originals):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root="/Volumes/Old/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    assert read(path, moved=(("/volumes/old", str(originals)),))[0].path is None


def test_originals_that_moved_along_with_the_catalog_are_found(tmp_path):
    (tmp_path / "drive" / "Photos" / "2024").mkdir(parents=True)
    (tmp_path / "drive" / "Photos" / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "drive" / "A.lrcat"
    with CatalogWriter(path, root="E:/Photos/") as writer:
        writer.connection.execute("UPDATE AgLibraryRootFolder SET relativePathFromCatalog = 'Photos/'")
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    source = LightroomSource(path)
    assert [photo.path for photo in source.photos()] == [tmp_path / "drive" / "Photos" / "2024" / "a.jpg"]
    assert not any("originals are not" in remark for remark in source.remarks)


def test_missing_originals_are_counted_with_what_to_do(tmp_path):
    with library(tmp_path) as lib:
        for name in ("a.jpg", "b.jpg"):
            lib.photo(name)
    source = LightroomSource(lib.catalog)
    list(source.photos())
    assert source.remarks == [
        "2 originals are not on this machine, all of them in /Volumes/Photos. If that folder lies elsewhere now:"
        ' --map "/Volumes/Photos=NEW FOLDER"'
    ]


@given(st.lists(st.tuples(st.text(min_size=1), st.text().map("/{}".format)), max_size=4), st.text())
def test_any_move_leads_below_its_new_folder_or_nowhere(moved, stored_path):
    found = Moves(moved).apply(stored_path)
    assert found is None or any(found.is_relative_to(new) for _, new in moved)


@given(st.text(st.characters(exclude_characters="/"), min_size=1), st.text())
def test_what_begins_like_a_moved_folder_is_below_the_new_one(folder, rest):
    found = Moves([(f"/old/{folder}", "/new")]).apply(f"/old/{folder}/{rest}")
    assert found == Path("/new", *rest.split("/"))


# What it is


def test_a_catalog_is_recognised_by_its_name(tmp_path):
    with library(tmp_path) as lib:
        lib.photo("a.jpg")
    source = open_source(lib.catalog)
    assert (source.name, source.root, source.folder) == ("lightroom", lib.catalog, lib.catalog.parent)
    assert list(source.count()) == [1]
    assert not LightroomSource.recognise(lib.previews)
    assert not LightroomSource.recognise(tmp_path)


def test_a_future_version_is_read_with_a_remark(tmp_path):
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, "2700000") as writer:
        writer.photo()
    source = LightroomSource(path)
    assert len(list(source.photos())) == 1
    assert any("catalog version 2700000, which is not known here" in remark for remark in source.remarks)


def test_an_old_version_that_cannot_be_read_says_so(tmp_path):
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, "0200022") as writer:
        writer.connection.execute("DROP TABLE AgLibraryRootFolder")
    with pytest.raises(ImporterError, match=r"a catalog of Lightroom 2, too old to be read \(it lacks AgLibraryRoot"):
        list(LightroomSource(path).photos())


def test_what_is_no_catalog_is_one_clear_line(tmp_path):
    path = tmp_path / "A.lrcat"
    path.write_bytes(b"not a database")
    settle(path)
    with pytest.raises(ImporterError, match="is no database: it is damaged, or not what its name says"):
        list(open_source(path).photos())


def test_a_later_catalog_in_wal_mode_is_left_alone(tmp_path):
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, LIGHTROOM_13) as writer:
        writer.photo()
    (tmp_path / "A.lrcat.lock").write_text("/Applications/Lightroom\n123\n")
    write_previews_db(tmp_path / "A Previews.lrdata", [])
    assert len(read(path)) == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["A Previews.lrdata", "A.lrcat", "A.lrcat.lock"]
