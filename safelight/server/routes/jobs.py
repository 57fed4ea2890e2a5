"""Long work: what there is to start, how it stands, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import StreamingResponse

from safelight import places
from safelight.jobs.journal import Job
from safelight.server.cards import readable
from safelight.server.hub import Hub, TheHub
from safelight.server.routes.status import job_out
from safelight.server.shapes import JobId, JobIn, JobOut, JobsOut, PlaceOut, PlacesOut, ProblemsOut, UnreadOut

router = APIRouter(prefix="/api/v1", tags=["jobs"])

JobIdInPath = Annotated[JobId, Path()]

MOST_STREAMS = 32
_LOOK_EVERY_S = 0.2
_ALIVE_EVERY_S = 15.0


@router.get("/jobs")
async def jobs(hub: TheHub) -> JobsOut:
    """List the jobs, the newest first."""
    return JobsOut(jobs=[job_out(job) for job in hub.board.list()])


@router.post("/jobs", status_code=201)
async def start(asked: JobIn, hub: TheHub) -> JobOut:
    """Start a job. Places are named by the ids that /places gives; no path is ever taken from a request."""
    if asked.kind == "rebuild":
        return job_out(await asyncio.to_thread(hub.board.start, "rebuild", "all indexes", {}))
    if asked.kind == "duplicates":
        return job_out(await asyncio.to_thread(_look_for_duplicates, hub, asked.sensitivity))
    if asked.place is None:
        if asked.kind == "recover":
            raise HTTPException(422, "say which place to recover from: its id from /api/v1/places")
        everything: dict[str, Any] = {"paths": [], "retry": asked.retry}
        return job_out(await asyncio.to_thread(hub.board.start, "index", "everything indexed before", everything))
    place = await hub.read(lambda library: places.find(library.catalog, asked.place or ""))
    if place is None:
        raise HTTPException(404, f"there is no place {asked.place}; ask /api/v1/places again")
    if asked.kind == "index" and not place.indexable:
        raise HTTPException(409, f"{readable(place.name)} holds previews alone; index the .lrcat file beside it")
    arguments: dict[str, Any] = {"paths": [str(place.path)], "retry": asked.retry}
    if asked.kind == "recover":
        arguments["out"] = str(places.recovery_folder(place))
    return job_out(await asyncio.to_thread(hub.board.start, asked.kind, readable(place.name), arguments))


def _look_for_duplicates(hub: Hub, sensitivity: str) -> Job:
    """Start a look, or return the one that is not over: a second one would find the same."""
    arguments = {"sensitivity": sensitivity}
    known = (job for job in hub.board.list() if job.kind == "duplicates" and not job.state.is_over)
    same = next((job for job in known if job.arguments == arguments), None)
    return same or hub.board.start("duplicates", f"in the whole library, {sensitivity}", arguments)


@router.get("/jobs/{job_id}")
async def job(job_id: JobIdInPath, hub: TheHub) -> JobOut:
    """Tell how a job stands."""
    return job_out(hub.board.get(job_id))


@router.get("/jobs/{job_id}/problems")
async def job_problems(
    job_id: JobIdInPath,
    hub: TheHub,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ProblemsOut:
    """List what a job skipped or failed on, and why."""
    hub.board.get(job_id)
    found = await asyncio.to_thread(lambda: list(hub.board.journal.problems(job_id, offset, limit + 1)))
    unread = [
        UnreadOut(id=None, path=readable(p["path"]), state=p["outcome"], reason=readable(p["reason"])) for p in found
    ]
    return ProblemsOut(problems=unread[:limit], more=len(unread) > limit)


@router.post("/jobs/{job_id}/pause")
async def pause(job_id: JobIdInPath, hub: TheHub) -> JobOut:
    """Stop a job after the batch at hand, until it is resumed."""
    return job_out(await asyncio.to_thread(hub.board.pause, job_id))


@router.post("/jobs/{job_id}/resume")
async def resume(job_id: JobIdInPath, hub: TheHub) -> JobOut:
    """Go on with a paused job."""
    return job_out(await asyncio.to_thread(hub.board.resume, job_id))


@router.post("/jobs/{job_id}/cancel")
async def cancel(job_id: JobIdInPath, hub: TheHub) -> JobOut:
    """Stop a job for good; what it has done is kept."""
    return job_out(await asyncio.to_thread(hub.board.cancel, job_id))


@router.get("/places")
async def list_places(hub: TheHub) -> PlacesOut:
    """List what can be indexed: what was before, and what lies in the usual folders."""
    found = await hub.read(lambda library: places.places(library.catalog))
    return PlacesOut(
        places=[
            PlaceOut(
                id=place.id,
                name=readable(place.name),
                path=readable(str(place.path)),
                source=place.source,
                indexed=place.indexed,
                state=place.state,
                indexable=place.indexable,
                recoverable=place.recoverable,
            )
            for place in found
        ]
    )


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(hub: TheHub) -> StreamingResponse:
    """Send each job, as JSON, whenever it changes: `event: job`; `event: listed` once all that there are were sent."""
    if hub.streams >= MOST_STREAMS:
        raise HTTPException(503, "too many streams are open; close one, or ask /api/v1/jobs now and then")
    return StreamingResponse(_changes(hub), media_type="text/event-stream")


async def _changes(hub: Hub) -> AsyncIterator[str]:
    hub.streams += 1
    sent: dict[str, JobOut] = {}
    revision, silent_s = -1, 0.0
    try:
        yield "retry: 1000\n\n"
        while not hub.stopping.is_set():
            if hub.board.revision != revision:
                is_first, revision = revision < 0, hub.board.revision
                for job in reversed(hub.board.list()):
                    if sent.get(job.id) != (now := job_out(job)):
                        sent[job.id], silent_s = now, 0.0
                        yield f"event: job\ndata: {now.model_dump_json()}\n\n"
                if is_first:
                    yield "event: listed\ndata:\n\n"
            elif silent_s >= _ALIVE_EVERY_S:
                silent_s = 0.0
                yield ": alive\n\n"
            silent_s += _LOOK_EVERY_S
            await _wait(hub.stopping)
    finally:
        hub.streams -= 1


async def _wait(stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), _LOOK_EVERY_S)
    except TimeoutError:
        return
