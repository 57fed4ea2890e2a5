"""Finding photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from safelight.server import asking
from safelight.server.bodies import A_PICTURE
from safelight.server.cards import hits
from safelight.server.hub import Hub, TheHub
from safelight.server.shapes import SearchIn, SearchOut, SimilarIn
from safelight.service import Library

router = APIRouter(prefix="/api/v1", tags=["search"])


@router.post("/search")
async def search(asked: SearchIn, hub: TheHub) -> SearchOut:
    """Find photos by words and pictures, best first."""
    return await hub.think(lambda library: _search(hub, library, asked))


@router.post("/similar")
async def similar(asked: SimilarIn, hub: TheHub) -> SearchOut:
    """Find photos that look like a photo; the model is not loaded for it."""
    like = SearchIn(like=[asked.id], filters=asked.filters, limit=asked.limit, offset=asked.offset)
    return await hub.think(lambda library: _search(hub, library, like))


@router.post("/search/image", openapi_extra=A_PICTURE)
async def search_image(
    request: Request,
    hub: TheHub,
    limit: Annotated[int, Query(ge=1, le=1000)] = 60,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> SearchOut:
    """Find photos that look like the picture that is sent; `upload` in the answer names it in later searches."""
    picture = await request.body()

    def run(library: Library) -> SearchOut:
        name = hub.uploads.add(library, picture)
        return _search(hub, library, SearchIn(like=[name], limit=limit, offset=offset), upload=name)

    return await hub.think(run)


def _search(hub: Hub, library: Library, asked: SearchIn, *, upload: str | None = None) -> SearchOut:
    filters = asking.filters(asked.filters, lambda name: hub.folder(library, name))
    end = asked.offset + asked.limit
    answer = library.find(asking.query(asked), filters, end + 1, show_all=asked.show_all)
    shown = answer.hits[asked.offset : end]
    nearest = [] if answer.nearest is None else [answer.nearest]
    found = hits(library.catalog, [*shown, *nearest])
    return SearchOut(
        photos=found[: len(shown)],
        more=len(answer.hits) > end,
        nearest=found[-1] if nearest else None,
        reason=asking.reason(answer.reason),
        upload=upload,
    )
