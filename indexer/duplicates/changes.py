"""Where two pictures of one frame differ: by a mark that was written in, other words on a page, or what walked on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.duplicates.features import SIDE, Features

CHANGED = 5
"""Gray levels by which a cell of the thumbnail differs in no copy of the same tone."""
_EXCHANGED = 0.35  # share of the one change in the other
_FIGURES = 64  # cells of the thumbnail around what was exchanged
_PLAIN, _WRITTEN = 3, 15  # gray levels: of plain ground, and by which writing on it differs
_LEAST_CELLS = 3
_ELSEWHERE = 0.42  # share of what changed in one that lies outside of what changed in the other


def is_changed_in_one_place(one: Features, other: Features) -> bool:
    """Tell whether two pictures of one frame differ in one small place and nowhere else."""
    difference = np.abs(one.gray.astype(np.int16) - other.gray)
    y, x = np.nonzero(difference > CHANGED)
    if not len(y):
        return False
    around = (np.ptp(y) + 1) * (np.ptp(x) + 1) / difference.size
    rest = difference[difference <= CHANGED]
    return bool(around < 0.08 and np.quantile(rest, 0.9) <= 2)


def is_exchanged(one: Features, other: Features) -> bool:
    """Tell whether something is gone where something else came: words for others, or where somebody walked on.

    A mark makes a place brighter, or darker; what is exchanged does one and the other. A few figures may be a date.
    """
    change = other.gray.astype(np.int16) - one.gray
    y, x = np.nonzero(np.abs(change) > CHANGED)
    if (np.ptp(y) + 1) * (np.ptp(x) + 1) < _FIGURES or np.abs(change[y, x]).mean() < _WRITTEN:
        return False
    lighter, darker = (int(np.maximum(side, 0)[y, x].sum()) for side in (change, -change))
    return min(lighter, darker) > _EXCHANGED * max(lighter, darker)


def is_on_paper(picture: Features) -> bool:
    """Tell whether half of a picture has one tone and nothing in it, as pages and slides do."""
    tones = np.bincount(picture.gray.ravel(), minlength=256 + 4)
    return int(np.convolve(tones, np.ones(5, np.int64)).max()) > SIDE * SIDE // 2


def is_added_on_plain_ground(one: Features, other: Features) -> bool:
    """Tell whether most of what differs lies where one of the two shows nothing at all."""
    change = np.abs(one.gray.astype(np.int16) - other.gray)
    changed = change > CHANGED
    if np.count_nonzero(changed) < _LEAST_CELLS or change[changed].mean() < _WRITTEN:
        return False
    plain = np.minimum(_ranges(one.gray), _ranges(other.gray)) <= _PLAIN
    return bool(np.count_nonzero(changed & plain) > 0.5 * np.count_nonzero(changed))


def _ranges(gray: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return how far the tones of 3 x 3 cells lie apart, for each cell."""
    around = np.pad(gray.astype(np.int16), 1, mode="edge")
    cells = np.stack([around[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)])
    return np.ptp(cells, axis=0)


def are_walked_through(base: Features, changed: Sequence[Features]) -> bool:
    """Tell whether pictures that differ from one in one place each show something that walks: in three places or more.

    Marks that are written into one corner, as numbers, differ from each other, but not in where they are. Of two
    pictures each must lack what the first one shows, and show something that neither of the others does.
    """
    apart = list[Features]()
    for one in changed:
        if all((np.abs(one.gray.astype(np.int16) - other.gray) > CHANGED).any() for other in apart):
            apart.append(one)
    changes = [np.abs(base.gray.astype(np.int16) - one.gray) > CHANGED for one in apart]
    if len(apart) == 2:
        common, own = changes[0] & changes[1], (changes[0] & ~changes[1], changes[1] & ~changes[0])
        return all(np.count_nonzero(cells) >= _LEAST_CELLS for cells in (common, *own))
    return len(apart) >= 3 and any(_share_outside(a, b) > _ELSEWHERE for a in changes for b in changes)


def _share_outside(cells: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """Return the share of cells outside of the box around others."""
    y, x = np.nonzero(others)
    if not len(y) or not cells.any():
        return 0.0
    inside = cells[y.min() : y.max() + 1, x.min() : x.max() + 1]
    return 1 - np.count_nonzero(inside) / np.count_nonzero(cells)
