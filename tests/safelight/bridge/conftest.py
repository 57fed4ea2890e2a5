"""Fixtures for the bridge's tests: no model is loaded here."""

from __future__ import annotations

import pytest
from bridge_photos import CATALOG, Planted

from safelight.bridge import Bridge
from safelight.config import Settings
from safelight.service import Library


@pytest.fixture
def library(tmp_path):
    with Library(Settings(model="clip-b32"), tmp_path / "home") as it:
        yield it


@pytest.fixture
def bridge(library):
    with Bridge(library) as it:
        yield it


@pytest.fixture
def catalog_id(bridge) -> str:
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": CATALOG, "lightroom": "14.3"}
    return bridge.hello(hello)["catalog"]


@pytest.fixture
def planted(library) -> Planted:
    """Three contents: A in Lightroom twice (and in a folder), B in another catalog, C in a folder only."""
    it = Planted(library)
    it.add("lightroom", "UUID-A", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("lightroom", "UUID-A-COPY", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("folder", "a.jpg", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("other", "UUID-B", "/photos/b.jpg", [0.9, 0.1, 0, 0], 2)
    it.add("folder", "c.jpg", "/photos/c.jpg", [0.8, 0.2, 0, 0], 3)
    return it
