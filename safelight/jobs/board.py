"""The jobs of a running helper: one runs at a time, in a thread of its own; the others wait."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from indexer.events import Progress
from safelight.errors import SafelightError
from safelight.jobs.journal import Job, Journal, State, new_job, now

_SAVE_EVERY_S = 1.0
_log = logging.getLogger(__name__)


class NoSuchJobError(SafelightError):
    """No job has this id."""


class Report:
    """What a job tells while it runs; also how it learns that it is to stop."""

    def __init__(self, board: Board, job: Job) -> None:
        self._board, self.job = board, job
        self.stop = threading.Event()
        self.wanted: State | None = None  # what the job becomes once it has stopped; None: it goes on at the next start
        self._saved = 0.0

    def progress(self, event: Progress) -> None:
        """Take note of how far it is."""
        self.job.stage, self.job.done, self.job.total = event.stage, event.done, event.total
        self.job.total_final = event.total_final
        if time.monotonic() - self._saved > _SAVE_EVERY_S:
            self._saved = time.monotonic()
            self._board.journal.save(self.job)
        self._board.touch()

    def problem(self, path: str, outcome: str, reason: str) -> None:
        """Keep a photo that was skipped or failed."""
        self._board.journal.add_problem(self.job.id, {"path": path, "outcome": outcome, "reason": reason})

    def remark(self, line: str) -> None:
        """Keep a line for people."""
        self.job.remarks.append(line)
        self._board.touch()


Run = Callable[[Report], dict[str, int]]
"""Does a job, looking at report.stop; returns how it ended for how many photos."""


class Board:
    """Starts, lists and stops jobs. All methods are for any thread."""

    def __init__(self, journal: Journal, kinds: dict[str, Callable[[Job], Run]]) -> None:
        """Take up the jobs that were not over when the last helper ended, however it ended.

        Args:
            kinds: How to do each kind of job.

        Writes: jobs/ in our own data folder.
        """
        self.journal = journal
        self.revision = 0
        self._kinds = kinds
        self._lock = threading.RLock()
        self._closed = False
        self._running: Report | None = None
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        journal.sweep()
        self._jobs = {job.id: job for job in journal.load_all()}
        for job in self._jobs.values():
            if job.state in (State.QUEUED, State.RUNNING):
                self._put(job)
        self._thread = threading.Thread(target=self._serve, name="jobs", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Tell those who watch that something has changed."""
        self.revision += 1

    def start(self, kind: str, title: str, arguments: dict[str, Any]) -> Job:
        """Queue a new job.

        Writes: jobs/ in our own data folder.
        """
        job = new_job(kind, title, arguments)
        with self._lock:
            self._jobs[job.id] = job
            self._put(job)
            return replace(job)

    def list(self) -> list[Job]:
        """List the jobs, the newest first."""
        with self._lock:
            return [replace(job) for job in reversed(self._jobs.values())]

    def get(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            NoSuchJobError: There is none.
        """
        with self._lock:
            return replace(self._find(job_id))

    def pause(self, job_id: str) -> Job:
        """Stop a job after the batch at hand, until it is resumed; over a restart, too."""
        return self._end(job_id, State.PAUSED)

    def cancel(self, job_id: str) -> Job:
        """Stop a job after the batch at hand, for good; what it has done is kept."""
        return self._end(job_id, State.CANCELLED)

    def resume(self, job_id: str) -> Job:
        """Go on with a paused job, or take up one that another process has put into the journal."""
        with self._lock:
            if job_id not in self._jobs and (found := self.journal.load(job_id)) is not None:
                self._jobs[job_id] = found
                if found.state is State.QUEUED:
                    self._put(found)
            job = self._find(job_id)
            if job.state is State.PAUSED:
                self._put(job)
            elif self._running and self._running.job is job and self._running.wanted is State.PAUSED:
                self._running.wanted = State.QUEUED  # it is still stopping
            return replace(job)

    def close(self, timeout_s: float) -> bool:
        """Stop the job at hand; it goes on at the next start. Tells whether it has stopped in time."""
        with self._lock:
            self._closed = True
            if self._running:
                self._running.stop.set()
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _find(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise NoSuchJobError(f"there is no job {job_id}")
        return self._jobs[job_id]

    def _put(self, job: Job) -> None:
        self._set(job, State.QUEUED)
        self._queue.put(job.id)

    def _set(self, job: Job, state: State, **changes: Any) -> None:
        job.state = state
        for name, value in changes.items():
            setattr(job, name, value)
        self.journal.save(job)
        self.touch()

    def _end(self, job_id: str, state: State) -> Job:
        with self._lock:
            job = self._find(job_id)
            if self._running and self._running.job is job:
                self._running.wanted = state
                self._running.stop.set()
            elif not job.state.is_over:
                self._set(job, state, ended=now() if state.is_over else None)
            return replace(job)

    # In the thread

    def _serve(self) -> None:
        while (job_id := self._queue.get()) is not None:
            with self._lock:
                job = self._jobs[job_id]
                if self._closed or job.state is not State.QUEUED:  # paused or cancelled while it waited
                    continue
                report = self._running = Report(self, job)
                # What a run that was broken off remarked this one will say again.
                self._set(job, State.RUNNING, started=job.started or now(), error="", remarks=[])
            self._run(report)

    def _run(self, report: Report) -> None:
        job = report.job
        state, changes = State.DONE, dict[str, Any]()
        try:
            changes["counts"] = self._kinds[job.kind](job)(report)
        except Exception as error:
            state, changes["error"] = State.FAILED, _line(error)
        with self._lock:
            self._running = None
            if report.stop.is_set() and state is not State.FAILED:
                # Not asked to pause or cancel: the helper ends, and the job goes on when it is back.
                state = report.wanted or State.QUEUED
            self._set(job, state, ended=now() if state.is_over else None, **changes)
            if state is State.QUEUED and not self._closed:
                self._queue.put(job.id)


def _line(error: Exception) -> str:
    """Say in one line what went wrong; of a fault of ours its kind, and the log gets where it was."""
    from importers.base import ImporterError
    from indexer.errors import IndexerError

    if isinstance(error, ImporterError | IndexerError | SafelightError):
        return str(error)
    _log.error("a job ended in a fault", exc_info=error)
    return f"a fault in Safelight ({type(error).__name__}: {error}); please report it, with the log"
