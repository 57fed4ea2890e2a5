"""Photos to look at."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Response

from safelight.server.hub import TheHub
from safelight.server.shapes import PhotoId
from safelight.thumbnails import wanted

router = APIRouter(prefix="/api/v1", tags=["photos"])

Size = Literal["160", "320", "640", "1280", "2560"]


@router.get(
    "/photos/{photo_id}/picture/{size}",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "the picture is the one that the ETag names"},
    },
)
async def picture(
    photo_id: Annotated[PhotoId, Path()],
    size: Annotated[Size, Path()],
    hub: TheHub,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Show a photo: a JPEG, upright, in sRGB, its longer side `size` pixels at most."""
    found = await hub.read(lambda library: wanted(library.catalog, photo_id, int(size)))
    headers = {"ETag": f'"{found.name}"', "Cache-Control": "private, max-age=300"}
    if if_none_match is not None and headers["ETag"] in [tag.strip() for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    making = await asyncio.to_thread(hub.thumbnails.get, found)
    # Shielded: who scrolls past gives up waiting, but others may wait for the same picture.
    data = await asyncio.shield(asyncio.wrap_future(making))
    return Response(data, media_type="image/jpeg", headers=headers)
