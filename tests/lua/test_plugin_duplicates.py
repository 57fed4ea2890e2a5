"""Near-duplicates in Lightroom with given groups, as safelight.bridge.duplicates writes them."""

from __future__ import annotations

import pytest

DIALOG = "Near-Duplicates"


def member(uuid: str, role: str, reason: str = "") -> dict:
    return {"uuid": uuid, "name": f"{uuid.lower()}.jpg", "role": role, "reason": reason}


GROUP = {
    "id": "dg0000000a", "name": "cat.jpg", "kind": "resized",
    "members": [member("CAT", "keeper", "more pixels"), member("RACCOON", "duplicate", "smaller: 640 x 480")],
}  # fmt: skip
SERIES = {
    "id": "dg0000000b", "name": "rocket.jpg", "kind": "series",
    "members": [member("ROCKET", "series"), member("ESPRESSO", "series")],
}  # fmt: skip


@pytest.fixture
def asked(lr):
    """What the helper is asked, with two groups as the answer."""
    got: list[dict] = []
    lr.http.canned["duplicates"] = lambda body: got.append(body) or {"groups": [GROUP, SERIES]}
    lr.http.canned["decide"] = lambda body: got.append(body) or {"status": "done"}
    return got


def find(lr, **values) -> None:
    lr.answer(DIALOG, lambda dialog: dialog.set(**values) or "ok")
    lr.answer(DIALOG, "ok")
    lr.click("MenuDuplicates.lua")
    lr.around.answers.clear()


def test_groups_are_written_into_fields_and_one_smart_collection(lr, asked):
    find(lr)
    assert lr.photo("CAT").properties == {
        "duplicateGroup": "dg0000000a", "duplicateRole": "keeper", "duplicateReason": "more pixels",
    }  # fmt: skip
    assert lr.photo("ROCKET").properties == {"duplicateGroup": "dg0000000b", "duplicateRole": "series"}
    shown = lr.photos_in("Safelight", "Duplicates", "All near-duplicates")
    assert sorted(shown) == ["CAT", "ESPRESSO", "RACCOON", "ROCKET"]
    assert lr.photo("RACCOON").pick == 0
    assert lr.photo("RACCOON").color == "none"


def test_or_a_collection_for_each_group(lr, asked):
    find(lr, target="each")
    assert lr.photos_in("Safelight", "Duplicates", "cat.jpg") == ["CAT", "RACCOON"]
    assert lr.photos_in("Safelight", "Duplicates", "rocket.jpg") == ["ROCKET", "ESPRESSO"]


def test_flags_and_labels_only_where_asked_for_and_undone(lr, asked):
    find(lr, flags=True, label=True)
    assert [lr.photo(u).pick for u in ("CAT", "RACCOON", "ROCKET")] == [1, -1, 0]
    assert [lr.photo(u).color for u in ("CAT", "RACCOON", "ROCKET")] == ["none", "red", "none"]
    undo(lr)
    assert [lr.photo(u).pick for u in ("CAT", "RACCOON")] == [0, 0]
    assert lr.photo("RACCOON").color == "none"
    assert lr.photo("CAT").properties == {}


def keep(lr, uuid: str, answer: str = "ok") -> None:
    lr.catalog.selected = [lr.photo(uuid).id]
    lr.answer("of its group?", answer)
    lr.click("MenuKeepThis.lua")


def part(lr, *uuids: str, answer: str = "ok") -> None:
    lr.catalog.selected = [lr.photo(uuid).id for uuid in uuids]
    lr.answer("no duplicates?", answer)
    lr.click("MenuNotDuplicates.lua")


def undo(lr) -> None:
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")


KEYWORD = ("Safelight", "Duplicates", "duplicate")


def keyword(lr, *names: str):
    """The keyword at a path of names; None where there is none."""
    found = None
    for name in names:
        parent = found and found.id
        found = next((k for k in lr.catalog.keywords.values() if (k.name, k.parent) == (name, parent)), None)
        if found is None:
            return None
    return found


def test_of_several_selected_photos_the_active_one_is_meant(lr, asked):
    find(lr)
    lr.catalog.selected = [lr.photo("RACCOON").id, lr.photo("CAT").id]
    lr.answer("Keep raccoon.jpg of its group?", "ok")
    lr.click("MenuKeepThis.lua")
    assert lr.photo("RACCOON").properties["duplicateRole"] == "keeper"
    assert asked[-1]["keeper"]["uuid"] == "RACCOON"


