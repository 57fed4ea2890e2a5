"""exiftool, which reads back what we write; installed from Debian where it is missing and that is allowed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def exiftool() -> Read:
    """Read files' metadata as a dict a file, keys with their group: "IFD0:Orientation"; numbers as numbers."""
    if not shutil.which("exiftool") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "-y", "--no-install-recommends", "libimage-exiftool-perl"]):
            # One at a time: tests that run beside this one may install, too.
            apt = ["flock", "/var/cache/apt", "apt-get", "-q", *command]
            subprocess.run(apt, capture_output=True, check=False, timeout=600)
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not here and cannot be installed: apt-get install libimage-exiftool-perl")

    def read(*paths: Path, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        command = ["exiftool", "-json", "-G1", "-n", "-struct", *options, *map(str, paths)]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    return read
