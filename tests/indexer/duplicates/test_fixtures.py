"""Real fixtures of others: EXIF orientations, the eight turns, colour modes."""

from __future__ import annotations

from itertools import combinations

import pytest

from indexer.duplicates.find import find
from indexer.duplicates.picture import Picture


def pairs_together(files, describe) -> int:
    """Count the pairs of files that are in one group."""
    features = [describe(file) for file in files]
    pictures = [
        Picture(file.name, str(file.parent), width=f.width, height=f.height)
        for file, f in zip(files, features, strict=True)
    ]
    found = find(features, pictures)
    return sum(len(list(combinations((star.keeper, *star.members), 2))) for star in found.stars)


@pytest.mark.parametrize("name", ["landscape", "portrait"])
def test_exif_orientations_are_one_picture(samples, describe, name):
    files = sorted((samples / "images" / "exif" / "jpg" / "orientation").glob(f"{name}_*.jpg"))
    assert pairs_together(files, describe) == 28


def test_the_eight_turns_are_one_picture(samples, describe):
    files = sorted((samples / "images" / "hash" / "reg-test-input" / "dih").glob("*.jpg"))
    assert pairs_together(files, describe) == 28


def test_colour_modes_are_one_picture(samples, describe):
    files = sorted(
        file for file in (samples / "images" / "hash" / "misc-images" / "modes").iterdir() if file.suffix != ".md"
    )
    assert len(files) == 14
    assert pairs_together(files, describe) == 91


def test_twelve_edits_are_one_picture(samples, describe):
    files = sorted((samples / "images" / "hash" / "bridge-mods").glob("*.jpg"))
    assert pairs_together(files, describe) == len(files) * (len(files) - 1) // 2


def test_other_photos_are_not(samples, describe):
    files = sorted((samples / "images" / "hash" / "reg-test-input" / "labelme-subset").glob("*.jpg"))
    files += sorted((samples / "images" / "exif" / "jpg" / "exif-org").glob("*.jpg"))
    assert len(files) > 15
    assert pairs_together(files, describe) == 0
