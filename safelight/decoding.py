"""Pictures decoded on request, one at a time for each decoder process, the latest request first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import replace

from indexer.decoders import Decoded, DecoderPool, Job
from indexer.preprocess import PixelSpec

_IDLE_S = 60.0
_TIMEOUT_S = 30.0


class Decoding:
    """Decoder processes for those who wait. All methods are for any thread.

    Who scrolls wants what is on the screen now, so the latest request is served first.
    """

    def __init__(self, spec: PixelSpec, workers: int) -> None:
        """Prepare; processes are started when there is work, and end when there has been none for a minute.

        Args:
            spec: How a model wants its pixels; for jobs that do not say how large.
            workers: Processes.
        """
        self._spec = spec
        self._wanted: list[tuple[Job, Future[Decoded]]] = []
        self._queued = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"decoding-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> Future[Decoded]:
        """Queue a job; a file that gives no picture is an answer, too."""
        answer: Future[Decoded] = Future()
        with self._queued:
            self._wanted.append((job, answer))
            self._queued.notify()
        return answer

    def close(self) -> None:
        """Drop what is queued, and end the processes once what they do is done."""
        with self._queued:
            self._closed = True
            dropped, self._wanted = self._wanted, []
            self._queued.notify_all()
        for _, answer in dropped:
            answer.cancel()

    def join(self, timeout_s: float) -> bool:
        """Wait until the processes have ended, and tell whether they have; call close() first."""
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        while self._wait_for_work(None):
            with DecoderPool(self._spec, workers=1, timeout_s=_TIMEOUT_S) as pool:
                while self._wait_for_work(_IDLE_S):
                    self._do_one(pool)

    def _wait_for_work(self, timeout_s: float | None) -> bool:
        with self._queued:
            self._queued.wait_for(lambda: self._closed or self._wanted, timeout_s)
            return bool(self._wanted) and not self._closed

    def _do_one(self, pool: DecoderPool) -> None:
        with self._queued:
            if not self._wanted:
                return  # another thread was faster
            job, answer = self._wanted.pop()
        if not answer.set_running_or_notify_cancel():
            return
        try:
            pool.submit(replace(job, ticket=0))
            (decoded,) = pool.results(wait=True)
            answer.set_result(decoded)
        except Exception as error:
            answer.set_exception(error)
