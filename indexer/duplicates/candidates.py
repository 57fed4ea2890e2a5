"""Which pictures may be one: pairs that are worth a comparison, found without comparing all with all.

Three joins by sorting, none of which holds an N x N matrix: hashes that agree in one of sixteen bands, keypoints that
agree in one of four samples of their bits, and neighbours by what the model sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from indexer.duplicates.turns import HASH_BITS, distances, hashes

Pairs = NDArray[np.int64]
"""int64 (P, 2), each pair once, the smaller number first."""

OnStep = Callable[[float], None]
"""Told, every second or so, which share of the work is done; what it raises ends the work."""

HASH_DISTANCE = 60
"""Of 256 bits; unrelated pictures differ by about 128, 100 at the least."""
_BANDS = 16
_KEYPOINT_TABLES = 4
_KEYPOINT_DISTANCE = 10  # of 63 bits
_RELIABLE_BITS = 44  # the lowest frequencies change least
_CROWD = 96
"""A key that more entries share tells nothing: a blank sky, a plain edge. Copies as many are found by their hashes."""
_NEIGHBOURS = 24  # kept of a picture by keypoints
_FEW = 20_000  # pictures, up to which a single shared description is worth a comparison; above, two are
_ROWS = 2048  # of a block of the vectors' product
_SAMPLE = 256
_PRINCIPAL = 96  # directions of the vectors that are compared: near in all is near in these, five times cheaper
_COVARIED = 4096  # vectors that the directions are taken from; and so many are all compared with one another
_LANDMARKS = 3


def by_hash(spectrum: NDArray[np.float32], on_step: OnStep = lambda share: None) -> Iterator[tuple[int, Pairs]]:
    """Yield, for each of the eight turns, the pairs (i, j) whose hashes agree once picture i is turned.

    Args:
        spectrum: float32 (N, 16, 16), see turns.spectra.
    """
    upright = hashes(spectrum)
    keys = _bands(upright)
    for turn in range(8):
        turned = hashes(spectrum, turn) if turn else upright
        both = np.concatenate([keys, _bands(turned) if turn else keys])
        found = [np.empty(0, np.int64)]
        for band in range(_BANDS):
            on_step((turn + band / _BANDS) / 8)
            found.append(_banded(turned, upright, both[:, band]))
        pairs = np.unique(np.concatenate(found))
        yield turn, np.stack([pairs // len(upright), pairs % len(upright)], 1)


def _bands(of: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Cut hashes into bands: uint64 (N, 4) -> uint16 (N, 16)."""
    order = np.random.default_rng(0).permutation(HASH_BITS)  # each band has low and high frequencies
    bits = np.unpackbits(of.view(np.uint8), axis=1)[:, order]
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint16)


