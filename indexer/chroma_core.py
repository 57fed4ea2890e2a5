"""Chroma's core without its Python package, whose import alone costs a second: more than indexing a dozen photos.

The package's client hands each call on to this core, unchanged but for telemetry. What the core writes is the same,
so that the package, and other tools with it, open it as their own. Its calls are not public: pyproject.toml bounds
chromadb to the versions in which they have been seen, and whatever a call raises is one of Chroma's failures, without
which every search is answered. Only this module imports it.

Source: chromadb 1.5.9, chromadb/api/rust.py.
"""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.errors import VectorError

_WHERE = ("default_tenant", "default_database")
_FILES_AN_INDEX = 5  # that the core keeps open


class Core:
    """A folder of Chroma's with one collection; open for one thread."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, or begin a new one.

        Raises:
            VectorError: Chroma is not installed.

        Writes: the folder.
        """
        try:
            import chromadb_rust_bindings
        except ImportError as error:
            raise VectorError("Chroma is not installed; searching works without it") from error
        core: Any = chromadb_rust_bindings
        folder.mkdir(parents=True, exist_ok=True)
        self._core: Any = core.Bindings(
            allow_reset=False,
            sqlite_db_config=core.SqliteDBConfig(
                hash_type=core.MigrationHash.MD5,
                migration_mode=core.MigrationMode.Apply,
                url=f"{folder}/chroma.sqlite3",
            ),
            persist_path=str(folder),
            hnsw_cache_size=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _FILES_AN_INDEX,
        )
        self._collection = ""

    def create(self, name: str, hnsw: Mapping[str, object]) -> None:
        """Make the collection, and open it."""
        settings = {"hnsw": dict(hnsw), "spann": None, "embedding_function": {"type": "legacy"}}  # as None is written
        self._collection = str(self._core.create_collection(name, json.dumps(settings), None, None, False, *_WHERE).id)

    def open(self, name: str) -> None:
        """Open the collection that is there."""
        self._collection = str(self._core.get_collection(name, *_WHERE).id)

    def ids(self, limit: int, offset: int) -> list[str]:
        """List some of the ids."""
        found = self._core.get(self._collection, None, None, limit, offset, None, [], *_WHERE)
        return list(found.ids)

    def add(self, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Add vectors, float32 (N, D); ids that are known already are ignored."""
        self._core.add(list(ids), self._collection, list(vectors), None, None, None, *_WHERE)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove ids; those that are not known are ignored."""
        self._core.delete(self._collection, list(ids), None, None, None, *_WHERE)

    def nearest(self, vector: npt.NDArray[np.float32], count: int) -> list[str]:
        """List the ids whose vectors are nearest to one, float32 (D,), best first."""
        found = self._core.query(self._collection, None, [vector], count, None, None, [], *_WHERE)
        return list(found.ids[0])

    def close(self) -> None:
        """Let go of the folder."""
        self._core = None
