"""What lies where it was, at this moment: a look that no drive which hangs can hold up. The catalog is not changed."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from indexer.presence import is_gone, is_mounted
from indexer.search import Found, Place

LOOK_S = 1.0
"""So long a place has to answer; one on this computer takes a few microseconds a file."""
_STEP_S = 0.05

_FILES_ARE_PHOTOS = ("folder", "takeout")

AnyFound = TypeVar("AnyFound", bound=Found)


def away(places: Mapping[Path, Collection[Path]], seconds: float = LOOK_S) -> tuple[set[Path], set[Path]]:
    """Return which places cannot be reached now, and which files of the others are gone.

    Args:
        places: Files by the place that knows them.
        seconds: What has not answered by then: a place counts as away, a file as there.
    """
    gone: dict[Path, set[Path]] = {}

    def look(place: Path, files: Collection[Path]) -> None:
        if is_mounted(place):
            gone[place] = set()
            gone[place] = {file for file in files if is_gone(os.fsencode(file))}

    threads = [threading.Thread(target=look, args=item, daemon=True) for item in places.items()]
    for thread in threads:
        thread.start()
    # Counted in steps: a machine that leaves this process waiting is no drive that hangs.
    steps = round(seconds / _STEP_S)
    for thread in threads:
        while steps and thread.is_alive():
            thread.join(_STEP_S)
            steps -= thread.is_alive()
    reached = dict(gone)  # who is late may still write
    return places.keys() - reached.keys(), {file for files in reached.values() for file in files}


def is_lost(source: str, path: Path | None, gone: Collection[Path]) -> bool:
    """Tell whether a photo is gone with its file.

    An original that iCloud or a drive has taken away from a library is no loss: the library is what is indexed.
    """
    return source in _FILES_ARE_PHOTOS and path in gone


def looked_at(found: Sequence[AnyFound]) -> list[AnyFound]:
    """Return what was found with the states of this moment; of several places one that is at hand comes first."""
    files: defaultdict[Path, set[Path]] = defaultdict(set)
    for one in found:
        for place in (one.place, *one.others):
            files[place.root].update([place.path] if place.path else [])
    lost, gone = away(files)

    def now(place: Place) -> Place:
        is_missing = place.state == "missing" or is_lost(place.source, place.path, gone)
        # Where another drive lies at its place, which the last run told by the photos that are not there.
        is_away = place.root in lost or (place.state == "offline" and is_missing)
        return replace(place, state="offline" if is_away else "missing" if is_missing else "here")

    def looked(one: AnyFound) -> AnyFound:
        places = [now(place) for place in (one.place, *one.others)]
        first, *others = sorted(places, key=lambda place: (not place.passes, place.state != "here"))
        return replace(one, place=first, others=tuple(others))

    return [looked(one) for one in found]
