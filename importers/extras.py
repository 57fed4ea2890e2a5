"""How what Safelight can do without is added: as its README installs it, for pip has no say where uv puts tools."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from functools import cache

_EXTRAS = ("starter", "photos", "raw", "app")
_OF_AN_EXTRA = re.compile(r"([\w.-]+).*\bextra\s*==\s*['\"]([\w-]+)['\"]")


def install_command(extras: Iterable[str] = ("starter", "photos", "raw")) -> str:
    """Return the command that installs Safelight, from its folder, with these extras."""
    wanted = set(extras)
    return f'uv tool install ".[{",".join(one for one in _EXTRAS if one in wanted)}]" --excludes tools/excludes.txt'


def how_to_add(extra: str) -> str:
    """Say how an extra is added. uv installs what is named alone, so those that are here are named, too."""
    return f"install Safelight with it, from Safelight's folder: {install_command((*installed(), extra))}"


@cache
def installed() -> tuple[str, ...]:
    """Return the extras whose packages are all in this environment."""
    from importlib import metadata  # not before it is needed: every process that decodes pictures loads this module

    def is_here(package: str) -> bool:
        return next(iter(metadata.distributions(name=package)), None) is not None

    packages: dict[str, list[str]] = {}
    for line in metadata.requires("safelight") or [] if is_here("safelight") else []:
        if found := _OF_AN_EXTRA.match(line):
            packages.setdefault(found[2], []).append(found[1])
    return tuple(extra for extra in _EXTRAS if extra in packages and all(map(is_here, packages[extra])))


def upgrade(package: str) -> str:
    """Return the command that brings the newest version of a package into the environment that this runs in."""
    return f"uv pip install --upgrade {package} --python {shlex.quote(sys.executable)}"
