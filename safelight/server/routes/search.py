"""Finding photos."""

from __future__ import annotations

from fastapi import APIRouter

from indexer.search import Answer
from safelight.folders import folder_path
from safelight.server import asking
from safelight.server.cards import hits
from safelight.server.hub import TheHub
from safelight.server.shapes import SearchIn, SearchOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1", tags=["search"])


@router.post("/search")
async def search(asked: SearchIn, hub: TheHub) -> SearchOut:
    """Find photos by words and pictures, best first."""
    return await hub.read(lambda library: _search(library, asked))


def _search(library: Library, asked: SearchIn) -> SearchOut:
    filters = asking.filters(asked.filters, lambda name: folder_path(library.catalog, name))
    wanted = asked.offset + asked.limit
    answer = library.find(asking.query(asked), filters, wanted + 1, show_all=asked.show_all)
    return page_of(library, answer, asked.offset, asked.limit)


def page_of(library: Library, answer: Answer, offset: int, limit: int, *, upload: str | None = None) -> SearchOut:
    """Write one page of an answer that was asked for with one hit more."""
    shown = answer.hits[offset : offset + limit]
    nearest = [] if answer.nearest is None else [answer.nearest]
    found = hits(library.catalog, [*shown, *nearest])
    return SearchOut(
        photos=found[: len(shown)],
        more=len(answer.hits) > offset + limit,
        nearest=found[-1] if nearest else None,
        reason=answer.reason,
        upload=upload,
    )
