"""Runs of indexing in this process: what they were told, how they ended, and drives that come and go between them."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.events import Progress
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.service import Library

MODEL = str(Path(__file__).parent / "data" / "shapes-clip")


def paint(path: Path, seed: int, size: tuple[int, int] = (80, 60)) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize(size).save(path)


def write_xmp(path: Path, *keywords: str) -> None:
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in keywords)
    path.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>'
        f"{items}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )


class Runner:
    """Runs index_paths on one library and keeps what it was told."""

    def __init__(self, home: Path) -> None:
        self.library = Library(Settings(model=MODEL), home)
        self.remarks: list[str] = []
        self.progress: list[Progress] = []

    def __call__(self, *paths: Path, stop: threading.Event | None = None, retry: bool = False):
        return index_paths(
            self.library,
            [str(path) for path in paths],
            stop=stop or threading.Event(),
            retry=retry,
            on_progress=self.progress.append,
            on_problem=lambda path, outcome, reason: None,
            on_remark=self.remarks.append,
        )

    def ids(self) -> dict[bytes, str]:
        return dict(self.library.catalog.db.execute("SELECT key, public_id FROM photo WHERE state = 'indexed'"))

    def count(self, sql: str) -> int:
        return self.library.catalog.db.execute(f"SELECT count(*) FROM {sql}").fetchone()[0]


def outcomes(tally) -> dict[str, int]:
    names = ("indexed", "unchanged", "skipped", "failed", "missing", "embedded")
    return {name: getattr(tally, name) for name in names if getattr(tally, name)}


class Drive:
    """A file system of its own that can be unplugged, as root may make one."""

    def __init__(self, mount: Path) -> None:
        self.mount, self.is_in = mount, False
        mount.mkdir()
        self.plug_in()

    def plug_in(self) -> None:
        """Plug in an empty drive."""
        if subprocess.run(["mount", "-t", "tmpfs", "none", self.mount], capture_output=True, check=False).returncode:
            pytest.skip("only root may mount the drive that this unplugs")
        self.is_in = True

    def unplug(self) -> None:
        if self.is_in:
            subprocess.run(["umount", self.mount], check=True)
            self.is_in = False
