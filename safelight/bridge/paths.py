"""Paths of one file that two programs write in two ways: accents in one letter or two, other case, other slashes.

macOS and Windows take such paths for one, and `safelight index ~/pictures` is enough to bring them about. A path is
compared as it is first; case is looked past only where no other file can be meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def nfc(path: str) -> str:
    """Write a path as it is compared: one encoding of accents, one kind of slash."""
    return (path if path.isascii() else unicodedata.normalize("NFC", path)).replace("\\", "/")


def folded(path: str) -> str:
    """Write a path as a file system compares it that looks past case."""
    spelt = nfc(path)
    return spelt.lower() if spelt.isascii() else nfc(spelt.casefold())


def spellings(path: str) -> list[str]:
    """List a path as it is, then with its accents written in the other ways."""
    return list(dict.fromkeys([path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))]))


class Comparison:
    """Compares the paths of two lists or more, past case unless one list has two paths that differ in case alone."""

    def __init__(self, *lists: Iterable[str | None]) -> None:
        self._apart: set[str] = set()
        for paths in lists:
            met: dict[str, str] = {}
            for path in paths:
                if path is not None and met.setdefault(folded(path), nfc(path)) != nfc(path):
                    self._apart.add(folded(path))

    def key(self, path: str) -> str:
        """Return what is the same for paths of one file."""
        return nfc(path) if folded(path) in self._apart else folded(path)
