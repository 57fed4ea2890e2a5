"""Parts of a Takeout that are streams: unpacked for a run, and only as far as it needs them."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from takeout_exports import STAMP, YEAR, pack_tgz, picture, pixels, sidecar

from importers import takeout_tgz
from importers.base import ImporterError, Options, Photo
from importers.takeout import TakeoutSource


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


# What is kept of a stream


EXPORT = {f"{YEAR}/{n}.jpg": picture(n) for n in range(3)} | {
    f"{YEAR}/0.jpg.json": sidecar("0.jpg", description="from here to there"),
    f"{YEAR}/absent.jpg.json": sidecar("absent.jpg"),
    f"{YEAR}/caf\udce9.jpg": picture(4),
    "Takeout/Timeline/Records.json": b'{"latitudeE7": 123456789}',
}


def everything(path: Path, listings: Path | None, *, is_known: bool = False) -> tuple[list[tuple], list[str]]:
    """Read all that is said of an export, with no picture unpacked where all are known."""
    source = TakeoutSource(path, Options(listings=listings))
    found = []
    for photo in source.photos((lambda key, stamp: True) if is_known else None):
        found.append((photo.key, photo.name, photo.facts, photo.facts_token, photo.stamp, photo.parts, photo.problem))
        if photo.done:
            photo.done()
    return found, [*source.remarks, *source.unreadable.values()]


@pytest.fixture
def opened(monkeypatch) -> list[Path]:
    """The streams that are opened."""
    paths: list[Path] = []
    really = takeout_tgz.Stream
    monkeypatch.setattr(takeout_tgz, "Stream", lambda path, mode: paths.append(path) or really(path, mode))
    return paths


def test_a_stream_that_has_not_changed_is_not_opened_again(tmp_path, opened) -> None:
    for number, part in ((1, EXPORT), (3, {f"{YEAR}/third.jpg": picture("third")})):
        pack_tgz(part, tmp_path / "export" / f"{STAMP}-{number:03}.tgz")
    first = everything(tmp_path / "export", tmp_path / "kept")
    assert len(first[0]) == 5
    assert len(first[1]) == 2, "the second part, and the photo of a JSON"
    opened.clear()
    assert everything(tmp_path / "export", tmp_path / "kept", is_known=True) == first
    assert opened == []
    assert everything(tmp_path / "export", None, is_known=True) == first
    assert len(opened) == 2


@pytest.mark.parametrize("change", ["time", "bytes", "file"])
def test_a_stream_that_has_changed_is_read_through_again(tmp_path, opened, change) -> None:
    path = pack_tgz(EXPORT, tmp_path / f"{STAMP}-001.tgz")
    everything(path, tmp_path / "kept")
    status = path.stat()
    if change == "time":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    elif change == "bytes":
        pack_tgz(EXPORT | {f"{YEAR}/0.jpg.json": sidecar("0.jpg", description="elsewhere, by another way")}, path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        copy = path.with_name("copy")
        copy.write_bytes(path.read_bytes())
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
        copy.replace(path)
    opened.clear()
    again = everything(path, tmp_path / "kept", is_known=True)
    assert opened == [path]
    assert again == everything(path, None, is_known=True)


def test_a_stream_that_is_damaged_is_said_to_be_each_time(tmp_path) -> None:
    path = pack_tgz(EXPORT, tmp_path / f"{STAMP}-001.tgz")
    path.write_bytes(path.read_bytes()[:-1000])
    for _ in range(2):
        with pytest.raises(ImporterError, match="download this part again"):
            everything(path, tmp_path / "kept")


def test_of_other_products_nothing_but_names_is_kept_and_for_nobody_else(tmp_path) -> None:
    everything(pack_tgz(EXPORT, tmp_path / f"{STAMP}-001.tgz"), tmp_path / "kept")
    (kept,) = (tmp_path / "kept").iterdir()
    text = gzip.decompress(kept.read_bytes())
    assert b"from here to there" in text
    assert b"latitudeE7" not in text
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_where_nothing_can_be_kept_the_stream_is_read_all_the_same(tmp_path, read_only) -> None:
    path = pack_tgz(EXPORT, tmp_path / f"{STAMP}-001.tgz")
    for folder in (read_only / "kept", read_only):
        assert everything(path, folder) == everything(path, None)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_kept_and_damaged_is_not_believed(tmp_path, data) -> None:
    path = tmp_path / f"{STAMP}-001.tgz"
    if not path.exists():
        pack_tgz(EXPORT, path)
    first = everything(path, tmp_path / "kept")
    (kept,) = (tmp_path / "kept").iterdir()
    broken = bytearray(kept.read_bytes())
    at = data.draw(st.integers(10, len(broken) - 1), label="at")  # the header holds nothing that matters
    broken[at : at + data.draw(st.integers(1, 40))] = data.draw(st.binary(max_size=4))
    kept.write_bytes(broken)
    assert everything(path, tmp_path / "kept", is_known=True) == first
