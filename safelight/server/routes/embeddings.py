"""Vectors, for programs that want to compare for themselves."""

from __future__ import annotations

from fastapi import APIRouter, Request

from indexer.query import clean
from safelight.server.bodies import A_PICTURE
from safelight.server.hub import TheHub
from safelight.server.shapes import TextsIn, VectorsOut
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

    def run(library: Library) -> VectorsOut:
        vector = hub.uploads.embed(library, picture)
        return VectorsOut(model=library.model_name, dim=len(vector), vectors=[vector.tolist()])

    return await hub.think(run)
