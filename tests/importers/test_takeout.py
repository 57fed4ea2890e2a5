"""A Takeout as a source of photos: the real tree with generated pictures, and small exports for each rule."""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from takeout_exports import (
    SAMPLE,
    STAMP,
    hashes,
    pack_tgz,
    pack_zip,
    packings,
    picture,
    sample_export,
    sidecar,
    split,
    unpack,
)

from importers.base import Facts, ImporterError, Mark, Options, Photo
from importers.folder import FolderSource
from importers.sources import open_source
from importers.takeout import TakeoutSource

PHOTOS = "Takeout/Google Photos"
YEAR = f"{PHOTOS}/Photos from 2018"
ALBUM = f"{PHOTOS}/Norway"


@pytest.fixture
def export(samples) -> dict[str, bytes]:
    return sample_export(samples)


def open_all(path: Path, **options) -> tuple[TakeoutSource, dict[str, Photo]]:
    source = TakeoutSource(path, Options(**options))
    photos: dict[str, Photo] = {}
    for photo in source.photos():
        assert photo.key.decode() not in photos
        photos[photo.key.decode()] = photo
    return source, photos


def pixels(photo: Photo) -> bytes:
    """Read a photo's bytes as the decoders would."""
    rendition = photo.renditions[0]
    data = rendition.path.read_bytes()
    if rendition.span:
        data = data[rendition.span.offset_bytes :][: rendition.span.length_bytes]
        data = zlib.decompress(data, -15) if rendition.span.deflated else data
    return data


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


# Albums and copies


def put(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Photo]:
    return {
        key.removeprefix("Google Photos/"): photo
        for key, photo in open_all(unpack({f"{PHOTOS}/{name}": data for name, data in files.items()}, tmp_path))[
            1
        ].items()
    }


def album(title: str) -> bytes:
    return b'{"title": "%s"}' % title.encode()


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


# Parts


def test_missing_and_damaged_parts_are_said(tmp_path) -> None:
    one, two, three = split({f"{YEAR}/{n}.jpg": picture(n) for n in range(9)}, 3)
    pack_zip(one, tmp_path / f"{STAMP}-001.zip")
    pack_zip(three, tmp_path / f"{STAMP}-004.zip")
    path = pack_zip(two, tmp_path / f"{STAMP}-002.zip")
    path.write_bytes(path.read_bytes()[:-30])
    source, photos = open_all(tmp_path)
    assert len(photos) == 6
    assert set(source.unreadable) == {b""}
    assert f"{STAMP}-002.zip is damaged or not whole" in source.unreadable[b""]
    assert source.remarks == ["The parts 003 of this export are not here; put them beside the others and index again."]
    source, photos = open_all(tmp_path / f"{STAMP}-004.zip")
    assert len(photos) == 6
    assert source.root == tmp_path / f"{STAMP}-001.zip"


def test_a_folder_that_may_not_be_read_costs_only_itself(tmp_path, monkeypatch) -> None:
    folder = unpack({f"{YEAR}/a.jpg": picture(1), f"{ALBUM}/b.jpg": picture(2)}, tmp_path) / ALBUM
    source = TakeoutSource(tmp_path)
    scan = os.scandir

    def refuse(path):
        if path == folder:
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [photo.key for photo in source.photos()] == [b"Google Photos/Photos from 2018/a.jpg"]
    assert source.unreadable == {b"": f"{folder}: permission denied"}


def test_nothing_but_damaged_parts_is_one_clear_line(tmp_path) -> None:
    (tmp_path / f"{STAMP}-001.tgz").write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(ImporterError, match="is damaged or not whole .*; download this part again"):
        open_all(tmp_path)


