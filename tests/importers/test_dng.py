"""What a DNG's directories say of its picture; generated."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import pytest
from generated_dng import generated_dng

from importers.dng import is_jpeg_xl

JPEG_XL = 52546


@pytest.mark.parametrize(("compression", "expected"), [(1, False), (7, False), (34892, False), (JPEG_XL, True)])
def test_jpeg_xl_is_told_by_the_directory_of_the_picture(tmp_path: Path, compression: int, expected: bool):
    path = tmp_path / "a.dng"
    path.write_bytes(generated_dng(b"a JPEG", compression=compression))
    assert is_jpeg_xl(path) is expected


@pytest.mark.parametrize(("order", "start"), [("<", b"II*\0"), (">", b"MM\0*")])
@pytest.mark.parametrize(("kind", "expected"), [(None, True), (0, True), (1, False)])
def test_either_byte_order_and_no_thumbnail(tmp_path: Path, order: str, start: bytes, kind: int | None, expected: bool):
    entries = [struct.pack(f"{order}HHIH2x", 259, 3, 1, JPEG_XL)]
    entries += [] if kind is None else [struct.pack(f"{order}HHII", 254, 4, 1, kind)]
    path = tmp_path / "a.dng"
    path.write_bytes(start + struct.pack(f"{order}IH", 8, len(entries)) + b"".join(entries) + bytes(4))
    assert is_jpeg_xl(path) is expected


def test_anything_else_is_none(tmp_path: Path):
    path, rng = tmp_path / "a.dng", random.Random(1)
    whole = generated_dng(b"a JPEG", compression=JPEG_XL)
    assert not is_jpeg_xl(path)
    for content in (b"", b"II", b"II*\0\xff\xff\xff\xff", *(whole[:end] for end in range(0, 2048, 7))):
        path.write_bytes(content)
        assert not is_jpeg_xl(path)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[rng.randrange(2400)] = rng.randrange(256)
        path.write_bytes(damaged)
        is_jpeg_xl(path)


def test_directories_that_lead_to_each_other_without_end_take_no_time(tmp_path: Path) -> None:
    path, most = tmp_path / "a.dng", 0xFFFF
    entry = struct.pack("<HHII", 330, 4, 32, 8 + 2 + 12 * most)
    path.write_bytes(struct.pack("<2sHIH", b"II", 42, 8, most) + entry * most + struct.pack("<32I", *[8] * 32))
    began = time.monotonic()
    assert not is_jpeg_xl(path)
    assert time.monotonic() - began < 2  # and 8 s where all are looked at
