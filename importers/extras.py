"""How what Safelight can do without is added: as its README installs it, for pip has no say where uv puts tools."""

from __future__ import annotations

import shlex
import sys

COMMAND = 'uv tool install ".[starter,photos,raw]" --excludes tools/excludes.txt'
INSTALL = f"install Safelight with it, from its folder: {COMMAND}"


def upgrade(package: str) -> str:
    """Return the command that brings the newest version of a package into the environment that this runs in."""
    return f"uv pip install --upgrade {package} --python {shlex.quote(sys.executable)}"
