"""What a job remarks is there once, however often it was stopped and gone on with."""

from __future__ import annotations

import time
from pathlib import Path

from safelight.jobs.board import Board, Report
from safelight.jobs.journal import Job, Journal, State


def wait(board: Board, job_id: str, state: State) -> Job:
    deadline = time.monotonic() + 300
    while (job := board.get(job_id)).state is not state:
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
    return job


def test_a_job_that_goes_on_after_a_pause_or_a_restart_remarks_once(tmp_path: Path):
    def work(report: Report) -> dict[str, int]:
        report.remark("the drive Photos is away")
        report.stop.wait(0 if goes_on else 600)
        return {}

    goes_on = False
    board = Board(Journal(tmp_path), {"index": lambda _: work})
    job = board.start("index", "x", {})
    wait(board, job.id, State.RUNNING)
    board.pause(job.id)
    wait(board, job.id, State.PAUSED)
    board.resume(job.id)
    wait(board, job.id, State.RUNNING)
    assert board.close(300)
    goes_on = True
    again = Board(Journal(tmp_path), {"index": lambda _: work})
    assert wait(again, job.id, State.DONE).remarks == ["the drive Photos is away"]
    assert again.close(300)
