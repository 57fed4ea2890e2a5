"""What is laid over another: the fit of tones is the least-squares fit, and what lies outside changes nothing."""

import numpy as np
import pytest

from indexer.duplicates.align import Alignment
from indexer.duplicates.features import SIDE
from indexer.duplicates.overlay import ALL, GRID, overlay, placed, sampled, within


def _drawn(seed: int) -> np.ndarray:
    """Make a smooth gray picture (generated), uint8 (48, 48)."""
    rng = np.random.default_rng(seed)
    coarse = np.zeros((SIDE, SIDE), np.uint8)
    coarse[:8, :8] = rng.integers(30, 220, (8, 8))
    return np.rint(sampled(coarse, (GRID[:2] / 8).astype(np.float32))).reshape(SIDE, SIDE).astype(np.uint8)


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_tones_and_shading_are_fitted_by_least_squares(share: float):
    """NumPy's own least squares, over the overlapping cells alone, fits no better (generated)."""
    one, other = _drawn(1), _drawn(2)
    shifted = Alignment(np.array([[1.0, 0.0, 1 - share], [0.0, 1.0, 0.0]]))
    seen = overlay(one, other, None if share == 1 else shifted)
    there = within(placed(shifted.matrix), 0.005) > 0 if share < 1 else ALL > 0
    assert seen.cells == np.count_nonzero(there)
    x, y = 2 * GRID[:2].astype(np.float64) - 1
    shading = np.stack([np.ones_like(x), x, y, x * x, y * y])
    p = seen.finer.ravel().astype(np.float64)[there]
    q = _toned(seen.coarser.ravel(), seen.finer.ravel(), there)
    basis = np.concatenate([shading, shading * q])[:, there]
    best = np.linalg.lstsq(basis.T, p, rcond=None)[0] @ basis
    assert seen.fitted == pytest.approx(np.sqrt(np.mean((p - best) ** 2)), rel=1e-3)
    assert seen.likeness == pytest.approx(np.corrcoef(p, best)[0, 1], abs=1e-3)


def _toned(q: np.ndarray, p: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Map q to the mean of p where q has that tone, of 16; over all cells."""
    tones = [there & (q.astype(int) >> 4 == tone) for tone in range(16)]
    x, y = np.array([(q[cells].mean(), p[cells].mean()) for cells in tones if np.count_nonzero(cells) >= 8]).T
    first, last = ((y[b] - y[a]) / max(1.0, x[b] - x[a]) for a, b in ((0, 1), (-2, -1)))
    x = np.concatenate([[x[0] - 64], x, [x[-1] + 64]])
    y = np.concatenate([[y[0] - 64 * first], y, [y[-1] + 64 * last]])
    return np.interp(np.rint(q), x, y)


def test_what_lies_outside_changes_nothing():
    """Of two pictures only the cells that overlap count (generated)."""
    one, other = _drawn(1), _drawn(1)
    half = Alignment(np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]))
    before = overlay(one, other, half)
    one[:, SIDE // 2 + 1 :] = 255 - one[:, SIDE // 2 + 1 :]
    other[:, : SIDE // 2 - 2] = 255 - other[:, : SIDE // 2 - 2]
    after = overlay(one, other, half)
    assert (after.likeness, after.fitted, after.plain) == pytest.approx((before.likeness, before.fitted, before.plain))
    assert (after.local, after.agreeing, after.parts) == pytest.approx((before.local, before.agreeing, before.parts))
