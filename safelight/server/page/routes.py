"""Where the page is served."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from safelight.server.page import assets

router = APIRouter(include_in_schema=False)


@router.get("/")
async def shell() -> Response:
    """Serve the page; what it shows, it asks the API for."""
    return Response(assets.load().shell, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})


@router.get("/static/{digest}/{name:path}")
async def static(digest: str, name: str) -> Response:
    """Serve a file of the page. The name is looked up in a list and never joined to a path."""
    file = assets.load().files.get(name)
    if file is None:
        raise HTTPException(404, "the page has no such file")
    current = digest == assets.load().digest
    keep = "private, max-age=31536000, immutable" if current else "no-store"
    return Response(file.data, media_type=file.media_type, headers={"Cache-Control": keep})
