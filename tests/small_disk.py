"""A disk that is soon full: in memory, as large as a test says, where mounting one is allowed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Make a folder and mount a disk there, of "300k" or "4m"; only root may, so that others skip the test."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk, which this fills")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
