"""The 24 edits of real photographs are found, and no photo is taken for another; each with what was done to it."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture
from indexer.duplicates.series import Sorted
from indexer.duplicates.verify import Relation, Sensitivity, verify

BASES = (0, 2, 3, 5, 6)  # in colour


@pytest.fixture(scope="module")
def attack_set(attacks, photo, describe):
    """(number, edit) -> features, for five photographs and their edits, and six others."""
    made = {}
    for number in range(11):
        picture, file = photo(number)
        made[number, "base"] = describe(file)
        if number in BASES:
            for name, edit in attacks.EDITS.items():
                made[number, name] = describe(edit(picture, file))
    return made


def sort(made, sensitivity=Sensitivity.NORMAL) -> tuple[list[tuple[int, str]], Sorted]:
    names = list(made)
    pictures = [Picture(name=f"{number}-{edit}", width=f.width, height=f.height) for (number, edit), f in made.items()]
    return names, find(list(made.values()), pictures, sensitivity)


def recall(names, found, edits) -> float:
    group = {n: star.keeper for star in found.stars for n in (star.keeper, *star.members)}
    base = {names[n][0]: group.get(n) for n in range(len(names)) if names[n][1] == "base"}
    hits = [
        group.get(n) is not None and group[n] == base[number] for n, (number, edit) in enumerate(names) if edit in edits
    ]
    return float(np.mean(hits))


def wrong(names, found) -> list:
    groups = ({names[n][0] for n in (star.keeper, *star.members)} for star in found.stars)
    return [photos for photos in groups if len(photos) > 1]


def test_edits_are_found_and_photos_kept_apart(attacks, attack_set):
    names, found = sort(attack_set)
    assert recall(names, found, attacks.EASY) >= 0.98
    assert recall(names, found, attacks.EDITS) >= 0.93
    assert wrong(names, found) == []


def test_strict_finds_whole_pictures_only(attacks, attack_set):
    names, found = sort(attack_set, Sensitivity.STRICT)
    assert recall(names, found, ["exact", "png", "q50", "up2", "rot90", "hflip"]) >= 0.95
    assert recall(names, found, ["crop50", "crop70", "screenshot"]) == 0
    assert wrong(names, found) == []


@pytest.mark.parametrize(
    ("edit", "relation", "says", "derived"),
    [
        ("q50", Relation.RE_ENCODED, "encoded again", 0),
        ("s16q75", Relation.RESIZED, "instead of", 1),
        ("up2", Relation.RESIZED, "instead of", -1),
        ("square", Relation.RESIZED, "squeezed", 1),
        ("gray", Relation.EDITED, "black and white", 1),
        ("filter", Relation.EDITED, "tones or colours", 0),
        ("crop50", Relation.EDITED, "cropped to 5", 1),
        ("rot90", Relation.TURNED, "turned by 90", 0),
        ("hflip", Relation.TURNED, "mirrored", 0),
        ("rot8", Relation.EDITED, "turned by ", 1),  # what came into its corners is black
        ("screenshot", Relation.EDITED, "screen around it", 1),
    ],
)
def test_what_was_done_is_said(attack_set, edit, relation, says, derived):
    turns = {"rot90": (5, 6), "hflip": (1,)}.get(edit, (None,) if edit in ("crop50", "rot8", "screenshot") else (0,))
    verdicts = [
        verify(attack_set[number, "base"], attack_set[number, edit], turn, Sensitivity.NORMAL)
        for number in BASES
        for turn in turns
    ]
    fitting = [v for v in verdicts if v and v.relation is relation and says in v.what and v.derived == derived]
    assert len(fitting) >= len(BASES) - 1, verdicts


def test_both_ways_of_asking_agree(attack_set):
    for edit in ("crop50", "screenshot", "gray", "s16q75"):
        turn = None if edit in ("crop50", "screenshot") else 0
        for number in BASES:
            pair = attack_set[number, "base"], attack_set[number, edit]
            there, back = (verify(*order, turn, Sensitivity.NORMAL) for order in (pair, pair[::-1]))
            assert (there is None) == (back is None)
            if there and back:
                assert (there.relation, there.derived) == (back.relation, -back.derived)
                assert all(("the keeper" in verdict.what) == (verdict.derived < 0) for verdict in (there, back))
