"""Living smart collections, the queue, and undoing, against the real helper."""

from __future__ import annotations

import pytest
from lua.real_helper import CHECKOUT, open_catalog
from lua.test_plugin_finding import search
from PIL import Image, ImageOps


def make_smart(lr, words: str, *, preview: str = "ok", **values) -> None:
    lr.answer("Smart Collection from Words", lambda dialog: dialog.set(words=words, **values) or "ok")
    lr.answer("Smart collection:", preview)
    lr.click("MenuSmart.lua")
    lr.around.answers.clear()


def smart(lr, name: str) -> list[str]:
    return sorted(lr.photos_in("Safelight", "Smart", name))


def tokens(lr, uuid: str) -> list[str]:
    return lr.photo(uuid).properties.get("queries", "").split()


def undo(lr) -> None:
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")


def test_words_make_a_smart_collection_with_the_right_photos(lr):
    make_smart(lr, "an animal", name="animals 1")
    assert smart(lr, "animals 1") == ["CAT", "RACCOON"]
    collection = lr.collection("Safelight", "Smart", "animals 1")
    (rule,) = [collection.description[1]]
    assert (rule["criteria"], rule["operation"]) == ("sdktext:org.safelight.lightroom.queries", "any")
    assert tokens(lr, "CAT") == [rule["value"]] == tokens(lr, "RACCOON")
    assert lr.around.dialogs[-1].texts == [
        "2 photos match.\nPhotos that get the mark of this collection: 2; that lose it: 0."
    ]


def test_a_second_run_changes_nothing(lr):
    make_smart(lr, "an animal", name="animals 2")
    blocks, dialogs = len(lr.gates.blocks), len(lr.around.dialogs)
    make_smart(lr, "an animal", name="animals 2")
    lr.click("MenuUpdate.lua")
    assert len(lr.gates.blocks) == blocks
    assert len(lr.around.dialogs) == dialogs + 1, "the form alone; there was nothing to preview"
    assert "up to date" in lr.around.messages[-1]


def test_another_query_under_the_same_name_is_the_same_collection(lr):
    make_smart(lr, "an animal", name="things 3")
    before = lr.collection("Safelight", "Smart", "things 3").id
    make_smart(lr, "rocket", name="things 3")
    assert smart(lr, "things 3") == ["ROCKET"]
    assert lr.collection("Safelight", "Smart", "things 3").id == before
    assert tokens(lr, "CAT") == []


def test_declining_another_query_under_the_same_name_leaves_the_old_one(lr, helper):
    make_smart(lr, "an animal", name="things 4", rating=3)
    rules = lr.collection("Safelight", "Smart", "things 4").description
    make_smart(lr, "rocket", name="things 4", preview="cancel")
    assert '{"collection": "things 4", "words": "an animal"}' in helper.quick("lightroom", "status", "--json")
    lr.wait(200)
    assert [tokens(lr, u) != [] for u in ("CAT", "ROCKET")] == [True, False], "nothing follows what was not wanted"
    assert lr.collection("Safelight", "Smart", "things 4").description == rules


def test_blanks_are_no_words(lr):
    make_smart(lr, "  ", name="blank")
    assert lr.around.messages == []


def test_declining_leaves_no_trace(lr):
    make_smart(lr, "an animal", name="declined", preview="cancel")
    assert lr.catalog.collections == {}
    assert lr.gates.blocks == []
    lr.click("MenuUpdate.lua")
    assert "up to date" in lr.around.messages[-1]


def test_further_rules_are_evaluated_by_lightroom(lr):
    lr.photo("CAT").rating = 4
    make_smart(lr, "an animal", name="good animals", rating=3, since="2020-01-01", before="2020-12-31")
    assert smart(lr, "good animals") == ["CAT"]
    assert tokens(lr, "RACCOON"), "it matches, and comes in once it is rated"
    lr.photo("RACCOON").rating = 5
    assert smart(lr, "good animals") == ["CAT", "RACCOON"]


