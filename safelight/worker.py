"""The one thread that owns the model: everybody else queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.models.encoder import Encoder


class ModelThread:
    """Loads an encoder in a thread of its own and runs every call there; MLX arrays belong to one thread."""

    def __init__(self, load: Callable[[], Encoder]) -> None:
        """Load the model.

        Raises:
            ModelError: The model cannot be loaded.
        """
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        try:
            self.encoder = self._thread.submit(load).result()
        except BaseException:
            self.close()
            raise

    def embed_pixels(self, pixels: NDArray[np.uint8]) -> Future[NDArray[np.float32]]:
        """Queue pictures: uint8 (N, H, W, 3) -> float32 (N, D), L2 norm 1."""
        return self._thread.submit(self.encoder.embed_pixels, pixels)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts and wait: float32 (N, D), L2 norm 1."""
        return self._thread.submit(self.encoder.embed_texts, texts).result()

    def embed_file(self, path: Path) -> NDArray[np.float32]:
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
        """Let the thread end once its queue is empty."""
        self._thread.shutdown(wait=True, cancel_futures=True)
