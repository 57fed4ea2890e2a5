"""Pictures to compare: the demo's photographs, and the edits that the benchmark makes of them."""

from __future__ import annotations

import importlib.util
import io
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from importers.images import open_upright
from indexer.duplicates.features import MIN_EDGE, Features, describe_picture

CHECKOUT = Path(__file__).resolve().parents[3]
PHOTOS = sorted((CHECKOUT / "assets" / "demo").glob("*.jpg"))


def _bench(name: str):
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "tests" / "bench" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def attacks():
    """The module of the 24 edits."""
    return _bench("attacks")


@pytest.fixture(scope="session")
def lookalikes():
    """The module of pictures that look alike and are not one."""
    return _bench("lookalikes")


def features_of(source: Path | bytes) -> Features:
    return describe_picture(open_upright(source, min_edge=MIN_EDGE))


@cache
def _photo(number: int) -> tuple[Image.Image, bytes]:
    picture = open_upright(PHOTOS[number], min_edge=500).rgb
    picture.thumbnail((500, 500))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB"), file.getvalue()


@pytest.fixture(scope="session")
def photo():
    """Photo number n: (picture of 500 pixels, its file)."""
    return _photo


@pytest.fixture(scope="session")
def describe():
    """A file's features."""
    return features_of