@pytest.mark.parametrize(
    ("values", "criterion", "inside"),
    [
        ({"rating": 3}, {"criteria": "rating", "operation": ">=", "value": 3}, {"CAT"}),
        ({"keyword": "night zoo"}, {"criteria": "keywords", "operation": "all", "value": "night zoo"}, {"RACCOON"}),
        ({"since": "2021-06-01"}, {"criteria": "captureTime", "operation": "in", "value": "2021-06-01"}, {"RACCOON"}),
        ({"before": "2021-05-31"}, {"criteria": "captureTime", "operation": "in", "value2": "2021-05-31"}, {"CAT"}),
        ({"since": "2020-01-01", "before": "2020-12-31", "rating": 3, "keyword": "zoo"}, {}, set()),
    ],
    ids=["rating", "keyword", "since", "until", "all at once"],
)
def test_each_further_rule_is_joined_by_and(lr, values, criterion, inside):
    """The cat has stars, the raccoon a keyword; a rocket with both is no animal."""
    lr.photo("CAT").rating, lr.photo("RACCOON").rating, lr.photo("ROCKET").rating = 4, 2, 5
    lr.photo("RACCOON").captured = "2021-06-01T23:00:00"
    keyword = lr.catalog.add_keyword("Zoo at night")
    lr.photo("RACCOON").keywords = lr.photo("ROCKET").keywords = {keyword.id}
    name = f"also {'-'.join(values)}"
    make_smart(lr, "an animal", name=name, **values)
    description = lr.collection("Safelight", "Smart", name).description
    assert description["combine"] == "intersect"
    rules = [rule for key, rule in description.items() if key != "combine"]
    assert rules[0]["criteria"] == "sdktext:org.safelight.lightroom.queries"
    assert any(criterion.items() <= rule.items() for rule in rules[1:])
    assert set(smart(lr, name)) == inside
    lr.click("MenuUpdate.lua")
    assert "up to date" in lr.around.messages[-1]


def test_a_day_that_is_none_is_explained(lr):
    make_smart(lr, "an animal", name="x", since="last summer")
    assert lr.around.messages == ["last summer is no day.\nWrite it as 2019-07-04."]


def test_a_photo_has_room_for_46_collections(lr):
    full = " ".join(f"sq{n:08d}" for n in range(46))
    lr.photo("CAT").properties["queries"] = full
    make_smart(lr, "an animal", name="one too many")
    assert "1 photo is in 46 smart collections already" in lr.around.dialogs[-1].texts[0]
    assert lr.photo("CAT").properties["queries"] == full
    assert smart(lr, "one too many") == ["RACCOON"]
    lr.photo("CAT").properties["queries"] = full.rsplit(" ", 1)[0]
    lr.answer("Update smart collections", "ok")
    lr.click("MenuUpdate.lua")
    assert smart(lr, "one too many") == ["CAT", "RACCOON"]
    assert len(lr.photo("CAT").properties["queries"]) <= 511


def test_indexing_more_photos_lets_the_collection_follow_by_itself(reader):
    lr = open_catalog(reader, "following")
    make_smart(lr, "an animal", name="animals")
    assert smart(lr, "animals") == ["CAT", "RACCOON"]
    lr.wait(120)
    assert smart(lr, "animals") == ["CAT", "RACCOON"]
    quiet = len(lr.gates.blocks)
    new = reader.home / "New" / "cub.jpg"
    new.parent.mkdir()
    with Image.open(CHECKOUT / "assets" / "demo" / "raccoon.jpg") as raccoon:
        ImageOps.mirror(raccoon).save(new)
    reader.index(new.parent)
    lr.catalog.add_photo("CUB", str(new))
    bars = len(lr.around.progress)
    lr.wait(120)
    assert smart(lr, "animals") == ["CAT", "CUB", "RACCOON"]
    assert len(lr.gates.blocks) == quiet + 1
    assert len(lr.around.progress) == bars + 1
    assert all(bar.done for bar in lr.around.progress), "none stands there for ever"
    lr.wait(600)
    assert len(lr.gates.blocks) == quiet + 1, "and then there is nothing more to do"
    assert lr.violations == []


def test_following_can_be_switched_off(lr):
    make_smart(lr, "an animal", name="held")
    lr.sdk["preferences"]["follow"] = False
    lr.photo("CAT").properties.clear()
    lr.wait(200)
    assert smart(lr, "held") == ["RACCOON"]


# Undoing


def test_a_smart_collection_is_undone(lr):
    lr.photo("CAT").properties["queries"] = "sq00000000"
    make_smart(lr, "an animal", name="undone")
    undo(lr)
    assert tokens(lr, "CAT") == ["sq00000000"]
    assert "queries" not in lr.photo("RACCOON").properties
    assert lr.catalog.find_collection("Safelight", "Smart", "undone") is None
    assert "Undone" in lr.around.bezels[-1]


