"""Borders, captions and tones of real photographs are edits, and groups say so of each; beside test_attacks.py."""

from __future__ import annotations

import pytest

from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture
from indexer.duplicates.verify import Relation

AROUND = "with a border, a caption or a screen around it"
BASES = (0, 5, 9)


@pytest.mark.parametrize(
    ("edit", "says", "derived"),
    [
        ("border", AROUND, 1),
        ("caption", AROUND, 1),
        ("bright", "other tones or colours", 0),
        ("contrast", "other tones or colours", 0),
    ],
)
def test_a_border_a_caption_or_other_tones_are_said(attacks, photo, describe, edit, says, derived):
    change = (attacks.EDITS | attacks.BEYOND)[edit]
    features, pictures = [], []
    for number in BASES:
        picture, file = photo(number)
        for name, data in (("base", file), (edit, change(picture, file))):
            features.append(describe(data))
            pictures.append(Picture(f"{number}-{name}", width=4000 if name == "base" else 400, height=300))
    found = find(features, pictures)
    assert found.series == []
    groups = {star.keeper: star.members for star in found.stars}
    assert groups.keys() == {0, 2, 4}, "each photo with its edit, and the photo is kept"
    for keeper, members in groups.items():
        ((number, verdict),) = members.items()
        assert number == keeper + 1
        assert (verdict.relation, verdict.derived) == (Relation.EDITED, derived)
        assert verdict.what.startswith(says)
