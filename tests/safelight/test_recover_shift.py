"""Batches in child processes: results in order, errors handed over, nothing left behind when either side goes away."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest

from safelight.recover.shift import Shift


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    """Let this process fork, although one that shares a test run with others has a thread that hears of them."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def results(shift: Shift) -> list:
    found = []
    while (result := shift.result()) is not None:
        found.append(result)
    return found


def pids(count: int = 3) -> Iterator[int]:
    for _ in range(count):
        yield os.getpid()


def test_results_come_in_order_from_another_process():
    shifts = [Shift((number, os.getpid()) for number in range(start, start + 50)) for start in (0, 50)]
    found = [result for shift in shifts for result in results(shift)]
    assert [number for number, _ in found] == list(range(100))
    assert len({pid for _, pid in found} - {os.getpid()}) == 2


def test_results_that_no_pipe_holds_are_whole():
    assert [len(result) for result in results(Shift(bytes(size) for size in (1, 5_000_000, 0, 3)))] == [
        1,
        5_000_000,
        0,
        3,
    ]


def test_beside_other_threads_the_work_is_done_here(monkeypatch):
    monkeypatch.undo()
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        assert results(Shift(pids())) == [os.getpid()] * 3
    finally:
        over.set()
        other.join()


def test_an_error_is_raised_here_after_the_results_before_it():
    def work() -> Iterator[int]:
        yield 1
        raise OSError(28, "No space left on device", "/out/a.jpg")

    shift = Shift(work())
    assert shift.result() == 1
    with pytest.raises(OSError, match="No space left") as caught:
        shift.result()
    assert (caught.value.errno, caught.value.filename) == (28, "/out/a.jpg")
    assert any("in work" in note for note in caught.value.__notes__), "where it happened is told"


def test_a_child_that_is_killed_is_an_error_and_not_the_end():
    def work() -> Iterator[int]:
        yield os.getpid()
        time.sleep(60)

    shift = Shift(work())
    os.kill(shift.result(), signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        shift.result()


def test_a_shift_that_is_stopped_ends_with_the_step_at_hand(tmp_path):
    def work() -> Iterator[int]:
        for number in range(10_000):
            time.sleep(0.01)
            (tmp_path / str(number)).touch()
            yield number

    shift = Shift(work())
    assert shift.result() == 0
    started = time.monotonic()
    shift.stop()
    assert time.monotonic() - started < 50
    done = len(list(tmp_path.iterdir()))
    time.sleep(0.1)
    assert len(list(tmp_path.iterdir())) == done < 10_000
    shift.stop()


def test_ctrl_c_is_for_the_parent_to_hear():
    def work() -> Iterator[int]:
        yield os.getpid()
        time.sleep(0.2)
        yield 2

    shift = Shift(work())
    child = shift.result()
    os.kill(child, signal.SIGINT)
    os.kill(child, signal.SIGTERM)
    assert results(shift) == [2]


def test_children_end_soon_after_their_parent_is_killed():
    """All hold the pipe that is read here: it ends when the last of them does."""
    script = """
        import os, time
        from safelight.recover.shift import Shift
        def work():
            for number in range(10_000):
                time.sleep(0.01)
                yield number
        shifts = [Shift(work()) for _ in range(3)]
        os.write({pipe}, b"x")
        time.sleep(60)
    """
    ours, theirs = os.pipe()
    code = textwrap.dedent(script.format(pipe=theirs))
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=(theirs,))
    os.close(theirs)
    assert os.read(ours, 1) == b"x"
    process.kill()
    process.wait()
    started = time.monotonic()
    assert os.read(ours, 1) == b""
    assert time.monotonic() - started < 20
    os.close(ours)
