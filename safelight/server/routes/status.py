"""How the helper stands, and how to end it."""

from __future__ import annotations

from fastapi import APIRouter

from safelight.jobs.journal import Job
from safelight.server.cards import readable
from safelight.server.discovery import API_VERSION
from safelight.server.hub import Hub, TheHub
from safelight.server.shapes import JobOut, ModelOut, PhotoCounts, StatusOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1", tags=["helper"])

_DIFFERENT = "SELECT count(DISTINCT content_id) FROM photo WHERE state = 'indexed'"


@router.get("/status")
async def status(hub: TheHub) -> StatusOut:
    """Tell the version, what is indexed, and what is at work."""
    photos, model = await hub.read(lambda library: _counts(library, hub))
    return StatusOut(
        version=hub.version,
        api=API_VERSION,
        started=hub.started,
        summary=f"{photos.indexed:,} of {photos.total:,} photos indexed",
        photos=photos,
        model=model,
        jobs=[job_out(job) for job in hub.board.list() if not job.state.is_over],
    )


@router.post("/shutdown", status_code=202)
async def shutdown(hub: TheHub) -> dict[str, str]:
    """End the helper; a job that runs goes on at the next start."""
    hub.stop()
    return {"status": "stopping"}


def _counts(library: Library, hub: Hub) -> tuple[PhotoCounts, ModelOut]:
    db = library.catalog.db
    states = dict(db.execute("SELECT state, count(*) FROM photo GROUP BY state").fetchall())
    counts = {state: int(states.get(state, 0)) for state in ("indexed", "skipped", "failed", "missing")}
    name = library.model_name
    (seen,) = db.execute(
        "SELECT count(*) FROM embedding e JOIN model m ON m.id = e.model_id WHERE m.name = ?", (name,)
    ).fetchone()
    different = hub.grids.get("different", lambda: db.execute(_DIFFERENT).fetchone()[0])
    photos = PhotoCounts(total=sum(counts.values()), different=different, **counts)
    return photos, ModelOut(name=name, here=library.is_here(name), loaded=name in hub.room.loaded, seen=seen)


def job_out(job: Job) -> JobOut:
    """Write a job as the API gives it: without the paths that it was started with."""
    shown = {name: getattr(job, name) for name in JobOut.model_fields}
    shown |= {name: readable(shown[name]) for name in ("title", "stage", "error")}
    return JobOut.model_validate(shown | {"remarks": [readable(line) for line in job.remarks]})