def _banded(turned: NDArray[np.uint64], upright: NDArray[np.uint64], keys: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return i * N + j of the pairs that agree in one band, and well enough in all."""
    count = len(upright)
    found = [np.empty(0, np.int64)]
    for a, b in _sharing(keys):
        other, one = np.minimum(a, b), np.maximum(a, b) - count
        across = (other < count) & (one >= 0) & (one < other)
        one, other = one[across], other[across]
        near = distances(turned[one], upright[other]) <= HASH_DISTANCE
        found.append(one[near] * count + other[near])
    return np.concatenate(found)


def _sharing(keys: NDArray[np.uint64] | NDArray[np.uint16]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield arrays of entries that have the same key, but for keys that a crowd shares."""
    # NumPy sorts 16 bits by radix when asked for a stable order, and 64 bits with SIMD when not.
    order = np.argsort(keys, kind="stable" if keys.dtype == np.uint16 else None)
    ordered = keys[order]
    first = np.flatnonzero(np.concatenate([np.ones(1, np.bool_), ordered[1:] != ordered[:-1]]))
    size = np.diff(np.concatenate([first, [len(keys)]]))
    rank = np.arange(len(keys)) - np.repeat(first, size)
    sizes = np.repeat(size, size)
    alive = np.flatnonzero((sizes > 1) & (sizes <= _CROWD))
    after = (sizes - rank)[alive]  # how many have the same key, from this one on
    offset = 1
    while len(alive := alive[after > offset]):
        after = after[after > offset]
        yield order[alive], order[alive + offset]
        offset += 1


def by_keypoints(bits: NDArray[np.uint64], picture: NDArray[np.int64], on_step: OnStep = lambda share: None) -> Pairs:
    """Find pairs that share descriptions, for each picture those that share most.

    Args:
        bits: uint64 (E,), the descriptions of all pictures' keypoints.
        picture: int64 (E,), whose they are.
    """
    if not len(bits):
        return np.empty((0, 2), np.int64)
    count = int(picture.max()) + 1
    rng = np.random.default_rng(1)
    # Wider keys as entries grow keep the number of entries that meet by chance in proportion.
    width = min(_RELIABLE_BITS - 8, max(20, int(np.log2(len(bits))) + 4))
    votes = [np.empty(0, np.int64)]
    for table in range(_KEYPOINT_TABLES):
        mask = np.uint64(sum(1 << int(n) for n in rng.choice(_RELIABLE_BITS, width, replace=False)))
        on_step(table / _KEYPOINT_TABLES)
        for a, b in _sharing(bits & mask):
            on_step((table + 0.5) / _KEYPOINT_TABLES)
            near = np.bitwise_count(bits[a] ^ bits[b]) <= _KEYPOINT_DISTANCE
            i, j = picture[a[near]], picture[b[near]]
            i, j = np.minimum(i, j), np.maximum(i, j)
            votes.append((i * count + j)[i != j])
    pairs, number = np.unique(np.concatenate(votes), return_counts=True)
    enough = number >= (1 if count <= _FEW else 2)
    pairs, number = pairs[enough], number[enough]
    return _most_voted(np.stack([pairs // count, pairs % count], 1), number)


def _most_voted(pairs: Pairs, votes: NDArray[np.int64]) -> Pairs:
    """Keep of each picture the pairs with most votes."""
    keep = np.zeros(len(pairs), bool)
    for side in (0, 1):
        order = np.lexsort((-votes, pairs[:, side]))
        owner = pairs[order, side]
        first = cast("NDArray[np.int64]", np.searchsorted(owner, owner))  # pyright: ignore[reportUnknownMemberType]
        keep[order[np.arange(len(order)) - first < _NEIGHBOURS]] = True
    return pairs[keep]


def by_vectors(vectors: NDArray[np.float32], per_picture: float = 2.0) -> Iterator[Pairs]:
    """Yield, bit by bit, the pairs that the model sees nearest, `per_picture` for each picture on average.

    How near that is differs from model to model, so it is taken from a sample of the vectors themselves. From some
    thousand pictures on only those are compared that have one of three nearest landmarks, which are pictures of the
    set themselves, in common: what is near to one another is near to the same ones.

    Args:
        vectors: float32 (N, D), L2 norm 1.
    """
    count = len(vectors)
    if count < 2:
        return
    vectors = _principal(vectors)
    sample = np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.int64)
    seen = vectors[sample] @ vectors.T
    seen[np.arange(len(sample)), sample] = -1
    wanted = min(seen.size, max(1, int(per_picture * 2 * len(sample))))
    least = np.partition(seen.ravel(), -wanted)[-wanted]
    for members in _regions(vectors):
        yield np.empty((0, 2), np.int64)
        for start in range(0, len(members), _ROWS):
            rows = members[start : start + _ROWS]
            for other in range(start, len(members), _ROWS):
                others = members[other : other + _ROWS]
                near = np.flatnonzero(vectors[rows] @ vectors[others].T >= least)  # far cheaper than in two dimensions
                i, j = rows[near // len(others)], others[near % len(others)]
                yield np.stack([i, j], 1)[i < j]


def _regions(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.int64]]:
    """Yield, for each landmark, the vectors that have it among their nearest three, in ascending order."""
    count = len(vectors)
    if count <= _COVARIED:
        yield np.arange(count)
        return
    landmarks = vectors[np.random.default_rng(2).choice(count, 2 * int(np.sqrt(count)), replace=False)]
    nearest, order = np.empty((count, _LANDMARKS), np.int64), np.empty(0, np.int64)
    for start in range(0, count, _ROWS):
        likeness = vectors[start : start + _ROWS] @ landmarks.T
        nearest[start : start + _ROWS] = np.argpartition(likeness, -_LANDMARKS, axis=1)[:, -_LANDMARKS:]
        yield order[:0]  # for who wants to end it
    order = np.argsort(nearest.ravel(), kind="stable")
    sizes = np.bincount(nearest.ravel(), minlength=len(landmarks))
    yield from np.split(order // _LANDMARKS, np.cumsum(sizes)[:-1])


def _principal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce vectors to the directions in which they differ most: float32 (N, 96), L2 norm 1."""
    if vectors.shape[1] <= _PRINCIPAL:
        return vectors
    some = vectors[:: max(1, len(vectors) // _COVARIED)].astype(np.float64)
    directions = np.linalg.eigh(some.T @ some)[1][:, -_PRINCIPAL:].astype(np.float32)
    reduced = vectors @ directions
    return reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), np.float32(1e-6))
