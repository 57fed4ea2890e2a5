"""What is known of each job, a file each in the data folder, so that it outlives the process."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

LETTERS = "23456789bcdfghjkmnpqrstvwxz"
JOB_ID = re.compile(rf"[{LETTERS}]{{12}}")
KEPT = 50
"""Jobs that are over and still listed."""


class State(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen by itself or on request."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(slots=True)
class Job:
    """Long work.

    Attributes:
        kind: "index", "rebuild", "recover" or "duplicates".
        title: For people: what it works on.
        arguments: What it was started with.
        stage: What is being done now, in a few words.
        counts: How it ended for how many photos, by outcome.
        remarks: What people should know.
        error: Why it failed, in one line; "".
        created: ISO 8601, UTC; so are the others.
    """

    id: str
    kind: str
    title: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    state: State = State.QUEUED
    stage: str = ""
    done: int = 0
    total: int = 0
    total_final: bool = False
    counts: dict[str, int] = field(default_factory=dict[str, int])
    remarks: list[str] = field(default_factory=list[str])
    error: str = ""
    created: str = ""
    started: str | None = None
    ended: str | None = None


def new_job(kind: str, title: str, arguments: dict[str, Any]) -> Job:
    """Make a job, queued, with an id that nobody can guess."""
    job_id = "".join(secrets.choice(LETTERS) for _ in range(12))
    return Job(job_id, kind, title, arguments, created=now())


def now() -> str:
    """Return the time as jobs record it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")  # two jobs never have the same


class Journal:
    """The folder of jobs. Any process may add one; the helper alone changes them."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "jobs"

    def save(self, job: Job) -> None:
        """Write a job as it stands, whole or not at all.

        Writes: jobs/ in our own data folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self.folder / f".{job.id}.{os.getpid()}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(job), file)  # paths that are not text stay ASCII, as JSON's escapes
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._file(job.id))

    def load(self, job_id: str) -> Job | None:
        """Read a job; None where there is none, or its file is damaged."""
        if not JOB_ID.fullmatch(job_id):
            return None
        try:
            stored = json.loads(self._file(job_id).read_text("utf-8"))
            known: dict[str, Any] = {f.name: stored[f.name] for f in fields(Job) if f.name in stored}
            known["state"] = State(known["state"])
            return Job(**known)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def load_all(self) -> list[Job]:
        """Read every job, the oldest first."""
        if not self.folder.is_dir():
            return []
        jobs = (self.load(path.stem) for path in self.folder.glob("*.json"))
        return sorted((job for job in jobs if job is not None), key=lambda job: job.created)

    def sweep(self) -> None:
        """Remove what writers that died left behind, and the oldest of the jobs that are over.

        Writes: jobs/ in our own data folder.
        """
        over = [job for job in self.load_all() if job.state.is_over]
        for job in over[:-KEPT]:
            for path in (self._file(job.id), self._problems(job.id)):
                path.unlink(missing_ok=True)
        for path in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                path.unlink()

    # What could not be read

    def add_problem(self, job_id: str, problem: dict[str, str]) -> None:
        """Keep a photo that a job skipped or failed on, and why.

        Writes: jobs/ in our own data folder.
        """
        with self._problems(job_id).open("a", encoding="ascii") as file:
            file.write(json.dumps(problem) + "\n")

    def problems(self, job_id: str, offset: int, limit: int) -> Iterator[dict[str, str]]:
        """Yield what a job skipped or failed on, in the order in which it met them."""
        with suppress(FileNotFoundError), self._problems(job_id).open(encoding="ascii") as file:
            for line in islice(file, offset, offset + limit):
                with suppress(ValueError):  # the last line of a process that was killed
                    yield json.loads(line)

    def _file(self, job_id: str) -> Path:
        return self.folder / f"{job_id}.json"

    def _problems(self, job_id: str) -> Path:
        return self.folder / f"{job_id}.problems"
