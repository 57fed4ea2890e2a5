"""What the rest of the indexer knows of a model: pixels or words in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.preprocess import PixelSpec


class Encoder(Protocol):
    """A loaded model. Owned by one thread: every method is called from the thread that loaded it.

    Attributes:
        space: Names the vector space, e.g. "google/siglip2-base-patch16-256@3a1f...": vectors of different spaces
            never meet. Stable across machines, engines and precisions.
        name: The short name people type, or the folder it was loaded from.
        dim: D, the length of its vectors.
        pixels: How it wants its pictures.
    """

    space: str
    name: str
    dim: int
    pixels: PixelSpec

    @property
    def engine(self) -> str:
        """What runs it, for people: "onnxruntime 1.31.1, float32"."""
        ...

    @property
    def precision_reason(self) -> str:
        """Why it runs in the precision it does, for people."""
        ...

    def embed_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures: uint8 (N, H, W, 3) as `pixels` asks -> float32 (N, D), L2 norm 1."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: any length, any script -> float32 (N, D), L2 norm 1."""
        ...
