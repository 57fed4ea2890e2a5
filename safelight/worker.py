"""The one thread that owns the model: everybody else queues, and who waits for an answer goes before a run."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.models.encoder import Encoder

Vectors = NDArray[np.float32]

MERGED_TEXTS = 64
"""Texts of several callers that go through the model in one call, at most."""
MERGED_PICTURES = 32
"""Likewise pictures, as many as a run has in a batch."""
PART = 8
"""Pictures of a run that go through the model in one call while somebody searches, so that they wait for less."""
_LATELY_S = 10.0
_TURNS_AHEAD = 4
"""Calls of those who wait that may overtake a batch of a run, so that an endless stream of searches starves none."""


@dataclass(slots=True)
class _Call:
    """What one caller wants embedded: texts, or pictures as uint8 (N, H, W, 3)."""

    items: list[str] | NDArray[np.uint8]
    answer: Future[Vectors] = field(default_factory=Future[Vectors])


class ModelThread:
    """Loads an encoder in a thread of its own and runs every call there; MLX arrays belong to one thread.

    Words that wait together are embedded together, and so are pictures that somebody waits for; both go before the
    batches of a run, so that a search waits for one batch at most.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        """Load the model.

        Raises:
            ModelError: The model cannot be loaded.
        """
        self._texts: deque[_Call] = deque()
        self._pictures: deque[_Call] = deque()  # that somebody waits for
        self._batches: deque[_Call] = deque()
        self._queued = threading.Condition()
        self._ahead = 0  # calls that have overtaken the batch that is next
        self._words_next = True
        self._asked_at = -_LATELY_S  # when somebody last waited for an answer
        self._closed = False
        loaded: Future[Encoder] = Future()
        self._thread = threading.Thread(target=self._serve, args=(load, loaded), name="model", daemon=True)
        self._thread.start()
        self.encoder = loaded.result()

    def embed_pixels(self, pixels: NDArray[np.uint8], *, waited_for: bool = False) -> Future[Vectors]:
        """Queue pictures: uint8 (N, H, W, 3) -> float32 (N, D), L2 norm 1; those that somebody waits for go first."""
        if waited_for:
            return self._put(self._pictures, _Call(pixels))
        size = PART if time.monotonic() - self._asked_at < _LATELY_S else max(1, len(pixels))
        parts = [pixels[start : start + size] for start in range(0, len(pixels), size)] or [pixels]
        return _joined([self._put(self._batches, _Call(part)) for part in parts])

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts and wait: float32 (N, D), L2 norm 1."""
        if len(texts) > MERGED_TEXTS:  # in parts, so that who asks for a few need not wait for hundreds
            parts = [texts[start : start + MERGED_TEXTS] for start in range(0, len(texts), MERGED_TEXTS)]
            return np.concatenate([self.embed_texts(part) for part in parts])
        return self._put(self._texts, _Call(list(texts))).result()

    def embed_file(self, path: Path) -> Vectors:
        """Embed the picture in a file and wait: float32 (D,), L2 norm 1.

        Raises:
            ImageProblem: The file gives no picture.
        """
        from importers.images import ImageProblem  # a search in words needs no picture reader
        from indexer.decoders import DecoderPool, Job

        # In a process that may die, as when indexing: the picture may come from anyone.
        with DecoderPool(self.encoder.pixels, workers=1) as pool:
            pool.submit(Job.of_file(0, path.absolute()))
            (decoded,) = pool.results(wait=True)
        if decoded.problem is not None:
            raise ImageProblem(decoded.problem.kind, f"{path}: {decoded.problem.reason}")
        assert decoded.pixels is not None  # there is no problem
        return self.embed_pixels(decoded.pixels[None]).result()[0]

    def close(self) -> None:
        """Drop what is queued and wait until the call at hand has ended."""
        with self._queued:
            self._closed = True
            self._queued.notify()
        self._thread.join()

    def _put(self, queue: deque[_Call], call: _Call) -> Future[Vectors]:
        with self._queued:
            if self._closed:
                raise RuntimeError("the model has been closed")
            queue.append(call)
            if queue is not self._batches:
                self._asked_at = time.monotonic()
            self._queued.notify()
        return call.answer

    # In the thread

    def _serve(self, load: Callable[[], Encoder], loaded: Future[Encoder]) -> None:
        try:
            encoder = load()
        except BaseException as error:
            loaded.set_exception(error)
            return
        loaded.set_result(encoder)
        while calls := self._next():
            _embed_merged(encoder, calls)
        for call in (*self._texts, *self._pictures, *self._batches):
            call.answer.cancel()

    def _next(self) -> list[_Call]:
        """Wait for work: what callers wait for, or one batch of a run; nothing once closed."""
        with self._queued:
            self._queued.wait_for(lambda: self._closed or self._texts or self._pictures or self._batches)
            if self._closed:
                return []
            if self._batches and (self._ahead == _TURNS_AHEAD or not (self._texts or self._pictures)):
                self._ahead = 0
                return [self._batches.popleft()]
            # In turns, where both wait: an endless stream of either starves none of the other.
            self._ahead = min(self._ahead + 1, _TURNS_AHEAD)
            is_words = bool(self._texts) and (self._words_next or not self._pictures)
            self._words_next = not is_words
            return _take(self._texts, MERGED_TEXTS) if is_words else _take(self._pictures, MERGED_PICTURES)


def _joined(parts: list[Future[Vectors]]) -> Future[Vectors]:
    """Make one answer of those to the parts of a batch, of which the last comes last."""
    if len(parts) == 1:
        return parts[0]
    whole: Future[Vectors] = Future()
    parts[-1].add_done_callback(lambda _: _answer(whole, lambda: np.concatenate([part.result() for part in parts])))
    return whole


def _take(queue: deque[_Call], most: int) -> list[_Call]:
    """Take the calls that have waited longest, as many as go through the model in one call."""
    taken = [queue.popleft()]
    count = len(taken[0].items)
    while queue and count + len(queue[0].items) <= most:
        taken.append(queue.popleft())
        count += len(taken[-1].items)
    return taken


def _embed_merged(encoder: Encoder, calls: list[_Call]) -> None:
    """Embed what several callers want in one call; where that fails, each alone, so that one spoils it for none."""
    if len(calls) > 1:
        try:
            vectors = _embed(encoder, *(call.items for call in calls))
        except Exception:
            pass
        else:
            at = 0
            for call in calls:
                part = vectors[at : at + len(call.items)]
                _answer(call.answer, lambda part=part: part)
                at += len(call.items)
            return
    for call in calls:
        _answer(call.answer, lambda items=call.items: _embed(encoder, items))


def _embed(encoder: Encoder, *parts: list[str] | NDArray[np.uint8]) -> Vectors:
    """Embed parts of one kind in one call."""
    if isinstance(parts[0], list):
        return encoder.embed_texts([text for part in parts if isinstance(part, list) for text in part])
    pictures = [part for part in parts if not isinstance(part, list)]
    return encoder.embed_pixels(pictures[0] if len(pictures) == 1 else np.concatenate(pictures))


def _answer(answer: Future[Vectors], work: Callable[[], Vectors]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(work())
    except BaseException as error:
        answer.set_exception(error)


class ModelRoom:
    """Keeps the model that was used last in memory, and the one before only while both are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: dict[str, ModelThread] = {}

    def get(self, name: str, load: Callable[[], Encoder]) -> ModelThread:
        """Return the model of this name, loading it where it is not here; callers that come meanwhile wait.

        Raises:
            ModelError: The model cannot be loaded.
        """
        with self._lock:
            if name not in self._models:
                self._models[name] = ModelThread(load)
            return self._models[name]

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names of the models in memory."""
        return tuple(self._models)

    def keep_only(self, name: str) -> None:
        """Let go of every other model; nobody may be using them."""
        with self._lock:
            for other in [other for other in self._models if other != name]:
                self._models.pop(other).close()

    def close(self) -> None:
        """Let go of all models."""
        with self._lock:
            while self._models:
                self._models.popitem()[1].close()
