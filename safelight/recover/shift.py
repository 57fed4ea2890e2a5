"""Work in processes of their own, forked from this one: all but the jobs is in their memory already.

Python runs one thread at a time, so threads cannot read, check and write photos on several cores. Processes live as
long as the run: a fork costs both sides a copy of each page that either of them touches, some milliseconds in all.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import marshal
import os
import select
import signal
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

_Batch = TypeVar("_Batch")
_T = TypeVar("_T")
_Message = tuple[list[Any], bytes | None]  # results, and what ended the work, pickled
_Work = Callable[[Any], Iterator[Any]]
_LENGTH = struct.Struct(">I")
_KEPT_BYTES = 16 * 1024 * 1024
"""Once a block so large is freed, glibc keeps smaller ones for the next picture; else each costs hundreds of faults."""
_PIPE_BYTES = 1024 * 1024
"""Room for what a child finds until somebody asks for it, and for a whole batch: who hands one over need not wait."""
_PAUSE_S = 0.03  # between two messages of a child
_FOR_THE_PARENT = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C reaches every process of a terminal; whether to go on is the parent's to say."""
_END: _Message = ([], None)


def can_fork() -> bool:
    """Tell whether a fork is safe: where other threads are, a child may wait for a lock that nobody will let go."""
    return hasattr(os, "fork") and threading.active_count() == 1


class Crew(Generic[_Batch, _T]):
    """Processes that do one batch of jobs after the other; a context manager, for one thread."""

    def __init__(self, work: Callable[[_Batch], Iterator[_T]], size: int) -> None:
        """Name the work; a process is forked when there is a batch for it.

        Args:
            work: Makes a result a step of some jobs. Only results leave it, and one exception, which ends the process.
                Jobs and results are plain values, such as marshal takes: nothing else crosses as fast.
            size: Processes at most; none where a fork is not safe: then results are made here, as they are asked for.
        """
        self._work = work
        self._size = size
        self._children: list[_Child] = []

    def __enter__(self) -> Crew[_Batch, _T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, batch: _Batch, expected: int = 0) -> Shift[_T]:
        """Give a batch to the process that has the fewest; results are to be taken in the order of the batches.

        Args:
            batch: Its jobs.
            expected: Batches that are likely to follow. Their processes are forked together with this one's: until the
                next fork, what this process touches is copied, and after it once more.
        """
        child = self._least_busy()
        if (child is None or child.shifts) and can_fork():
            wanted = len(self._children) + 1 + expected
            while len(self._children) < min(wanted, self._size):
                self._fork()
            child = self._least_busy()
        if child is None:
            return Shift(None, self._work(batch))
        shift: Shift[_T] = Shift(child, iter(()))
        child.give(batch, shift)
        return shift

    def wait_for_room(self, most: int) -> None:
        """Wait until a process has fewer batches than so many to do, or has failed; take in what all of them send."""
        while len(self._children) == self._size > 0 and all(
            len(child.shifts) >= most and not child.has_failed for child in self._children
        ):
            for child in _with_messages(self._children):
                child.take()

    def _least_busy(self) -> _Child | None:
        able = (child for child in self._children if not child.has_failed)
        return min(able, key=lambda child: len(child.shifts), default=None)

    def _fork(self) -> None:
        try:
            self._children.append(_Child(self._work))
        except OSError:  # this user may have no more processes or open files: those that are there have to do
            self._size = len(self._children)

    def finish(self) -> None:
        """Start no more: each process ends with its last batch, and not while there is nothing else to do."""
        for child in self._children:
            child.finish()

    def stop(self) -> None:
        """End the work once the steps at hand are done."""
        for child in self._children:
            child.dismiss()
        for child in self._children:
            child.wait()


class Shift(Generic[_T]):
    """A batch of work; its results come in order, as they are made."""

    def __init__(self, child: _Child | None, here: Iterator[_T]) -> None:
        self._child = child
        self._here = here
        self.found: deque[_T] = deque()
        self.end: _Message | None = None

    def has_result(self) -> bool:
        """Tell whether a result, or the end, is there without waiting."""
        if self._child is None or self.found or self.end:
            return True
        return self._child.shifts[0] is self and self._child.has_message()

    def result(self) -> _T | None:
        """Wait for the next result; None at the end.

        Raises:
            Exception: What the work has raised.
        """
        if self._child is None:
            return next(self._here, None)
        while not self.found and not self.end:
            self._child.take()
        if self.found:
            return self.found.popleft()
        if self.end and (error := self.end[1]) is not None:
            import pickle  # seldom needed, and slow to import

            raise pickle.loads(error)
        return None


