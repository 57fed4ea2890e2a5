"""Near-duplicates of a set of pictures, from their features to groups and series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.duplicates import candidates
from indexer.duplicates.changes import are_walked_through
from indexer.duplicates.features import Features
from indexer.duplicates.groups import Apart, LookAgain, group
from indexer.duplicates.keeper import is_source, rank
from indexer.duplicates.picture import Picture
from indexer.duplicates.series import Sorted, sort_out
from indexer.duplicates.turns import INVERSE, spectra
from indexer.duplicates.verify import Sensitivity, Verdict, verify


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs that are worth a comparison.

    Attributes:
        turns: (i, j), i below j -> the turn of picture i after which their hashes are near.
        others: Pairs by keypoints and by what a model sees.
    """

    turns: dict[tuple[int, int], int]
    others: set[tuple[int, int]]

    def turn(self, one: int, other: int) -> int | None:
        """Return the turn of `one` after which its hash is near that of `other`; None where none is."""
        if one < other:
            return self.turns.get((one, other))
        turn = self.turns.get((other, one))
        return None if turn is None else INVERSE[turn]


def candidates_of(features: Sequence[Features], sensitivity: Sensitivity, on_step: candidates.OnStep) -> Candidates:
    """Find the pairs that are worth a comparison, by their looks."""
    turns: dict[tuple[int, int], int] = {}
    spectrum = spectra(np.stack([one.gray for one in features]))
    for turn, pairs in candidates.by_hash(spectrum, lambda share: on_step(share / 2)):
        for one, other in pairs.tolist():
            turns.setdefault((one, other), turn)
    others = set[tuple[int, int]]()
    if sensitivity in (Sensitivity.NORMAL, Sensitivity.LOOSE):
        bits = np.concatenate([one.keypoints.bits for one in features])
        owner = np.repeat(np.arange(len(features)), [len(one.keypoints.bits) for one in features])
        pairs = candidates.by_keypoints(bits, owner, lambda share: on_step((1 + share) / 2))
        others.update(zip(*pairs.T.tolist(), strict=True))
    return Candidates(turns, others)


def find(
    features: Sequence[Features],
    pictures: Sequence[Picture],
    sensitivity: Sensitivity = Sensitivity.NORMAL,
    also: Iterable[tuple[int, int]] = (),
    judge: Callable[[int, int, int | None], Verdict | None] | None = None,
    on_step: candidates.OnStep = lambda share: None,
    apart: Apart = lambda one, other: False,
    look_again: LookAgain = lambda keeper, smaller, verdict: verdict,
) -> Sorted:
    """Find the duplicates and series among pictures; numbers in the answer are places in `features`.

    Args:
        also: More pairs that are worth a comparison: those that a model sees near (candidates.by_vectors).
        judge: Compares pictures (one, other, turn of one); for those who remember verdicts, or know better.
        on_step: Told how far the search for pairs has come. What it, `also` and `judge` raise ends the search.
        apart: Tells which must not be in one group, for those who know better.
        look_again: Tells whether a keeper was enlarged from a smaller picture, for those who have their files.
    """
    if len(features) < 2:
        return Sorted([], [])
    pairs = candidates_of(features, sensitivity, on_step)

    def compare(one: int, other: int) -> Verdict | None:
        turn = pairs.turn(one, other)
        if judge is not None:
            return judge(one, other, turn)
        return verify(features[one], features[other], turn, sensitivity)

    order = sorted(range(len(features)), key=lambda n: rank(pictures[n]), reverse=True)
    order_without_size = sorted(order, key=lambda n: rank(pictures[n], by_size=False), reverse=True)
    chosen = {number for number, picture in enumerate(pictures) if picture.chosen}

    def comes_first(source: int, made: int, verdict: Verdict) -> bool:
        return is_source(pictures[source], pictures[made], verdict)

    near = pairs.turns.keys() | pairs.others | set(also)
    found = group(order, near, compare, chosen, apart, order_without_size, comes_first, look_again)

    def walked(base: int, changed: Sequence[int]) -> bool:
        return are_walked_through(features[base], [features[n] for n in changed])

    return sort_out(found, dict(enumerate(pictures)), {number: place for place, number in enumerate(order)}, walked)
