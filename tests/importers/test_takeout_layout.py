"""What is a Takeout, by names and a few looks: in any packing, under any name, in any language."""

from __future__ import annotations

import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from takeout_exports import PHOTOS, STAMP, YEAR, album, open_all, pack_tgz, pack_zip, picture, sidecar, split, unpack

from importers.base import ImporterError
from importers.folder import FolderSource
from importers.sources import open_source
from importers.takeout import TakeoutSource


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
