"""Decoder processes: one a core, fed ahead, each file answered exactly once whatever it does to its decoder.

Pictures come from strangers and are parsed by C libraries, so they are parsed in processes that may die: a crash costs
a process, a hang is ended by the clock, and only the file at hand is blamed. (Seen: one changed byte in a HEIC ends
pi_heif 1.4.0, and the process that it runs in, with a segmentation fault.) The processes are started fresh, never
forked from this one, which has threads; and they end by themselves when this one is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import IO

from importers.images import MAX_PIXELS
from indexer.cores import cores
from indexer.decode_worker import Decoded, Job, Problem, unpack
from indexer.errors import IndexerError
from indexer.frames import pair, receive, send
from indexer.preprocess import PixelSpec

__all__ = ["Decoded", "DecoderPool", "Job", "Problem"]

TIMEOUT_S = 60.0
MEMORY_BYTES = 4 << 30
_START_TIMEOUT_S = 60.0
_START_ATTEMPTS = 3
_IN_FLIGHT = 2  # one at work, one on its doorstep
_MOMENT_S = 0.5  # how long answers that are there lie at the most, for others to be taken with them
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # For glibc, bytes: memory of one picture is kept for the next. As it comes, it may hand back what lies free at the
    # end of its heap after each picture, and fetch it for the next one: 300 to 500 page faults for one of 1 MP or less.
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}
_NONSENSE = (ValueError, KeyError, TypeError, MemoryError)  # what unpacking an answer that is none ends in
_ATTEMPTS = 2  # a file is blamed when it ends two decoders: one may have been killed by someone else


@dataclass(slots=True)
class _Attempts:
    """A job, and how many decoders it has been in the hands of when they died."""

    job: Job
    count: int = 0


class DecoderPool:
    """Decoder processes with one queue in and one out. All methods but `wake` are for one thread."""

    def __init__(
        self,
        spec: PixelSpec,
        workers: int | None = None,
        *,
        ahead: int = 64,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int = MEMORY_BYTES,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Prepare; processes are started as files come, so that a run that reads nothing starts none.

        Args:
            spec: How the model wants its pixels.
            workers: Processes; by default one for each core that this process may use.
            ahead: Answers that may lie waiting; what bounds memory.
            timeout_s: Seconds that a file may take.
            memory_bytes: Address space of each process, where the system enforces it.
            max_pixels: Larger pictures are skipped.
        """
        self._workers = workers or cores()
        self._capacity = ahead + _IN_FLIGHT * self._workers
        self._timeout_s = timeout_s
        limits = {"memory_bytes": memory_bytes, "max_pixels": max_pixels, "timeout_s": timeout_s}
        self._settings = json.dumps({"spec": asdict(spec), **limits})
        self._jobs: queue.SimpleQueue[_Attempts | None] = queue.SimpleQueue()
        self._news = threading.Condition()  # guards the next four
        self._answers: list[Decoded] = []
        self._enough = 0  # answers that are waited for
        self._failure: IndexerError | None = None
        self._is_woken = False
        self._outstanding = 0
        self._closed = threading.Event()
        self._processes: dict[int, _Process] = {}
        self._threads: list[threading.Thread] = []

    @property
    def full(self) -> bool:
        """Whether so much is under way that results should be taken before more is submitted."""
        return self._outstanding >= self._capacity

    @property
    def outstanding(self) -> int:
        """Jobs submitted whose results have not been taken."""
        return self._outstanding

    @property
    def process_ids(self) -> list[int]:
        """The decoders that take jobs now."""
        return [process.pid for process in list(self._processes.values()) if process.is_ready]

    def submit(self, job: Job) -> None:
        """Queue a photo. Never waits: ask `full` first. Its paths are relative to the folder the pool was made in."""
        if self._closed.is_set():
            raise IndexerError("the decoders are closed")
        self._outstanding += 1
        self._jobs.put(_Attempts(job))
        if len(self._threads) < min(self._workers, self._outstanding):
            number = len(self._threads)
            self._threads.append(
                threading.Thread(target=self._serve, args=(number,), name=f"decoder-{number}", daemon=True)
            )
            self._threads[-1].start()

    def results(self, *, wait: bool = False, at_least: int = 1) -> list[Decoded]:
        """Take the answers that are there, in the order in which they came.

        Args:
            wait: Wait for one, if anything is under way, or until `wake`.
            at_least: How many to wait for, fewer where fewer are under way; but not for long where there is one.

        Raises:
            IndexerError: The decoder processes cannot be started.
        """
        with self._news:
            if wait and not self._wait(at_least, _MOMENT_S):
                self._wait(1)
            taken, self._answers, self._is_woken = self._answers, [], False
            if self._failure is not None:
                raise self._failure
        self._outstanding -= len(taken)
        return taken

    def _wait(self, answers: int, seconds: float | None = None) -> bool:
        """Wait for so many answers, or for other news; tells whether they came in time."""
        self._enough = min(answers, self._outstanding)
        return self._news.wait_for(self._is_enough, seconds)

    def _is_enough(self) -> bool:
        return len(self._answers) >= self._enough or self._is_woken or self._failure is not None

    def wake(self) -> None:
        """End the wait for results, or the next one: something else has happened. May be called from any thread."""
        with self._news:
            self._is_woken = True
            self._news.notify()

    def close(self) -> None:
        """End the processes, whatever they are doing; they hold nothing that could be lost."""
        self._closed.set()
        for _ in self._threads:
            self._jobs.put(None)
        for process in list(self._processes.values()):
            process.kill()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> DecoderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # One thread for each process

    def _serve(self, number: int) -> None:
        """Feed one process and take its answers, which come in the order of the jobs; replace it when it dies."""
        flight: deque[_Attempts] = deque()
        try:
            process = self._start(number)
            while not self._closed.is_set():
                self._fill(process, flight)
                if not flight:
                    return
                try:
                    answer = process.answer(self._timeout_s)
                except (EOFError, OSError, TimeoutError, *_NONSENSE) as death:
                    process.discard()
                    if self._closed.is_set():
                        return
                    self._blame(flight, process, death)
                    process = self._start(number)
                    process.send_all(flight)
                else:
                    flight.popleft()
                    self._answer(answer)
        except IndexerError as error:
            with self._news:
                self._failure = error
                self._news.notify()
        finally:
            if number in self._processes:
                self._processes.pop(number).discard()

    def _fill(self, process: _Process, flight: deque[_Attempts]) -> None:
        """Wait for a job where there is none, and take a second one if there is one."""
        while len(flight) < _IN_FLIGHT:
            try:
                job = self._jobs.get(block=not flight)
            except queue.Empty:
                return
            if job is None:
                self._jobs.put(None)  # for the thread's next look
                return
            flight.append(job)
            process.send_all([job])

    def _blame(self, flight: deque[_Attempts], process: _Process, death: Exception) -> None:
        """Answer the job at the head, which alone was being worked on, if it was the reason."""
        head = flight[0]
        head.count += 1
        if isinstance(death, TimeoutError):
            reason = f"reading it took longer than {self._timeout_s:g} seconds"
        elif head.count < _ATTEMPTS:
            return
        else:
            reason = f"the file makes its decoder crash ({process.last_words()})"
        flight.popleft()
        self._answer(Decoded(head.job.ticket, Problem("failed", reason)))

    def _answer(self, answer: Decoded) -> None:
        with self._news:
            self._answers.append(answer)
            if len(self._answers) >= self._enough:
                self._news.notify()

    def _start(self, number: int) -> _Process:
        """Start a process; what fails is tried again, as the system may only be short of memory just now."""
        for _ in range(_START_ATTEMPTS - 1):
            with suppress(IndexerError):
                return self._start_once(number)
        return self._start_once(number)

    def _start_once(self, number: int) -> _Process:
        try:
            process = _Process(self._settings)
        except OSError as error:  # no memory for it, or no handles
            raise IndexerError(f"a decoder process cannot be started: {error}") from error
        self._processes[number] = process
        if self._closed.is_set():  # close() may have looked before we were listed
            process.kill()
        try:
            process.wait_until_ready()
        except IndexerError:
            process.discard()
            raise
        return process


