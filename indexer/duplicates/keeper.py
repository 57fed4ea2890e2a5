"""Which of several pictures to keep, and why: rules in order, each with its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexer.duplicates.picture import Picture

Rule = tuple[str, Callable[[Picture], Any]]
"""(why, what counts)."""


def _by_age(picture: Picture) -> tuple[float, float]:
    return -(picture.taken_at.timestamp() if picture.taken_at else picture.added), -picture.added


_LARGER: Rule = ("its file is larger", lambda picture: picture.size_bytes)  # less was lost when it was encoded

RULES: tuple[Rule, ...] = (
    ("you chose it", lambda picture: picture.chosen),
    ("it is the RAW file", lambda picture: picture.format == "RAW"),
    ("it is the camera's own file", lambda picture: picture.camera is not None),
    ("it has more pixels", lambda picture: picture.pixels),
    ("it was edited", lambda picture: picture.edited),
    ("it is rated higher", lambda picture: picture.rating or 0),
    ("more is known of it", lambda picture: picture.facts),
    ("it is from the source you prefer", lambda picture: picture.preferred),
    _LARGER,
    ("it is the oldest", _by_age),
)
"""The first rule in which two pictures differ decides."""

_RULES_OF_SAME_PIXELS: tuple[Rule, ...] = tuple(rule for rule in RULES if rule is not _LARGER)  # all lost the same


def rank(picture: Picture, *, same_pixels: bool = False) -> tuple[Any, ...]:
    """Return a key that is largest for the picture to keep.

    Args:
        same_pixels: Among files with the same pixels, whose sizes tell nothing.
    """
    return tuple(counts(picture) for _, counts in (_RULES_OF_SAME_PIXELS if same_pixels else RULES))


def why(keeper: Picture, other: Picture, *, same_pixels: bool = False, saved_from_it: bool = False) -> str:
    """Say what the keeper has before the other one; "" where nothing does.

    Args:
        same_pixels: Whether both have the same pixels.
        saved_from_it: Whether the other one's pixels were saved from the keeper's file, without loss.
    """
    if saved_from_it and not keeper.chosen:
        return "a copy without loss was saved from it"
    rules = _RULES_OF_SAME_PIXELS if same_pixels else RULES
    return next((words for words, counts in rules if counts(keeper) > counts(other)), "")
