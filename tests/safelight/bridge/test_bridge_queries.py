"""Saved queries: their tokens, their spelling, and what taking a run back does to them."""

from __future__ import annotations

import re

import pytest

from safelight.bridge import BridgeError
from safelight.bridge.queries import FIELD_BYTES, LENGTH, TOKENS_A_PHOTO, new_token
from safelight.bridge.question import Question


def test_tokens_fill_the_field_and_never_lie_inside_each_other():
    tokens = {new_token() for _ in range(500)}
    assert len(tokens) == 500
    assert all(re.fullmatch(r"sq[a-z0-9]{8}", token) and len(token) == LENGTH for token in tokens)
    assert TOKENS_A_PHOTO == 46
    assert len(" ".join([new_token()] * 46)) <= FIELD_BYTES < len(" ".join([new_token()] * 47))


def test_a_saved_query_is_changed_by_its_name_and_keeps_its_token_and_its_spelling(bridge):
    first = bridge.queries.save("Red  cars", Question(words="red car"), {"rating": 3, "keyword": ""})
    again = bridge.queries.save("red cars", Question(words="a red car"))
    assert (again.token, again.name) == (first.token, "Red cars")
    assert (first.name, first.rules, again.rules) == ("Red cars", {"rating": 3}, {})
    assert [query.question.words for query in bridge.queries.list()] == ["a red car"]
    bridge.queries.remove(first.token)
    assert bridge.queries.list() == []


@pytest.mark.parametrize("other", ["STRA\u00dfE", "strasse", "Stra\u00dfe"])
def test_names_are_compared_past_case_in_every_script(bridge, other):
    first = bridge.queries.save("Stra\u00dfe", Question(words="street"))
    assert bridge.queries.save(other, Question(words="road")).token == first.token
    assert [(query.name, query.question.words) for query in bridge.queries.list()] == [("Stra\u00dfe", "road")]


def saved(bridge, catalog_id, name: str, words: str, rules: dict | None = None) -> int:
    """Propose a query and save it, as the plug-in does; returns the run of the journal."""
    given = {"catalog": catalog_id, "name": name, "question": {"words": words}, "rules": rules}
    proposed = bridge.propose_query(given)["query"]
    run = bridge.journal_begin({"catalog": catalog_id, "title": name})["run"]
    bridge.save_query({**given, "token": proposed["token"], "run": run})
    return run


def asked(bridge) -> dict[str, str]:
    return {query.name: query.question.words for query in bridge.queries.list()}


def test_nothing_lives_by_what_is_only_proposed(bridge, catalog_id):
    given = {"catalog": catalog_id, "name": "Cars", "question": {"words": "red car"}, "rules": {"rating": 3}}
    proposed = bridge.propose_query(given)
    assert proposed["changed"]
    assert asked(bridge) == {}
    saved(bridge, catalog_id, "Cars", "red car", {"rating": 3})
    stamp = bridge.stamp()
    assert not bridge.propose_query({**given, "name": "CARS"})["changed"]
    assert bridge.propose_query({**given, "rules": {"rating": 5}})["changed"]
    assert bridge.propose_query({**given, "question": {"words": "blue car"}})["changed"]
    assert (asked(bridge), bridge.stamp()) == ({"Cars": "red car"}, stamp)


def test_taking_a_run_back_takes_the_query_back(bridge, catalog_id):
    runs = [saved(bridge, catalog_id, "x", words) for words in ("one", "two", "three")]
    token, stamp = bridge.queries.named("x").token, bridge.stamp()
    for run, left in zip(reversed(runs), ({"x": "two"}, {"x": "one"}, {}), strict=True):
        assert bridge.journal_last({"catalog": catalog_id})["run"] == run
        bridge.journal_undone({"run": run})
        assert asked(bridge) == left
        assert bridge.stamp() != stamp
        assert all(query.token == token for query in bridge.queries.list())


def test_what_another_catalog_has_asked_since_stands(bridge, catalog_id):
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": "/other/Catalog.lrcat", "lightroom": "14.3"}
    other = bridge.hello(hello)["catalog"]
    first = saved(bridge, catalog_id, "x", "one")
    saved(bridge, other, "x", "one")
    bridge.journal_undone({"run": first})
    assert asked(bridge) == {"x": "one"}, "the other catalog's collection lives on"


@pytest.mark.parametrize("rules", [{"rating": "3"}, {"rating": True}, {"label": "red"}])
def test_a_rule_that_lightroom_would_not_know_is_refused(bridge, rules):
    with pytest.raises(BridgeError, match="has no rule"):
        bridge.queries.save("x", Question(words="x"), rules)
