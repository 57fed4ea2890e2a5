"""Whether two pictures are one, and if so what was done to it: decided on the pictures, never on a hash alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from indexer.duplicates.align import Alignment, locate
from indexer.duplicates.changes import (
    CHANGED,
    is_added_on_plain_ground,
    is_changed_in_one_place,
    is_exchanged,
    is_on_paper,
)
from indexer.duplicates.features import SIDE, Features
from indexer.duplicates.nudge import nudged
from indexer.duplicates.overlay import Overlay, overlay, sampled
from indexer.duplicates.turns import NAMES, turn_pixels


class Sensitivity(StrEnum):
    """How much may have been done to a picture for it to count as the same one."""

    EXACT = "exact"  # the same bytes or pixels
    STRICT = "strict"  # ... or the same frame: encoded again, resized, turned, another tone
    NORMAL = "normal"  # ... or a part of it, with things around it, straightened
    LOOSE = "loose"  # ... or little of it, much changed


class Relation(StrEnum):
    """What a picture is to another."""

    SAME_BYTES = "same bytes"
    SAME_PIXELS = "same pixels"
    RE_ENCODED = "re-encoded"
    RESIZED = "resized"
    EDITED = "edited"
    TURNED = "turned"
    SCENE = "same scene"  # another shot: no duplicate


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the second picture is to the first.

    Attributes:
        what: In words, which call the first the keeper: "cropped to 48 %", "the keeper is a crop of it, of 48 %".
        derived: 1 where the second was made from the first, -1 the other way round, 0 where it cannot be told.
        part: Whether one shows only a part of the other, or has something around it.
    """

    relation: Relation
    what: str
    derived: int = 0
    part: bool = False


RULES = 8
"""Version of what is decided here; verdicts of another version are reached anew."""

MADE = {1: "made from the keeper", -1: "the keeper was made from it"}
"""Which was made from which, in words: by `derived`."""

ENLARGED = "enlarged"
"""What a copy with more pixels than the file it was made from is; its words end so."""

RETOUCHED = "blurred, sharpened or retouched"

IN_ONE_PLACE = "changed in one place"
"""What a mark that was written into a picture does, and something that walks through a still view."""

_SAME_FRAME = 0.012  # how far corners may seem to lie apart that do not
_NO_CHANGE = 2.0  # gray levels: what encoding again does to a thumbnail
_BY_HAND = 4.0  # degrees, up to which cameras are held askew from one shot to the next
_LEAST_MOVED = 1.0  # gray levels
_LEAST_PARTS = 6  # of 64, with something in them: below, all pictures are alike
_WELL_PLACED = 0.95  # of detail: above, there is nothing to gain
_WORTH_A_NUDGE = 0.75  # of likeness: below, keypoints agree by chance
_SAFE_POINTS = 8
_MANY_POINTS = 12
_ALONG = np.linspace(0.05, 0.95, 40)
_WEDGE = 9  # cells from a corner where a turn by some degrees shows the picture
_TINY = 100  # pixels of the longer side: so small ones show too little to be told from others
_LEAST_AREA = 0.08  # of the larger picture's surface: so little says nothing


def verify(one: Features, other: Features, turn: int | None, sensitivity: Sensitivity) -> Verdict | None:
    """Say what `other` is to `one`; None where they are not the same picture, nor the same scene.

    Args:
        turn: That of `one` for which the hashes are near; None where they are not, for any.
    """
    if turn is not None:
        seen = overlay(turn_pixels(one.gray, turn), other.gray, None)
        if seen.likeness >= _least_whole(sensitivity) and (
            _goes_together(seen) or _is_witnessed(one, other, turn, seen)
        ):
            verdict = _whole(one, other, turn, seen)
            sure = _sure(verdict, one, other, seen, sensitivity)
            if sure is not None or verdict.relation is Relation.SCENE:
                return sure
    if sensitivity in (Sensitivity.EXACT, Sensitivity.STRICT):
        return None
    for other_turn in (turn or 0,) if sensitivity is Sensitivity.NORMAL else range(8):
        place = locate(one, other, other_turn)
        if place is None:
            continue
        turned = turn_pixels(one.gray, other_turn)
        seen = overlay(turned, other.gray, place)
        if seen.likeness < _WORTH_A_NUDGE or seen.agreeing < _least_agreeing_before(place.points):
            continue
        if seen.detail < _WELL_PLACED:
            place = nudged(turned, other.gray, place)
            seen = overlay(turned, other.gray, place)
        if _is_placed(place, seen, sensitivity):
            verdict = _part(one, other, other_turn, place, seen)
            return _sure(verdict, one, other, seen, sensitivity)
    return None


