"""A fake Lightroom for each test; one that the plug-in has offended fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lua.fake import Lightroom


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "tmp").mkdir(parents=True)
    return folder


@pytest.fixture
def lightroom(home: Path) -> Iterator[Lightroom]:
    it = Lightroom(home)
    yield it
    assert it.violations == [], "Lightroom would have refused"
