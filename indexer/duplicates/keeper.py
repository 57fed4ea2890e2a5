"""Which of several pictures to keep, and why: rules in order, each with its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from indexer.duplicates.picture import Picture
from indexer.duplicates.verify import ENLARGED, Relation, Verdict

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

_RULES_BEFORE_ORIGIN = RULES[1:3]  # what the user chose may change, and comes first wherever it counts

_SOURCES = {
    Relation.SAME_PIXELS: "a copy without loss was saved from it",
    Relation.RE_ENCODED: "it is the original: the other was encoded again",
}

_RULES_OF_SAME_PIXELS: tuple[Rule, ...] = tuple(rule for rule in RULES if rule is not _LARGER)  # all lost the same


def rank(picture: Picture, *, same_pixels: bool = False) -> tuple[Any, ...]:
    """Return a key that is largest for the picture to keep.

    Args:
        same_pixels: Among files with the same pixels, whose sizes tell nothing.
    """
    return tuple(counts(picture) for _, counts in (_RULES_OF_SAME_PIXELS if same_pixels else RULES))


def may_tell(one: Picture, other: Picture) -> bool:
    """Tell whether it may decide which of two was encoded first: they are one shot, and no rule before that does."""
    if one.taken_at is not None and other.taken_at is not None and one.taken_at != other.taken_at:
        return False
    return all(counts(one) == counts(other) for _, counts in _RULES_BEFORE_ORIGIN)


def why_source(verdict: Verdict) -> str:
    """Say why a file that another was made from comes before it, whatever the later rules say; "" where it does not."""
    if verdict.relation is Relation.RESIZED:
        return "it is the original: the other was enlarged" if verdict.what.endswith(ENLARGED) else ""
    return _SOURCES.get(verdict.relation, "")


def why(keeper: Picture, other: Picture, verdict: Verdict) -> str:
    """Say what the keeper has before the other one; "" where nothing does.

    Args:
        verdict: What the other one is to it.
    """
    same_pixels = verdict.relation is Relation.SAME_PIXELS
    if verdict.derived > 0 and not keeper.chosen and (words := why_source(verdict)):
        return words
    rules = _RULES_OF_SAME_PIXELS if same_pixels else RULES
    return next((words for words, counts in rules if counts(keeper) > counts(other)), "")
