"""The models: which there are, and which one searches use."""

from __future__ import annotations

from fastapi import APIRouter

from safelight import models
from safelight.server.cards import readable
from safelight.server.hub import TheHub
from safelight.server.shapes import ModelChoice, ModelsOut, UseModelIn
from safelight.service import Library

router = APIRouter(prefix="/api/v1/models", tags=["models"])


@router.get("")
async def list_models(hub: TheHub) -> ModelsOut:
    """List the models, whether each is on this computer, and which one is in use."""
    return await hub.read(_models)


@router.post("/use")
async def use(asked: UseModelIn, hub: TheHub) -> ModelsOut:
    """Search and index with another model from now on; what the one before has seen is kept."""

    def run(library: Library) -> ModelsOut:
        models.use(library, asked.id)
        library.settings = hub.settings.now
        return _models(library)

    return await hub.read(run)


def _models(library: Library) -> ModelsOut:
    return ModelsOut(
        models=[
            ModelChoice(
                id=choice.id,
                name=readable(choice.name),
                note=choice.note,
                here=choice.here,
                active=choice.active,
                seen=choice.seen,
                size_mb=choice.size_mb,
            )
            for choice in models.choices(library)
        ]
    )
