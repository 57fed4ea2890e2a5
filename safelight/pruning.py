"""Forgetting photos that are gone: a plan to look at first, then one transaction. No file is ever deleted."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from importers.sources import PATH_SOURCES
from indexer.catalog import Catalog
from indexer.drives import Mount, is_there, mounts
from indexer.duplicates.store import carry_decisions
from indexer.home import nothing_indexed
from indexer.lock import ProcessLock
from indexer.presence import is_gone, is_under
from safelight.errors import SafelightError
from safelight.reading import LISTINGS
from safelight.service import Library


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What would be forgotten.

    Attributes:
        photos: (row id, path) of each photo.
        roots: Row ids of roots that go with them.
        mounts: Drives inside roots that are no longer waited for.
        contents: How many contents, with their vectors, no other photo shows.
    """

    photos: list[tuple[int, str]]
    roots: list[int]
    contents: int
    mounts: list[Mount] = field(default_factory=list[Mount])

    @property
    def photo_ids(self) -> str:
        """The row ids of the photos as a JSON list, which SQL reads without a table: to look, nothing is written."""
        return json.dumps([photo_id for photo_id, _ in self.photos])


def plan_prune(library: Library, forget: Path | None = None) -> PrunePlan:
    """Find what can be forgotten: missing photos of roots that are there, or all of one root.

    A photo counts as gone only if its root can be read at this moment and nothing is at its path; one of a library, if
    the library no longer had it when it was last read.

    Args:
        forget: A root to forget whole, or a drive that was mounted inside one; there or not.

    Raises:
        SafelightError: `forget` is no indexed place.
    """
    db = library.catalog.db
    roots: list[int] = []
    drives: list[Mount] = []
    if forget is not None:
        roots, drives = _named(library.catalog, forget.expanduser().absolute())
        root_id, inside = (drives[0].root_id, drives[0].key) if drives else (roots[0], b"")
        rows = [
            (photo_id, path, name)
            for photo_id, path, name, key in db.execute(
                "SELECT id, path, name, key FROM photo WHERE root_id = ? ORDER BY path", (root_id,)
            )
            if is_under(key, inside)
        ]
    else:
        rows = _gone(library.catalog)
    going = [(photo_id, os.fsdecode(path) if path else name) for photo_id, path, name in rows]
    plan = PrunePlan(going, roots, 0, drives)
    (contents,) = db.execute(f"SELECT count(*) FROM ({_LEFT_WITHOUT_PHOTO})", (plan.photo_ids,)).fetchone()
    return replace(plan, contents=contents)


def _named(catalog: Catalog, target: Path) -> tuple[list[int], list[Mount]]:
    """Return the root that lies at a path, or the drive inside one; what has that very name goes first."""
    for named in (target, target.resolve()):
        if roots := [root.id for root in catalog.roots() if root.path == named]:
            return roots[:1], []
        if drives := [mount for mount in mounts(catalog.db) if named in (mount.path, mount.path.resolve())]:
            return [], drives[:1]
    known = ", ".join(str(root.path) for root in catalog.roots())
    raise SafelightError(f"{target} is not an indexed place; there are: {known}" if known else nothing_indexed())


def _gone(catalog: Catalog) -> list[tuple[int, bytes | None, str]]:
    """List (id, path, name) of the photos that are gone from where a drive is there."""
    away = {root.id for root in catalog.roots() if not is_there(catalog.db, root)}
    drives = [mount for mount in mounts(catalog.db) if not is_there(catalog.db, mount)]
    return [
        (photo_id, path, name)
        for photo_id, path, name, key, root, source in catalog.db.execute(
            "SELECT p.id, p.path, p.name, p.key, r.id, r.source FROM photo p JOIN root r ON r.id = p.root_id"
            " WHERE p.state = 'missing' ORDER BY p.path"
        ).fetchall()
        if (is_gone(path) or source not in PATH_SOURCES)
        and root not in away
        and not any(root == drive.root_id and is_under(key, drive.key) for drive in drives)
    ]


def prune(library: Library, plan: PrunePlan) -> None:
    """Carry out a plan made on this library just now.

    Raises:
        LockedError: An index run is at work.
        CatalogError: The catalog cannot be written; nothing was changed.

    Writes: our own catalog; what sources have kept goes, too, as it may tell of what is forgotten.
    """
    db = library.catalog.db
    with ProcessLock(library.home / "index.lock", "pruning"), library.catalog.transaction():
        shutil.rmtree(library.home / LISTINGS, ignore_errors=True)
        carry_decisions(db)  # while what was decided about is still here to be recognised
        contents = [row[0] for row in db.execute(_LEFT_WITHOUT_PHOTO, (plan.photo_ids,))]
        db.executemany("DELETE FROM photo WHERE id = ?", ((photo_id,) for photo_id, _ in plan.photos))
        for content_id in contents:
            db.execute(
                "INSERT INTO outbox (model_id, content_id, op)"
                " SELECT model_id, content_id, 'delete' FROM embedding WHERE content_id = ?",
                (content_id,),
            )
            db.execute("DELETE FROM embedding WHERE content_id = ?", (content_id,))
            db.execute("DELETE FROM content WHERE id = ?", (content_id,))
        db.executemany("DELETE FROM root WHERE id = ?", ((root_id,) for root_id in plan.roots))
        for drive in plan.mounts:
            where = drive.root_id, drive.key
            db.execute("DELETE FROM mount WHERE root_id = ? AND key = ?", where)
            db.execute("DELETE FROM unread WHERE root_id = ? AND key = ?", where)


# Contents that no photo would show any more once these photos are gone; those that nothing shows now included.
_LEFT_WITHOUT_PHOTO = """
    SELECT c.id FROM content c WHERE NOT EXISTS (
        SELECT 1 FROM photo p WHERE p.content_id = c.id AND p.id NOT IN (SELECT value FROM json_each(?))
    )
"""
