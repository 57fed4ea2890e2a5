"""One photo: all that is known of it; and our ids for what libraries call their photos."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from safelight.server.cards import readable
from safelight.server.hub import TheHub
from safelight.server.shapes import FoundOut, LookupIn, LookupOut, PhotoId, PhotoOut, ProblemsOut, UnreadOut
from safelight.service import Library
from safelight.status import photo_record, problems

router = APIRouter(prefix="/api/v1", tags=["photos"])


@router.get("/photos/{photo_id}")
async def photo(photo_id: Annotated[PhotoId, Path()], hub: TheHub) -> PhotoOut:
    """Tell everything known about a photo, and every place where it lies."""
    record = await hub.read(lambda library: photo_record(library.catalog, photo_id))
    return PhotoOut.model_validate(_fit_for_json(record))


@router.post("/photos/lookup")
async def lookup(asked: LookupIn, hub: TheHub) -> LookupOut:
    """Find our ids for what a library calls its photos; null where it is not known here."""
    return LookupOut(photos=await hub.read(lambda library: _lookup(library, asked)))


@router.get("/problems")
async def unread(
    hub: TheHub,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ProblemsOut:
    """List the photos that were skipped, failed or are missing, and why."""
    found = await hub.read(lambda library: list(problems(library.catalog, limit + 1, offset)))
    return ProblemsOut(
        problems=[
            UnreadOut(id=p.id, path=readable(p.path or p.name), state=p.state, reason=readable(p.reason))
            for p in found[:limit]
        ],
        more=len(found) > limit,
    )


def _lookup(library: Library, asked: LookupIn) -> dict[str, FoundOut | None]:
    found: dict[str, FoundOut | None] = dict.fromkeys(asked.keys)
    by_key = asked.by == "key"
    given = [key.encode("utf-8", "replace").hex() if by_key else key for key in asked.keys]
    rows = library.catalog.db.execute(
        f"SELECT {'lower(hex(p.key))' if by_key else 'p.ref'}, p.public_id, p.state FROM photo p"
        " JOIN root r ON r.id = p.root_id"
        f" WHERE r.source = ? AND {'lower(hex(p.key))' if by_key else 'p.ref'} IN (SELECT value FROM json_each(?))"
        " ORDER BY p.id DESC",
        (asked.source, json.dumps(given)),
    )
    names = dict(zip(given, asked.keys, strict=True))
    for value, photo_id, state in rows:
        found[names[value]] = FoundOut(id=photo_id, state=state)
    return found


def _fit_for_json(value: Any) -> Any:
    """Make every text in a record fit for JSON."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {key: _fit_for_json(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_fit_for_json(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