def test_a_search_is_undone(lr):
    search(lr, "an animal")
    lr.collection("Safelight", "Searches", "an animal").photos.append(lr.photo("ROCKET").id)
    search(lr, "an animal")
    undo(lr)
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON", "ROCKET"]
    lr.collection("Safelight", "Searches", "an animal").photos.remove(lr.photo("ROCKET").id)
    undo(lr)
    assert lr.catalog.find_collection("Safelight", "Searches", "an animal") is None


def test_undoing_leaves_alone_what_was_changed_since(lr):
    make_smart(lr, "an animal", name="touched")
    lr.photo("CAT").properties["queries"] += " sq11111111"
    undo(lr)
    assert len(tokens(lr, "CAT")) == 2
    assert tokens(lr, "RACCOON") == []
    assert "1 photo was left as it is" in lr.around.messages[-1]


def test_what_the_user_put_into_a_collection_keeps_it(lr):
    search(lr, "an animal")
    lr.collection("Safelight", "Searches", "an animal").photos.append(lr.photo("ROCKET").id)
    undo(lr)
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["ROCKET"]


def test_nothing_to_undo_is_said(lr):
    lr.click("MenuUndo.lua")
    assert "no Safelight change to undo" in lr.around.messages[-1]


def test_a_block_can_also_be_undone_with_the_keys(lr):
    search(lr, "an animal")
    assert lr.undo() == "Safelight search: an animal"
    assert lr.photos_in("Safelight", "Searches", "an animal") == []


# The queue


def test_where_nothing_follows_no_progress_is_shown(lr):
    lr.wait(200)
    assert [target for _, target in lr.http.sent if target.endswith("/list_queries")]
    assert lr.around.progress == []


def test_what_the_command_line_pushes_is_done_here(lr, helper):
    lr.wait(1)
    helper.command("lightroom", "push", "an animal", "--smart", "--name", "pushed")
    lr.answer("Smart collection: pushed", "ok")
    lr.wait(120)
    assert smart(lr, "pushed") == ["CAT", "RACCOON"]
    said = helper.quick("lightroom", "status")
    assert "done" in said
    assert "pushed: 2 added, 0 removed" in said
    assert f"{lr.catalog.path.rsplit('/', 1)[-1]}\tis there" in said
    assert lr.open_manager()[1]["title"] == "Safelight 0.1.0 is running and knows 10 photos.", "and the other way round"
    lr.wait(200)
    helper.quick("lightroom", "push", "rocket", "--smart", "--name", "pushed")
    lr.answer("Smart collection: pushed", "ok")
    lr.wait(120)
    assert smart(lr, "pushed") == ["ROCKET"], "another query: the collection follows"


def test_a_pushed_collection_that_is_declined_is_reported_so(lr, helper):
    helper.quick("lightroom", "push", "rocket")
    lr.answer("Collection: rocket", "cancel")
    lr.wait(120)
    assert "not wanted" in helper.quick("lightroom", "status")
    assert lr.catalog.find_collection("Safelight", "Searches", "rocket") is None


def test_another_query_that_is_pushed_and_declined_leaves_the_old_one(lr, helper):
    helper.quick("lightroom", "push", "an animal", "--smart", "--name", "kept")
    lr.answer("Smart collection: kept", "ok")
    lr.wait(120)
    helper.quick("lightroom", "push", "rocket", "--smart", "--name", "kept")
    helper.quick("lightroom", "push", "rocket", "--smart", "--name", "never")
    lr.answer("Smart collection: kept", "cancel")
    lr.answer("Smart collection: never", "cancel")
    lr.wait(300)
    assert smart(lr, "kept") == ["CAT", "RACCOON"], "nor does it follow later what was not wanted"
    living = [line for line in helper.quick("lightroom", "status", "--json").splitlines() if "collection" in line]
    assert '{"collection": "kept", "words": "an animal"}' in living
    assert "never" not in str(living)


def test_asking_becomes_seldom_and_starts_nothing(lr):
    lr.wait(20)
    before = len([target for _, target in lr.http.sent if target.endswith("/poll")])
    lr.wait(3600)
    asked = len([target for _, target in lr.http.sent if target.endswith("/poll")]) - before
    assert 50 <= asked <= 75, "about once a minute"
    assert lr.around.executed == []


@pytest.mark.parametrize("name", ["Find by Words", "Smart Collection from Words"])
def test_a_dialog_that_is_cancelled_does_nothing(lr, name):
    lr.answer(name, "cancel")
    lr.click("MenuFind.lua" if "Find" in name else "MenuSmart.lua")
    assert lr.gates.blocks == []
    assert lr.around.messages == []
