"""Which of several pictures to keep, and why: rules in order, each with its words."""

from __future__ import annotations

import re
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
    ("it is the camera's own file", lambda picture: picture.has_camera_data),
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
_RULES_BEFORE_EDITS = RULES[1:4]
_RULES_OF_USER = RULES[4:6]

_EDITS = (Relation.EDITED, Relation.TURNED)
_TURNED = " degrees"  # of the words for what has more pixels for its corners
SOURCES = {
    Relation.SAME_PIXELS: "a copy without loss was saved from it",
    Relation.RE_ENCODED: "it is the original: the other was encoded again",
    Relation.RESIZED: "it is the original: the other was enlarged",
    Relation.EDITED: "it is the original: the other was edited",
    Relation.TURNED: "it is the original: the other was turned",
}
"""Why a file that another was made from comes before it."""

_RULES_WITHOUT_SIZE: tuple[Rule, ...] = tuple(rule for rule in RULES if rule is not _LARGER)


def rank(picture: Picture, *, by_size: bool = True) -> tuple[Any, ...]:
    """Return a key that is largest for the picture to keep.

    Args:
        by_size: Whether the sizes of files tell which lost less; see `tells_by_size`.
    """
    return tuple(counts(picture) for _, counts in (RULES if by_size else _RULES_WITHOUT_SIZE))


def tells_by_size(relation: Relation) -> bool:
    """Tell whether the larger of two files is the better one.

    Files with the same pixels lost the same, and an edit may be written into as large a file as one likes.
    """
    return relation is not Relation.SAME_PIXELS and relation not in _EDITS


def may_tell(one: Picture, other: Picture) -> bool:
    """Tell whether it may decide which of two was encoded first: they are one shot, and no rule before that does."""
    if one.taken_at is not None and other.taken_at is not None and one.taken_at != other.taken_at:
        return False
    return all(counts(one) == counts(other) for _, counts in _RULES_BEFORE_ORIGIN)


def is_source(source: Picture, made: Picture, verdict: Verdict) -> bool:
    """Tell whether a picture is to be kept rather than what was made from it.

    Parts and what has something around it are told by all that is like them: the edges of pictures look like frames.

    Args:
        source: What the other was made from.
        made: What was made from it.
        verdict: What the first one is to the second.
    """
    if verdict.part or verdict.derived > 0:
        return False
    return (verdict.derived < 0 or is_named_after(made, source, verdict)) and bool(why_source(source, made, verdict))


def is_named_after(made: Picture, source: Picture, verdict: Verdict) -> bool:
    """Tell whether an edit has the name of what it was made from, and more: "IMG_1-Edit" beside "IMG_1".

    Figures alone are a counter, or a second copy.
    """
    if verdict.relation not in _EDITS or verdict.derived or made.folder != source.folder:
        return False
    name, more = source.stem.lower(), made.stem.lower()
    return more.startswith(name) and re.match(r"[ _(-]+\D*[a-z]{2}", more[len(name) :]) is not None


def why_source(source: Picture, made: Picture, verdict: Verdict) -> str:
    """Say why a file that another was made from comes before it, whatever the later rules say; "" where it does not.

    An edit comes before what it was made from where the user rated it higher, or edited it: then it is the work that
    counts. What has more pixels was made from another file, unless they are those of a frame or were made up.

    Args:
        source: What the other was made from.
        made: What was made from it.
        verdict: What one of them is to the other.
    """
    if verdict.relation in (*_EDITS, Relation.RESIZED):
        made_up = verdict.what.endswith(ENLARGED)
        if verdict.relation is Relation.RESIZED and not made_up:
            return ""
        added = made_up or verdict.part or _TURNED in verdict.what
        if made.pixels > source.pixels and not added:
            return ""
        if any(counts(made) > counts(source) for _, counts in (*_RULES_BEFORE_ORIGIN, *_RULES_OF_USER)):
            return ""
    return SOURCES.get(verdict.relation, "")


def why(keeper: Picture, other: Picture, verdict: Verdict) -> str:
    """Say what the keeper has before the other one; "" where nothing does.

    Args:
        verdict: What the other one is to it.
    """
    named = is_named_after(other, keeper, verdict)
    if (verdict.derived > 0 or named) and not keeper.chosen and (words := why_source(keeper, other, verdict)):
        earlier = _RULES_BEFORE_EDITS if verdict.relation in _EDITS else ()
        return next((said for said, counts in earlier if counts(keeper) > counts(other)), words)
    rules = RULES if tells_by_size(verdict.relation) else _RULES_WITHOUT_SIZE
    return next((words for words, counts in rules if counts(keeper) > counts(other)), "")
