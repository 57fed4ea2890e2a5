"""Chroma indexes of planted vectors, opened, looked into on the disk, and checked against the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import vectors
from indexer.matrix import Matrix
from indexer.vectors import ChromaIndex

DIM = 16


def opened(library, on_progress=vectors.ignore) -> ChromaIndex:
    return ChromaIndex(library.home, library.catalog.db, library.model.id, "testing", on_progress)


def index_folder(library) -> Path:
    return vectors.folder_of(library.home, library.model.id) / "index"


def segment_file(library, name: str) -> Path:
    (path,) = index_folder(library).glob(f"*/{name}")
    return path


def check_complete(library, index: ChromaIndex) -> None:
    """Every vector of the catalog is found by itself, and nothing else is there."""
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    assert sorted(index._ids().tolist()) == sorted(matrix.content_ids.tolist())
    for content_id, vector in zip(matrix.content_ids, matrix.vectors(matrix.content_ids), strict=True):
        ids, scores = index.query(vector, 1)
        assert ids.tolist() == [content_id]
        assert scores[0] == pytest.approx(1, abs=1e-5)


def outbox_count(library) -> int:
    return library.catalog.db.execute("SELECT count(*) FROM outbox").fetchone()[0]