def test_a_series_has_none_to_keep(lr, asked):
    find(lr)
    questions, dialogs = len(asked), len(lr.around.dialogs)
    lr.catalog.selected = [lr.photo("ROCKET").id]
    lr.click("MenuKeepThis.lua")
    assert "one of a series" in lr.around.messages[-1]
    assert [lr.photo(u).properties["duplicateRole"] for u in ("ROCKET", "ESPRESSO")] == ["series", "series"]
    assert (len(asked), len(lr.around.dialogs)) == (questions, dialogs)


def test_the_keeper_is_the_active_one_of_a_group_that_is_selected(lr, asked):
    find(lr)
    lr.catalog.selected = [lr.photo("RACCOON").id]
    lr.click("MenuShowGroup.lua")
    assert lr.catalog.selected == [lr.photo("CAT").id, lr.photo("RACCOON").id], "it comes to the top of a stack"
    lr.catalog.selected = [lr.photo("ROCKET").id]
    lr.click("MenuShowGroup.lua")
    assert lr.catalog.selected[0] == lr.photo("ROCKET").id, "in a series, the one that was chosen"


def test_the_keyword_only_where_asked_for_and_undone(lr, asked):
    find(lr)
    assert lr.catalog.keywords == {}
    find(lr, keyword=True)
    made = keyword(lr, *KEYWORD)
    assert [lr.photo(u).keywords for u in ("CAT", "RACCOON", "ROCKET")] == [set(), {made.id}, set()]
    blocks = len(lr.gates.blocks)
    find(lr, keyword=True)
    assert not any("addKeyword" in block.calls for block in lr.gates.blocks[blocks:])
    assert len(lr.catalog.keywords) == 3, "nothing is made twice"
    lr.http.canned["duplicates"] = lambda body: {"groups": [SERIES]}
    find(lr, keyword=True)
    assert lr.photo("RACCOON").keywords == set(), "it is a duplicate no more"
    undo(lr)
    assert lr.photo("RACCOON").keywords == {made.id}


@pytest.mark.parametrize("refused", KEYWORD)
def test_a_keyword_that_lightroom_will_not_make_is_said_and_lands_nowhere_else(lr, asked, refused):
    lr.catalog_calls.refused_keywords = {refused}
    find(lr, keyword=True)
    assert "Lightroom did not make these keywords:\nSafelight > Duplicates > duplicate" in lr.around.messages[-1]
    assert [k.name for k in lr.catalog.keywords.values()] == list(KEYWORD[: KEYWORD.index(refused)])
    assert lr.photo("RACCOON").properties["duplicateRole"] == "duplicate", "all else is written"


def test_what_is_kept_is_rejected_no_more(lr, asked):
    """Else the user, who deletes all rejected photos next, would delete the one that he chose."""
    find(lr, flags=True, label=True, keyword=True)
    keep(lr, "RACCOON")
    raccoon = lr.photo("RACCOON")
    assert (raccoon.pick, raccoon.color, raccoon.keywords) == (0, "none", set())
    undo(lr)
    assert (raccoon.pick, raccoon.color, len(raccoon.keywords)) == (-1, "red", 1)
    part(lr, "CAT", "RACCOON")
    assert (raccoon.pick, raccoon.color, raccoon.keywords) == (0, "none", set())
    assert lr.photo("CAT").pick == 1, "a keeper may stay picked"


def test_flags_and_labels_of_the_users_own_are_left_alone(lr, asked):
    find(lr)
    lr.photo("ROCKET").pick, lr.photo("ROCKET").color = -1, "red"
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP]}
    find(lr, flags=True, label=True)
    assert (lr.photo("ROCKET").pick, lr.photo("ROCKET").color) == (-1, "red"), "it was in a series"
    lr.photo("RACCOON").color = "green"
    lr.http.canned["duplicates"] = lambda body: {"groups": [SERIES]}
    find(lr)
    assert (lr.photo("RACCOON").pick, lr.photo("RACCOON").color) == (-1, "green"), "the boxes were not ticked"


def test_groups_of_one_name_have_collections_of_their_own_that_follow(lr, asked):
    other = {**SERIES, "name": "cat.jpg"}
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP, other]}
    find(lr, target="each")
    assert lr.photos_in("Safelight", "Duplicates", "cat.jpg") == ["CAT", "RACCOON"]
    assert lr.photos_in("Safelight", "Duplicates", "cat.jpg dg0000000b") == ["ROCKET", "ESPRESSO"]
    lr.http.canned["duplicates"] = lambda body: {
        "groups": [{**GROUP, "members": [member("CAT", "keeper"), member("PAGODA", "duplicate")]}]
    }
    find(lr, target="each")
    assert lr.photos_in("Safelight", "Duplicates", "cat.jpg") == ["CAT", "PAGODA"]


