"""Fixtures for the indexer's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from chroma_indexes import DIM, opened
from PIL import Image

from indexer.catalog import Catalog, Content, Model


@dataclass
class VectorLibrary:
    """A catalog with planted vectors and no photos."""

    catalog: Catalog
    model: Model

    @property
    def home(self) -> Path:
        return self.catalog.home

    def plant(self, vectors: npt.NDArray[np.float32], model: Model | None = None) -> list[int]:
        """Write rows (N, D) as new contents, in one transaction; returns their content ids."""
        content_ids: list[int] = []
        with self.catalog.transaction():
            for vector in vectors:
                digest = np.random.default_rng().bytes(16)
                content_id = self.catalog.write_content(Content(digest, 1, 1, 1, "JPEG"))
                self.catalog.write_vector(model or self.model, content_id, vector)
                content_ids.append(content_id)
        return content_ids

    def remove(self, content_ids: list[int]) -> None:
        """Delete vectors as `safelight prune` does: the row and its outbox entry together."""
        with self.catalog.transaction():
            for content_id in content_ids:
                key = (self.model.id, content_id)
                self.catalog.db.execute("DELETE FROM embedding WHERE model_id = ? AND content_id = ?", key)
                self.catalog.db.execute("INSERT INTO outbox (model_id, content_id, op) VALUES (?, ?, 'delete')", key)


def unit(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Scale rows to L2 norm 1."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def random_units() -> Callable[[int, int, int], npt.NDArray[np.float32]]:
    """Make (count, dim, seed) -> float32 (count, dim), L2 norm 1."""
    return lambda count, dim, seed: unit(np.random.default_rng(seed).standard_normal((count, dim)))


@pytest.fixture
def new_library(tmp_path: Path) -> Callable[..., VectorLibrary]:
    """Make an empty library of a given dimension in a given home."""

    def make(dim: int = 32, home: Path = tmp_path / "home", space: str = "test-space") -> VectorLibrary:
        catalog = Catalog(home)
        return VectorLibrary(catalog, catalog.add_model(space, "test", dim))

    return make


@pytest.fixture
def library(new_library, random_units):
    """A library of 320 vectors."""
    made = new_library(dim=DIM)
    made.planted = made.plant(random_units(320, DIM, 1))
    return made


@pytest.fixture
def indexed(library, random_units):
    """The same with a closed Chroma index, 20 more records of which are in Chroma's log only."""
    with opened(library) as index:
        library.planted += library.plant(random_units(20, DIM, 99))
        index.apply()
    return library


@pytest.fixture
def pictures(tmp_path):
    """Forty small pictures, each of its own colour."""
    paths = []
    for number in range(40):
        paths.append(tmp_path / f"{number:02}.png")
        Image.new("RGB", (80, 60), (number, 2 * number, 3 * number)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def slow_picture(tmp_path_factory):
    """A picture that takes many seconds to decode: its numbers are text, which Pillow reads in Python."""
    path = tmp_path_factory.mktemp("slow") / "slow.ppm"
    path.write_bytes(b"P3 3000 3000 255 " + b"7 " * (3 * 3000 * 3000))
    return path
