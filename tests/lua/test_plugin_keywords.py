"""Suggested keywords, against the real helper: the user's own first, nothing without a tick, no second spelling."""

from __future__ import annotations

import pytest


@pytest.fixture
def own(lr):
    """Keywords of a user, with a hierarchy, a synonym and a person."""
    animals = lr.catalog.add_keyword("Animals")
    keywords = {
        "cat": lr.catalog.add_keyword("Cat", animals),
        "raccoon": lr.catalog.add_keyword("Racoon", animals, synonyms=["Raccoons"]),
        "rocket": lr.catalog.add_keyword("rocket"),
        "person": lr.catalog.add_keyword("Rocket Raccoon", kind="person"),
        "number": lr.catalog.add_keyword("12345"),
    }
    lr.catalog.selected = [lr.photo(uuid).id for uuid in ("CAT", "ROCKET")]
    return keywords


def review(lr, *ticks: str) -> list[str]:
    """Tick the rows that begin so; returns all rows."""
    shown: list[str] = []

    def answer(dialog) -> str:
        rows = [text for text in dialog.texts if "photo" in text and "(" in text]
        shown.extend(rows)
        dialog.set(**{f"row{i}": True for i, row in enumerate(rows, 1) if row.startswith(ticks)} if ticks else {})
        return "ok"

    lr.answer("Suggested Keywords", answer)
    lr.click("MenuKeywords.lua")
    return shown


def test_own_keywords_are_suggested_with_their_place(lr, own):
    rows = review(lr)
    assert "Animals > Cat (1 photo)" in rows
    assert "rocket (1 photo)" in rows
    assert not any("12345" in row or "Rocket Raccoon" in row for row in rows)


def test_nothing_is_written_without_a_tick(lr, own):
    review(lr)
    assert lr.gates.blocks == []


def test_what_is_ticked_is_written_into_the_hierarchy_and_undone(lr, own):
    review(lr, "Animals > Cat", "rocket")
    assert lr.photo("CAT").keywords == {own["cat"].id}
    assert lr.photo("ROCKET").keywords == {own["rocket"].id}
    assert len(lr.catalog.keywords) == 6, "none was made"
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")
    assert lr.photo("CAT").keywords == lr.photo("ROCKET").keywords == set()


def test_a_keyword_that_is_there_already_is_not_written_again(lr, own):
    lr.photo("CAT").keywords = {own["cat"].id}
    review(lr, "Animals > Cat")
    assert [call for block in lr.gates.blocks for call in block.calls] == []


def test_a_new_keyword_is_marked_and_made_once(lr, own):
    lr.catalog.selected = [lr.photo("ESPRESSO").id]
    rows = review(lr)
    new = [row for row in rows if "a new keyword" in row]
    assert new, rows
    name = new[0].partition(" (")[0]
    review(lr, name)
    made = [keyword for keyword in lr.catalog.keywords.values() if keyword.name == name]
    assert [keyword.parent for keyword in made] == [None]
    assert lr.photo("ESPRESSO").keywords == {made[0].id}
    rows = review(lr)
    assert f"{name} (1 photo)" in rows, "now it is one of the user's"


def test_keywords_that_cannot_be_read_are_done_without(lr, own):
    """Some have seen Lightroom refuse to name keywords; it still says which one it had already."""
    lr.catalog_calls.keywords_need_read_access = True
    rows = review(lr, "cat")
    assert any(row.startswith("cat (1 photo, a new keyword)") for row in rows), rows
    made = [keyword for keyword in lr.catalog.keywords.values() if keyword.name == "cat"]
    assert lr.photo("CAT").keywords == {made[0].id}
    lr.photo("CAT").keywords = set()
    review(lr, "cat")
    assert lr.photo("CAT").keywords == {made[0].id}, "made once"


def test_no_second_spelling_is_offered(lr, own):
    """The user writes Racoon with the synonym Raccoons: "raccoon" is not offered as a new keyword."""
    lr.catalog.selected = [lr.photo("RACCOON").id]
    names = [row.partition(" (")[0].casefold() for row in review(lr)]
    assert "raccoon" not in names
    assert len(names) == len(set(names))


def test_photos_that_are_not_indexed_are_said(lr):
    stranger = lr.catalog.add_photo("STRANGER", "/elsewhere/x.jpg")
    lr.catalog.selected = [stranger.id]
    lr.click("MenuKeywords.lua")
    assert "1 of the photos has not been indexed yet" in lr.around.messages[-1]


def test_many_keywords_are_sent_in_pieces(lr, own):
    for i in range(2100):
        lr.catalog.add_keyword(f"{10000 + i}")  # no word, so nothing that a model would have to read
    assert "rocket (1 photo)" in review(lr)
    assert sum(target.endswith("/upload") for _, target in lr.http.sent) == 2
