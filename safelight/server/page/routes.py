"""Where the page is served."""

from __future__ import annotations

import base64
import logging

from fastapi import APIRouter, HTTPException, Request, Response

from safelight.server.hub import Hub, TheHub
from safelight.server.page import assets
from safelight.server.routes.grid import first_rows, unpack

router = APIRouter(include_in_schema=False)


_AHEAD = 6
"""Pictures that are asked for before the page's scripts have run: as many as browsers fetch at once from one place."""
_LINK = (
    '<link rel="preload" as="image" media="(width >= 600px)"'
    ' imagesrcset="/api/v1/photos/{0}/picture/320 1x, /api/v1/photos/{0}/picture/640 2x">\n'
)


@router.get("/")
async def shell(request: Request, hub: TheHub) -> Response:
    """Serve the page, which asks the API for what it shows, but for the newest photos: those come with it."""
    head, body, end = assets.load().shell
    rows = b"" if request.scope["query_string"] else await _first_rows(hub)
    page = b"".join((head, _first_pictures(rows).encode(), body, base64.b64encode(rows), end))
    headers = {"Cache-Control": "no-store" if rows else "no-cache"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


async def _first_rows(hub: Hub) -> bytes:
    """Return ids and shapes of the newest photos; in Base64 no name of a file could stand, and there are none in it."""
    try:
        return await hub.read(first_rows)
    except Exception as error:  # the page comes all the same, and says what is wrong when it asks
        logging.getLogger(__name__).warning("the page begins without photos: %s", type(error).__name__)
        return b""


def _first_pictures(rows: bytes) -> str:
    """Write links to the first pictures of which it is sure in which size the page asks for them: of usual shapes."""
    photos = [photo_id for photo_id, aspect in unpack(rows)[: 2 * _AHEAD] if 1200 <= aspect <= 1600]
    return "".join(_LINK.format(photo_id) for photo_id in photos[:_AHEAD])


@router.get("/static/{digest}/{name:path}")
async def static(digest: str, name: str) -> Response:
    """Serve a file of the page. The name is looked up in a list and never joined to a path."""
    file = assets.load().files.get(name)
    if file is None:
        raise HTTPException(404, "the page has no such file")
    current = digest == assets.load().digest
    keep = "private, max-age=31536000, immutable" if current else "no-store"
    return Response(file.data, media_type=file.media_type, headers={"Cache-Control": keep})