def test_the_younger_export_counts_where_two_have_a_file(tmp_path) -> None:
    for day, fields in (("20230101", {}), ("20240101", {"favorited": True})):
        files = {f"{YEAR}/a.jpg": picture(1), f"{YEAR}/a.jpg.json": sidecar("a.jpg", **fields)}
        files[f"{YEAR}/b.jpg"] = picture(day) + day[:4].encode() * int(day[3])
        pack_zip(files, tmp_path / f"takeout-{day}T000000Z-001.zip")
    _, photos = open_all(tmp_path)
    assert photos["Google Photos/Photos from 2018/a.jpg"].facts.favorite is True
    assert len(photos) == 3  # both files called b.jpg
    assert len(open_all(tmp_path / "takeout-20230101T000000Z-001.zip")[1]) == 2


def two_exports(older: dict[str, bytes], younger: dict[str, bytes], folder: Path, how: str) -> Path:
    for day, files in (("20230101", older), ("20240101", younger)):
        files = {f"{YEAR}/{name}": data for name, data in files.items()}
        name = f"takeout-{day}T000000Z-001"
        if how == "tree":
            unpack(files, folder / name)
        else:
            {"zip": pack_zip, "tgz": pack_tgz}[how](files, folder / f"{name}.{how}")
    return folder


@pytest.mark.parametrize("how", ["zip", "tgz", "tree"])
@pytest.mark.parametrize("length", ["same", "other"])
@pytest.mark.parametrize("naming", [".json", ".supplemental-metadata.json"])
def test_other_photos_under_the_names_of_another_export_keep_their_own_json(tmp_path, how, length, naming) -> None:
    old, old_copy, new = picture(1), picture(3), picture(2)
    size = max(map(len, (old, old_copy, new)))
    old, old_copy, new = old.ljust(size, b"\0"), old_copy.ljust(size + 1, b"\0"), new.ljust(size, b"\0")
    if length == "other":
        old += b"\0"
    older = {"a.jpg": old, f"a.jpg{naming}": sidecar("a.jpg", people=[{"name": "Ana"}]), "c.jpg": picture(4)}
    older |= {"a-edited.jpg": old_copy, f"c.jpg{naming}": sidecar("c.jpg", description="old")}
    younger = {"a.jpg": new, "a.jpg.json": sidecar("a.jpg", people=[{"name": "Bob"}]), "c.jpg": picture(4)}
    younger |= {"a-edited.jpg": new + b"\0\0", "c.jpg.json": sidecar("c.jpg", description="new")}
    source, photos = open_all(two_exports(older, younger, tmp_path, how))
    photos = {key.rpartition("/")[2]: photo for key, photo in photos.items()}
    roles = {
        key: [(part.role, part.name) for part in photo.parts if part.role != "sidecar"] for key, photo in photos.items()
    }
    assert roles == {
        "a.jpg": [("edited copy", "a-edited.jpg")],
        "a-edited.jpg": [("original", "a.jpg")],
        "a#2.jpg": [("edited copy", "a-edited#2.jpg")],
        "a-edited#2.jpg": [("original", "a#2.jpg")],
        "c.jpg": [],
    }
    people = {key: photo.facts.people for key, photo in photos.items() if photo.facts.people}
    assert people == {"a.jpg": ("Bob",), "a-edited.jpg": ("Bob",), "a#2.jpg": ("Ana",), "a-edited#2.jpg": ("Ana",)}
    assert photos["a#2.jpg"].name == "a.jpg"
    assert [photo.facts.edited for photo in photos.values()].count(True) == 2
    assert source.remarks == []
    if how != "tgz":
        assert pixels(photos["a.jpg"]) == new
        assert pixels(photos["a#2.jpg"]) == old
        assert list(source.count()) == [4 if (how, length) == ("tree", "same") else 5]  # which it does not read
    stamps = {photo.key: photo.stamp for photo in source.photos()}
    assert {photo.key for photo in source.photos(lambda key, stamp: stamps.get(key) == stamp)} == set(stamps)


def test_a_json_goes_to_the_picture_that_lies_in_its_export(tmp_path) -> None:
    older = {"a.jpg": picture(1), "a.jpg.json": sidecar("a.jpg", description="older")}
    _, photos = open_all(two_exports(older, {"a.jpg.json": sidecar("a.jpg", description="younger")}, tmp_path, "zip"))
    assert [photo.facts.caption for photo in photos.values()] == ["older"]


