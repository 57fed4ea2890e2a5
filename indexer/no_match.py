"""Why no photo passes the filters: the one that excludes everything, in words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from indexer.filters import Filters, kept_contents
from indexer.tags import ALBUM, KEYWORD, KEYWORD_PATH, LABEL, PERSON, STEP, fold

_SOURCES = (
    "SELECT DISTINCT source FROM root WHERE EXISTS"
    " (SELECT 1 FROM photo WHERE root_id = root.id AND content_id IS NOT NULL)"
)
_FORMATS = "SELECT DISTINCT format FROM content"
_MOST = 5000  # names that are compared: a fraction of a second
_LIKENESS = 0.6  # as difflib has it


def why_none_passes(db: sqlite3.Connection, filters: Filters) -> str:
    """Say which filter alone excludes every photo, and what there is where that is a short list; or that all do it.

    Args:
        db: The catalog; only read.
        filters: Filters that no photo passes.
    """
    for only, reason in _each(filters):
        if not len(kept_contents(db, only)):
            there = _SOURCES if only.source else _FORMATS if only.format else None
            names = sorted(name.lower() for (name,) in db.execute(there)) if there else []
            there_are = f"; there are: {', '.join(names)}" if names else _near_names(db, only)
            return f"no photo passes these filters: {reason}{there_are}"
    return "no photo passes all of these filters together"


def _near_names(db: sqlite3.Connection, only: Filters) -> str:
    """Say which names like those that were asked for there are: of people, albums, keywords, labels."""
    for kinds, asked in (
        ((PERSON,), only.person),
        ((ALBUM,), only.album),
        ((KEYWORD, KEYWORD_PATH), only.keyword),
        ((LABEL,), only.label),
    ):
        if asked:
            marks = ", ".join("?" * len(kinds))
            paths = db.execute(f"SELECT DISTINCT folded, path FROM tag WHERE kind IN ({marks}) LIMIT {_MOST}", kinds)
            names = {folded: path.rsplit(STEP, 1)[-1] for folded, path in paths}
            last = [fold(re.split(r"[/|]", name)[-1]) for name in asked]
            near = dict.fromkeys(names[one] for name in last for one in get_close_matches(name, names, 3, _LIKENESS))
            return f"; did you mean {_either(list(near))}?" if near else ""
    return ""


def _each(filters: Filters) -> Iterator[tuple[Filters, str]]:
    """Yield each filter alone, with what it means that nothing passes it."""
    since, until, now = filters.since, filters.until, filters.now
    if filters.source:
        yield Filters(source=filters.source), f"none comes from {_either(filters.source)}"
    if filters.folder:
        yield Filters(folder=filters.folder), f"none lies in a folder {_either(filters.folder)}"
    if filters.format:
        yield Filters(format=filters.format), f"none has the format {_either(filters.format)}"
    if filters.camera:
        yield Filters(camera=filters.camera), f"none is of a camera {_either(filters.camera)}"
    if filters.place:
        yield Filters(place=filters.place), f"none was taken at a place {_either(filters.place)}"
    if filters.text:
        yield Filters(text=filters.text), f"none has a title or caption with {_either(filters.text)}"
    if filters.person:
        yield Filters(person=filters.person), f"none shows {_either(filters.person)}"
    if filters.album:
        yield Filters(album=filters.album), f"none is in an album {_either(filters.album)}"
    if filters.keyword:
        yield Filters(keyword=filters.keyword), f"none has the keyword {_either(filters.keyword)}"
    if filters.label:
        yield Filters(label=filters.label), f"none has the label {_either(filters.label)}"
    if filters.media:
        yield Filters(media=filters.media), f"none is of the kind {_either(filters.media)}"
    if filters.favorite:
        yield Filters(favorite=True), "none is a favorite"
    if filters.rating is not None:
        yield Filters(rating=filters.rating), f"none is rated {filters.rating} or higher"
    if filters.near:
        yield Filters(near=filters.near), f"none is known to be taken near {filters.near}"
    if since:
        yield Filters(since=since, now=now), f"none is from {since} or later"
    if until:
        yield Filters(until=until, now=now), f"none is from {until} or earlier"


def _either(values: Sequence[str]) -> str:
    return " or ".join(f'"{value}"' for value in values)
