"""A few threads that answer requests, each with the library opened for itself: a catalog belongs to one thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from safelight.service import Library

T = TypeVar("T")

MOST_WAITING = 256


class TooBusyError(Exception):
    """More requests wait than can be answered soon."""


class Readers:
    """Threads with a queue. Submitting is for any thread."""

    def __init__(self, name: str, threads: int, open_library: Callable[[], Library]) -> None:
        """Start the threads; each opens its library when it gets its first work."""
        self._open_library = open_library
        self._work: queue.Queue[tuple[Callable[[Library], Any], Future[Any]] | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[Library], T]) -> Future[T]:
        """Queue work that gets a library.

        Raises:
            TooBusyError: Too much is queued already.
        """
        if self._work.qsize() >= MOST_WAITING:
            raise TooBusyError
        answer: Future[T] = Future()
        self._work.put((work, answer))
        return answer

    def close(self, timeout_s: float) -> bool:
        """Let the threads finish what they are doing, and close their libraries; tells whether they have, in time."""
        for _ in self._threads:
            self._work.put(None)
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        library: Library | None = None
        try:
            while (item := self._work.get()) is not None:
                work, answer = item
                if not answer.set_running_or_notify_cancel():
                    continue
                try:
                    library = library or self._open_library()
                    answer.set_result(work(library))
                except BaseException as error:
                    answer.set_exception(error)
                del item, work, answer  # what it holds is not kept until the next request
        finally:
            if library is not None:
                library.close()