def _sure(verdict: Verdict, one: Features, other: Features, seen: Overlay, sensitivity: Sensitivity) -> Verdict | None:
    """Ask for detail in common; what lacks it is another shot at most.

    And ask more of a scene: programs' windows, forms and pages are alike in much, too.
    """
    if verdict.relation in (Relation.EDITED, Relation.TURNED) and max(map(_longer_side, (one, other))) < _TINY:
        return None  # icons of one set
    if verdict.relation is not Relation.SCENE:
        if seen.detail >= _least_detail(sensitivity) or seen.parts < _LEAST_PARTS:
            return verdict
        if verdict.relation is Relation.TURNED or (one.width, one.height) != (other.width, other.height):
            return None
        verdict = Verdict(Relation.SCENE, "another shot of the same scene")
    return verdict if seen.agreeing >= 0.8 else None


def _longer_side(features: Features) -> int:
    return max(features.width, features.height)


def _least_detail(sensitivity: Sensitivity) -> float:
    return 0.75 if sensitivity is Sensitivity.LOOSE else 0.85


def _least_whole(sensitivity: Sensitivity) -> float:
    match sensitivity:
        case Sensitivity.EXACT | Sensitivity.STRICT:
            return 0.985
        case Sensitivity.NORMAL:
            return 0.93
        case Sensitivity.LOOSE:
            return 0.9


def _least_part(points: int, sensitivity: Sensitivity) -> float:
    """The fewer points agree on where it lies, the more alike it must be there."""
    loose = 0.05 if sensitivity is Sensitivity.LOOSE else 0.0
    if points >= _SAFE_POINTS:
        return 0.85 - loose
    return (0.93 if points >= 6 else 0.96) - loose


def _least_agreeing_before(points: int) -> float:
    """A nudge takes it to two thirds of the parts from no less than 0.6; to four fifths, for few points, from 0.64."""
    return 0.6 if points < _MANY_POINTS else 0.5


def _goes_together(seen: Overlay) -> bool:
    """Ask that they agree all over, not only in what is strongest: a caption, a frame, a horizon."""
    return seen.parts >= _LEAST_PARTS and seen.agreeing >= 0.65


def _is_placed(place: Alignment, seen: Overlay, sensitivity: Sensitivity) -> bool:
    """Tell whether one is a part of the other; the fewer points say so, the more must go together there."""
    if min(place.area, 1 / place.area) < _LEAST_AREA or seen.likeness < _least_part(place.points, sensitivity):
        return False
    if place.points < _MANY_POINTS and (seen.agreeing < 0.8 or seen.parts < 2 * _LEAST_PARTS):
        return False
    return _goes_together(seen)


def _is_witnessed(one: Features, other: Features, turn: int, seen: Overlay) -> bool:
    """Ask, where there is little to see, for a second witness: a blank sky is like any other."""
    if seen.plain <= _NO_CHANGE and _same_shape(one, other, turn) and _colour_distance(one, other, turn) <= 2:
        return True
    place = locate(one, other, turn)
    return place is not None and place.points >= 20 and place.deviation < 2 * _SAME_FRAME


def _whole(one: Features, other: Features, turn: int, seen: Overlay) -> Verdict:
    """Say what was done where both show the same frame."""
    if not turn and _is_another_shot(one, other, seen):
        return Verdict(Relation.SCENE, "another shot of the same scene")
    pixels = one.width * one.height, other.width * other.height
    derived = (pixels[0] > pixels[1]) - (pixels[0] < pixels[1])
    size = f"{other.width} x {other.height} instead of {one.width} x {one.height}" if derived else ""
    tone, tone_derived = _tone(one, other, turn, seen)
    if turn:
        return _directed(Relation.TURNED, (NAMES[turn], tone, size), derived or tone_derived)
    if tone:
        return _directed(Relation.EDITED, (tone, size), tone_derived or derived)
    if derived:
        return _directed(Relation.RESIZED, (size, "" if _same_shape(one, other, turn) else "squeezed"), derived)
    return Verdict(Relation.RE_ENCODED, "encoded again in the same size")


