"""Pairs that are one photo where they live, and have its id: Live Photos, and RAW and JPEG that a library shows as one.

They are series, no duplicates. Nothing is looked for, as who keeps the photo knows its halves; so they are listed apart
from what is found, and nobody is asked to decide about them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from indexer.catalog import Catalog
from indexer.duplicates.series import BURST, LIVE, RAW_AND_JPEG
from safelight.duplicates import SERIES, Group, Member

_SERIES = {
    "live video": LIVE,
    "motion video": LIVE,
    "raw": RAW_AND_JPEG,
    "jpeg": RAW_AND_JPEG,
    "burst frame": BURST,
}
"""Role of a part -> what the photo and it are."""
_REASONS = {
    "live video": "its moving half",
    "motion video": "its moving half",
    "raw": "its RAW file",
    "jpeg": "its JPEG",
    "burst frame": "a frame of its burst that was not picked",
}
_NAMES = {LIVE: "Live Photo", RAW_AND_JPEG: "pair of RAW and JPEG", BURST: "burst"}
_NAMES_OF_SEVERAL = {LIVE: "Live Photos", RAW_AND_JPEG: "pairs of RAW and JPEG", BURST: "bursts"}

_QUERY = f"""
SELECT p.id, p.public_id, p.path, p.name, c.width, c.height, c.size_bytes, t.role, t.name, t.path
FROM part t JOIN photo p ON p.id = t.photo_id JOIN content c ON c.id = p.content_id
WHERE t.role IN ({", ".join(f"'{role}'" for role in _SERIES)}) AND p.state = 'indexed'
ORDER BY t.photo_id, t.role, t.name
"""


def pairs(catalog: Catalog, found: Iterable[Group]) -> Iterator[Group]:
    """Yield each as a series: the photo, then its halves, with its id and their own paths.

    Of a pair that two libraries know, the one that was indexed first counts.

    Args:
        found: What find_duplicates found: where one library has the halves of a pair as two photos, and another as
            one, it is told there.
    """
    told = {(group.what, member.path) for group in found if group.kind == SERIES for member in group.members}
    met = set[tuple[bytes, ...]]()
    rows = catalog.db.execute(_QUERY)
    for (_, what), halves in groupby(rows, key=lambda row: (row[0], _SERIES[row[7]])):
        several = list(halves)
        files = (several[0][2], *(row[9] for row in several))
        if None not in files:
            if files in met:
                continue
            met.add(files)
        if any(path is not None and (what, os.fsdecode(path)) in told for path in files[1:]):
            continue
        yield Group(SERIES, what, (_whole(what, several[0]), *map(_half, several)))


def pairs_text(counts: Mapping[str, int]) -> str:
    """Say how many there are of each: "Series that are one photo each: 12 Live Photos, 1 pair of RAW and JPEG"."""
    said = (f"{number:,} {(_NAMES if number == 1 else _NAMES_OF_SEVERAL)[what]}" for what, number in counts.items())
    return f"Series that are one photo each: {', '.join(said)}"


def _whole(what: str, row: tuple[Any, ...]) -> Member:
    _, photo_id, path, name, width, height, size_bytes, *_ = row
    return Member(
        photo_id, path and os.fsdecode(path), name, SERIES, what, width=width, height=height, size_bytes=size_bytes
    )


def _half(row: tuple[Any, ...]) -> Member:
    _, photo_id, *_, role, name, path = row
    return Member(photo_id, path and os.fsdecode(path), name, SERIES, _REASONS[role], part=role)
