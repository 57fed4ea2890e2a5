"""What is indexed, what could not be, and everything known about one photo."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.catalog import Catalog
from safelight.errors import SafelightError


@dataclass(frozen=True, slots=True)
class RootStatus:
    """One indexed place, with its photos by state."""

    path: str
    source: str
    state: str
    indexed: int
    skipped: int
    failed: int
    missing: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model: how many of the library's pictures it has seen."""

    name: str
    space: str
    dim: int
    vectors: int
    active: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """A photo that could not be read, and why."""

    id: str
    path: str
    state: str
    reason: str


def roots(catalog: Catalog) -> list[RootStatus]:
    """List the indexed places."""
    rows = catalog.db.execute(
        "SELECT r.path, r.source, r.state, sum(p.state = 'indexed'), sum(p.state = 'skipped'),"
        " sum(p.state = 'failed'), sum(p.state = 'missing')"
        " FROM root r LEFT JOIN photo p ON p.root_id = r.id GROUP BY r.id ORDER BY r.path"
    )
    return [RootStatus(os.fsdecode(row[0]), row[1], row[2], *(count or 0 for count in row[3:])) for row in rows]


def models(catalog: Catalog, active: str | None) -> list[ModelStatus]:
    """List the models whose vectors the catalog holds."""
    rows = catalog.db.execute(
        "SELECT m.name, m.space, m.dim, count(e.id) FROM model m LEFT JOIN embedding e ON e.model_id = m.id"
        " GROUP BY m.id ORDER BY m.name"
    )
    return [ModelStatus(*row, active=row[0] == active) for row in rows]


def problems(catalog: Catalog) -> Iterator[Problem]:
    """Yield every photo that was skipped, failed or is missing, with the reason."""
    for public_id, path, name, state, reason in catalog.db.execute(
        "SELECT public_id, path, name, state, reason FROM photo WHERE state <> 'indexed' ORDER BY state, path"
    ):
        why = reason if state != "missing" else "the file is no longer there; `safelight prune` forgets it"
        yield Problem(public_id, os.fsdecode(path) if path else name, state, why or "")


def photo_record(catalog: Catalog, public_id: str) -> dict[str, Any]:
    """Return everything known about a photo, and every place where the same bytes lie.

    Raises:
        SafelightError: There is no such photo.
    """
    catalog_row = catalog.db.execute(
        "SELECT p.content_id, p.id, p.taken_at, p.utc_offset_minutes, p.taken_from, p.latitude, p.longitude, p.camera,"
        " p.lens, p.title, p.caption, p.keywords, p.rating, p.added_at, p.name, c.width, c.height, c.format,"
        " c.size_bytes, lower(hex(c.hash))"
        " FROM photo p LEFT JOIN content c ON c.id = p.content_id WHERE p.public_id = ?",
        (public_id,),
    ).fetchone()
    if catalog_row is None:
        raise SafelightError(f"there is no photo {public_id!r}; ids are shown by `safelight search --json`")
    content_id, row_id, *facts = catalog_row
    names = (
        "taken_at utc_offset_minutes taken_from latitude longitude camera lens title caption keywords rating added_at"
        " name width height format size_bytes hash"
    )
    record: dict[str, Any] = {"id": public_id, **dict(zip(names.split(), facts, strict=True))}
    record["keywords"] = json.loads(record["keywords"])
    record["models"] = [
        name
        for (name,) in catalog.db.execute(
            "SELECT m.name FROM embedding e JOIN model m ON m.id = e.model_id WHERE e.content_id = ? ORDER BY m.name",
            (content_id,),
        )
    ]
    record["places"] = [
        {"id": i, "source": source, "path": os.fsdecode(path) if path else None, "state": state, "reason": reason}
        for i, source, path, state, reason in catalog.db.execute(
            "SELECT p.public_id, r.source, p.path, p.state, p.reason FROM photo p JOIN root r ON r.id = p.root_id"
            " WHERE p.id = ? OR p.content_id = ? ORDER BY p.id <> ?, p.path",
            (row_id, content_id, row_id),
        )
    ]
    return record
