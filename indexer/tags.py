"""What photos share, as rows: keywords, people, albums, labels, media kinds."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator

from importers.base import Facts, Steps

STEP = "\x1f"
"""Between the steps of a path. No program lets it into a name, where "/" and "|" are common."""

KEYWORD, KEYWORD_PATH, PERSON, ALBUM, LABEL, MEDIA = "keyword", "keyword path", "person", "album", "label", "media"


def fold(name: str) -> str:
    """Return a name as it is searched for: in any case, however its accents are encoded."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def write_tags(db: sqlite3.Connection, photo_id: int, facts: Facts) -> None:
    """Give a photo, which has no tags now, those of its facts.

    Writes: the catalog, inside the caller's transaction.
    """
    rows = {(photo_id, kind, STEP.join(steps)): fold(steps[-1]) for kind, steps in _tags(facts) if any(steps)}
    if rows:
        db.executemany("INSERT INTO tag VALUES (?, ?, ?, ?)", ((*key, folded) for key, folded in rows.items()))


def read_tags(db: sqlite3.Connection, photo_id: int) -> dict[str, list[Steps]]:
    """Return a photo's tags by kind, each with its steps."""
    tags: dict[str, list[Steps]] = {}
    for kind, path in db.execute("SELECT kind, path FROM tag WHERE photo_id = ? ORDER BY kind, path", (photo_id,)):
        tags.setdefault(kind, []).append(tuple(path.split(STEP)))
    return tags


def _tags(facts: Facts) -> Iterator[tuple[str, Steps]]:
    yield from ((KEYWORD, (name,)) for name in facts.keywords)
    yield from ((KEYWORD_PATH, steps) for steps in facts.keyword_paths if len(steps) > 1)
    yield from ((PERSON, (name,)) for name in facts.people)
    yield from ((ALBUM, steps) for steps in facts.albums if steps)
    yield from ((LABEL, (name,)) for name in facts.labels)
    yield from ((MEDIA, (name,)) for name in facts.media)
