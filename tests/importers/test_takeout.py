"""A Takeout as a source of photos: the real tree with generated pictures in every packing, and what is not read."""

from __future__ import annotations

from datetime import datetime

import pytest
from takeout_exports import (
    PHOTOS,
    SAMPLE,
    STAMP,
    YEAR,
    hashes,
    open_all,
    pack_tgz,
    pack_zip,
    packings,
    picture,
    pixels,
    put,
    sample_export,
    sidecar,
    unpack,
)

from importers.base import Facts, Mark, Photo
from importers.takeout import TakeoutSource


@pytest.fixture
def export(samples) -> dict[str, bytes]:
    return sample_export(samples)


def as_in_table(photo: Photo) -> dict[str, object]:
    """What the table says of a photo, with what it leaves out where there is nothing to say."""
    facts = photo.facts
    sidecars = [part.name for part in photo.parts if part.role == "sidecar"]
    row: dict[str, object] = {"sidecar": sidecars[0], "name": photo.name}
    if photo.problem:
        return row | {"problem": photo.problem}
    row |= {"rendition": " ".join(rendition.kind for rendition in photo.renditions), "date": facts.taken_at}
    row |= {"edited": facts.edited} if facts.edited is not None else {}
    rest = {
        "albums": [album for (album,) in facts.albums],
        "people": list(facts.people),
        "caption": facts.caption,
        "position": None if facts.latitude is None else [facts.latitude, facts.longitude],
        "favorite": facts.favorite,
        "parts": [part.role for part in photo.parts if part.role != "sidecar"],
        "keywords": list(facts.keywords),
        "rating": facts.rating,
        "title": facts.title,
    }
    return row | {name: value for name, value in rest.items() if value}


def test_the_real_tree_is_as_in_the_table(export, tmp_path) -> None:
    source, photos = open_all(unpack(export, tmp_path) / "Takeout")
    expected = {
        f"Google Photos/{key}": {"name": key.rpartition("/")[2]} | row
        for key, row in SAMPLE.items()
        if "copy_of" not in row and row.get("in_export", True)
    }
    assert {key: as_in_table(photo) for key, photo in photos.items()} == expected
    copies = {key: row["copy_of"] for key, row in SAMPLE.items() if "copy_of" in row}
    assert copies == {
        str(part.path.relative_to(tmp_path / PHOTOS)): key.removeprefix("Google Photos/")
        for key, photo in photos.items()
        for part in photo.parts
        if part.role == "album copy" and part.path
    }
    (remark,) = source.remarks
    absent = [key for key, row in SAMPLE.items() if not row.get("in_export", True)]
    assert remark.startswith(f"{len(absent)} photos or videos are described in this export but not in it")
    assert list(source.count()) == [len(photos)]
    haiti = photos["Google Photos/Photos from 2017/IMG_1760.jpg"]
    assert haiti.ref == "https://photos.google.com/photo/AF1QipNcxeWuebl1HanKsEe_7tezEM08hzs7rShVd9Ly"


def test_every_packing_gives_the_same(export, tmp_path) -> None:
    places = packings(export, tmp_path)
    before = hashes(tmp_path)
    found = {}
    for how, path in places.items():
        assert TakeoutSource.recognise(path), how
        source = TakeoutSource(path)
        found[how] = []
        for photo in source.photos():
            data = b"" if photo.problem else pixels(photo)
            parts = [(part.role, part.name) for part in photo.parts]
            found[how].append((photo.key, photo.name, photo.facts, parts, photo.problem, photo.facts_token, data))
            if photo.done:
                photo.done()
        found[how].sort()
        if "tgz" not in how:
            assert list(source.count()) == [len(found[how])], how
        assert len(source.remarks) == 1, how
    first = found["a tree"]
    assert len(first) == 19
    for how, photos in found.items():
        assert photos == first, how
    assert hashes(tmp_path) == before


# What is not read


def test_the_bin_is_left_out_unless_asked_for(tmp_path) -> None:
    files = {
        f"{PHOTOS}/Trash/a.jpg": picture(1),
        f"{YEAR}/a.jpg": picture(1),
        f"{YEAR}/b.jpg": picture(2),
        f"{YEAR}/b.jpg.json": sidecar("b.jpg", trashed=True),
        f"{PHOTOS}/Archive/c.jpg": picture(3),
    }
    _, photos = open_all(unpack(files, tmp_path))
    assert {key.removeprefix("Google Photos/"): bool(photo.problem) for key, photo in photos.items()} == {
        "Trash/a.jpg": True,
        "Photos from 2018/a.jpg": False,
        "Photos from 2018/b.jpg": True,
        "Archive/c.jpg": False,
    }
    assert photos["Google Photos/Archive/c.jpg"].facts.albums == ()
    _, photos = open_all(tmp_path, include=frozenset((Mark.TRASHED,)))
    assert not any(photo.problem for photo in photos.values())


