"""Batches in child processes: results in order, errors handed over, nothing left behind when either side goes away."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from safelight.recover.shift import Crew, Shift


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    """Let this process fork, although one that shares a test run with others has a thread that hears of them."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def results(shift: Shift) -> list:
    found = []
    while (result := shift.result()) is not None:
        found.append(result)
    return found


def numbers_and_pids(jobs: list[int]) -> Iterator[tuple[int, int]]:
    for number in jobs:
        yield number, os.getpid()


def test_results_come_in_order_from_other_processes_which_live_as_long_as_the_crew():
    with Crew(numbers_and_pids, 2) as crew:
        shifts = [crew.start(list(range(start, start + 50))) for start in range(0, 250, 50)]
        found = [result for shift in shifts for result in results(shift)]
    assert [number for number, _ in found] == list(range(250))
    assert len({pid for _, pid in found} - {os.getpid()}) == 2
    for _, pid in found:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # they have ended, and been waited for


def test_processes_end_by_themselves_once_there_is_no_more_to_do():
    with Crew(numbers_and_pids, 2) as crew:
        shifts = [crew.start([1, 2]), crew.start([3])]
        crew.finish()
        found = [result for shift in shifts for result in results(shift)]
        assert [number for number, _ in found] == [1, 2, 3]
        for pid in {pid for _, pid in found}:
            assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == 0


def test_a_process_that_is_idle_is_given_the_next_batch():
    with Crew(numbers_and_pids, 8) as crew:
        found = [result for start in range(5) for result in results(crew.start([start]))]
    assert len({pid for _, pid in found}) == 1


def when_it_may(jobs: list[str]) -> Iterator[str]:
    for job in jobs:
        if job == "bad":
            raise ValueError(job)
        while job and Path(job).exists():
            time.sleep(0.001)
        yield job


def test_who_is_through_is_given_more_while_another_is_at_its_first(tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    with Crew(when_it_may, 2) as crew:
        shifts = [crew.start([str(gate)], 1)]
        for number in range(8):
            crew.wait_for_room(2)
            shifts.append(crew.start([f"/none/{number}"]))
        assert not shifts[0].has_result()
        gate.unlink()
        assert [results(shift)[0] for shift in shifts[1:]] == [f"/none/{number}" for number in range(8)]


@pytest.mark.parametrize("end", ["bad", "killed"])
def test_why_one_has_failed_is_told_by_the_batch_at_hand_and_no_room_is_waited_for(end):
    with Crew(when_it_may if end == "bad" else killed_at_its_work, 1) as crew:
        shifts = [crew.start(["bad"])]
        for _ in range(4):
            crew.wait_for_room(1)
            shifts.append(crew.start([]))
        with pytest.raises(ValueError if end == "bad" else ChildProcessError, match="bad" if end == "bad" else "ended"):
            results(shifts[0])


def killed_at_its_work(jobs: list[str]) -> Iterator[str]:
    yield from map(str, jobs[:0])
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("size", "expected", "forked"), [(8, 0, 1), (8, 2, 3), (2, 9, 2)])
def test_processes_for_the_batches_to_be_expected_are_forked_together(monkeypatch, size, expected, forked):
    forks = list[int]()
    fork = os.fork

    def counted() -> int:
        forks.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", counted)
    with Crew(numbers_and_pids, size) as crew:
        assert [number for number, _ in results(crew.start([1, 2], expected))] == [1, 2]
        assert len(forks) == forked


def test_the_results_of_one_process_belong_to_the_batch_that_they_are_of():
    with Crew(numbers_and_pids, 1) as crew:
        first, second, third = (crew.start(jobs) for jobs in ([1, 2], [], [3]))
        assert first.result()[0] == 1
        assert [second.has_result(), third.has_result()] == [False, False]
        assert [number for number, _ in results(third)] == [3]
        assert results(second) == []
        assert [number for number, _ in results(first)] == [2]
        assert [shift.result() for shift in (first, second, third)] == [None] * 3


def test_results_that_no_pipe_holds_are_whole():
    with Crew(lambda sizes: map(bytes, sizes), 1) as crew:
        assert [len(result) for result in results(crew.start([1, 5_000_000, 0, 3]))] == [1, 5_000_000, 0, 3]


def test_results_do_not_wait_for_a_step_that_takes_long(tmp_path):
    def work(jobs: list[str]) -> Iterator[int]:
        yield 1
        while not (tmp_path / "go on").exists():
            time.sleep(0.001)
        yield from range(2, 2000)

    with Crew(work, 1) as crew:
        shift = crew.start(["x"])
        assert shift.result() == 1
        (tmp_path / "go on").touch()
        assert results(shift) == list(range(2, 2000))


def test_jobs_and_results_that_no_pipe_holds_do_not_wait_for_each_other():
    large = b"x" * 5_000_000
    with Crew(iter, 1) as crew:
        shifts = [crew.start([large, large]) for _ in range(3)]
        assert all(results(shift) == [large, large] for shift in shifts)


def test_beside_other_threads_the_work_is_done_here(monkeypatch):
    monkeypatch.undo()
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        with Crew(numbers_and_pids, 3) as crew:
            assert results(crew.start([1, 2])) == [(1, os.getpid()), (2, os.getpid())]
    finally:
        over.set()
        other.join()