class _Child:
    """A forked process that sends what it makes until there is no more to do, or nobody listens any more.

    Attributes:
        shifts: What it was given and has not done, in order.
        has_failed: Whether its work has raised something, or something has ended it: the batch at hand tells.
    """

    _ours: ClassVar[set[int]] = set()
    """This process's ends of all pipes. A child closes them, or its siblings would not notice that we are gone."""

    def __init__(self, work: _Work) -> None:
        self.shifts: deque[Shift[Any]] = deque()
        self.has_failed = False
        jobs, self._jobs = os.pipe()
        self._results, results = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            for pipe in (results, self._jobs):
                with suppress(OSError):  # there is a limit to what one user may have
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(self._jobs, False)
        self._open = {self._jobs, self._results}
        self._ours.update(self._open)
        self._exit_code: int | None = None
        # An exception in the child before it is at its work would have it go through all that the parent does at its
        # end: so these signals wait until the fork is over, and never reach the child.
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_PARENT)
            self._pid = os.fork()
            if self._pid == 0:
                _be_the_child(work, jobs, results, self._ours)
        except OSError:
            self.dismiss()
            raise
        finally:
            os.close(jobs)
            os.close(results)
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)

    def give(self, batch: Any, shift: Shift[Any]) -> None:
        """Hand over a batch; while it takes in no more, because nobody takes its results, take them."""
        self.shifts.append(shift)
        data = memoryview(_framed(batch))
        with suppress(BrokenPipeError):  # it has ended; take() tells why
            while data and not self.has_failed:
                has_results, has_room, _ = select.select([self._results], [self._jobs], [])
                if has_room:
                    data = data[os.write(self._jobs, data) :]
                elif has_results:
                    self.take()

    def fileno(self) -> int:
        """Return the pipe that its results come from."""
        return self._results

    def has_message(self) -> bool:
        """Tell whether it has sent something, or has ended."""
        return bool(_with_messages([self], 0))

    def take(self) -> None:
        """Wait for what it sends next, and give it to the batch that it belongs to."""
        message = _message(self._results)
        if message is None:
            self._end_all()
            return
        sent: _Message = marshal.loads(message)
        results, error = sent
        self.shifts[0].found.extend(results)
        if not results:
            self.has_failed = error is not None
            self.shifts.popleft().end = results, error

    def _end_all(self) -> None:
        """End all that it was given and had not done: it has ended itself before it was through."""
        import pickle  # seldom needed, and slow to import

        self.dismiss()
        self.has_failed = True
        error = ChildProcessError(errno.ECHILD, f"a process of this run was ended ({self.wait()})")
        while self.shifts:
            self.shifts.popleft().end = [], pickle.dumps(error)

    def finish(self) -> None:
        """Give it no more to do."""
        self._close(self._jobs)

    def dismiss(self) -> None:
        """Give it no more to do, and listen no more."""
        self._close(self._jobs, self._results)

    def _close(self, *pipes: int) -> None:
        for pipe in self._open.intersection(pipes):  # of one that is closed, the number may be another's by now
            self._open.discard(pipe)
            self._ours.discard(pipe)
            os.close(pipe)

    def wait(self) -> int:
        """Wait until it has ended; return its exit code, or 0 where the system has forgotten it."""
        if self._exit_code is None:
            try:
                self._exit_code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            except ChildProcessError:  # so it is where whoever started this process ignores SIGCHLD (`trap '' CHLD`)
                self._exit_code = 0
        return self._exit_code


def _with_messages(children: list[_Child], seconds: float | None = None) -> list[_Child]:
    """Wait until one of them has sent something, or has ended; return all of which that is true."""
    return select.select(children, [], [], seconds)[0]


def _be_the_child(work: _Work, jobs: int, results: int, others: set[int]) -> NoReturn:
    status = 1
    try:
        gc.freeze()  # to look through all that is shared with the parent would touch it, and so copy it
        bytes(_KEPT_BYTES)
        for other in others:
            os.close(other)
        try:
            while batch := _message(jobs):
                _work_through(work(marshal.loads(batch)), results)
        except BrokenPipeError:
            raise
        except Exception as error:
            import pickle  # seldom needed, and slow to import, as is the next one
            from traceback import format_exc

            error.add_note(f"In the child:\n{format_exc()}")
            _send(results, ([], pickle.dumps(error)))
        status = 0
    except BrokenPipeError:
        status = 0  # the parent has stopped, or is gone
    finally:
        os._exit(status)  # nothing of the parent's is flushed, closed or deleted


def _work_through(found: Iterator[Any], results: int) -> None:
    """Send what is found, some of it together where it comes fast: each message wakes the parent."""
    waiting: list[Any] = []
    sent = -_PAUSE_S
    try:
        for result in found:
            waiting.append(result)
            if (now := time.monotonic()) - sent >= _PAUSE_S:
                _send(results, (waiting, None))
                waiting, sent = [], now
    finally:
        if waiting:
            _send(results, (waiting, None))
    _send(results, _END)


def _send(pipe: int, message: _Message) -> None:
    data = memoryview(_framed(message))
    while data:
        data = data[os.write(pipe, data) :]


def _framed(what: Any) -> bytes:
    data = marshal.dumps(what)
    return _LENGTH.pack(len(data)) + data


def _message(pipe: int) -> bytes | None:
    """Read what was sent next; None where the other side has ended."""
    head = _read(pipe, _LENGTH.size)
    return _read(pipe, *_LENGTH.unpack(head)) or None if head else None


def _read(pipe: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length and (part := os.read(pipe, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts) if not length else b""
