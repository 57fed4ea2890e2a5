"""A batch of work in a process of its own, forked from this one: all that it needs is in memory already.

Python runs one thread at a time, so threads cannot read, check and write photos on several cores. A fork starts within
a millisecond and nothing has to be handed to it; only results come back, through a pipe.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import pickle
import select
import signal
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import ClassVar, Generic, NoReturn, TypeVar

_T = TypeVar("_T")
_LENGTH = struct.Struct(">I")
_KEPT_BYTES = 16 * 1024 * 1024
"""Once a block so large is freed, glibc keeps smaller ones for the next picture; else each costs hundreds of faults."""
_PIPE_BYTES = 1024 * 1024  # room for what a child finds until somebody asks for it


def can_fork() -> bool:
    """Tell whether a fork is safe: where other threads are, a child may wait for a lock that nobody will let go."""
    return hasattr(os, "fork") and threading.active_count() == 1


class Shift(Generic[_T]):
    """A batch of work; its results come in order, as they are made."""

    def __init__(self, work: Iterable[_T]) -> None:
        """Start it: in a child where that is safe, otherwise here, whenever a result is asked for.

        Args:
            work: Makes a result a step. Only results leave it, and one exception, which ends it.
        """
        self._work = iter(work)
        self._child: _Child | None = _Child(self._work) if can_fork() else None

    def has_result(self) -> bool:
        """Tell whether a result, or the end, is there without waiting."""
        return self._child is None or self._child.has_message()

    def result(self) -> _T | None:
        """Wait for the next result; None at the end.

        Raises:
            Exception: What the work has raised.
        """
        if self._child is None:
            return next(self._work, None)
        message = self._child.message()
        if message is None:
            return None
        result, error = pickle.loads(message)
        if error is not None:
            raise error
        return result

    def stop(self) -> None:
        """End the work once the step at hand is done."""
        if self._child is not None:
            self._child.stop()


class _Child:
    """A forked process that sends what it makes until it is through, or until nobody listens any more."""

    _listening: ClassVar[set[int]] = set()
    """This process's ends of all pipes. A child closes them, or its siblings would not notice that we are gone."""

    def __init__(self, work: Iterator[object]) -> None:
        self._pipe, theirs = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # there is a limit to what one user may have
                fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._listening.add(self._pipe)
        self._pid = os.fork()
        if self._pid == 0:
            _be_the_child(work, theirs, self._listening)
        os.close(theirs)

    def has_message(self) -> bool:
        return bool(select.select([self._pipe], [], [], 0)[0])

    def message(self) -> bytes | None:
        head = self._read(_LENGTH.size)
        if head:
            return self._read(*_LENGTH.unpack(head))
        if status := self.stop():
            raise ChildProcessError(errno.ECHILD, f"a process of this run was ended ({status})")
        return None

    def stop(self) -> int:
        if self._pipe in self._listening:
            self._listening.discard(self._pipe)
            os.close(self._pipe)
            return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return 0

    def _read(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length and (part := os.read(self._pipe, length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts) if not length else b""


def _be_the_child(work: Iterator[object], pipe: int, others: set[int]) -> NoReturn:
    status = 1
    try:
        gc.disable()  # it would touch, and so copy, all that is shared with the parent
        bytes(_KEPT_BYTES)
        # Ctrl-C reaches every process of a terminal; whether to go on is the parent's to say.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for other in others:
            os.close(other)
        try:
            for result in work:
                _send(pipe, (result, None))
        except BrokenPipeError:
            raise
        except Exception as error:
            from traceback import format_exc  # seldom needed, and slow to import

            error.add_note(f"In the child:\n{format_exc()}")
            _send(pipe, (None, error))
        status = 0
    except BrokenPipeError:
        status = 0  # the parent has stopped, or is gone
    finally:
        os._exit(status)  # nothing of the parent's is flushed, closed or deleted


def _send(pipe: int, message: tuple[object, Exception | None]) -> None:
    data = memoryview(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
    data = memoryview(_LENGTH.pack(len(data)) + data)
    while data:
        data = data[os.write(pipe, data) :]
