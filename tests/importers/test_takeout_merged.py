"""Parts and exports that are merged: what is missing or damaged is said, and each photo keeps its own JSON."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from takeout_exports import ALBUM, STAMP, YEAR, open_all, pack_tgz, pack_zip, picture, pixels, sidecar, split, unpack

from importers.base import ImporterError
from importers.takeout import TakeoutSource


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