def test_a_picture_without_json_in_its_export_has_that_of_the_other(tmp_path) -> None:
    older = {"a.jpg.json": sidecar("a.jpg", description="older")}
    _, photos = open_all(two_exports(older, {"a.jpg": picture(1)}, tmp_path, "zip"))
    assert [photo.facts.caption for photo in photos.values()] == ["older"]


def test_a_picture_never_has_the_json_of_another_photo_of_another_export(tmp_path) -> None:
    older = {"a.jpg": picture(1), "a.jpg.json": sidecar("a.jpg", description="of the older")}
    _, photos = open_all(two_exports(older, {"a.jpg": picture(2) + b"\0"}, tmp_path, "zip"))
    captions = {key.rpartition("/")[2]: photo.facts.caption for key, photo in photos.items()}
    assert captions == {"a.jpg": None, "a#2.jpg": "of the older"}


def test_a_streams_files_go_away_with_the_run(tmp_path, monkeypatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    files = {f"{YEAR}/{n}.jpg": picture(n) for n in range(5)}
    source = TakeoutSource(pack_tgz(files, tmp_path / f"{STAMP}-001.tgz"))
    held: list[Photo] = []
    for photo in source.photos():
        held.append(photo)
        if len(held) > 2:  # as if two were being decoded
            done = held.pop(0)
            assert pixels(done)
            assert done.done
            done.done()
        assert len([path for path in room.rglob("*") if path.is_file()]) <= 3
    for photo in held:
        assert pixels(photo)  # the last ones outlive the pass
        assert photo.done
        photo.done()
    assert list(room.iterdir()) == []
    walk = source.photos()
    photo = next(walk)
    walk.close()  # interrupted: what was handed out is still the caller's
    assert pixels(photo)
    assert photo.done
    photo.done()
    assert list(room.iterdir()) == []


def test_a_streams_known_photos_are_not_unpacked_again(tmp_path, monkeypatch) -> None:
    files = {f"{YEAR}/{n}.jpg": picture(n) for n in range(3)} | {f"{YEAR}/0.jpg.json": sidecar("0.jpg")}
    path = pack_tgz(files, tmp_path / f"{STAMP}-001.tgz")
    source = TakeoutSource(path)
    stamps = {}
    for photo in source.photos():
        stamps[photo.key] = photo.stamp
        assert photo.done
        photo.done()
    monkeypatch.setattr(Path, "open", lambda *args, **options: pytest.fail("unpacked again"))
    again = {photo.key: photo.stamp for photo in source.photos(lambda key, stamp: stamps[key] == stamp)}
    assert again == stamps
    monkeypatch.undo()
    status = path.stat()
    pack_tgz(files | {f"{YEAR}/0.jpg.json": sidecar("0.jpg", favorited=True)}, path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    new = [photo for photo in source.photos(lambda key, stamp: stamps[key] == stamp) if photo.done]
    assert [photo.name for photo in new if photo.facts.favorite] == ["0.jpg"]
    for photo in new:
        assert photo.done
        photo.done()


def test_large_files_pass_through_a_stream(tmp_path) -> None:
    large, caption = picture(1) + bytes(9 << 20), "x" * (3 << 20)
    files = {f"{YEAR}/a.jpg": large, f"{YEAR}/a.jpg.json": sidecar("a.jpg", description=caption)}
    for photo in TakeoutSource(pack_tgz(files, tmp_path / f"{STAMP}-001.tgz")).photos():
        assert pixels(photo) == large
        assert photo.facts.caption == caption
        assert photo.done
        photo.done()


# What is an export


@pytest.mark.parametrize(
    "names",
    [
        ["Pictures/Google Photos/Photos from 2018/a.jpg", "Pictures/Other/b.jpg"],
        ["Pictures/Takeout/Google Photos/Photos from 2018/a.jpg", "Pictures/Other/b.jpg"],
        [f"Pictures/{STAMP}-001.zip", "Pictures/b.jpg"],
        ["Pictures/Photos from 2018/a.jpg"],
        ["Pictures/Google Photos/a.jpg"],
        ["Pictures/2018/a.jpg"],
        ["Pictures/some.zip"],
    ],
)
def test_folders_with_other_pictures_are_no_exports(tmp_path, names) -> None:
    unpack(dict.fromkeys(names, b"x"), tmp_path)
    assert not TakeoutSource.recognise(tmp_path / "Pictures")
    with pytest.raises(ImporterError, match="is no Google Takeout"):
        TakeoutSource(tmp_path / "Pictures")


def two_parts(folder: Path, *, below: str = "Takeout/") -> Path:
    """Unpack an export so that the picture in one part is described in the other."""
    for number, half in enumerate(split({f"{YEAR}/a.jpg": picture(1), f"{YEAR}/a.jpg.json": sidecar("a.jpg")}), 1):
        for name, data in half.items():
            unpack({name.replace("Takeout/", below, 1): data}, folder / f"part{number}")
    return folder


@pytest.mark.parametrize("below", ["Takeout/", "Takeout 2/", f"{STAMP}-001/Takeout/"])
def test_parts_in_folders_of_any_name_are_merged(tmp_path, below) -> None:
    source, photos = open_all(two_parts(tmp_path, below=below))
    assert isinstance(open_source(tmp_path), TakeoutSource)
    assert [photo.facts.taken_at for photo in photos.values()] == [datetime(2018, 9, 28, 23, 7, 7, tzinfo=UTC)]
    assert source.root == tmp_path


@pytest.mark.parametrize("other", ["notes/plan.jpg", "part1/b.jpg", "part1/other/b.jpg", "a.jpg", "part1/more/a/b.jpg"])
def test_parts_among_other_pictures_are_read_plainly_and_said(tmp_path, other) -> None:
    unpack({other: picture(2)}, two_parts(tmp_path / "all"))
    source = open_source(tmp_path / "all")
    assert isinstance(source, FolderSource)
    for _ in range(2):
        assert {photo.name for photo in source.photos()} == {"a.jpg", Path(other).name}
    assert source.passed_over == []
    assert len(source.remarks) == 1 + other.startswith("part1")
    for remark in source.remarks:
        assert "only the pictures of a Google Takeout are read here" in remark
    if other.startswith("part1"):  # which is no export itself, then
        inside = tmp_path / "all" / "part1" / "Takeout"
        assert source.remarks[1].endswith(f'safelight index "{inside}"')
        assert TakeoutSource.recognise(inside)
    else:
        assert source.remarks[0].startswith(f"{tmp_path / 'all'} (part1, part2): only")


@pytest.mark.parametrize("name", ["Takeout", "Takeout 3", STAMP, "mine/Takeout", "mine/Google Photos", "Fotky Google"])
def test_an_export_in_a_plain_folder_is_said_once_by_its_outermost_folder(tmp_path, name) -> None:
    inside = name if "Google" in name or "Fotky" in name else f"{name}/Google Photos"
    files = {f"{inside}/{folder}/a.jpg": picture(1) for folder in ("Photos from 2018", "Photos from 2019", "Takeout!")}
    files[f"{inside}/Photos from 2018/a.jpg.json"] = sidecar("a.jpg")
    unpack({"b.jpg": picture(2), **files}, tmp_path / "pictures")
    source = open_source(tmp_path / "pictures")
    assert len(list(source.photos())) == 4
    outermost = tmp_path / "pictures" / name.split("/", maxsplit=1)[0]
    (remark,) = source.remarks
    assert remark.startswith(f"{outermost}: ")
    assert remark.endswith(f'safelight index "{outermost}"')
    assert TakeoutSource.recognise(outermost)


def test_folders_that_are_only_called_like_exports_are_not_said(tmp_path) -> None:
    unpack({"takeout menus/a.jpg": b"x", "Google trip/2019/b.jpg": b"x", "c.jpg": b"x"}, tmp_path)
    source = open_source(tmp_path)
    assert len(list(source.photos())) == 3
    assert source.remarks == []


def test_recognising_looks_into_few_folders_and_no_archive(tmp_path, monkeypatch) -> None:
    files = {f"{PHOTOS}/Album {n}/{n}.jpg": b"" for n in range(100)} | {f"{YEAR}/a.jpg": b""}
    unpack(files, tmp_path / "tree")
    for number in range(1, 100):
        unpack({f"{STAMP}-{number:03}.zip": b"no zip at all"}, tmp_path / "zips")
    looks: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looks.append(path) or scan(path))
    monkeypatch.setattr(Path, "open", lambda *args, **options: pytest.fail("opened"))
    assert TakeoutSource.recognise(tmp_path / "tree")
    assert TakeoutSource.recognise(tmp_path / "zips")
    assert TakeoutSource.recognise(tmp_path / "zips" / f"{STAMP}-050.zip")
    assert len(looks) < 10


PACK = {".zip": pack_zip, ".tgz": pack_tgz, ".tar.gz": pack_tgz, ".TGZ": pack_tgz}


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("prefix", ["Takeout/", "./Takeout/", "", "./"])
def test_archives_of_other_names_are_known_by_what_is_in_them(tmp_path, suffix, prefix) -> None:
    files = {"archive_browser.html": b"x", "Google Photos/Photos from 2018/a.jpg": picture(1)}
    files["Google Photos/Photos from 2018/a.jpg.json"] = sidecar("a.jpg")
    path = PACK[suffix]({prefix + name: data for name, data in files.items()}, tmp_path / f"from google{suffix}")
    assert TakeoutSource.recognise(path)
    assert TakeoutSource.recognise(tmp_path)
    _, photos = open_all(path)
    assert list(photos) == ["Google Photos/Photos from 2018/a.jpg"]
    assert open_all(tmp_path)[1].keys() == photos.keys()


@pytest.mark.parametrize("suffix", PACK)
def test_archives_of_other_names_in_one_folder_are_merged(tmp_path, suffix) -> None:
    for number, half in enumerate(split({f"{YEAR}/a.jpg": picture(1), f"{YEAR}/a.jpg.json": sidecar("a.jpg")}), 1):
        PACK[suffix](half, tmp_path / f"part {number}{suffix}")
    PACK[suffix]({"a/b.jpg": picture(2)}, tmp_path / f"other{suffix}")
    (tmp_path / f"broken{suffix}").write_bytes(b"\x1f\x8b broken")
    source, photos = open_all(tmp_path)
    assert [photo.facts.taken_at for photo in photos.values()] == [datetime(2018, 9, 28, 23, 7, 7, tzinfo=UTC)]
    assert (source.unreadable, source.remarks) == ({}, [])


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize(
    "names",
    [
        ["holiday/Photos from 2018/a.jpg"],
        ["Takeout/Drive/a.jpg"],
        ["Takeout/Google Chat/Groups/a.jpg", "Takeout/Google Chat/Groups/messages.json"],
        ["a.jpg"],
        [],
    ],
)
def test_other_archives_are_no_exports(tmp_path, suffix, names) -> None:
    path = PACK[suffix](dict.fromkeys(names, b"x"), tmp_path / f"some{suffix}")
    assert not TakeoutSource.recognise(path)
    assert not TakeoutSource.recognise(tmp_path)


def test_a_stream_is_looked_into_at_its_beginning_only_and_once(tmp_path, monkeypatch) -> None:
    far = pack_tgz({"Takeout/Drive/a": bytes(17 << 20), f"{YEAR}/a.jpg": picture(1)}, tmp_path / "far.tgz")
    assert not TakeoutSource.recognise(far)
    near = pack_tgz({f"{YEAR}/a.jpg": picture(1), "Takeout/Drive/a": bytes(17 << 20)}, tmp_path / "near.tgz")
    near.write_bytes(near.read_bytes()[:4000])
    assert TakeoutSource.recognise(near)
    monkeypatch.setattr(tarfile, "open", lambda *args, **options: pytest.fail("opened again"))
    assert TakeoutSource.recognise(near)


@pytest.mark.parametrize(
    "name",
    [
        "Google Fotos/Fotos von 2018",
        "Google Foto/Foto del 2018",
        "Google Фото/Фото за 2018",
        "Google フォト/2018 年の写真",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_exports_in_any_language(tmp_path, name, packed) -> None:
    files = {f"Takeout/{name}/a.jpg": picture(1), f"Takeout/{name}/a.jpg.json": sidecar("a.jpg")}
    files["Takeout/Drive/b.jpg"] = picture(2)
    path = pack_zip(files, tmp_path / f"{STAMP}-001.zip") if packed else unpack(files, tmp_path) / "Takeout"
    _, photos = open_all(path)
    assert {key: photo.facts.taken_at for key, photo in photos.items()} == {
        f"{name}/a.jpg": datetime(2018, 9, 28, 23, 7, 7, tzinfo=UTC)
    }
    assert photos[f"{name}/a.jpg"].facts.albums == ()


@pytest.mark.parametrize("name", ["Google フォト", "Google 포토", "Google Foto's", "Zdjęcia Google", "Google Fotók"])
@pytest.mark.parametrize("how", ["tree", "zip", "renamed zip", "tgz"])
def test_a_part_with_albums_alone_is_known_in_any_language(tmp_path, name, how) -> None:
    files = {
        f"Takeout/{name}/夏休み/a.jpg": picture(1),
        f"Takeout/{name}/夏休み/a.jpg.supplemental-metadata.json": sidecar("a.jpg", people=[{"name": "Ana"}]),
        f"Takeout/{name}/夏休み/metadata.json": album("夏休み!"),
    }
    path = {
        "tree": lambda: unpack(files, tmp_path) / "Takeout",
        "zip": lambda: pack_zip(files, tmp_path / f"{STAMP}-002.zip"),
        "renamed zip": lambda: pack_zip(files, tmp_path / "mine.zip"),
        "tgz": lambda: pack_tgz(files, tmp_path / f"{STAMP}-002.tgz"),
    }[how]()
    assert TakeoutSource.recognise(path)
    _, photos = open_all(path)
    assert {key: (photo.facts.albums, photo.facts.people) for key, photo in photos.items()} == {
        f"{name}/夏休み/a.jpg": ((("夏休み!",),), ("Ana",))
    }


@pytest.mark.parametrize("hows", [("zip", "zip"), ("zip", "tree"), ("tree", "zip"), ("tree", "tree"), ("zip", "tgz")])
def test_what_is_the_google_photos_folder_one_part_tells_of_another(tmp_path, hows) -> None:
    """The part with the album has not even a JSON."""
    parts = [
        {"Takeout/Google 相册/2019/b.jpg": picture(2), "Takeout/Google 相册/2019/b.jpg.json": sidecar("b.jpg")},
        {"Takeout/Google 相册/夏天/a.jpg": picture(1), "Takeout/Google Chat/Groups/c.jpg": picture(3)},
    ]
    for number, (how, files) in enumerate(zip(hows, parts, strict=True), 1):
        name = f"{STAMP}-{number:03}"
        if how == "tree":
            unpack(files, tmp_path / name)
        else:
            {"zip": pack_zip, "tgz": pack_tgz}[how](files, tmp_path / f"{name}.{how}")
    source, photos = open_all(tmp_path)
    assert {key: photo.facts.albums for key, photo in photos.items()} == {
        "Google 相册/2019/b.jpg": (),
        "Google 相册/夏天/a.jpg": (("夏天",),),
    }
    assert (source.unreadable, source.remarks) == ({}, [])


def test_googles_other_products_are_no_photos(tmp_path) -> None:
    files = {"Takeout/Google Chat/Groups/c.jpg": picture(3), "Takeout/Google Chat/Groups/messages.json": b"{}"}
    assert not TakeoutSource.recognise(unpack(files, tmp_path / "tree") / "Takeout")
    assert not TakeoutSource.recognise(pack_zip(files, tmp_path / "mine.zip"))
    assert open_all(pack_zip(files, tmp_path / f"{STAMP}-001.zip"))[1] == {}


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
