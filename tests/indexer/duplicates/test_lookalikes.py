"""Pictures that share a frame, a form, a studio or a sky are not one. Generated, around the demo's photographs."""

from __future__ import annotations

import io

import numpy as np
import pytest

from indexer.duplicates.align import Alignment
from indexer.duplicates.find import find
from indexer.duplicates.nudge import nudged
from indexer.duplicates.overlay import overlay
from indexer.duplicates.picture import Picture

EACH = 5
LIKE_PROGRAMS = {"slide"}  # little but words differs in them: the one kind of which a pair or two is found


@pytest.fixture(scope="module")
def families(lookalikes, photo, describe):
    """Kind -> features of EACH pictures of it."""

    def described(picture):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=88)
        return describe(file.getvalue())

    made = lookalikes.families([photo(n)[0] for n in range(11)], EACH)
    return {kind: [described(picture) for picture in pictures] for kind, pictures in made.items()}


def test_no_two_of_a_kind_are_taken_for_one(families):
    wrong = {}
    for kind, features in families.items():
        pictures = [Picture(f"{kind}-{n}", width=f.width, height=f.height) for n, f in enumerate(features)]
        if stars := find(features, pictures).stars:
            wrong[kind] = [(star.keeper, *star.members) for star in stars]
    assert len(families) > 20
    assert set(wrong) <= LIKE_PROGRAMS, wrong


def test_the_same_picture_encoded_again_is_found_in_every_kind(lookalikes, families, photo, describe):
    made = lookalikes.families([photo(n)[0] for n in range(11)], 1)
    missed = []
    for kind, (picture,) in made.items():
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=40)
        features = [families[kind][0], describe(file.getvalue())]
        if not find(features, [Picture(width=f.width, height=f.height) for f in features]).stars:
            missed.append(kind)
    assert missed == []


def test_an_alignment_that_is_a_little_off_is_moved_to_where_it_fits(photo, describe):
    gray = describe(photo(0)[1]).gray
    off = Alignment(np.array([[1.02, 0.0, 0.012], [0.0, 0.98, -0.01]]), 5)
    better = nudged(gray, gray, off)
    assert better.deviation < 0.2 * off.deviation
    assert overlay(gray, gray, better).detail > overlay(gray, gray, off).detail
    far = Alignment(np.array([[0.5, 0.0, 0.4], [0.0, 0.5, 0.1]]), 5)
    noise = np.random.default_rng(0).integers(0, 255, gray.shape).astype(np.uint8)
    assert np.abs(nudged(gray, noise, far).matrix - far.matrix).max() < 0.13
