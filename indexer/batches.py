"""Pictures on their way through the model, a batch at a time: the next goes in when the last has been written.

So a run that is killed has lost one batch of the model's work at most, whatever it was doing. The model waits for a
transaction between two batches, a few milliseconds; the next batch is filled meanwhile and lies ready, as one array.
Beside a GPU that takes 15 ms for a batch that wait is what bounds a run, so nothing is done in it that can be done
before or after.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexer.catalog import Content
from indexer.photo_row import PhotoRow

BATCH = 32
"""Pictures in a batch."""
_LEAST = 8  # pictures that are worth a call of a model that has nothing to do

Embed = Callable[[NDArray[np.uint8]], Future[NDArray[np.float32]]]


@dataclass(slots=True)
class Picture:
    """A picture on its way through the model, and the photos that show it.

    Attributes:
        content: What is known of its bytes.
        features: What it looks like, packed; b"" where that is known already.
        is_new: Whether the catalog held no such content before.
        rows: The photos.
    """

    content: Content
    features: bytes
    is_new: bool
    rows: list[PhotoRow] = field(default_factory=list[PhotoRow])


class Batches:
    """The batch that is in the model and the one that is being filled. All methods are for one thread."""

    def __init__(
        self,
        embed: Embed,
        write: Callable[[list[Picture], NDArray[np.float32]], None],
        on_embedded: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            embed: Takes uint8 (N, H, W, 3), answers with a Future of float32 (N, D), L2 norm 1. It is done with the
                pixels when it answers.
            write: Commits pictures with their vectors; what it raises leaves the batch unwritten.
            on_embedded: Called in any thread when the model is done with a batch: `settle` has something to write.
        """
        self._embed, self._write, self._on_embedded = embed, write, on_embedded
        self._by_hash: dict[bytes, Picture] = {}  # decoded, their vectors not yet written
        self._next: list[Picture] = []
        self._next_pixels = self._spare = np.empty((0,), np.uint8)  # (BATCH, H, W, 3): the next, the one in the model
        self._in_model: tuple[list[Picture], Future[NDArray[np.float32]]] | None = None

    def find(self, digest: bytes) -> Picture | None:
        """Return the picture of this content, if it is on its way."""
        return self._by_hash.get(digest)

    def add(self, picture: Picture, pixels: NDArray[np.uint8]) -> None:
        """Take a picture, uint8 (H, W, 3); where a batch is full, wait until the one before has been written."""
        if not self._by_hash:
            self._make_room(pixels.shape)
        self._by_hash[picture.content.hash] = picture
        self._next_pixels[len(self._next)] = pixels
        self._next.append(picture)
        if len(self._next) >= BATCH:
            self._write_embedded()
        self.settle()

    def _make_room(self, shape: tuple[int, ...]) -> None:
        if self._next_pixels.shape[1:] != shape:
            self._next_pixels, self._spare = (np.empty((BATCH, *shape), np.uint8) for _ in range(2))

    def settle(self) -> None:
        """Write the batch that the model is done with, and give it what there is for the next."""
        if self._in_model is not None and self._in_model[1].done():
            self._write_embedded()
        if self._in_model is None and len(self._next) >= _LEAST:
            self._send()

    def finish(self) -> None:
        """Put what is left through the model and wait until all is written."""
        self._write_embedded()
        if self._next:
            self._send()
            self._write_embedded()

    def _send(self) -> None:
        batch, self._next = self._next, []
        vectors = self._embed(self._next_pixels[: len(batch)])
        self._next_pixels, self._spare = self._spare, self._next_pixels
        self._in_model = batch, vectors
        vectors.add_done_callback(lambda _: self._on_embedded())

    def _write_embedded(self) -> None:
        if self._in_model is None:
            return
        batch, vectors = self._in_model
        computed = vectors.result()  # waited for outside the transaction, which keeps others from writing
        self._in_model = None
        self._write(batch, computed)
        for picture in batch:
            del self._by_hash[picture.content.hash]
