"""Huge previews and large folders of them: headers alone are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lrprev import Store, read_preview

UUID = "0A1B2C3D-0000-4000-8000-00000000AAAA"
OLD = "0" * 31 + "a"
Place = Callable[..., Path]


def test_reading_a_huge_preview_reads_only_headers(tmp_path: Path, place_huge: Callable[..., None]) -> None:
    place_huge(tmp_path, UUID, 2**30)
    before = _bytes_read()
    with Store(tmp_path) as store:
        (level,) = store.read(next(store.previews())).levels
    assert level.length_bytes > 2**30
    assert _bytes_read() - before < 64 * 1024


def test_inspecting_a_folder_of_a_gigabyte_reads_only_headers(
    tmp_path: Path, place_huge: Callable[..., None], make_previews_db: Callable[..., None]
) -> None:
    uuids = [f"{number:08X}{UUID[8:]}" for number in range(128)]
    for uuid in uuids:
        place_huge(tmp_path, uuid, 2**23)
    make_previews_db(tmp_path / "previews.db", [(n, uuid, OLD, "AB") for n, uuid in enumerate(uuids)])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.lrprev")) > 2**30
    before = _bytes_read()
    with Store(tmp_path) as store:
        previews = list(store.previews())
        listed = _bytes_read() - before
        assert [stored.uuid for stored in previews] == uuids
        assert all(store.read(stored).levels[-1].length_bytes > 2**23 for stored in previews)
    assert listed < 256 * 1024, "listing opens no preview, only previews.db"
    assert _bytes_read() - before - listed < 128 * 8 * 1024


@pytest.fixture
def place_huge(
    make_jpeg: Callable[..., bytes], make_section: Callable[..., bytes], generated: bytes, place: Place
) -> Callable[..., None]:
    """Place a sparse file: its level's first and last bytes are there, the rest is a hole that costs nothing."""
    start = generated[: read_preview(generated).levels[0].offset_bytes - 32]
    jpeg = make_jpeg(60, 40)

    def place_one(folder: Path, uuid: str, hole_bytes: int) -> None:
        head = make_section("level_1", jpeg)[:32]
        head = head[:8] + (len(jpeg) + hole_bytes).to_bytes(8) + bytes(8) + head[24:]
        with place(folder, start + head + jpeg[:-2], uuid, OLD).open("ab") as stream:
            stream.truncate(stream.tell() + hole_bytes)
            stream.seek(0, os.SEEK_END)
            stream.write(jpeg[-2:])

    return place_one


def _bytes_read() -> int:
    if not Path("/proc/self/io").exists():
        pytest.skip("only Linux counts the bytes that a process reads")
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])