def test_an_error_is_raised_here_after_the_results_before_it():
    def work(jobs: list[int]) -> Iterator[int]:
        yield from jobs
        raise OSError(28, "No space left on device", "/out/a.jpg")

    with Crew(work, 1) as crew:
        shift = crew.start([1])
        assert shift.result() == 1
        with pytest.raises(OSError, match="No space left") as caught:
            shift.result()
    assert (caught.value.errno, caught.value.filename) == (28, "/out/a.jpg")
    assert any("in work" in note for note in caught.value.__notes__), "where it happened is told"


def test_a_child_that_is_killed_is_an_error_and_not_the_end():
    def work(jobs: list[int]) -> Iterator[int]:
        yield os.getpid()
        time.sleep(60)

    with Crew(work, 1) as crew:
        shift = crew.start([0])
        os.kill(shift.result(), signal.SIGKILL)
        with pytest.raises(ChildProcessError, match="ended"):
            shift.result()


def test_a_child_that_is_killed_while_it_is_given_work_is_an_error():
    with Crew(numbers_and_pids, 1) as crew:
        os.kill(crew.start([1]).result()[1], signal.SIGKILL)
        with pytest.raises(ChildProcessError, match="ended"):
            for _ in range(100):
                crew.start([b"x" * 1_000_000]).result()


def test_a_crew_that_is_stopped_ends_with_the_step_at_hand(tmp_path):
    def work(jobs: list[int]) -> Iterator[int]:
        for number in range(10_000):
            time.sleep(0.01)
            (tmp_path / str(number)).touch()
            yield number

    with Crew(work, 1) as crew:
        shift = crew.start([0])
        crew.start([0])
        assert shift.result() == 0
        started = time.monotonic()
    assert time.monotonic() - started < 50
    done = len(list(tmp_path.iterdir()))
    time.sleep(0.1)
    assert len(list(tmp_path.iterdir())) == done < 10_000
    crew.stop()


def test_ctrl_c_is_for_the_parent_to_hear():
    def work(jobs: list[int]) -> Iterator[int]:
        yield os.getpid()
        time.sleep(0.2)
        yield 2

    with Crew(work, 1) as crew:
        shift = crew.start([0])
        child = shift.result()
        os.kill(child, signal.SIGINT)
        os.kill(child, signal.SIGTERM)
        assert results(shift) == [2]


def test_ctrl_c_in_a_child_that_has_just_been_forked_does_not_make_it_a_second_parent():
    """It would go through the parent's own end: commit to its ledger, and remove the ledger's log."""
    script = """
        import os, signal
        from safelight.recover.shift import Crew
        fork, parent = os.fork, os.getpid()
        def struck():
            pid = fork()
            if pid == 0:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000):
                    pass  # somewhere in here Python would notice
            return pid
        os.fork = struck
        try:
            with Crew(iter, 1) as crew:
                print(crew.start([1]).result())
        finally:
            os.write(1, b"" if os.getpid() == parent else b"a second parent")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)


def test_ctrl_c_reaches_this_process_after_a_fork_as_before():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with Crew(numbers_and_pids, 1) as crew:
        crew.start([1])
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_children_of_a_process_that_was_started_to_ignore_theirs_can_be_waited_for():
    """A shell's `trap '' CHLD` stays in what it starts: the system forgets a child as soon as it ends."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with Crew(numbers_and_pids, 2) as crew:
            shifts = [crew.start([number]) for number in range(4)]
            assert [number for shift in shifts for number, _ in results(shift)] == [0, 1, 2, 3]
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("there_may_be", [0, 1])
def test_where_no_more_processes_may_be_those_that_are_there_do_the_work(monkeypatch, there_may_be):
    fork, forked = os.fork, []

    def limited() -> int:
        if len(forked) == there_may_be:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        forked.append(True)
        return fork()

    monkeypatch.setattr(os, "fork", limited)
    pipes = open_pipes()
    with Crew(numbers_and_pids, 3) as crew:
        shifts = [crew.start([number]) for number in range(4)]
        found = [result for shift in shifts for result in results(shift)]
    assert [number for number, _ in found] == [0, 1, 2, 3]
    assert len({pid for _, pid in found}) == 1
    assert ({pid for _, pid in found} == {os.getpid()}) is not bool(there_may_be)
    assert open_pipes() == pipes


def open_pipes() -> list[int]:
    """List this process's descriptors that are pipes."""
    found = []
    for descriptor in range(256):
        with suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                found.append(descriptor)
    return found


@pytest.mark.parametrize("is_idle", [False, True])
def test_children_end_soon_after_their_parent_is_killed(is_idle):
    """All hold the pipe that is read here: it ends when the last of them does."""
    script = """
        import os, time
        from safelight.recover.shift import Crew
        def work(jobs):
            for number in range({steps}):
                time.sleep(0.01)
                yield number
        crew = Crew(work, 3)
        shifts = [crew.start([0]) for _ in range(3)]
        for shift in shifts if {steps} == 1 else []:
            while shift.result() is not None:
                pass
        os.write({pipe}, b"x")
        time.sleep(60)
    """
    ours, theirs = os.pipe()
    code = textwrap.dedent(script.format(pipe=theirs, steps=1 if is_idle else 10_000))
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=(theirs,))
    os.close(theirs)
    assert os.read(ours, 1) == b"x"
    process.kill()
    process.wait()
    started = time.monotonic()
    assert os.read(ours, 1) == b""
    assert time.monotonic() - started < 20
    os.close(ours)
