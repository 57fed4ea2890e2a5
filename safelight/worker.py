"""The one thread that owns the model: everybody else queues, words before pictures."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.models.encoder import Encoder

Vectors = NDArray[np.float32]

MERGED_TEXTS = 64
"""Texts of several callers that go through the model in one call, at most."""
_TURNS_OF_WORDS = 4
"""Calls with words that may overtake a batch of pictures, so that an endless stream of searches starves no run."""


class ModelThread:
    """Loads an encoder in a thread of its own and runs every call there; MLX arrays belong to one thread.

    Words that wait together are embedded together, and before pictures: a search waits for one batch at most.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        """Load the model.

        Raises:
            ModelError: The model cannot be loaded.
        """
        self._texts: deque[tuple[list[str], Future[Vectors]]] = deque()
        self._pictures: deque[tuple[NDArray[np.uint8], Future[Vectors]]] = deque()
        self._queued = threading.Condition()
        self._closed = False
        loaded: Future[Encoder] = Future()
        self._thread = threading.Thread(target=self._serve, args=(load, loaded), name="model", daemon=True)
        self._thread.start()
        self.encoder = loaded.result()

    def embed_pixels(self, pixels: NDArray[np.uint8], *, waited_for: bool = False) -> Future[Vectors]:
        """Queue pictures: uint8 (N, H, W, 3) -> float32 (N, D), L2 norm 1; those that somebody waits for go first."""
        answer: Future[Vectors] = Future()
        with self._queued:
            self._refuse_when_closed()
            (self._pictures.appendleft if waited_for else self._pictures.append)((pixels, answer))
            self._queued.notify()
        return answer

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts and wait: float32 (N, D), L2 norm 1."""
        if len(texts) > MERGED_TEXTS:  # in parts, so that who asks for a few need not wait for hundreds
            parts = [texts[start : start + MERGED_TEXTS] for start in range(0, len(texts), MERGED_TEXTS)]
            return np.concatenate([self.embed_texts(part) for part in parts])
        answer: Future[Vectors] = Future()
        with self._queued:
            self._refuse_when_closed()
            self._texts.append((list(texts), answer))
            self._queued.notify()
        return answer.result()

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

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise RuntimeError("the model has been closed")

    # In the thread

    def _serve(self, load: Callable[[], Encoder], loaded: Future[Encoder]) -> None:
        try:
            encoder = load()
        except BaseException as error:
            loaded.set_exception(error)
            return
        loaded.set_result(encoder)
        turns_of_words = 0
        while True:
            texts, pictures = self._next(words_first=turns_of_words < _TURNS_OF_WORDS)
            if texts:
                turns_of_words += 1
                _embed_merged(encoder, texts)
            elif pictures:
                turns_of_words = 0
                _answer(pictures[1], lambda pixels=pictures[0]: encoder.embed_pixels(pixels))
            else:
                break
        for _, answer in (*self._texts, *self._pictures):
            answer.cancel()

    def _next(
        self, *, words_first: bool
    ) -> tuple[list[tuple[list[str], Future[Vectors]]], tuple[NDArray[np.uint8], Future[Vectors]] | None]:
        """Wait for work: texts of any number of callers, or one batch of pictures; neither once closed."""
        with self._queued:
            self._queued.wait_for(lambda: self._closed or self._texts or self._pictures)
            if self._closed:
                return [], None
            if self._pictures and not (self._texts and words_first):
                return [], self._pictures.popleft()
            taken = [self._texts.popleft()]
            count = len(taken[0][0])
            while self._texts and count + len(self._texts[0][0]) <= MERGED_TEXTS:
                taken.append(self._texts.popleft())
                count += len(taken[-1][0])
            return taken, None


def _embed_merged(encoder: Encoder, calls: list[tuple[list[str], Future[Vectors]]]) -> None:
    """Embed the texts of several callers in one call; where that fails, each alone, so that one spoils it for none."""
    if len(calls) > 1:
        try:
            vectors = encoder.embed_texts([text for texts, _ in calls for text in texts])
        except Exception:
            pass
        else:
            at = 0
            for texts, answer in calls:
                part = vectors[at : at + len(texts)]
                _answer(answer, lambda part=part: part)
                at += len(texts)
            return
    for texts, answer in calls:
        _answer(answer, lambda texts=texts: encoder.embed_texts(texts))


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
