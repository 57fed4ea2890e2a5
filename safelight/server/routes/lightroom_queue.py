"""What people want done in Lightroom, queued for its plug-in; and whether that is there to do it."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from fastapi import APIRouter

from safelight.bridge import Bridge
from safelight.bridge.matching import check
from safelight.server.cards import readable
from safelight.server.handing_over import question
from safelight.server.hub import TheHub
from safelight.server.lightroom_shapes import ActionOut, PluginOut, PushIn, QueueOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1/lightroom/queue", tags=["lightroom"])

_SHOWN = 10


@router.get("")
async def queue(hub: TheHub) -> QueueOut:
    """Tell which catalogs have our plug-in, whether it is there now, and what was queued lately."""

    def run(library: Library) -> QueueOut:
        with Bridge(library) as bridge:
            return _queue(bridge)

    return await hub.read(run)


@router.post("", status_code=201)
async def push(asked: PushIn, hub: TheHub) -> QueueOut:
    """Queue a collection of what a search finds; the plug-in makes it as soon as Lightroom runs."""

    def run(library: Library) -> QueueOut:
        made, rules = question(library.catalog, asked.search, smart=asked.smart)
        check(made)
        with Bridge(library) as bridge:
            bridge.push(asked.name, made, rules if asked.smart else None)
            return _queue(bridge)

    return await hub.read(run)


def _queue(bridge: Bridge) -> QueueOut:
    plugins = [
        PluginOut(name=readable(_name(plugin.path)), lightroom=readable(plugin.application), alive=plugin.alive)
        for plugin in bridge.actions.plugins()
    ]
    actions = [
        ActionOut(
            id=action.id,
            smart=action.kind == "smart",
            name=readable(str(action.payload["name"])),
            state=action.state,  # pyright: ignore[reportArgumentType]  # the database allows these four
            says=readable(action.says),
            queued=action.made_at,
        )
        for action in bridge.actions.list(_SHOWN)
    ]
    return QueueOut(plugins=plugins, actions=actions)


def _name(path: str) -> str:
    """Return the name of a catalog's file, as Lightroom on either system writes paths."""
    return PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
