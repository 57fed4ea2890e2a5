"""Showing a photo where it lives, on the screen of this computer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path

from safelight.server import reveal
from safelight.server.hub import Hub, TheHub
from safelight.server.shapes import PhotoId

router = APIRouter(prefix="/api/v1/photos/{photo_id}", tags=["photos"])

PhotoIdInPath = Annotated[PhotoId, Path()]


@router.post("/reveal")
async def show_in_folder(photo_id: PhotoIdInPath, hub: TheHub) -> dict[str, str]:
    """Show a photo's file in the Finder, Explorer or file manager."""
    return await _run(hub, photo_id, reveal.in_folder)


@router.post("/open")
async def open_photo(photo_id: PhotoIdInPath, hub: TheHub) -> dict[str, str]:
    """Open a photo in the library that it came from, or with the program that the system uses for it."""
    return await _run(hub, photo_id, reveal.in_its_program)


async def _run(
    hub: Hub, photo_id: str, commands: Callable[[reveal.Whereabouts], list[reveal.Command]]
) -> dict[str, str]:
    await hub.read(lambda library: reveal.run(commands(reveal.whereabouts(library.catalog, photo_id))))
    return {"status": "opened"}
