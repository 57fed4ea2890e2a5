"""Archives made to do harm, and damaged ones: each file in them is a counted outcome, and nothing is written."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from takeout_exports import STAMP, pack_tgz, pack_zip, picture, sidecar

from importers.base import ImporterError, Photo
from importers.takeout import TakeoutSource

YEAR = "Takeout/Google Photos/Photos from 2018"
GOOD = {f"{YEAR}/good.jpg": picture(1), f"{YEAR}/good.jpg.json": sidecar("good.jpg")}


def outcomes(path: Path) -> dict[str, str | None]:
    """Read all that the export has; returns name -> why it is not read."""
    found: dict[str, str | None] = {}
    for photo in TakeoutSource(path).photos():
        found[photo.key.rsplit(b"/", 1)[-1].decode()] = photo.problem
        if photo.done:
            photo.done()
    return found


def zip_of(path: Path, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in [*((zipfile.ZipInfo(name), data) for name, data in GOOD.items()), *members]:
            archive.writestr(info, data)
    return path


def patch_table(path: Path, name: str, offset: int, form: str, value: int) -> None:
    """Change a field of a file's entry in the table of contents, `offset` bytes after its beginning."""
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    while data[start + 46 :][: len(name)] != name.encode():
        start = data.index(b"PK\x01\x02", start + 4)
    struct.pack_into(form, data, start + offset, value)
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["Takeout/../../evil.jpg", "/etc/evil.jpg", f"{YEAR}\\..\\evil.jpg", "../evil.jpg"])
@pytest.mark.parametrize("packed", ["zip", "tgz"])
def test_names_that_lead_out_are_counted(tmp_path, name, packed) -> None:
    files = {**GOOD, name: picture(2)}
    pack = {"zip": pack_zip, "tgz": pack_tgz}[packed]
    found = outcomes(pack(files, tmp_path / f"{STAMP}-001.{packed}"))
    problem = found.pop(name.rsplit("/", 1)[-1])
    assert problem
    assert "leads out of the export" in problem
    assert found == {"good.jpg": None}
    assert [path.name for path in tmp_path.iterdir()] == [f"{STAMP}-001.{packed}"]


@pytest.mark.parametrize("packed", ["zip", "tgz"])
def test_names_that_begin_where_the_archive_lies_are_no_harm(tmp_path, packed) -> None:
    files = {f"./{name}": data for name, data in GOOD.items()} | {"././../evil.jpg": b"", f"{YEAR}/./evil.jpg": b""}
    pack = {"zip": pack_zip, "tgz": pack_tgz}[packed]
    photos = {photo.key: photo for photo in TakeoutSource(pack(files, tmp_path / f"{STAMP}-001.{packed}")).photos()}
    good = photos.pop(b"Google Photos/Photos from 2018/good.jpg")
    assert good.problem is None
    assert good.facts.taken_at
    assert len(photos) == 2
    assert all("leads out of the export" in (photo.problem or "") for photo in photos.values())
    for photo in (good, *photos.values()):
        if photo.done:
            photo.done()


def test_links_in_a_zip_are_no_files(tmp_path) -> None:
    info = zipfile.ZipInfo(f"{YEAR}/link.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zip_of(tmp_path / f"{STAMP}-001.zip", [(info, b"/etc/passwd")])
    assert outcomes(path) == {"good.jpg": None, "link.jpg": "it is a link, not a file"}


# Offsets in an entry of the table of contents: APPNOTE.TXT 4.3.12
FLAGS, METHOD, STORED_BYTES, BYTES, HEADER = (8, "<H"), (10, "<H"), (20, "<L"), (24, "<L"), (42, "<L")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (FLAGS, 1, "locked with a password"),
        (METHOD, 12, "packed in a way that is not read"),
        (BYTES, 0xF0000000, "a length that the file cannot have"),
        (STORED_BYTES, 0x70000000, "lies over another file"),
        (HEADER, 0, "lies over another file"),
        (HEADER, 17, "lies over another file"),
    ],
)
def test_tables_of_contents_that_lie(tmp_path, field, value, problem) -> None:
    path = zip_of(tmp_path / f"{STAMP}-001.zip", [(zipfile.ZipInfo(f"{YEAR}/last.jpg"), picture(2))])
    patch_table(path, f"{YEAR}/last.jpg", *field, value)
    said = outcomes(path)["last.jpg"]
    assert said
    assert problem in said


def test_a_file_that_cannot_be_read_hides_none_that_can(tmp_path) -> None:
    """A locked file has the checksum of its open copy in an album."""
    album = zipfile.ZipInfo("Takeout/Google Photos/Norway/good.jpg")
    path = zip_of(tmp_path / f"{STAMP}-001.zip", [(album, picture(1))])
    patch_table(path, f"{YEAR}/good.jpg", *FLAGS, 1)
    keys = {photo.key: photo.problem for photo in TakeoutSource(path).photos()}
    assert keys[b"Google Photos/Norway/good.jpg"] is None


