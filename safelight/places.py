"""Places of photos that can be indexed: those that were, and those that lie where photos usually do.

Programs name a place by its id; only what is listed here can be named.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from importers.sources import SOURCES
from indexer.catalog import Catalog
from safelight.folders import folder_id

_LIBRARIES = (".photoslibrary", ".lrcat", ".lrdata")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A place that can be named.

    Attributes:
        source: What kind of place it is: "folder", "lightroom".
        indexed: Whether it was indexed before.
        state: "online" or "offline".
        indexable: Whether it holds photos; a folder of Lightroom previews is indexed with its catalog only.
        recoverable: Whether it may hold Lightroom previews, to recover photos from.
    """

    id: str
    name: str
    path: Path
    source: str
    indexed: bool
    state: str
    indexable: bool
    recoverable: bool


def places(catalog: Catalog) -> list[Listed]:
    """List the places that were indexed, then what the usual folders hold."""
    found = {root.path: _listed(root.path, root.source, indexed=True, state=root.state) for root in catalog.roots()}
    for path in _usual():
        if len(found) < _MOST and path not in found:
            source = next((source.name for source in SOURCES if source.recognise(path)), None)
            if source is not None or path.suffix.lower() in (".lrcat", ".lrdata"):
                found[path] = _listed(path, source or "previews", indexed=False, state="online")
    return list(found.values())


def find(catalog: Catalog, place_id: str) -> Listed | None:
    """Return the place that has this id."""
    return next((place for place in places(catalog) if place.id == place_id), None)


def recovery_folder(place: Listed) -> Path:
    """Say where photos recovered from a place go: beside the user's pictures, one folder for each place."""
    return _pictures() / "Recovered by Safelight" / place.path.stem


def _listed(path: Path, source: str, *, indexed: bool, state: str) -> Listed:
    recoverable = path.suffix.lower() in (".lrcat", ".lrdata") or "Lightroom" in path.name
    indexable = path.suffix.lower() != ".lrdata"
    return Listed(
        folder_id(os.fsencode(path)), path.name or str(path), path, source, indexed, state, indexable, recoverable
    )


def _usual() -> Iterator[Path]:
    """Yield folders and libraries where they usually lie; looks at names, two floors deep."""
    home = Path.home()
    pictures = _pictures()
    for folder in (pictures, home / "Photos", home / "Desktop", home / "Downloads"):
        if folder.is_dir():
            yield folder
    # Not Documents or Desktop: macOS would ask the user whether we may look into them, out of the blue.
    yield from _libraries(pictures, depth=2)
    yield from _libraries(home, depth=0)
    for cards in _mounts():
        for folder in _folders(cards):
            if (folder / "DCIM").is_dir():
                yield folder / "DCIM"
            yield from _libraries(folder, depth=0)


def _pictures() -> Path:
    return Path(os.environ.get("XDG_PICTURES_DIR") or Path.home() / "Pictures")


def _mounts() -> tuple[Path, ...]:
    if sys.platform == "darwin":
        return (Path("/Volumes"),)
    user = os.environ.get("USER", "")
    return (Path("/media") / user, Path("/run/media") / user) if user else ()


def _libraries(folder: Path, depth: int) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.suffix.lower() in _LIBRARIES:
            yield entry
        elif depth and entry.is_dir():
            yield from _libraries(entry, depth - 1)


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in _entries(folder) if entry.is_dir()]


def _entries(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))[:1000]
    return []
