"""Vectors, for programs that want to compare for themselves."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request

from indexer.query import clean
from safelight.server.bodies import A_PICTURE
from safelight.server.hub import Hub, TheHub
from safelight.server.shapes import ImagesIn, TextsIn, VectorsOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1/embeddings", tags=["vectors"])


@router.post("/texts")
async def texts(asked: TextsIn, hub: TheHub) -> VectorsOut:
    """Embed texts with the model in use."""
    wanted = [clean(text) for text in asked.texts]

    def run(library: Library) -> VectorsOut:
        vectors = library.model_thread.embed_texts(wanted)
        return VectorsOut(model=library.model_name, dim=vectors.shape[1], vectors=vectors.tolist())

    return await hub.think(run)


@router.post("/image", openapi_extra=A_PICTURE)
async def image(request: Request, hub: TheHub) -> VectorsOut:
    """Embed the picture that is sent with the model in use."""
    picture = await request.body()

    return await hub.think(lambda library: _pictures(hub, library, [picture]))


@router.post("/images")
async def images(asked: ImagesIn, hub: TheHub) -> VectorsOut:
    """Embed several pictures with the model in use."""
    return await hub.think(lambda library: _pictures(hub, library, asked.images))


def _pictures(hub: Hub, library: Library, pictures: Sequence[bytes]) -> VectorsOut:
    vectors = hub.uploads.embed(library, pictures)
    return VectorsOut(model=library.model_name, dim=vectors.shape[1], vectors=vectors.tolist())
