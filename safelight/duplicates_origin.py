"""Which of two files that show one picture was made from the other, where the pictures themselves do not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from indexer.duplicates.enlarged import LEAST, MOST, was_enlarged
from indexer.duplicates.origin import (
    converted_from,
    edited_from,
    encoded_from,
    holds_video,
    is_as_recorded,
    is_enlarged,
    saved_from_jpeg,
)
from indexer.duplicates.shots import are_two_shots
from indexer.duplicates.verify import ENLARGED, MADE, Relation, Verdict
from safelight.copies import Copy


def with_origin(verdict: Verdict, first: Copy, second: Copy) -> Verdict:
    """Say of a picture that was encoded twice, or edited, which file was made from which, where that shows.

    Raises:
        OSError: A file cannot be read.
    """
    if first.original is None or second.original is None:
        return verdict
    if verdict.relation is Relation.RESIZED:
        return _with_enlarged(verdict, first, second)
    one, other = (first.picture.format, first.original), (second.picture.format, second.original)
    if verdict.relation is Relation.SAME_PIXELS:
        return _with_film(verdict, one, other)
    if verdict.relation is Relation.RE_ENCODED:
        if one[0] == other[0]:
            derived, sign = encoded_from(first.original, second.original)
        elif first.picture.has_camera_data:
            derived, sign = converted_from(one, other)
        else:
            derived, sign = saved_from_jpeg(one, other)
    elif verdict.relation in (Relation.EDITED, Relation.TURNED) and not verdict.derived:
        derived, sign = edited_from(one, other, by_camera=first.picture.has_camera_data)
    else:
        return verdict
    if not derived:
        return verdict
    words = [verdict.what] if derived > 0 else [MADE[derived]]
    return replace(verdict, what=", ".join(filter(None, (*words, sign))), derived=derived)


def _with_film(verdict: Verdict, one: tuple[str, Path], other: tuple[str, Path]) -> Verdict:
    """Say of a motion photo and its still that the still was saved from it."""
    if verdict.derived or (one[0], other[0]) != ("JPEG", "JPEG"):
        return verdict
    derived = holds_video(one[1]) - holds_video(other[1])
    return replace(verdict, what=MADE[-1], derived=derived) if derived < 0 else replace(verdict, derived=derived)


def with_raw_first(verdict: Verdict, first: Copy, second: Copy) -> Verdict:
    """Say that what is no RAW file was made from the RAW file, which may have been read from a small preview."""
    derived = (first.picture.format == "RAW") - (second.picture.format == "RAW")
    if not derived or verdict.derived == derived or verdict.part or verdict.relation is Relation.SCENE:
        return verdict
    return replace(verdict, what=_directed(verdict.what, derived), derived=derived)


def is_another_shot(verdict: Verdict, first: Copy, second: Copy) -> bool:
    """Tell of two pictures of one size, of which no time is known, whether their files show that they are two shots.

    Raises:
        OSError: A file cannot be read.
    """
    if verdict.relation not in (Relation.RE_ENCODED, Relation.EDITED) or verdict.part:
        return False
    one, other = first.picture, second.picture
    if one.size != other.size or one.taken_at is not None or other.taken_at is not None:
        return False
    if first.original is None or second.original is None:
        return False
    return are_two_shots(first.original, second.original)


def _with_enlarged(verdict: Verdict, first: Copy, second: Copy) -> Verdict:
    """Say of one picture in two sizes that the larger was made from the smaller, where its camera's data say so.

    Raises:
        OSError: A file cannot be read.
    """
    smaller, larger = (second, first) if verdict.derived > 0 else (first, second)
    if larger.original is None or not larger.picture.has_camera_data:
        return verdict
    if not is_enlarged(larger.original, smaller.picture.size):
        return verdict
    return as_enlarged(verdict, -verdict.derived)


def look_again(verdict: Verdict, keeper: Copy, smaller: Copy) -> Verdict:
    """Say of a keeper that it was enlarged from a picture with fewer pixels, where both files show that.

    Raises:
        OSError: A file cannot be read.
    """
    if keeper.original is None or smaller.original is None or not smaller.picture.width:
        return verdict
    if not LEAST <= keeper.picture.width / smaller.picture.width <= MOST or verdict.relation is Relation.TURNED:
        return verdict
    if keeper.picture.has_camera_data and is_as_recorded(keeper.original):
        return verdict
    return as_enlarged(verdict, -1) if was_enlarged(keeper.original, smaller.original) else verdict


def as_enlarged(verdict: Verdict, derived: int) -> Verdict:
    """Say of pictures in two sizes that the larger was made from the smaller.

    Args:
        derived: 1 where the second is the larger one, -1 where the first is.
    """
    return replace(verdict, what=f"{_directed(verdict.what, derived)}, {ENLARGED}", derived=derived)


def _directed(what: str, derived: int) -> str:
    """Say which was made from which as `derived` has it."""
    what = what.removesuffix(f"; {MADE[-1]}")
    return what if derived > 0 else f"{what}; {MADE[-1]}"
