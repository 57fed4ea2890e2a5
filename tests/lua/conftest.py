"""A fake Lightroom for each test; one that the plug-in has offended fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import DEMO, Helper, open_catalog


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


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user who has indexed ten pictures; to be copied, because paths are in the index."""
    helper = Helper(tmp_path_factory.mktemp("user"))
    helper.add_photos(*DEMO)
    return helper.home


@pytest.fixture(scope="session")
def helper(indexed: Path) -> Iterator[Helper]:
    """The running helper of that user."""
    it = Helper(indexed)
    it.start()
    yield it
    it.close()


@pytest.fixture
def lr(helper: Helper, request: pytest.FixtureRequest) -> Iterator[Lightroom]:
    it = open_catalog(helper, request.node.name.replace("/", "-"))
    yield it
    assert it.violations == [], "Lightroom would have refused"