def names(lr) -> list[str]:
    parent = lr.collection("Safelight", "Duplicates").id
    return sorted(c.name for c in lr.catalog.collections.values() if c.parent == parent)


def test_the_collection_of_a_group_that_is_gone_goes_with_it_and_comes_back_undone(lr, asked):
    find(lr, target="each")
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP]}
    before = len(lr.gates.blocks)
    find(lr, target="each")
    assert "1 collection of a group is taken away; its photos stay." in lr.around.dialogs[-1].texts[0]
    assert names(lr) == ["cat.jpg"]
    assert [b.calls for b in lr.gates.blocks[before:] if "delete" in b.calls] == [["removePhotos", "delete"]]
    assert lr.photo("ROCKET").path
    undo(lr)
    assert lr.photos_in("Safelight", "Duplicates", "rocket.jpg") == ["ROCKET", "ESPRESSO"]
    assert lr.photo("ROCKET").properties["duplicateRole"] == "series"
    find(lr, target="each")
    assert names(lr) == ["cat.jpg"], "also after it was undone"
    lr.http.canned["duplicates"] = lambda body: {"groups": []}
    find(lr, target="each")
    assert names(lr) == []
    assert lr.photo("CAT").properties == {}


def test_collections_of_the_users_own_and_of_groups_that_were_not_looked_at_stay(lr, asked):
    find(lr, target="each")
    lr.run(
        """
        local catalog = import('LrApplication').activeCatalog()
        local set = catalog:getChildCollectionSets()[1]:getChildCollectionSets()[1]
        catalog:withWriteAccessDo('mine', function() catalog:createCollection('to check', set) end)
        """
    )
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP]}
    lr.catalog.selected = [lr.photo(uuid).id for uuid in ("CAT", "RACCOON")]
    find(lr, target="each", scope="selection")
    assert names(lr) == ["cat.jpg", "rocket.jpg", "to check"], "the series was not looked at"
    find(lr)
    assert names(lr) == ["All near-duplicates", "to check"], "one for all, in their place"


def test_the_collection_of_a_large_group_goes_in_steps(lr, asked):
    for n in range(450):
        lr.catalog.add_photo(f"S{n}", f"/big/{n}.jpg")
    long = {**SERIES, "members": [member(f"S{n}", "series") for n in range(450)]}
    lr.http.canned["duplicates"] = lambda body: {"groups": [long]}
    find(lr, target="each")
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP]}
    find(lr, target="each")
    assert names(lr) == ["cat.jpg"]
    assert max(block.photos for block in lr.gates.blocks) <= 200
    undo(lr)
    assert len(lr.photos_in("Safelight", "Duplicates", "rocket.jpg")) == 450


@pytest.fixture
def thousand(lr):
    """A thousand groups of three."""
    groups = []
    for n in range(1000):
        for k in range(3):
            lr.catalog.add_photo(f"D{n}-{k}", f"/big/{n}-{k}.jpg")
        members = [member(f"D{n}-{k}", "duplicate" if k else "keeper", "smaller") for k in range(3)]
        groups.append({"id": f"dg{n:08d}", "name": f"{n}.jpg", "kind": "resized", "members": members})
    lr.http.canned["duplicates"] = lambda body: {"groups": groups}
    return lr


def test_thousands_of_duplicates_take_few_calls(thousand):
    lr = thousand
    find(lr)
    assert len(lr.photos_in("Safelight", "Duplicates", "All near-duplicates")) == 3000
    assert lr.catalog_calls.scans == []
    assert lr.counts["LrCatalog:findPhotoByUuid"] == 3000
    assert lr.counts["LrCatalog:batchGetRawMetadata"] <= 20
    assert lr.counts["LrCatalog:batchGetPropertyForPlugin"] <= 20
    assert max(block.photos for block in lr.gates.blocks) <= 200


