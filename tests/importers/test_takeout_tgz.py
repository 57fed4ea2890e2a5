"""Parts of a Takeout that are streams: unpacked for a run, and only as far as it needs them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from takeout_exports import STAMP, YEAR, pack_tgz, picture, pixels, sidecar

from importers.base import Photo
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
