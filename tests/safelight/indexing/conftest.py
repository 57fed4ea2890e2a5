"""Fixtures for the tests of indexing: generated pictures, the tiny shapes CLIP, a real catalog."""

from __future__ import annotations

import shutil

import pytest
from indexing_runs import Drive, Runner, paint


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "2019").mkdir(parents=True)
    for number in range(5):
        paint(folder / "2019" / f"{number}.png", number)
    paint(folder / "top.jpg", 100)
    return folder


@pytest.fixture
def index(tmp_path):
    runner = Runner(tmp_path / "home")
    yield runner
    runner.library.close()


@pytest.fixture
def drive(photos, tmp_path):
    """A drive with the six photos on it."""
    made = Drive(tmp_path / "drive")
    try:
        shutil.copytree(photos, made.mount, dirs_exist_ok=True)
        yield made
    finally:
        made.unplug()
