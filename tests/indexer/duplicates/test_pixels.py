"""Files compared by every pixel, in a decoder process; generated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.duplicates.pixels import Pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pixels")
    noise = np.random.default_rng(1).integers(0, 256, (600, 90, 3), np.uint8)  # higher than a strip that is hashed
    picture = Image.fromarray(noise)
    picture.save(folder / "one.png")
    picture.save(folder / "one.bmp")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.rotate(90, expand=True).save(folder / "turned.png", exif=exif)
    noise[599, 89, 2] ^= 1
    Image.fromarray(noise).save(folder / "last pixel.png")
    Image.new("RGB", (4, 6)).save(folder / "4 by 6.png")
    Image.new("RGB", (6, 4)).save(folder / "6 by 4.png")
    (folder / "broken.png").write_bytes((folder / "one.png").read_bytes()[:2000])
    return folder


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("one.png", "one.bmp", True),
        ("one.bmp", "turned.png", True),
        ("one.png", "last pixel.png", False),
        ("4 by 6.png", "6 by 4.png", False),
        ("broken.png", "broken.png", False),
        ("one.png", "not there.png", False),
    ],
)
def test_every_pixel_counts_and_nothing_else(folder, one, other, same):
    pixels = Pixels()
    try:
        assert pixels.are_same(folder / one, folder / other) is same
        assert pixels.are_same(folder / other, folder / one) is same
    finally:
        pixels.close()
