"""Near-duplicates in Lightroom: first with given groups, as safelight.bridge.duplicates writes them, then all real."""

from __future__ import annotations

import pytest
from lua.real_helper import CHECKOUT, Helper, open_catalog
from PIL import Image, ImageOps

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
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")
    assert [lr.photo(u).pick for u in ("CAT", "RACCOON")] == [0, 0]
    assert lr.photo("RACCOON").color == "none"
    assert lr.photo("CAT").properties == {}


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
    lr.catalog.selected = [lr.photo("RACCOON").id]
    lr.click("MenuKeepThis.lua")
    assert asked[-1]["decision"] == "keeper"
    assert asked[-1]["keeper"]["uuid"] == "RACCOON"
    assert [lr.photo(u).properties["duplicateRole"] for u in ("CAT", "RACCOON")] == ["duplicate", "keeper"]
    lr.catalog.selected = [lr.photo(u).id for u in ("ROCKET", "ESPRESSO")]
    lr.click("MenuNotDuplicates.lua")
    assert asked[-1]["decision"] == "not_duplicates"
    assert {ref["uuid"] for ref in asked[-1]["photos"]} == {"ROCKET", "ESPRESSO"}
    assert lr.photo("ROCKET").properties == {}


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


# The real finder


@pytest.fixture(scope="module")
def finding(tmp_path_factory):
    """A running helper that has indexed a cat, two generated versions of it, and another picture."""
    it = Helper(tmp_path_factory.mktemp("finding"))
    it.photos.mkdir()
    cat = Image.open(CHECKOUT / "assets" / "demo" / "cat.jpg")
    cat.resize((cat.width // 2, cat.height // 2)).save(it.photos / "small.jpg", quality=80)
    ImageOps.mirror(cat).save(it.photos / "mirrored.jpg", quality=60)  # a larger file would be kept
    it.add_photos("cat", "pagoda")
    it.start()
    yield it
    it.close()


@pytest.fixture
def found(finding, request):
    it = open_catalog(finding, request.node.name)
    find(it)
    yield it
    assert it.violations == [], "Lightroom would have refused"


def roles(lr) -> dict[str, str | None]:
    return {u: lr.photo(u).properties.get("duplicateRole") for u in ("CAT", "SMALL", "MIRRORED", "PAGODA")}


def test_what_the_helper_finds_is_written_with_its_reasons(found):
    assert roles(found) == {"CAT": "keeper", "SMALL": "duplicate", "MIRRORED": "duplicate", "PAGODA": None}
    assert "instead of" in found.photo("SMALL").properties["duplicateReason"]
    assert "mirrored" in found.photo("MIRRORED").properties["duplicateReason"]


def test_the_selection_alone_can_be_looked_at(found):
    found.catalog.selected = [found.photo(u).id for u in ("SMALL", "MIRRORED", "PAGODA")]
    found.answer(DIALOG, lambda dialog: dialog.set(scope="selection") or "ok")
    found.answer(DIALOG, "ok")
    found.click("MenuDuplicates.lua")
    assert "1 groups with 2 photos." in found.around.dialogs[-1].texts[0]


def test_decisions_hold_when_they_are_looked_for_again(found, finding):
    found.catalog.selected = [found.photo("SMALL").id]
    found.click("MenuKeepThis.lua")
    find(found)
    assert roles(found) == {"CAT": "duplicate", "SMALL": "keeper", "MIRRORED": "duplicate", "PAGODA": None}
    found.catalog.selected = [found.photo("CAT").id]  # another one: the first choice holds no more
    found.click("MenuKeepThis.lua")
    find(found)
    assert roles(found)["CAT"] == "keeper"
    found.catalog.selected = [found.photo(u).id for u in ("MIRRORED", "CAT", "SMALL")]
    found.click("MenuNotDuplicates.lua")
    find(found)
    assert set(roles(found).values()) == {None}
