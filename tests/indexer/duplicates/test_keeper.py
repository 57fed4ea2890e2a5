"""Which picture to keep: every rule decides by itself, and comes before all that follow it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from indexer.duplicates.keeper import is_source, may_tell, rank, why, why_source
from indexer.duplicates.picture import Picture
from indexer.duplicates.verify import Relation, Verdict

NOON = datetime(2020, 5, 1, 12)
PLAIN = Picture("a", "/a", "JPEG", 20, 10, 100, None, 5.0)
AGAIN = Verdict(Relation.RE_ENCODED, "")
SAME_PIXELS = Verdict(Relation.SAME_PIXELS, "")

BETTER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("you chose it", {"chosen": 1}),
    ("it is the RAW file", {"format": "RAW"}),
    ("it is the camera's own file", {"camera": "Acme One"}),
    ("it has more pixels", {"width": 30}),
    ("it was edited", {"edited": True}),
    ("it is rated higher", {"rating": 2}),
    ("more is known of it", {"facts": 3}),
    ("it is from the source you prefer", {"preferred": True}),
    ("its file is larger", {"size_bytes": 101}),
    ("it is the oldest", {"added": 1.0}),
)
"""In the order that issue 5 and docs/duplicates.md give: (why, what a picture has that comes before a plain one)."""
WORDS = [words for words, _ in BETTER]


@pytest.mark.parametrize("place", range(len(BETTER)), ids=WORDS)
def test_each_rule_decides_where_all_else_is_equal(place):
    words, has = BETTER[place]
    better = replace(PLAIN, **has)
    assert max((PLAIN, better), key=rank) is better is max((better, PLAIN), key=rank)
    assert why(better, PLAIN, AGAIN) == words


@pytest.mark.parametrize("place", range(len(BETTER)), ids=WORDS)
def test_each_rule_comes_before_all_that_follow(place):
    words, has = BETTER[place]
    better, other = replace(PLAIN, **has), PLAIN
    for _, later in BETTER[place + 1 :]:
        other = replace(other, **later)
    assert max((other, better), key=rank) is better
    assert why(better, other, AGAIN) == words


def test_what_was_chosen_last_comes_first():
    once, later = replace(PLAIN, chosen=1), replace(PLAIN, chosen=2)
    assert max((later, once), key=rank) is later


def test_a_higher_rating_comes_before_a_lower_and_any_before_none():
    for better, other in ((4, 3), (1, None), (1, 0)):
        assert why(replace(PLAIN, rating=better), replace(PLAIN, rating=other), AGAIN) == "it is rated higher"


def test_the_cameras_time_counts_before_the_files():
    taken = replace(PLAIN, taken_at=NOON, added=9.0)
    later = replace(PLAIN, taken_at=NOON + timedelta(hours=1), added=1.0)
    assert why(taken, later, AGAIN) == "it is the oldest"
    assert why(replace(taken, added=1.0), taken, AGAIN) == "it is the oldest", "of one time the older file"


def test_among_the_same_pixels_size_tells_nothing():
    older = replace(PLAIN, added=1.0)
    larger = replace(PLAIN, size_bytes=101)
    assert why(larger, older, AGAIN) == "its file is larger"
    assert why(older, larger, SAME_PIXELS) == "it is the oldest"
    assert max((older, larger), key=lambda one: rank(one, by_size=False)) is older


def test_the_original_is_said_to_be_one_unless_the_user_chose():
    made = replace(PLAIN, size_bytes=200, rating=5)
    for relation in (Relation.RE_ENCODED, Relation.SAME_PIXELS):
        assert why(replace(PLAIN, chosen=1), made, Verdict(relation, "", 1)) == "you chose it"
    assert why(PLAIN, made, Verdict(Relation.RE_ENCODED, "", 1)) == "it is the original: the other was encoded again"
    assert why(PLAIN, made, Verdict(Relation.SAME_PIXELS, "", 1)) == "a copy without loss was saved from it"
    assert why(made, PLAIN, Verdict(Relation.RE_ENCODED, "", -1)) == "it is rated higher"
    assert why(PLAIN, made, Verdict(Relation.RESIZED, "", 1)) == "", "that a smaller one was made says nothing"


@pytest.mark.parametrize(
    ("more", "may"),
    [
        ({"format": "RAW"}, False),
        ({"camera": "Acme One"}, False),
        ({"taken_at": NOON + timedelta(seconds=1)}, False),  # the next frame of a burst
        ({"taken_at": None}, True),
        ({"rating": 5, "edited": True, "facts": 3, "size_bytes": 1, "chosen": 1, "preferred": True}, True),
    ],
)
def test_which_was_encoded_first_is_asked_only_where_no_earlier_rule_decides(more, may):
    one = replace(PLAIN, taken_at=NOON)
    assert may_tell(one, replace(one, **more)) is may


GRAY = Verdict(Relation.EDITED, "black and white", 1)


@pytest.mark.parametrize("relation", [Relation.EDITED, Relation.TURNED])
def test_an_edit_comes_before_its_original_only_by_what_the_user_did(relation):
    verdict = Verdict(relation, "", 1)
    for more in ({"size_bytes": 999}, {"facts": 9}, {"preferred": True}, {"added": 1.0}):
        assert why_source(PLAIN, replace(PLAIN, **more), verdict), more
    for more in ({"rating": 1}, {"edited": True}, {"format": "RAW"}, {"camera": "Acme"}):
        assert why_source(PLAIN, replace(PLAIN, **more), verdict) == "", more
    assert why_source(replace(PLAIN, rating=4), replace(PLAIN, rating=4), verdict)


def test_what_has_more_pixels_was_made_from_another_file_unless_they_were_added():
    larger = replace(PLAIN, width=30)
    assert why_source(PLAIN, larger, GRAY) == ""
    assert why_source(PLAIN, larger, replace(GRAY, what="black and white, enlarged"))
    framed = "with a border, a caption or a screen around it; the picture takes 40 %"
    assert why_source(PLAIN, larger, replace(GRAY, what=framed, part=True))
    assert why_source(PLAIN, larger, replace(GRAY, what="turned by 8 degrees"))
    assert why_source(PLAIN, larger, Verdict(Relation.RESIZED, "30 x 10 instead of 20 x 10", -1)) == ""


def test_among_edits_the_size_of_a_file_tells_nothing():
    older, larger = replace(PLAIN, added=1.0), replace(PLAIN, size_bytes=101)
    assert why(older, larger, Verdict(Relation.EDITED, "other tones or colours")) == "it is the oldest"
    assert why(replace(PLAIN, width=30), PLAIN, GRAY) == "it has more pixels"
    assert why(PLAIN, larger, GRAY) == "it is the original: the other was edited"


@pytest.mark.parametrize(
    ("name", "named_after"),
    [
        ("IMG_1-Edit.tif", True),
        ("img_1 (edited).jpg", True),
        ("IMG_1_bw.png", True),
        ("IMG_1 copy.jpg", True),
        ("IMG_1 (1).jpg", False),
        ("IMG_12.jpg", False),
        ("IMG_1-2.jpg", False),
        ("IMG_1x.jpg", False),
        ("DSC_1-Edit.tif", False),
    ],
)
def test_an_edit_that_has_the_name_of_its_original_was_made_from_it(name, named_after):
    source, made = replace(PLAIN, name="IMG_1.JPG"), replace(PLAIN, name=name, added=1.0)
    tones = Verdict(Relation.EDITED, "other tones or colours")
    assert is_source(source, made, tones) is named_after
    assert not is_source(made, source, tones)
    assert not is_source(source, replace(made, rating=3), tones)
    assert not is_source(source, replace(made, folder="/b"), tones)
    said = "it is the original: the other was edited" if named_after else ""
    assert why(source, made, tones) == said
