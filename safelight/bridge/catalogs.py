"""Which catalog speaks: one file, however its path is written, through a link or another mount point included.

A path that came in a request is never opened for it; the system is only asked which file it names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from safelight.bridge.paths import folded, nfc


def same_file(said: str, known: Sequence[str]) -> str | None:
    """Return which of the catalogs in `known` has the path `said` or is the file there; None where none is."""
    if said in known:
        return said
    wanted = _identity(said)
    return wanted and next((path for path in known if _identity(path) == wanted), None)


def written_as(said: str, known: Sequence[str]) -> str | None:
    """Return the same; where the files cannot be asked, the one whose path can only mean the same one."""
    found = same_file(said, known)
    if found is not None:
        return found
    ways: tuple[Callable[[str], str], ...] = (nfc, folded)
    for way in ways:
        same = [path for path in known if way(path) == way(said)]
        if len(same) == 1 and None in (_identity(same[0]), _identity(said)):
            return same[0]
    return None


def _identity(path: str) -> tuple[int, int] | None:
    """Return what names a file whatever its path is; None where nobody can say.

    Other machines are not asked: Windows would sign in there, with the user's name, on a request alone.
    """
    if path.startswith(("\\\\", "//")):
        return None
    try:
        found = os.stat(path)  # noqa: PTH116  # the path of another system may be none for pathlib
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
