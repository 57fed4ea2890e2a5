"""Answers of the engine -> what the API gives. Every text is fit for JSON and every path is only shown, never taken."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass

from importers.sources import PATH_SOURCES
from indexer import search
from indexer.catalog import Catalog
from safelight.at_hand import looked_at
from safelight.server.shapes import Hit, Place


@dataclass(frozen=True, slots=True)
class _Card:
    """What the catalog adds to a place: width and height in pixels, upright, and what its source calls it."""

    width: int | None
    height: int | None
    key: str | None
    ref: str | None


_NOTHING = _Card(None, None, None, None)


def readable(text: str) -> str:
    """Make a name fit for JSON: bytes that are no text become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def hits(catalog: Catalog, found: Iterable[search.Hit]) -> list[Hit]:
    """Write hits, with the shape of each picture, so that a grid can be laid out before anything is loaded."""
    found = looked_at(list(found))
    cards = _cards(catalog, [place.photo_id for hit in found for place in (hit.place, *hit.others)])
    return [
        Hit(
            **_place(hit.place, cards).model_dump(),
            score=round(hit.score, 6),
            clarity=None if hit.clarity is None else round(hit.clarity, 3),
            taken_at=hit.taken_at,
            width=cards.get(hit.place.photo_id, _NOTHING).width,
            height=cards.get(hit.place.photo_id, _NOTHING).height,
            also_at=[_place(other, cards) for other in hit.others],
        )
        for hit in found
    ]


def _place(place: search.Place, cards: dict[str, _Card]) -> Place:
    return Place(
        id=place.photo_id,
        name=readable(place.name),
        source=place.source,
        state=place.state,
        path=readable(str(place.path)) if place.path else None,
        uri=place.path.as_uri() if place.path else None,
        key=cards.get(place.photo_id, _NOTHING).key,
        ref=cards.get(place.photo_id, _NOTHING).ref,
    )


def _cards(catalog: Catalog, photo_ids: list[str]) -> dict[str, _Card]:
    rows = catalog.db.execute(
        "SELECT p.public_id, c.width, c.height, r.source, p.key, p.ref FROM photo p JOIN root r ON r.id = p.root_id"
        " LEFT JOIN content c ON c.id = p.content_id WHERE p.public_id IN (SELECT value FROM json_each(?))",
        (json.dumps(photo_ids),),
    )
    return {
        photo_id: _Card(width, height, _shown_key(source, key), ref)
        for photo_id, width, height, source, key, ref in rows
    }


def _shown_key(source: str, key: bytes) -> str | None:
    """Return what a library calls a photo; where a photo is known by its path, the key is but that."""
    return None if source in PATH_SOURCES else readable(os.fsdecode(key))