def test_a_table_that_leads_to_no_file(tmp_path) -> None:
    path = zip_of(tmp_path / f"{STAMP}-001.zip", [(zipfile.ZipInfo(f"{YEAR}/last.jpg"), picture(2))])
    data = path.read_bytes()
    start = data.rindex(b"PK\x03\x04")
    path.write_bytes(data[:start] + b"XXXX" + data[start + 4 :])
    assert outcomes(path) == {
        "good.jpg": None,
        "last.jpg": "the zip is damaged: its table of contents leads to no file",
    }


def test_a_json_that_grows_stays_small(tmp_path) -> None:
    bomb = zipfile.ZipInfo(f"{YEAR}/b.jpg.json")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    path = zip_of(tmp_path / f"{STAMP}-001.zip", [(bomb, b" " * (100 << 20)), (zipfile.ZipInfo(f"{YEAR}/b.jpg"), b"x")])
    patch_table(path, f"{YEAR}/b.jpg.json", *BYTES, 1000)  # claims to be small
    tracemalloc.start()
    assert outcomes(path) == {"good.jpg": None, "b.jpg": None}
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_zip64_is_read(tmp_path) -> None:
    path = tmp_path / f"{STAMP}-001.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in GOOD.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    (photo,) = TakeoutSource(path).photos()
    span = photo.renditions[0].span
    assert span
    assert path.read_bytes()[span.offset_bytes :][: span.length_bytes] == picture(1)


def test_names_whose_zip_forgot_that_they_are_utf8(tmp_path) -> None:
    path = pack_zip({f"{YEAR}/Fjør.jpg": picture(1)}, tmp_path / f"{STAMP}-001.zip")
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(signature) + offset, 0)
    path.write_bytes(data)
    assert outcomes(path) == {"Fjør.jpg": None}


# Streams


def tgz_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in GOOD.items():
            members.insert(0, (tarfile.TarInfo(name), data))
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (tarfile.SYMTYPE, "a link, not a file"),
        (tarfile.LNKTYPE, "a link, not a file"),
        (tarfile.FIFOTYPE, "a pipe or a device"),
        (tarfile.CHRTYPE, "a pipe or a device"),
    ],
)
def test_what_is_no_file_in_a_stream(tmp_path, kind, problem) -> None:
    info = tarfile.TarInfo(f"{YEAR}/link.jpg")
    info.type, info.linkname = kind, "/etc/passwd"
    found = outcomes(tgz_of(tmp_path / f"{STAMP}-001.tgz", [(info, b"")]))
    assert problem in (found.pop("link.jpg") or "")
    assert found == {"good.jpg": None}


def test_a_header_that_claims_gigabytes_is_not_taken_in(tmp_path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type = tarfile.GNUTYPE_LONGNAME
    path = tgz_of(tmp_path / f"{STAMP}-001.tgz", [(header, b"x" * (64 << 20))])
    tracemalloc.start()
    with pytest.raises(ImporterError, match="a header in it is longer than any"):
        outcomes(path)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_no_room_to_unpack_is_that_photos_outcome(tmp_path, monkeypatch) -> None:
    path = pack_tgz(GOOD, tmp_path / f"{STAMP}-001.tgz")

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    source = TakeoutSource(path)
    monkeypatch.setattr(Path, "open", full)
    (photo,) = source.photos()
    assert photo.problem
    assert "No space left on device" in photo.problem
    assert "TMPDIR" in photo.problem


# Any bytes: photos, or the one error


@cache
def whole(kind: str) -> bytes:
    pack = {"zip": pack_zip, "tgz": pack_tgz}[kind]
    with tempfile.TemporaryDirectory() as folder:
        return pack({**GOOD, f"{YEAR}/b.jpg": picture(2)}, Path(folder) / f"{STAMP}-001.{kind}").read_bytes()


@pytest.mark.parametrize("kind", ["zip", "tgz"])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_archives_give_photos_or_the_one_error(kind, data) -> None:
    content = bytearray(whole(kind))
    anywhere, at_end = st.integers(0, len(content) - 1), st.integers(max(0, len(content) - 400), len(content) - 1)
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.one_of(anywhere, at_end))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{STAMP}-001.{kind}"
        path.write_bytes(content[:cut])
        photos: list[Photo] = []
        with suppress(ImporterError):
            for photo in TakeoutSource(path).photos():
                photos.append(photo)
                assert photo.problem or photo.renditions
                if photo.done:
                    photo.done()
        assert len({photo.key for photo in photos}) == len(photos)
        assert path.read_bytes() == content[:cut]