def _directed(relation: Relation, words: Sequence[str], derived: int, *, part: bool = False) -> Verdict:
    """Say what was done; and where the keeper is the one that it was done to, say so."""
    what = ", ".join(filter(None, words))
    return Verdict(relation, f"{what}; {MADE[derived]}" if derived < 0 else what, derived, part)


def _is_another_shot(one: Features, other: Features, seen: Overlay) -> bool:
    """Tell a next frame from a copy: the same size and exposure, but something moved, or the camera did."""
    if (one.width, one.height) != (other.width, other.height):
        return False  # another size: an edit
    if is_on_paper(one) and is_on_paper(other) and is_added_on_plain_ground(one, other):
        return True  # another page, or the next slide
    if seen.plain > 1.6 * seen.fitted:
        return False  # another tone
    if is_changed_in_one_place(one, other):  # a date or a mark was written into it, unless something is gone for it
        return is_exchanged(one, other)
    if is_added_on_plain_ground(one, other):
        return True  # so much was not written into a photo
    if _has_moved_a_little(one, other, seen):
        return True
    if seen.fitted <= _NO_CHANGE:
        return False
    if seen.local > 7 and seen.peak > 6:
        return True
    place = locate(one, other)
    if place is None or place.points < 20:
        return False
    return min(place.outside, place.inverse().outside) > 0.003 or place.deviation > 0.006


def _has_moved_a_little(one: Features, other: Features, seen: Overlay) -> bool:
    """Tell from a copy a frame in which something moved by less than a cell.

    What encoding again changes is less, and spread more evenly. What blurring or sharpening changes goes with the
    picture's own edges, as its second derivative does; what moved goes with slopes, to the one side or the other.
    """
    if seen.plain < _LEAST_MOVED or seen.plain > 1.25 * seen.fitted + 0.2 or seen.local < 3.6 or seen.peak < 2:
        return False
    a, b = one.gray.astype(np.float32), other.gray.astype(np.float32)
    both = a + b
    edges = both[1:-1, :-2] + both[1:-1, 2:] + both[:-2, 1:-1] + both[2:, 1:-1] - 4 * both[1:-1, 1:-1]
    change = (b - a)[1:-1, 1:-1]
    return abs(float(np.corrcoef(change.ravel(), edges.ravel())[0, 1])) < 0.1


def _tone(one: Features, other: Features, turn: int, seen: Overlay) -> tuple[str, int]:
    """Name a change of tone or colour; and who was made from whom where that shows."""
    colour = [float(np.abs(f.chroma.astype(np.int16) - 128).mean()) for f in (one, other)]
    if min(colour) < 1.0 and max(colour) > 3.0:
        return ("black and white", 1) if colour[0] > colour[1] else ("in colour, not black and white", -1)
    if seen.plain > max(4.0, 2 * seen.fitted) or _colour_distance(one, other, turn) > 4:
        return "other tones or colours", 0
    if not turn and seen.fitted > _NO_CHANGE and is_changed_in_one_place(one, other):
        return IN_ONE_PLACE, 0
    if seen.fitted > 2 * _NO_CHANGE and (one.width, one.height) == (other.width, other.height):
        return RETOUCHED, 0
    return "", 0


