"""Where the page is served."""

from __future__ import annotations

import base64
import logging

from fastapi import APIRouter, HTTPException, Request, Response

from safelight.server.hub import Hub, TheHub
from safelight.server.page import assets
from safelight.server.routes.grid import first_rows

router = APIRouter(include_in_schema=False)


@router.get("/")
async def shell(request: Request, hub: TheHub) -> Response:
    """Serve the page, which asks the API for what it shows, but for the newest photos: those come with it."""
    before, after = assets.load().shell
    first = b"" if request.scope["query_string"] else await _first_rows(hub)
    headers = {"Cache-Control": "no-store" if first else "no-cache"}
    return Response(before + first + after, media_type="text/html; charset=utf-8", headers=headers)


async def _first_rows(hub: Hub) -> bytes:
    """Return ids and shapes of the newest photos for an attribute: Base64, in which no name of a file could stand."""
    try:
        return base64.b64encode(await hub.read(first_rows))
    except Exception as error:  # the page comes all the same, and says what is wrong when it asks
        logging.getLogger(__name__).warning("the page begins without photos: %s", type(error).__name__)
        return b""


@router.get("/static/{digest}/{name:path}")
async def static(digest: str, name: str) -> Response:
    """Serve a file of the page. The name is looked up in a list and never joined to a path."""
    file = assets.load().files.get(name)
    if file is None:
        raise HTTPException(404, "the page has no such file")
    current = digest == assets.load().digest
    keep = "private, max-age=31536000, immutable" if current else "no-store"
    return Response(file.data, media_type=file.media_type, headers={"Cache-Control": keep})