class _Process:
    """One decoder process and our end of the socket to it."""

    def __init__(self, settings: str) -> None:
        ours, theirs = pair()
        self._connection = ours
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in discard()
        with theirs:
            self._process = subprocess.Popen(
                # -P: a picture folder that happens to hold a json.py must not be imported from.
                [sys.executable, "-P", "-m", "indexer.decode_worker", str(theirs.fileno()), settings],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                env=os.environ | _ENVIRONMENT,
                process_group=0,  # Ctrl-C in the terminal is ours alone
            )
        self.pid = self._process.pid
        self.is_ready = False

    def wait_until_ready(self) -> None:
        """Wait until it takes jobs.

        Raises:
            IndexerError: It cannot be started.
        """
        with suppress(EOFError, OSError):
            self._connection.settimeout(_START_TIMEOUT_S)
            self.is_ready = receive(self._connection).header == b"ready"
        if self.is_ready:
            return
        self.kill()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), self.last_words())
        raise IndexerError(f"a decoder process cannot be started: {said}")

    def send_all(self, jobs: Iterable[_Attempts]) -> None:
        """Hand over jobs; a process that is dead shows when its answer is waited for."""
        with suppress(OSError):
            for attempts in jobs:
                send(self._connection, attempts.job.pack())

    def answer(self, timeout_s: float) -> Decoded:
        """Wait for the next answer.

        Raises:
            TimeoutError: None came in time.
            EOFError: The process is dead.
            OSError: The process is dead.
        """
        self._connection.settimeout(timeout_s)
        return unpack(receive(self._connection))

    def kill(self) -> None:
        """End it now; harmless when it has ended, and from any thread."""
        self._process.kill()
        self._process.wait()

    def discard(self) -> None:
        """End it and let go of what we hold of it."""
        self.kill()
        self._connection.close()
        self._stderr.close()

    def last_words(self) -> str:
        """Name what ended it."""
        code = self._process.wait()
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"exit code {code}"