def test_a_thousand_collections_take_few_steps_and_go_again(thousand):
    lr = thousand
    find(lr)
    lr.counts.clear()
    before, sent = len(lr.gates.blocks), len(lr.http.sent)
    find(lr, target="each")
    assert len(names(lr)) == 1001
    assert lr.photos_in("Safelight", "Duplicates", "7.jpg") == ["D7-0", "D7-1", "D7-2"]
    assert len(lr.gates.blocks) - before < 30
    assert len(lr.http.sent) - sent < 40
    assert lr.counts["LrCollection:getName"] < 5000, "no set is looked through for each collection"
    lr.counts.clear()
    before = len(lr.gates.blocks)
    undo(lr)
    assert names(lr) == ["All near-duplicates"]
    assert len(lr.gates.blocks) - before < 50
    assert lr.counts["LrCollection:getName"] < 10000


def test_a_second_run_changes_nothing_and_a_group_that_is_gone_loses_its_fields(lr, asked):
    find(lr)
    blocks = sum(len(block.calls) for block in lr.gates.blocks if "setPropertyForPlugin" in block.calls)
    find(lr)
    assert sum(len(b.calls) for b in lr.gates.blocks if "setPropertyForPlugin" in b.calls) == blocks
    lr.http.canned["duplicates"] = lambda body: {"groups": [GROUP]}
    find(lr)
    assert lr.photo("ROCKET").properties == {}
    assert lr.photo("CAT").properties["duplicateRole"] == "keeper"


def test_the_preview_can_be_declined(lr, asked):
    lr.answer(DIALOG, "ok")
    lr.answer(DIALOG, "cancel")
    lr.click("MenuDuplicates.lua")
    assert "2 groups with 4 photos." in lr.around.dialogs[-1].texts[0]
    assert lr.gates.blocks == []


def test_a_photo_that_is_known_twice_is_no_duplicate_of_itself(lr, helper):
    twice = {**GROUP, "members": [member("CAT", "keeper"), {**member("X", "duplicate"), "uuid": None}]}
    twice["members"][1]["path"] = str(helper.photos / "cat.jpg")
    lr.http.canned["duplicates"] = lambda body: {"groups": [twice]}
    lr.answer(DIALOG, "ok")
    lr.click("MenuDuplicates.lua")
    assert "No near-duplicates were found." in lr.around.messages[-1]


def test_the_group_is_selected_and_stacking_explained(lr, asked):
    find(lr)
    lr.catalog.selected = [lr.photo("RACCOON").id]
    lr.click("MenuShowGroup.lua")
    assert sorted(lr.catalog.photos[i].uuid for i in lr.catalog.selected) == ["CAT", "RACCOON"]
    assert "Ctrl+G" in lr.around.messages[-1]


def test_decisions_go_back_to_the_helper(lr, asked):
    find(lr)
    keep(lr, "RACCOON")
    assert asked[-1]["decision"] == "keeper"
    assert asked[-1]["keeper"]["uuid"] == "RACCOON"
    assert [lr.photo(u).properties["duplicateRole"] for u in ("CAT", "RACCOON")] == ["duplicate", "keeper"]
    part(lr, "ROCKET", "ESPRESSO")
    assert asked[-1]["decision"] == "not_duplicates"
    assert {ref["uuid"] for ref in asked[-1]["photos"]} == {"ROCKET", "ESPRESSO"}
    assert lr.photo("ROCKET").properties == {}


def test_a_decision_shows_first_what_it_changes_and_can_be_declined(lr, asked):
    find(lr)
    keep(lr, "RACCOON", answer="cancel")
    assert lr.around.dialogs[-1].title == "Keep raccoon.jpg of its group?"
    assert lr.around.dialogs[-1].texts == ["The other one is its duplicate then.\n2 values are written."]
    part(lr, "CAT", "RACCOON", answer="cancel")
    assert lr.around.dialogs[-1].texts == ["The marks of duplicates are taken away.\n6 values are written."]
    assert "decision" not in asked[-1]
    assert lr.photo("CAT").properties["duplicateRole"] == "keeper"


def test_a_long_reason_is_cut_between_letters(lr):
    long = {**GROUP, "members": [member("CAT", "keeper", "ü" * 400), member("RACCOON", "duplicate")]}
    lr.http.canned["duplicates"] = lambda body: {"groups": [long]}
    find(lr)
    assert lr.photo("CAT").properties["duplicateReason"] == "ü" * 255


def test_a_photo_in_no_group_is_told_so(lr):
    lr.catalog.selected = [lr.photo("CAT").id]
    for script in ("MenuShowGroup.lua", "MenuKeepThis.lua"):
        lr.click(script)
        assert "in no duplicate group" in lr.around.messages.pop()


def test_a_helper_that_finds_none_says_so(lr):
    find(lr)
    assert lr.around.messages == ["No near-duplicates were found."]
    assert lr.gates.blocks == []
