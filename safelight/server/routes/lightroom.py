"""What the Lightroom plug-in asks; each request by its name, as safelight.bridge answers it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from safelight.bridge import Bridge
from safelight.server import lightroom_shapes as shapes
from safelight.server.bodies import A_PICTURE
from safelight.server.cards import readable
from safelight.server.hub import Hub, TheHub
from safelight.server.routes.status import job_out
from safelight.server.shapes import JobOut, Name
from safelight.service import Library

router = APIRouter(prefix="/api/v1/lightroom", tags=["lightroom"])

Out = TypeVar("Out", bound=BaseModel)


async def _ask(hub: Hub, name: str, asked: BaseModel, out: type[Out], *, thinks: bool = False) -> Out:
    """Let the bridge answer, in a thread that has the library open; `thinks` where it may need the model."""
    given = asked.model_dump(exclude_none=True)

    def work(library: Library) -> dict[str, Any]:
        with Bridge(library) as bridge:
            return getattr(bridge, name)(given)

    return out.model_validate(await (hub.think(work) if thinks else hub.read(work)))


@router.post("/hello")
async def hello(asked: shapes.HelloIn, hub: TheHub) -> shapes.HelloOut:
    """Meet a plug-in."""
    return await _ask(hub, "hello", asked, shapes.HelloOut)


@router.post("/poll")
async def poll(asked: shapes.FromCatalog, hub: TheHub) -> shapes.PollOut:
    """Hand out queued actions."""
    return await _ask(hub, "poll", asked, shapes.PollOut)


@router.post("/report")
async def report(asked: shapes.ReportIn, hub: TheHub) -> shapes.Done:
    """Record how an action ended."""
    return await _ask(hub, "report", asked, shapes.Done)


@router.post("/upload")
async def upload(asked: shapes.UploadIn, hub: TheHub) -> shapes.UploadOut:
    """Take a piece of a list that is too long for one request."""
    return await _ask(hub, "upload", asked, shapes.UploadOut)


@router.post("/search")
async def search(asked: shapes.SearchIn, hub: TheHub) -> shapes.SearchOut:
    """Find photos of the catalog."""
    return await _ask(hub, "search", asked, shapes.SearchOut, thinks=True)


@router.post("/index", status_code=201)
async def index(asked: shapes.FromCatalog, hub: TheHub) -> JobOut:
    """Start to index the catalog: where it is a known place, or where the user has said so outside of any request."""

    def work(library: Library) -> str:
        with Bridge(library) as bridge:
            return bridge.catalog_to_index(asked.model_dump())

    path = await hub.read(work)
    title = readable(Path(path).name)
    return job_out(await asyncio.to_thread(hub.board.start, "index", title, {"paths": [path], "retry": False}))


@router.post("/missing")
async def missing(asked: shapes.MissingIn, hub: TheHub) -> shapes.MissingOut:
    """Tell which photos are not indexed."""
    return await _ask(hub, "missing", asked, shapes.MissingOut)


@router.post("/thumbnail", openapi_extra=A_PICTURE)
async def thumbnail(
    request: Request,
    hub: TheHub,
    catalog: Annotated[shapes.CatalogId, Query()],
    uuid: Annotated[shapes.Uuid, Query()],
    name: Annotated[Name, Query()] = "photo",
) -> shapes.ThumbnailOut:
    """Take the JPEG of a photo that the helper cannot see; it stands for the photo in the index."""
    jpeg = await request.body()

    def work(library: Library) -> dict[str, Any]:
        vector = hub.uploads.embed(library, [jpeg])[0]
        with Bridge(library) as bridge:
            return bridge.thumbnail({"catalog": catalog, "uuid": uuid, "name": name}, jpeg, vector)

    return shapes.ThumbnailOut.model_validate(await hub.think(work))


@router.post("/keywords")
async def keywords(asked: shapes.KeywordsIn, hub: TheHub) -> shapes.KeywordsOut:
    """Suggest keywords."""
    return await _ask(hub, "keywords", asked, shapes.KeywordsOut, thinks=True)


@router.post("/duplicates")
async def duplicates(asked: shapes.DuplicatesIn, hub: TheHub) -> shapes.DuplicatesOut:
    """List the groups of near-duplicates; the first time this may take minutes."""
    given = asked.model_dump(exclude_none=True)

    def work(library: Library) -> dict[str, Any]:
        with Bridge(library, hub.ending) as bridge:
            return bridge.duplicates(given)

    return shapes.DuplicatesOut.model_validate(await hub.find(work))


@router.post("/decide")
async def decide(asked: shapes.DecideIn, hub: TheHub) -> shapes.Done:
    """Take a decision about near-duplicates."""
    return await _ask(hub, "decide", asked, shapes.Done)


@router.post("/propose_query")
async def propose_query(asked: shapes.ProposeQueryIn, hub: TheHub) -> shapes.ProposedOut:
    """Tell how a query would be saved; nothing lives by it yet."""
    return await _ask(hub, "propose_query", asked, shapes.ProposedOut)


@router.post("/save_query")
async def save_query(asked: shapes.SaveQueryIn, hub: TheHub) -> shapes.QueryOut:
    """Make or change a saved query that was proposed."""
    return await _ask(hub, "save_query", asked, shapes.QueryOut)


@router.post("/list_queries")
async def list_queries(asked: shapes.FromCatalog, hub: TheHub) -> shapes.QueriesOut:
    """List the saved queries."""
    return await _ask(hub, "list_queries", asked, shapes.QueriesOut)


@router.post("/restore_query")
async def restore_query(asked: shapes.RunIn, hub: TheHub) -> shapes.Done:
    """Let saved queries be as they were before a change that was cancelled."""
    return await _ask(hub, "restore_query", asked, shapes.Done)


@router.post("/difference")
async def difference(asked: shapes.DifferenceIn, hub: TheHub) -> shapes.DifferenceOut:
    """Tell what a living collection lacks, and what it has too much."""
    return await _ask(hub, "difference", asked, shapes.DifferenceOut, thinks=True)


@router.post("/journal_begin")
async def journal_begin(asked: shapes.JournalBeginIn, hub: TheHub) -> shapes.RunOut:
    """Open a run of changes."""
    return await _ask(hub, "journal_begin", asked, shapes.RunOut)


@router.post("/journal_add")
async def journal_add(asked: shapes.JournalAddIn, hub: TheHub) -> shapes.Done:
    """Write down changes before they are made."""
    return await _ask(hub, "journal_add", asked, shapes.Done)


@router.post("/journal_last")
async def journal_last(asked: shapes.JournalLastIn, hub: TheHub) -> shapes.JournalLastOut:
    """Return the last change that was not taken back."""
    return await _ask(hub, "journal_last", asked, shapes.JournalLastOut)


@router.post("/journal_undone")
async def journal_undone(asked: shapes.RunIn, hub: TheHub) -> shapes.Done:
    """Record that a run was taken back."""
    return await _ask(hub, "journal_undone", asked, shapes.Done)
