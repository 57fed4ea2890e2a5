"""A catalog as a source of photos: what is recognised, what is opened, and what is said of each photo."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_13, CatalogWriter, execute, settle
from lightroom_sources import library, read
from preview_folders import DIGEST, container, levels_of, picture, place, write_previews_db

from importers import lightroom_previews
from importers.base import ImporterError, Part
from importers.lightroom_source import LightroomSource
from importers.sources import open_source

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
