"""How one name may be written: file systems keep accents as one letter or as two, and people type either."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path


def spellings(name: str) -> list[str]:
    """Return a name as it is, with accents as one letter with it (NFC), and with accents of their own (NFD)."""
    return sorted({name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)})


def paths_of(given: Path) -> list[bytes]:
    """Return what the catalog may know a path by: as it is named from here, where it leads, its accents either way.

    Args:
        given: Absolute, or from the current folder.
    """
    return sorted({os.fsencode(one) for path in (given.absolute(), given.resolve()) for one in spellings(str(path))})
