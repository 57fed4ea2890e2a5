"""Fixtures for the importers' tests."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def scene() -> Image.Image:
    """A picture in which no turn, mirror or swap of channels goes unnoticed: RGB, 240 x 160."""
    rows, columns = np.mgrid[0:160, 0:240]
    pixels = np.stack([columns * 255 // 239, rows * 255 // 159, np.full_like(rows, 60)], axis=-1).astype(np.uint8)
    pixels[20:60, 20:100] = (250, 30, 30)
    pixels[100:150, 150:230] = (20, 40, 240)
    return Image.fromarray(pixels)


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Write a picture as bytes: encode(image, "JPEG", quality=90)."""

    def write(image: Image.Image, form: str, **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, form, **options)
        return file.getvalue()

    return write


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A folder of originals: the root of generated catalogs."""
    folder = tmp_path / "originals"
    (folder / "2024").mkdir(parents=True)
    return folder
