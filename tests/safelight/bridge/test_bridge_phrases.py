"""What is said of near-duplicates, in codes: all of what can be said is known, and comes together again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.duplicates import keeper, series, turns, verify
from safelight.bridge.phrases import PHRASES, coded


def put_together(said: str) -> str:
    whole = ""
    for it in coded(said):
        parts = iter(it["parts"])
        whole += it["before"] + re.sub(r"\^\d", lambda _, parts=parts: next(parts), PHRASES[it["code"]])
    return whole


SAID = [
    *(words for words, _ in keeper.RULES),
    *keeper.SOURCES.values(),
    *verify.MADE.values(),
    *filter(None, turns.NAMES),
    *(getattr(series, name) for name in ("RAW_AND_JPEG", "LIVE", "BURST", "BRACKET", "TIME_LAPSE", "SCENE")),
]


@pytest.mark.parametrize("said", SAID)
def test_what_the_rules_say_is_known(said):
    assert put_together(said) == said


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("mirrored, other tones or colours, 640 x 480 instead of 1280 x 960", ["mirrored", "tones", "size"]),
        (
            "320 x 240 instead of 640 x 480, squeezed; the keeper was made from it",
            ["size", "squeezed", "keeper_from_it"],
        ),
        ("in colour, not black and white; the keeper was made from it", ["colour", "keeper_from_it"]),
        ("mirrored and turned, cropped to 48 %", ["mirrored_turned", "cropped"]),
        ("turned by 7 degrees, the keeper is a crop of it, of 48 %", ["turned", "keeper_cropped"]),
        ("with a border, a caption or a screen around it; the picture takes 40 %", ["framed"]),
        ("cropped to 48 %, compared with my cat.jpg", ["cropped", "compared"]),
        ("cropped to 48 %, compared with a, b; c.jpg", []),
        ("IMG 2.jpg was made from it", ["other_from_it"]),
        ("encoded again in the same size, saved as WebP, which no camera writes", ["encoded_again", "foreign"]),
        (
            "320 x 240 instead of 640 x 480; the keeper was made from it, enlarged",
            ["size", "keeper_from_it", "enlarged"],
        ),
        ("it has more pixels; it is the RAW file", ["pixels", "raw"]),
    ],
)
def test_texts_of_several_phrases(said, codes):
    assert [it["code"] for it in coded(said)] == codes
    assert put_together(said) == (said if codes else "")


@given(
    st.lists(
        st.sampled_from(sorted(set(PHRASES) - {"compared", "other_from_it", "saved_by", "foreign"})),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_put_together_comes_apart(codes):
    said = ", ".join(re.sub(r"\^\d", "12", PHRASES[code]) for code in codes)
    assert put_together(said) == said


@given(st.text(max_size=80))
def test_what_is_not_known_is_left_as_it_is(said):
    assert put_together(said) in (said, "")


def test_one_unknown_part_leaves_the_whole_alone():
    assert coded("cropped to 48 %, painted green") == []
