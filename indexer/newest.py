"""Photos that pass filters, the newest first: what is found where nothing is asked for in words. Needs no model."""

from __future__ import annotations

from indexer.catalog import Catalog
from indexer.filters import Filters, prepare
from indexer.search import Found, places_of


def newest(catalog: Catalog, filters: Filters, limit: int) -> tuple[Found, ...]:
    """List the photos that pass, by their date, the newest first; those without a camera's date by their file's.

    Args:
        limit: Photos at most; the same content at several places is one.
    """
    prepare(catalog.db)
    where, params = filters.where()
    rows = catalog.db.execute(
        "SELECT photo.content_id FROM photo WHERE photo.content_id IS NOT NULL"
        f" AND photo.state IN ('indexed', 'missing') AND {where}"
        " GROUP BY photo.content_id ORDER BY max(photo.taken_at) DESC, photo.content_id DESC LIMIT ?",
        [*params, limit],
    ).fetchall()
    places = places_of(catalog, [content_id for (content_id,) in rows], filters)
    found = (places[content_id] for (content_id,) in rows)
    return tuple(Found(first, tuple(place for place, _ in others), at) for (first, at), *others in found)
