"""Photos with planted vectors, and a Lightroom catalog that speaks to the bridge about them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from importers.base import Facts, Outcome
from indexer.catalog import Content
from safelight.bridge import Bridge
from safelight.service import Library

CATALOG = "/Users/me/Lightroom/Catalog.lrcat"


class Planted:
    """Photos with planted vectors, some in a Lightroom catalog, some in a folder."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.catalog = library.catalog
        self.model = self.catalog.add_model("space", "clip-b32", 4)
        self.roots = {
            "lightroom": self.catalog.add_root("lightroom", Path(CATALOG), None),
            "other": self.catalog.add_root("lightroom", Path("/other/Catalog.lrcat"), None),
            "folder": self.catalog.add_root("folder", Path("/photos"), None),
        }

    def add(self, root: str, key: str, path: str, vector: list[float], digest: int) -> None:
        unit = np.asarray(vector, np.float32) / np.linalg.norm(vector)
        from indexer.catalog import PhotoRow

        with self.catalog.transaction():
            content_id = self.catalog.write_content(Content(digest.to_bytes(16), 1, 1, 1, "JPEG"))
            self.catalog.write_vector(self.model, content_id, unit.astype(np.float32))
            row = PhotoRow(
                root_id=self.roots[root].id, key=key.encode(), path=os.fsencode(path), name=Path(path).name, stamp=None,
                outcome=Outcome.INDEXED, reason=None, reader="test", facts=Facts(), content_id=content_id,
            )  # fmt: skip
            self.catalog.write_photo(row)


def catalog_at(folder: Path) -> Path:
    """Make a folder with a file in it that is called like a catalog."""
    folder.mkdir()
    (folder / "C.lrcat").touch()
    return folder / "C.lrcat"


def hello(bridge: Bridge, path: Path | str) -> str:
    """Have the plug-in introduce itself for a catalog; returns the catalog's id."""
    said = {"protocol": 1, "plugin": "0.1.0", "catalog": str(path), "lightroom": "14.3"}
    return bridge.hello(said)["catalog"]


def living(bridge, catalog_id, carriers: list[dict], question: dict | None = None) -> tuple[list, list]:
    """Ask what a collection of these carriers lacks, and what is too much in it."""
    asked = question or {"like": [{"path": "/photos/c.jpg"}]}
    change = bridge.difference({"catalog": catalog_id, "question": asked, "carriers": carriers})
    return [p["uuid"] or p["path"] for p in change["add"]], [r.get("uuid") for r in change["remove"]]
