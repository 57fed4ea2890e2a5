"""Jobs of every kind: paused in the middle, over a restart, or cancelled; what was there stays until they are done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from double_photos import double_photos

from indexer.duplicates.verify import Sensitivity
from safelight import duplicates_kept
from safelight.config import Settings
from safelight.errors import SafelightError
from safelight.indexing import index_paths
from safelight.jobs.board import Board, Report
from safelight.jobs.journal import Job, Journal, State
from safelight.jobs.kinds import kinds
from safelight.service import Library

MODEL = str(Path(__file__).resolve().parents[1] / "data" / "shapes-clip")
ARGUMENTS = {"rebuild": {}, "duplicates": {"sensitivity": "normal"}}
"""Of the kinds that are tried here; index and recover are in the tests of the helper, with runs that take longer."""


def ignore(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    double_photos(folder / "photos")
    with Library(Settings(model=MODEL, workers=1), folder / "home") as library:
        how = {"on_progress": ignore, "on_problem": ignore, "on_remark": ignore}
        index_paths(library, [str(folder / "photos")], stop=threading.Event(), **how)
    return folder / "home"


def board(home: Path, in_the_middle: Callable[[Board, str], object] | None = None) -> Board:
    """The helper's board; what is to be done in the middle is done once, when a job first tells how far it is."""

    def watched(start: Callable[[Job], Callable[[Report], dict[str, int]]]):
        def run(job: Job, report: Report) -> dict[str, int]:
            tell, waiting = report.progress, [in_the_middle]

            def progress(event):
                tell(event)
                if (deed := waiting.pop() if waiting else None) is not None:
                    deed(made, job.id)

            report.progress = progress
            return start(job)(report)

        return lambda job: lambda report: run(job, report)

    real = kinds(lambda model: Library(Settings(model=model or MODEL, workers=1), home, chroma_apart=True))
    made = Board(Journal(home), {kind: watched(start) for kind, start in real.items()})
    return made


def wait(board: Board, job_id: str, *states: State) -> Job:
    deadline = time.monotonic() + 300
    while (job := board.get(job_id)).state not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
    return job


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_a_pause_in_the_middle_lasts_over_a_restart(home, kind):
    first = board(home, lambda board, job_id: board.pause(job_id))
    job = first.start(kind, "x", ARGUMENTS[kind])
    assert wait(first, job.id, State.PAUSED, State.DONE).state is State.PAUSED
    assert duplicates_kept.read(home, Sensitivity.NORMAL) is None
    assert first.close(300)
    second = board(home)
    assert second.get(job.id).state is State.PAUSED
    second.resume(job.id)
    done = wait(second, job.id, State.DONE, State.FAILED)
    assert (done.state, done.error) == (State.DONE, "")
    assert second.close(300)
    if kind == "duplicates":
        look = duplicates_kept.read(home, Sensitivity.NORMAL)
        assert look is not None
        assert len(look.groups) == 5
        assert done.counts == {"groups": 4, "series": 1}
    with Library(Settings(model=MODEL), home) as library:
        assert len(library.search(["red"], limit=5, show_all=True).hits) == 5


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_one_that_is_cancelled_in_the_middle_is_over(home, kind):
    one = board(home, lambda board, job_id: board.cancel(job_id))
    job = one.start(kind, "x", ARGUMENTS[kind])
    ended = wait(one, job.id, State.CANCELLED, State.DONE)
    assert ended.state is State.CANCELLED
    assert ended.ended is not None
    assert one.resume(job.id).state is State.CANCELLED
    assert one.close(300)


def test_a_place_that_cannot_be_read_leaves_the_counts_of_the_others(home, tmp_path):
    bad = tmp_path / "bad.lrcat"
    bad.write_bytes(bytes(3000))
    made = board(home)
    job = made.start("index", "x", {"paths": [str(bad), str(home.parent / "photos")]})
    ended = wait(made, job.id, State.FAILED, State.DONE)
    assert (ended.state, "bad.lrcat" in ended.error) == (State.FAILED, True)
    assert ended.counts["unchanged"] > 0
    made.close(300)


def test_a_look_that_cannot_be_kept_says_so_as_it_cannot_be_shown(home):
    kept = home / duplicates_kept.FOLDER / f"{Sensitivity.STRICT}.jsonl"
    kept.mkdir(parents=True)
    made = board(home)
    ended = wait(made, made.start("duplicates", "x", {"sensitivity": "strict"}).id, State.FAILED, State.DONE)
    why = f"what was found cannot be kept to be shown: {kept} is a folder"
    assert ended.error == f"{why}; mend that, then look again"
    assert [path for path in kept.parent.iterdir() if path.suffix == ".tmp"] == []
    assert made.close(300)


def test_a_run_that_goes_on_does_not_remark_twice(tmp_path):
    paused = threading.Event()

    def run(report: Report) -> dict[str, int]:
        report.remark("the originals are away")
        if not paused.is_set():
            assert report.stop.wait(300)
            paused.set()
        return {}

    made = Board(Journal(tmp_path), {"index": lambda job: run})
    job = made.start("index", "Pictures", {})
    while made.get(job.id).remarks == []:
        time.sleep(0.01)
    made.pause(job.id)
    assert paused.wait(300)
    made.resume(job.id)
    while not made.get(job.id).state.is_over:
        time.sleep(0.01)
    assert made.get(job.id).remarks == ["the originals are away"]
    assert made.close(300)


def test_a_fault_says_where_it_was_in_the_log_and_a_problem_does_not(tmp_path, caplog):
    def run(report: Report) -> dict[str, int]:
        raise next(errors)

    errors = iter([ZeroDivisionError("division by zero"), SafelightError("the drive is away")])
    made = Board(Journal(tmp_path), {"index": lambda job: run})
    said = [wait(made, made.start("index", "x", {}).id, State.FAILED).error for _ in range(2)]
    assert said == [
        "a fault in Safelight (ZeroDivisionError: division by zero); please report it, with the log",
        "the drive is away",
    ]
    assert caplog.text.count("Traceback") == 1
    assert "ZeroDivisionError" in caplog.text
    assert made.close(300)
