"""Forgetting photos that are gone: a plan to look at first, then one transaction. No file is ever deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from importers.sources import PATH_SOURCES
from indexer.duplicates.store import carry_decisions
from indexer.lock import ProcessLock
from indexer.presence import is_gone
from safelight.errors import SafelightError
from safelight.service import Library


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What would be forgotten.

    Attributes:
        photos: (row id, path) of each photo.
        roots: Row ids of roots that go with them.
        contents: How many contents, with their vectors, no other photo shows.
    """

    photos: list[tuple[int, str]]
    roots: list[int]
    contents: int


def plan_prune(library: Library, forget: Path | None = None) -> PrunePlan:
    """Find what can be forgotten: missing photos of roots that are there, or all of one root.

    A photo counts as gone only if its root can be read at this moment and nothing is at its path; one of a library, if
    the library no longer had it when it was last read.

    Args:
        forget: A root to forget whole, there or not.

    Raises:
        SafelightError: `forget` is no indexed place.
    """
    db = library.catalog.db
    roots: list[int] = []
    if forget is not None:
        target = forget.expanduser().absolute()
        roots = [root.id for root in library.catalog.roots() if root.path in (target, target.resolve())]
        if not roots:
            known = ", ".join(str(root.path) for root in library.catalog.roots()) or "none"
            raise SafelightError(f"{target} is not an indexed place; there are: {known}")
        rows = db.execute("SELECT id, path, name FROM photo WHERE root_id = ? ORDER BY path", (roots[0],)).fetchall()
    else:
        away = {root.id for root in library.catalog.roots() if not library.catalog.is_there(root)}
        rows = [
            (photo_id, path, name)
            for photo_id, path, name, root, source in db.execute(
                "SELECT p.id, p.path, p.name, r.id, r.source FROM photo p JOIN root r ON r.id = p.root_id"
                " WHERE p.state = 'missing' ORDER BY p.path"
            ).fetchall()
            if (is_gone(path) or source not in PATH_SOURCES) and root not in away
        ]
    going = [(photo_id, os.fsdecode(path) if path else name) for photo_id, path, name in rows]
    db.execute("CREATE TEMP TABLE IF NOT EXISTS going (photo_id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM going")
    db.executemany("INSERT INTO going VALUES (?)", ((photo_id,) for photo_id, _ in going))
    (contents,) = db.execute(f"SELECT count(*) FROM ({_LEFT_WITHOUT_PHOTO})").fetchone()
    return PrunePlan(going, roots, contents)


def prune(library: Library, plan: PrunePlan) -> None:
    """Carry out a plan made on this library just now.

    Raises:
        LockedError: An index run is at work.
        CatalogError: The catalog cannot be written; nothing was changed.

    Writes: our own catalog.
    """
    db = library.catalog.db
    with ProcessLock(library.home / "index.lock", "pruning"), library.catalog.transaction():
        carry_decisions(db)  # while what was decided about is still here to be recognised
        contents = [row[0] for row in db.execute(_LEFT_WITHOUT_PHOTO)]
        db.execute("DELETE FROM photo WHERE id IN (SELECT photo_id FROM going)")
        for content_id in contents:
            db.execute(
                "INSERT INTO outbox (model_id, content_id, op)"
                " SELECT model_id, content_id, 'delete' FROM embedding WHERE content_id = ?",
                (content_id,),
            )
            db.execute("DELETE FROM embedding WHERE content_id = ?", (content_id,))
            db.execute("DELETE FROM content WHERE id = ?", (content_id,))
        db.executemany("DELETE FROM root WHERE id = ?", ((root_id,) for root_id in plan.roots))


# Contents that no photo would show any more once the photos in `going` are gone; those that nothing shows now included.
_LEFT_WITHOUT_PHOTO = """
    SELECT c.id FROM content c WHERE NOT EXISTS (
        SELECT 1 FROM photo p WHERE p.content_id = c.id AND p.id NOT IN (SELECT photo_id FROM going)
    )
"""
