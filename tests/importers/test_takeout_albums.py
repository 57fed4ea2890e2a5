"""Copies of a photo in the albums of a Takeout: one photo, with all its albums."""

from __future__ import annotations

import os
import sys

import pytest
from takeout_exports import ALBUM, PHOTOS, YEAR, album, picture, put, sidecar, unpack

from importers.takeout import TakeoutSource


def test_the_same_bytes_in_year_and_albums_are_one_photo(tmp_path) -> None:
    photos = put(
        tmp_path,
        {
            "Photos from 2018/a.jpg": picture(1),
            "Photos from 2018/a.jpg.json": sidecar("a.jpg"),
            "Norway/a.jpg": picture(1),
            "Norway/metadata.json": album("Norway: north & west"),
            "Best/a(1).jpg": picture(1),
            "Best/Metadaten.json": album("Best"),
        },
    )
    assert list(photos) == ["Photos from 2018/a.jpg"]
    photo = photos["Photos from 2018/a.jpg"]
    assert photo.facts.albums == (("Best",), ("Norway: north & west",))
    assert [part.path for part in photo.parts if part.role == "album copy"] == [
        tmp_path / PHOTOS / "Best" / "a(1).jpg",
        tmp_path / PHOTOS / "Norway" / "a.jpg",
    ]


def test_other_bytes_of_the_same_name_and_length_are_other_photos(tmp_path) -> None:
    one = picture(1)
    other = one[:-2] + b"\0\0"
    photos = put(
        tmp_path,
        {
            "Photos from 2018/a.jpg": one,
            "Photos from 2019/a.jpg": other,
            "Norway/a.jpg": other,
            "Norway/m.json": album("N"),
        },
    )
    assert {key: photo.facts.albums for key, photo in photos.items()} == {
        "Photos from 2018/a.jpg": (),
        "Photos from 2019/a.jpg": (("N",),),
    }


def test_two_uploads_of_the_same_bytes_stay_two(tmp_path) -> None:
    photos = put(tmp_path, {"Photos from 2018/a.jpg": picture(1), "Photos from 2018/a(1).jpg": picture(1)})
    assert len(photos) == 2


def test_a_photo_that_is_only_in_albums_is_one_photo(tmp_path) -> None:
    photos = put(tmp_path, {"A/a.jpg": picture(1), "B/a.jpg": picture(1), "B/m.json": album("Bee")})
    assert {key: photo.facts.albums for key, photo in photos.items()} == {"A/a.jpg": (("A",), ("Bee",))}


def test_an_album_with_a_year_in_its_name_needs_no_json(tmp_path) -> None:
    photos = put(
        tmp_path,
        {
            "Photos from 2018/a.jpg": picture(1),
            "Photos from 2018/b.jpg": picture(2),
            "Trip 2018/a.jpg": picture(1),
            "Alps 2018/b.jpg": picture(2),  # which has stood for the photo since before it was an album
            "Trip 2018/c.jpg": picture(3),
        },
    )
    assert {key: photo.facts.albums for key, photo in photos.items()} == {
        "Photos from 2018/a.jpg": (("Trip 2018",),),
        "Alps 2018/b.jpg": (("Alps 2018",),),
        "Trip 2018/c.jpg": (("Trip 2018",),),
    }


def test_years_in_a_language_that_was_not_seen_are_no_albums(tmp_path) -> None:
    photos = put(tmp_path, {"2018-as fotók/a.jpg": picture(1), "2019-es fotók/b.jpg": picture(2)})
    assert [photo.facts.albums for photo in photos.values()] == [(), ()]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such names")
def test_names_that_are_no_text(tmp_path) -> None:
    folder = tmp_path / PHOTOS / os.fsdecode(b"caf\xe9")
    for place in (folder, tmp_path / YEAR):
        place.mkdir(parents=True)
        (place / os.fsdecode(b"\xe9.jpg")).write_bytes(picture(1))
        (place / os.fsdecode(b"\xe9.jpg.json")).write_bytes(sidecar("a\ud800.jpg"))
    (photo,) = TakeoutSource(tmp_path).photos()
    assert photo.key == b"Google Photos/Photos from 2018/\xe9.jpg"
    for text in (photo.name, *photo.facts.albums[0], *(part.name for part in photo.parts)):
        assert text.encode()


def test_an_album_called_metadata_is_no_photos_json(tmp_path) -> None:
    photos = put(tmp_path, {"A/metadata.jpg": picture(1), "A/metadata.json": album("Real Name")})
    assert photos["A/metadata.jpg"].facts.albums == (("Real Name",),)


def test_a_known_photo_is_not_compared_again(tmp_path) -> None:
    files = {f"{YEAR}/a.jpg": picture(1), f"{ALBUM}/a.jpg": picture(1), f"{ALBUM}/m.json": album("N")}
    source = TakeoutSource(unpack(files, tmp_path))
    (first,) = source.photos()
    copy = tmp_path / ALBUM / "a.jpg"
    copy.write_bytes(b"x" * copy.stat().st_size)  # who reads it now sees another photo
    (second,) = source.photos(lambda key, stamp: key == first.key and stamp == first.stamp)
    assert second == first
    assert len(list(source.photos())) == 2
