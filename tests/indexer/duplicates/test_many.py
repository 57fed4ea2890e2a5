"""Hundreds of frames of one scene, and memory that grows with the number of pictures and not with that of pairs."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from indexer.duplicates.candidates import by_hash, by_keypoints, by_vectors
from indexer.duplicates.features import describe
from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture
from indexer.duplicates.series import BURST, TIME_LAPSE
from indexer.duplicates.turns import spectra

NOON = datetime(2020, 5, 1, 12)
FRAMES = 300


@pytest.fixture(scope="module")
def frames(photo):
    """GENERATED: what a camera on a tripod takes of a real view: the light changes, and a sensor adds its noise."""
    view = np.asarray(photo(0)[0].resize((256, 192)), np.float32)
    rng = np.random.default_rng(8)
    taken = []
    for n in range(FRAMES):
        frame = view * (1 + 0.1 * np.sin(n / 40)) + rng.normal(0, 3, view.shape)
        taken.append(describe(Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8)), 4000, 3000))
    return taken


@pytest.mark.parametrize(("apart", "what"), [(timedelta(minutes=2), TIME_LAPSE), (timedelta(seconds=1), BURST)])
def test_hundreds_of_frames_of_one_view_are_one_series_and_no_duplicates(frames, apart, what):
    pictures = [
        Picture(f"{n:04}.jpg", "/a", "JPEG", 4000, 3000, camera="C", taken_at=NOON + n * apart) for n in range(FRAMES)
    ]
    found = find(frames, pictures)
    assert found.stars == []
    assert [(one.what, len(one.pictures)) for one in found.series] == [(what, FRAMES)]


@pytest.mark.parametrize("step", ["hash", "keypoints", "vectors"])
def test_memory_grows_with_pictures_and_not_with_pairs(step):
    """GENERATED pictures, none like another; N x N bytes of the larger set would be 256 MB."""
    rng = np.random.default_rng(9)

    def peak(count: int) -> int:
        gray = rng.integers(0, 256, (count, 8, 8)).repeat(6, 1).repeat(6, 2).astype(np.uint8)
        given = {
            "hash": lambda: spectra(gray),
            "keypoints": lambda: rng.integers(0, 1 << 63, count * 40, np.uint64),
            "vectors": lambda: _unit(rng.standard_normal((count, 64)).astype(np.float32)),
        }[step]()
        run = {
            "hash": lambda: [len(pairs) for _, pairs in by_hash(given)],
            "keypoints": lambda: len(by_keypoints(given, np.repeat(np.arange(count), 40))),
            "vectors": lambda: [len(pairs) for pairs in by_vectors(given)],
        }[step]
        tracemalloc.start()
        run()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small, large = peak(4_000), peak(16_000)
    assert large < 6 * small, "four times the pictures, sixteen times the pairs"
    assert large < 16_000**2 / 2


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
