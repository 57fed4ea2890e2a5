"""A search of the page -> a question that the Lightroom plug-in carries out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from indexer.catalog import Catalog
from indexer.errors import QueryError
from indexer.query import PHOTO_ID, Term
from safelight.bridge.matching import SOURCE
from safelight.bridge.question import Question, Ref
from safelight.server import asking
from safelight.server.shapes import FiltersIn, SearchIn

_CARRIED = {"since", "until"}
_RULES = {"rating", "keyword"}  # which Lightroom's own smart collections know


def question(catalog: Catalog, asked: SearchIn, *, smart: bool) -> tuple[Question, dict[str, Any]]:
    """Turn a search into a question and, of a smart collection, its further rules.

    Raises:
        QueryError: Lightroom cannot be asked for this; says what to take away.
    """
    query = asking.query(asked)
    _refuse_what_is_lost(asked.filters, smart=smart)
    made = Question(
        words=" ".join(str(term) for term in query.terms if not term.is_picture),
        like=_refs(catalog, query.wanted),
        unlike=_refs(catalog, query.unwanted),
        since=asked.filters.since,
        until=asked.filters.until,
    )
    rules = {"rating": asked.filters.rating, "keyword": next(iter(asked.filters.keyword), None)} if smart else {}
    return made, rules


def _refuse_what_is_lost(filters: FiltersIn, *, smart: bool) -> None:
    can = _CARRIED | _RULES if smart else _CARRIED
    lost = [name for name in sorted(filters.model_fields_set - can) if getattr(filters, name)]
    if len(filters.keyword) > 1 and "keyword" not in lost:
        lost.append("keyword (more than one)")
    if lost:
        more = "words, photos, dates, a rating and a keyword" if smart else "words, photos and dates"
        raise QueryError(
            f"in Lightroom this can be made of {more}; take away first: {', '.join(lost).replace('_', ' ')}"
        )


def _refs(catalog: Catalog, terms: Iterable[Term]) -> tuple[Ref, ...]:
    """Name photos as Lightroom does: by its own uuid where its catalog was indexed, else by their files."""
    ids = [term.value for term in terms if term.is_picture]
    if any(not PHOTO_ID.fullmatch(photo_id) for photo_id in ids):
        raise QueryError("a picture that was dropped here is not known in Lightroom; search with a photo, or in words")
    rows = catalog.db.execute(
        "SELECT p.public_id, p.key, p.path, r.source FROM photo p JOIN root r ON r.id = p.root_id"
        " WHERE p.public_id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    found = {photo_id: (source, key, path) for photo_id, key, path, source in rows}
    refs: list[Ref] = []
    for photo_id in ids:
        source, key, path = found.get(photo_id, ("", b"", None))
        ref = Ref(
            os.fsdecode(key) if source == SOURCE else None,
            None if path is None else os.fsencode(path).decode("utf-8", "replace"),
        )
        if ref.uuid is None and ref.path is None:
            raise QueryError("one of the photos has no file that Lightroom could know; search in words")
        refs.append(ref)
    return tuple(refs)
