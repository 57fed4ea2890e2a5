"""The folders that photos lie in, by ids that say nothing and stay the same: what a program names instead of a path."""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with photos in it, or below it.

    Attributes:
        photos: How many lie in it, not below.
    """

    id: str
    path: Path
    photos: int


def folder_id(path: bytes) -> str:
    """Name a folder: 16 letters and digits, the same for the same path."""
    return base64.b32encode(hashlib.blake2b(path, digest_size=10).digest()).decode().lower()


def folders(catalog: Catalog) -> list[Folder]:
    """List the folders in which photos lie, by path."""
    rows = catalog.db.execute("SELECT path FROM photo WHERE path IS NOT NULL AND content_id IS NOT NULL")
    counts = Counter(os.path.dirname(path) for (path,) in rows)  # noqa: PTH120  # a Path each costs ten times as much
    return [Folder(folder_id(path), Path(os.fsdecode(path)), count) for path, count in sorted(counts.items())]


def folders_by_id(catalog: Catalog) -> dict[str, Path]:
    """Return, by id, every folder with photos in it or below it: here, away, or in a library that lies there."""
    away = catalog.db.execute("SELECT DISTINCT name FROM part WHERE role = 'missing original'")
    lowest = [folder.path for folder in folders(catalog)]
    lowest += [root.path for root in catalog.roots()]
    lowest += dict.fromkeys(Path(name).parent for (name,) in away)
    found: dict[str, Path] = {}
    seen: set[Path] = {Path()}
    for folder in lowest:
        for path in (folder, *folder.parents):
            if path in seen:
                break  # and so have been those above
            seen.add(path)
            found[folder_id(os.fsencode(path))] = path
    return found
