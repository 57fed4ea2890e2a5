"""Many texts as one sequence, for a tower that looks back only: what all begin with is computed once, and no padding.

Such a tower (CLIP's) makes of a token what it and those before it say. So texts that begin alike, "a photo of a dog"
and "a photo of a cat", share what it makes of "a photo of a"; their rests stand one behind the other, each where its
text goes on, and each sees the beginning and itself.

Axes: N texts, T tokens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.models.ops import Input

TOKENS = 512
"""Tokens of a sequence, at most: attention takes the square of it."""

INPUTS = {
    "ids": Input("int32", (1, None)),
    "positions": Input("int32", (1, None)),
    "bias": Input("float32", (1, 1, None, None)),
    "last": Input("int32", (None,)),
}
_UNSEEN = -1e9


def join(ids: NDArray[np.int32], last: NDArray[np.int32]) -> dict[str, NDArray[np.generic]]:
    """Join texts to one sequence.

    Args:
        ids: int32 (N, T), N at least 1.
        last: int32 (N,), the token at which each text's vector is read; nothing behind it is needed.

    Returns:
        INPUTS: ids and positions int32 (1, T), `bias` float32 (1, 1, T, T), 0 where a token sees another and hugely
        negative where not, and `last` int32 (N,).
    """
    alike = (ids == ids[0]).all(axis=0)
    shared = int(min(last.min(), len(alike) if alike.all() else alike.argmin()))
    lengths = np.array([shared, *(last + 1 - shared)])
    text = np.repeat(np.arange(-1, len(ids)), lengths)  # (T,), -1 for what is shared
    ends = np.cumsum(lengths)
    place = np.arange(len(text))
    positions = np.where(text < 0, place, place - np.concatenate([[0], ends[:-1]])[text + 1] + shared)
    own = (text[:, None] == text) & (place[:, None] >= place)
    bias = np.where(own | (text < 0) & (text[:, None] >= 0), 0, _UNSEEN)
    return {
        "ids": ids[np.maximum(text, 0), positions][None],
        "positions": positions[None].astype(np.int32),
        "bias": bias[None, None].astype(np.float32),
        "last": (ends[1:] - 1).astype(np.int32),
    }