@pytest.mark.parametrize("how", ["tree", "zip", "tgz"])
def test_what_computers_leave_in_folders_is_no_photo(tmp_path, how) -> None:
    left = (".DS_Store", "._a.jpg", "._a.jpg.json", "._.DS_Store", ".nomedia", "Thumbs.db", "._clip.mp4", "._b")
    files = {f"{YEAR}/{name}": b"x" for name in left} | {f"{YEAR}/a.jpg": picture(1), f"{YEAR}/b": picture(2)}
    path = {
        "tree": lambda: unpack(files, tmp_path),
        "zip": lambda: pack_zip(files, tmp_path / f"{STAMP}-001.zip"),
        "tgz": lambda: pack_tgz(files, tmp_path / f"{STAMP}-001.tgz"),
    }[how]()
    assert {photo.name for photo in open_all(path)[1].values()} == {"a.jpg", "b"}


def test_moving_halves_are_parts_and_videos_are_counted(tmp_path) -> None:
    photos = put(
        tmp_path,
        {
            "Photos from 2018/IMG.HEIC": picture(1),
            "Photos from 2018/IMG.MP4": b"video",
            "Photos from 2018/IMG.HEIC.json": sidecar("IMG.HEIC"),
            "Photos from 2018/PXL.MP.jpg": picture(2),
            "Photos from 2018/PXL.MP": b"video",
            "Photos from 2018/clip.MP4": b"video",
            "Photos from 2018/clip.MP4.json": sidecar("clip.MP4"),
            "Photos from 2018/x-ANIMATION.gif": picture(3, "GIF"),
            "Norway/IMG.HEIC": picture(1),
            "Norway/IMG.MP4": b"video",
        },
    )
    parts = {
        key: [(part.role, part.name) for part in photo.parts if "video" in part.role] for key, photo in photos.items()
    }
    assert parts == {
        "Photos from 2018/IMG.HEIC": [("live video", "IMG.MP4")],
        "Photos from 2018/PXL.MP.jpg": [("motion video", "PXL.MP")],
        "Photos from 2018/clip.MP4": [],
        "Photos from 2018/x-ANIMATION.gif": [],
    }
    assert photos["Photos from 2018/clip.MP4"].problem
    assert photos["Photos from 2018/clip.MP4"].facts.media == ("video",)
    assert photos["Photos from 2018/IMG.HEIC"].facts.media == ("photo", "live")
    assert photos["Photos from 2018/x-ANIMATION.gif"].facts.media == ("photo", "animation")


def test_an_edited_copy_is_one_with_or_without_its_original(tmp_path) -> None:
    photos = put(
        tmp_path,
        {
            "Photos from 2018/a-edited.jpg": picture(1),
            "Photos from 2018/a.jpg.json": sidecar("a.jpg", description="of the original"),
            "Photos from 2018/b-edited.jpg": picture(2),
            "Photos from 2018/b-edited.jpg.json": sidecar("b-edited.jpg"),
        },
    )
    told = {
        photo.name: (photo.facts.edited, photo.renditions[0].edited, photo.facts.caption) for photo in photos.values()
    }
    # The second was uploaded under that name.
    assert told == {"a-edited.jpg": (True, True, "of the original"), "b-edited.jpg": (None, False, None)}


def test_facts_have_a_token_that_changes_with_the_json(tmp_path) -> None:
    files = {f"{YEAR}/a.jpg": picture(1), f"{YEAR}/a.jpg.json": sidecar("a.jpg")}
    source = TakeoutSource(unpack(files, tmp_path))
    (first,) = source.photos()
    (again,) = source.photos()
    assert first.facts_token == again.facts_token
    (tmp_path / YEAR / "a.jpg.json").write_bytes(sidecar("a.jpg", favorited=True))
    (changed,) = source.photos()
    assert changed.facts_token != first.facts_token
    assert changed.stamp == first.stamp


# The camera's clock and Google's


@pytest.mark.parametrize(
    ("google", "camera", "expected"),
    [
        ("2018-09-28T22:35:49+00:00", "2018-09-28T17:35:49", "camera"),
        ("2018-09-28T22:35:49+00:00", "2018-09-29T12:35:49", "camera"),
        ("2018-09-28T22:35:49+00:00", "2018-09-28T17:35:49-05:00", "camera"),
        ("2018-09-28T22:35:49+00:00", "2018-09-28T17:35:49-04:00", "google"),  # one hour off: corrected
        ("1975-06-01T12:00:00+00:00", "2018-09-28T17:35:49", "google"),  # a scan, dated by its owner
        ("2018-09-28T22:35:49+00:00", "2018-09-28T22:35:49", "google"),  # the same, and its zone is known
        ("2018-09-28T22:35:49+00:00", None, "google"),
        (None, "2018-09-28T17:35:49", "camera"),
        ("2018-09-28T22:35:49+02:00", "2018-09-28T17:35:49", "google"),  # it shows a clock already
    ],
)
def test_the_cameras_clock_counts_where_both_can_mean_one_moment(google, camera, expected) -> None:
    times = {"google": google, "camera": camera}
    read = {name: Facts(taken_at=datetime.fromisoformat(text) if text else None) for name, text in times.items()}
    assert read["google"].over(read["camera"]).taken_at == read[expected].taken_at
