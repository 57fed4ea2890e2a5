"""Searches of the page, queued for Lightroom: what it can be asked for is, what not is refused in words."""

from __future__ import annotations

import pytest
from safelight_server import RunningHelper

QUEUE = "/api/v1/lightroom/queue"


def push(helper: RunningHelper, search: dict, name: str = "x", *, smart: bool = False):
    return helper.ask("POST", QUEUE, {"name": name, "smart": smart, "search": search})


def photo(helper: RunningHelper) -> dict:
    return helper.post("/api/v1/search", {"words": "red", "show_all": True, "limit": 1})["photos"][0]


@pytest.fixture
def catalog(helper: RunningHelper) -> str:
    """Say hello as the plug-in of a catalog does."""
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": "C:\\Lightroom\\Family.lrcat", "lightroom": "14.3"}
    return helper.post("/api/v1/lightroom/hello", hello)["catalog"]


def test_words_photos_and_dates_are_carried_over(helper, catalog):
    one = photo(helper)
    search = {
        "words": 'dog -beach "red car"',
        "terms": [{"picture": one["id"], "weight": 2}, {"text": "snow", "weight": -0.5}],
        "unlike": [one["id"]],
        "filters": {"since": "2019", "until": "2021-07"},
    }
    answer = push(helper, search, "Dogs")
    assert answer.status == 201
    assert (answer.json["actions"][0]["name"], answer.json["actions"][0]["state"]) == ("Dogs", "waiting")
    actions = helper.post("/api/v1/lightroom/poll", {"catalog": catalog})["actions"]
    question = next(action for action in actions if action["payload"].get("name") == "Dogs")["payload"]["question"]
    assert question["words"] == '"dog" -"beach" "red car" -0.5:"snow"'
    assert question["like"] == question["unlike"] == [{"path": one["path"]}]
    assert (question["since"], question["until"]) == ("2019", "2021-07")
    queue = helper.get(QUEUE)
    assert queue["plugins"][0] == {"name": "Family.lrcat", "lightroom": "14.3", "alive": True}
    assert next(action for action in queue["actions"] if action["name"] == "Dogs")["state"] == "taken"


def test_lightrooms_own_rules_narrow_a_smart_collection(helper, catalog):
    filters = {"rating": 3, "keyword": ["Family"]}
    assert push(helper, {"words": "dog", "filters": filters}, "Rated", smart=True).status == 201
    actions = helper.post("/api/v1/lightroom/poll", {"catalog": catalog})["actions"]
    payload = next(action for action in actions if action["kind"] == "smart")["payload"]
    assert (payload["name"], payload["rules"]) == ("Rated", {"rating": 3, "keyword": "Family"})
    assert helper.post("/api/v1/lightroom/list_queries", {"catalog": catalog})["queries"] == [], "nobody wants it yet"
    assert helper.get(QUEUE)["actions"][0]["smart"]


@pytest.mark.parametrize(
    ("search", "smart", "says"),
    [
        ({}, False, "nothing to look for"),
        ({"words": "dog", "filters": {"folder_id": ["x"], "camera": ["canon"]}}, True, "camera, folder id"),
        ({"words": "dog", "filters": {"rating": 3}}, False, "rating"),
        ({"words": "dog", "filters": {"keyword": ["a", "b"]}}, True, "more than one"),
        ({"like": ["up-222222222222"]}, True, "not known in Lightroom"),
        ({"like": ["222222222222"]}, True, "no file that Lightroom could know"),
    ],
)
def test_what_lightroom_cannot_be_asked_for_is_refused_in_words(helper, search, smart, says):
    answer = push(helper, search, smart=smart)
    assert answer.status == 400
    assert says in answer.json["error"]


@pytest.mark.parametrize("name", ["", " ", "n" * 201])
def test_a_collection_has_a_name(helper, name):
    assert push(helper, {"words": "dog"}, name).status == 422
