"""The bridge's own side: what travels in JSON, groups, the queue, the journal, keywords, files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from bridge_photos import CATALOG
from hypothesis import given
from hypothesis import strategies as st
from lua.smart_files import evaluate

from safelight.bridge import BridgeError
from safelight.bridge.actions import TAKEN_AGAIN_SECONDS
from safelight.bridge.duplicates import for_catalog
from safelight.bridge.keywords import spelling
from safelight.bridge.question import Question, Ref, read_refs
from safelight.bridge.smart_file import smart_collection

# JSON

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ["words", "like", "unlike", "since", "limit", "everything"]
question_like = st.dictionaries(st.sampled_from(KEYS), json_values)


@given(question_like)
def test_a_question_is_read_or_refused(value):
    try:
        question = Question.read(value)
    except BridgeError:
        return
    assert Question.read(json.loads(json.dumps(question.record()))) == question


@given(json_values)
def test_photos_are_read_or_refused(value):
    try:
        refs = read_refs(value)
    except BridgeError:
        return
    assert read_refs([ref.record() for ref in refs]) == refs


def test_lists_come_in_pieces(bridge):
    upload = bridge.upload({"items": [{"uuid": str(n)} for n in range(3)]})["upload"]
    assert bridge.upload({"items": [{"uuid": "3"}], "upload": upload})["upload"] == upload
    assert [ref.uuid for ref in bridge._refs({"photos": {"upload": upload}}, "photos")] == ["0", "1", "2", "3"]
    with pytest.raises(BridgeError, match="no longer there"):
        bridge._refs({"photos": {"upload": "0" * 16}}, "photos")


# Near-duplicates


@dataclass
class One:
    photo_id: str
    relation: str
    reason: str = ""


@dataclass
class Together:
    kind: str
    members: list[One]


def test_groups_are_written_for_one_catalog(library, planted):
    ids = {
        (key.decode(), source): photo_id
        for photo_id, key, source in library.catalog.db.execute(
            "SELECT public_id, key, source FROM photo JOIN root ON root.id = root_id"
        )
    }
    a, copy = ids["UUID-A", "lightroom"], ids["UUID-A-COPY", "lightroom"]
    file_of_a, c = ids["a.jpg", "folder"], ids["c.jpg", "folder"]
    groups = [
        Together(
            "resized", [One(c, "keeper", "more pixels"), One(a, "resized", "smaller"), One(file_of_a, "same bytes")]
        ),
        Together("series", [One(a, "series"), One(copy, "series")]),
        Together("same bytes", [One(a, "keeper"), One(file_of_a, "same bytes")]),
    ]
    first, second = for_catalog(library, groups, CATALOG)  # the third is one photo, known by catalog and by folder
    assert [(m.get("uuid"), m["role"]) for m in first["members"]] == [("UUID-A", "duplicate"), (None, "keeper")]
    assert [m["role"] for m in second["members"]] == ["series", "series"]
    assert re.fullmatch(r"dg[0-9a-z]{8}", first["id"])
    assert first["id"] == for_catalog(library, groups[:1], CATALOG)[0]["id"] != second["id"]
    within = [Ref("UUID-A", None), Ref("UUID-A-COPY", None)]
    assert [g["kind"] for g in for_catalog(library, groups, CATALOG, within)] == ["series"]


# The queue


def test_actions_are_handed_out_once_and_again_when_nobody_reports(bridge, monkeypatch):
    action = bridge.actions.push("smart", {"token": "sq00000000"})
    assert bridge.actions.push("smart", {"token": "sq00000000"}).id == action.id, "it waits already"
    assert [a.id for a in bridge.actions.take()] == [action.id]
    assert bridge.actions.take() == []
    monkeypatch.setattr("safelight.bridge.actions.TAKEN_AGAIN_SECONDS", -1)
    assert TAKEN_AGAIN_SECONDS == 600
    assert [a.id for a in bridge.actions.take()] == [action.id], "Lightroom was closed in the middle"
    bridge.actions.report(action.id, ok=True, says="2 added")
    assert bridge.actions.take() == []
    assert (bridge.actions.get(action.id).state, bridge.actions.get(action.id).says) == ("done", "2 added")


# The journal


def test_the_journal_gives_changes_back_from_the_end(bridge, catalog_id):
    run = bridge.journal_begin({"catalog": catalog_id, "title": "Find: x"})["run"]
    changes = [{"op": "field", "uuid": str(n), "field": "queries", "after": "sq"} for n in range(700)]
    bridge.journal_add({"catalog": catalog_id, "run": run, "changes": changes})
    seen: list[str] = []
    before = None
    while (page := bridge.journal_last({"catalog": catalog_id, "before": before}))["changes"]:
        assert (page["run"], page["title"], page["total"]) == (run, "Find: x", 700)
        seen += [change["uuid"] for change in page["changes"]]
        before = page["changes"][-1]["entry"]
    assert seen == [str(n) for n in reversed(range(700))]
    bridge.journal_undone({"run": run})
    assert bridge.journal_last({"catalog": catalog_id}) == {"changes": []}


def test_the_journal_refuses_what_cannot_be_taken_back(bridge, catalog_id):
    run = bridge.journal_begin({"catalog": catalog_id, "title": "x"})["run"]
    with pytest.raises(BridgeError, match="knows no change"):
        bridge.journal_add({"run": run, "changes": [{"op": "delete"}]})
    with pytest.raises(BridgeError, match="no longer in the journal"):
        bridge.journal_add({"run": run + 1, "changes": []})


def test_a_change_without_entries_is_none(bridge, catalog_id):
    bridge.journal_begin({"catalog": catalog_id, "title": "nothing came of it"})
    assert bridge.journal_last({"catalog": catalog_id}) == {"changes": []}


# Keywords


@pytest.mark.parametrize(
    ("a", "b"), [("Dogs", "dog"), ("Black-and-white", "black and white"), ("Café", "Cafe\u0301"), ("BOXES", "box")]
)
def test_spellings_of_one_keyword(a, b):
    assert spelling(a) == spelling(b)


@pytest.mark.parametrize(("a", "b"), [("glass", "glade"), ("bus", "but"), ("cat", "car")])
def test_other_keywords(a, b):
    assert spelling(a) != spelling(b)


# A smart collection as a file


def test_the_file_holds_the_photos_that_were_found():
    wanted = ["/p/2019/IMG_1.jpg", "/p/2020/IMG_1.jpg", '/p/2020/a "quoted" \\ name ü.jpg', "/p/x/IMG_2.CR2"]
    others = ["/p/2021/IMG_1.jpg", "/p/2019/IMG_10.jpg", "/p/x/IMG_2.JPG"]
    assert evaluate(smart_collection('Red "cars"\n', wanted), [*wanted, *others]) == wanted


names_of_files = st.text(min_size=1, max_size=20).filter(lambda name: not set("/\0") & set(name) and name.strip(" ."))


@given(st.lists(names_of_files, min_size=1, max_size=5))
def test_any_file_name_survives(names):
    try:
        paths = [f"/p/{name.encode().decode()}" for name in names]
    except UnicodeEncodeError:
        return
    assert set(evaluate(smart_collection(names[0], paths), paths)) == set(paths)
