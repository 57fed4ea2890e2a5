"""Which of several pictures to keep, and why: rules in order, each with its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexer.duplicates.picture import Picture


def _by_age(picture: Picture) -> float:
    return -(picture.taken_at.timestamp() if picture.taken_at else picture.added)


RULES: tuple[tuple[str, Callable[[Picture], Any]], ...] = (
    ("you chose it", lambda picture: picture.chosen),
    ("it is the RAW file", lambda picture: picture.format == "RAW"),
    ("it is the camera's own file", lambda picture: picture.camera is not None),
    ("it has more pixels", lambda picture: picture.pixels),
    ("it was edited", lambda picture: picture.edited),
    ("it is rated higher", lambda picture: picture.rating or 0),
    ("more is known of it", lambda picture: picture.facts),
    ("it is from the source you prefer", lambda picture: picture.preferred),
    ("its file is larger", lambda picture: picture.size_bytes),
    ("it is the oldest", _by_age),
)
"""(why, what counts): the first rule in which two pictures differ decides."""


def rank(picture: Picture) -> tuple[Any, ...]:
    """Return a key that is largest for the picture to keep."""
    return tuple(counts(picture) for _, counts in RULES)


def why(keeper: Picture, other: Picture, *, saved_from_it: bool = False) -> str:
    """Say what the keeper has before the other one; "" where nothing does.

    Args:
        saved_from_it: Whether the other one's pixels were saved from the keeper's file, without loss.
    """
    if saved_from_it and not keeper.chosen:
        return "a copy without loss was saved from it"
    return next((words for words, counts in RULES if counts(keeper) > counts(other)), "")