def _part(one: Features, other: Features, turn: int, place: Alignment, seen: Overlay) -> Verdict:
    """Say what was done where one is a part of the other."""
    back = place.inverse()
    over = min(place.outside, back.outside)
    turned_by = abs(place.degrees)
    if turned_by < 1.5 and over > 0.02 + 0.02 * (place.points < _SAFE_POINTS):
        return Verdict(Relation.SCENE, "another view of the same scene")
    if not turn and turned_by < 1.5 and place.deviation < 0.05 and _is_another_shot(one, other, seen):
        return Verdict(Relation.SCENE, "another shot of the same scene")
    also = NAMES[turn]
    same_size = (one.width, one.height) == (other.width, other.height)
    blank = _has_blank_corners(one), _has_blank_corners(other)
    if turned_by >= 1.5 and blank[0] != blank[1]:  # what comes into a picture's corners when it is turned
        return _directed(Relation.EDITED, (also, f"turned by {turned_by:.0f} degrees"), blank[1] - blank[0])
    if turned_by >= (_BY_HAND if same_size else 1.5) and place.off_centre < 0.03 and 0.8 < place.area < 1.25:
        pixels = one.width * one.height - other.width * other.height  # straightening takes some away
        return _directed(Relation.EDITED, (also, f"turned by {turned_by:.0f} degrees"), (pixels > 0) - (pixels < 0))
    inner, outer, inside = (one, other, place) if place.area < 1 else (other, one, back)
    framed = _is_framed(inside, outer.gray if outer is other else turn_pixels(outer.gray, turn))
    if not framed and inside.area > 0.5 and same_size:
        return Verdict(Relation.SCENE, "another view of the same scene")  # a crop has fewer pixels; a zoom has not
    share = f"{100 * inside.area:.0f} %"
    if framed:  # the smaller one is the picture, the larger has something around it
        words, derived = _framed_words(outer is other, share), 1 if outer is other else -1
        return _directed(Relation.EDITED, (also, words), derived, part=True)
    if inner is other:
        return _directed(Relation.EDITED, (also, f"cropped to {share}"), 1, part=True)
    words = ", ".join(filter(None, (also, f"the keeper is a crop of it, of {share}")))
    return Verdict(Relation.EDITED, words, -1, part=True)


def _has_blank_corners(picture: Features) -> bool:
    """Tell whether all four corners have one tone, which ends near them, as where nothing is in them."""
    gray = picture.gray.astype(np.int16)
    corners, within = (
        gray[:: SIDE - 1, :: SIDE - 1],
        gray[_WEDGE :: SIDE - 1 - 2 * _WEDGE, _WEDGE :: SIDE - 1 - 2 * _WEDGE],
    )
    ends = np.count_nonzero(np.abs(within - corners) > 2 * CHANGED) >= 3
    return bool(ends and np.ptp(corners) <= 2)


def _framed_words(second_is_outer: bool, share: str) -> str:
    if second_is_outer:
        return f"with a border, a caption or a screen around it; the picture takes {share}"
    return f"without the border, caption or screen around it, where the picture takes {share}"


def _is_framed(inside: Alignment, outer: np.ndarray) -> bool:
    """Tell a border from a crop: where a picture goes on past the edge, nothing jumps there."""
    scale = np.maximum(np.abs(np.diag(inside.matrix[:, :2])), 1e-3)
    out = np.array([1.0, -1.0, -3.0]) * 1.3 / SIDE  # just beyond the edge, just within, further in
    at = np.ones((2, 2, 3, len(_ALONG), 3))  # axis, edge, how far out, along it: x, y, 1
    for axis in (0, 1):
        at[axis, ..., 1 - axis] = _ALONG
        at[axis, 0, ..., axis] = (-out / scale[axis])[:, None]
        at[axis, 1, ..., axis] = (1 + out / scale[axis])[:, None]
    placed = at.reshape(4, 3, len(_ALONG), 3) @ inside.matrix.T
    placed = placed[((placed[:, 0] >= 0.01) & (placed[:, 0] <= 0.99)).all((1, 2))]
    if not len(placed):
        return False
    x_and_y = np.moveaxis(placed, -1, 0).astype(np.float32).reshape(2, -1)
    beyond, within, further = sampled(outer, x_and_y).reshape(-1, 3, len(_ALONG)).swapaxes(0, 1)
    jumps, usual = float(np.abs(beyond - within).mean()), float(np.abs(within - further).mean())
    return jumps > 2.0 * (usual + 2.0)


def _same_shape(one: Features, other: Features, turn: int) -> bool:
    width, height = (one.height, one.width) if turn & 4 else (one.width, one.height)
    return abs(np.log(width * other.height / (height * other.width))) < 0.03


def _colour_distance(one: Features, other: Features, turn: int) -> float:
    turned = turn_pixels(one.chroma, turn).astype(np.int16)
    return float(np.abs(turned - other.chroma).mean())
