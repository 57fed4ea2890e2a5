"""Searching and indexing through the helper: the answers are those that this process would find itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from indexer.events import OnProgress, Progress
from indexer.query import PHOTO_ID, Query, Term
from indexer.search import Answer, Hit, Place
from indexer.spellings import paths_of
from safelight.errors import SafelightError
from safelight.folders import folder_id
from safelight.helper_client import HelperClient
from safelight.jobs.journal import Journal, new_job
from safelight.reading import Wishes, pack_wishes

_LOOK_EVERY_S = 0.15


def search(
    client: HelperClient,
    query: Query,
    *,
    limit: int,
    show_all: bool = False,
    folder: Sequence[str] = (),
    **filters: Any,
) -> Answer:
    """Answer a query through the helper; see Library.find and Filters.

    Raises:
        HelperError: It cannot be answered.
        HelperGoneError: The helper has ended meanwhile.
        OSError: A picture cannot be read.
    """
    ids = [folder_id(path) for name in folder if _is_path(name) for path in _spellings(name)]
    asked = filters | {"folder": [name for name in folder if not _is_path(name)], "folder_id": ids}
    found = client.ask(
        "POST",
        "/api/v1/search",
        {
            "terms": [_term(client, term) for term in query.terms],
            "filters": {name: value for name, value in asked.items() if value is not None},
            "limit": min(limit, 1000),
            "show_all": show_all,
        },
    )
    nearest = found["nearest"]
    hits = tuple(_hit(hit) for hit in found["photos"])
    return Answer(hits, _hit(nearest) if nearest else None, None, found["reason"])


def index(
    client: HelperClient,
    home: Path,
    paths: Sequence[str],
    *,
    model: str | None,
    wishes: Wishes,
    retry: bool,
    stop: threading.Event,
    on_progress: OnProgress,
    on_problem: Callable[[str, str, str], None],
    on_remark: Callable[[str], None],
) -> dict[str, Any]:
    """Let the helper index, and watch; returns the job as it ended: one that failed has counts if others were read.

    Paths do not go over the wire: they are put into the data folder, and the helper is told that there is something.

    Args:
        stop: Once set, the job is cancelled after the batch at hand.

    Raises:
        SafelightError: The job failed.
        HelperGoneError: The helper has ended meanwhile; the job goes on when it is back.

    Writes: jobs/ in our own data folder.
    """
    absolute = [str(Path(path).expanduser().absolute()) for path in paths]
    title = ", ".join(Path(path).name for path in absolute) or "everything indexed before"
    job = new_job("index", title, {"paths": absolute, "model": model, "retry": retry, "wishes": pack_wishes(wishes)})
    Journal(home).save(job)
    now = client.ask("POST", f"/api/v1/jobs/{job.id}/resume")
    remarks = problems = 0
    while True:
        for line in now["remarks"][remarks:]:
            on_remark(line)
        remarks = len(now["remarks"])
        problems += _tell_problems(client, job.id, problems, on_problem)
        if now["stage"]:
            on_progress(Progress(now["stage"], now["done"], now["total"], now["total_final"]))
        if now["ended"] is not None:
            break
        if stop.is_set() and now["state"] in ("queued", "running"):
            client.ask("POST", f"/api/v1/jobs/{job.id}/cancel")
        time.sleep(_LOOK_EVERY_S)
        now = client.ask("GET", f"/api/v1/jobs/{job.id}")
    if now["state"] == "failed" and not now["counts"]:
        raise SafelightError(now["error"])
    return now


def _tell_problems(client: HelperClient, job_id: str, told: int, on_problem: Callable[[str, str, str], None]) -> int:
    page = client.ask("GET", f"/api/v1/jobs/{job_id}/problems?limit=1000&offset={told}")["problems"]
    for problem in page:
        on_problem(problem["path"], problem["state"], problem["reason"])
    return len(page)


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name in (".", "..", "~")


def _spellings(name: str) -> set[bytes]:
    given = Path(name).expanduser()
    # As it was typed, too: a catalog that comes from Windows has D:/Photos.
    return {os.path.normpath(path) for path in (os.fsencode(name), *paths_of(given))}


def _term(client: HelperClient, term: Term) -> dict[str, Any]:
    """Write a term for the helper; a picture's file is read here and sent."""
    if not term.is_picture:
        return {"text": term.value, "weight": term.weight}
    path = Path(term.value).expanduser()
    if PHOTO_ID.fullmatch(term.value) and not path.exists():
        return {"picture": term.value.lower(), "weight": term.weight}
    return {"picture": upload(client, path), "weight": term.weight}


def upload(client: HelperClient, path: Path) -> str:
    """Send a picture; returns the name that the helper has for it."""
    if path.is_dir():
        raise SafelightError(f"{path} is a folder; give a picture's path, or a photo's id")
    if not path.is_file():
        raise SafelightError(f"there is no file {path}; give a picture's path, or a photo's id")
    kind = "application/octet-stream"
    return client.ask("POST", "/api/v1/search/image?limit=1", path.read_bytes(), content_type=kind)["upload"]


def _hit(found: dict[str, Any]) -> Hit:
    others = tuple(_place(other) for other in found["also_at"])
    return Hit(_place(found), others, found["taken_at"], found["score"], found["clarity"])


def _place(found: dict[str, Any]) -> Place:
    uri: str | None = found["uri"]
    path = Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path))) if uri else None
    return Place(found["id"], path, found["name"], found["source"], Path(), found["state"])
