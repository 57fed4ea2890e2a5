"""What was cancelled does not happen, and what is undone stays undone, whatever follows by itself later."""

from __future__ import annotations

import json

import pytest
from lua.test_plugin_finding import search
from lua.test_plugin_living import make_smart, smart, tokens, undo


def words_of(helper, name: str) -> str | None:
    """What a saved query asks for, as the helper knows it; None where it knows none of this name."""
    said = map(json.loads, helper.quick("lightroom", "status", "--json").splitlines())
    return next((line["words"] for line in said if line.get("collection") == name), None)


def test_other_words_that_were_cancelled_are_never_applied(lr):
    make_smart(lr, "an animal", name="kept")
    make_smart(lr, "rocket", name="kept", preview="cancel")
    lr.wait(200)
    assert smart(lr, "kept") == ["CAT", "RACCOON"]


def test_other_words_are_not_followed_while_their_preview_is_open(lr):
    make_smart(lr, "an animal", name="open")
    seen = []
    lr.answer("Smart Collection from Words", lambda dialog: dialog.set(words="rocket", name="open") or "ok")
    lr.answer("Smart collection:", lambda dialog: seen.append(lr.http.sent[-3:]) or "cancel")
    lr.click("MenuSmart.lua")
    assert not any(target.endswith("/save_query") for _, target in seen[0])


@pytest.mark.parametrize("name", ["pushed over", "Pushed Over"])
def test_a_push_that_is_declined_changes_nothing(lr, helper, name):
    make_smart(lr, "an animal", name="pushed over")
    helper.quick("lightroom", "push", "rocket", "--smart", "--name", name)
    lr.answer("Smart collection: pushed over", "cancel")
    lr.wait(200)
    assert "not wanted" in helper.quick("lightroom", "status")
    assert smart(lr, "pushed over") == ["CAT", "RACCOON"]


def test_a_new_push_that_is_declined_leaves_nothing(lr, helper):
    helper.quick("lightroom", "push", "rocket", "--smart", "--name", "never")
    lr.answer("Smart collection: never", "cancel")
    lr.wait(200)
    assert lr.catalog.find_collection("Safelight", "Smart", "never") is None
    assert "living\tnever" not in helper.quick("lightroom", "status")


def test_a_pushed_collection_that_is_accepted_is_made(lr, helper):
    helper.quick("lightroom", "push", "an animal", "--name", "Pushed plain")
    lr.answer("Collection: Pushed plain", "ok")
    lr.wait(120)
    assert sorted(lr.photos_in("Safelight", "Searches", "Pushed plain")) == ["CAT", "RACCOON"]
    assert "Pushed plain\tdone\tPushed plain: 2 photos" in helper.quick("lightroom", "status")


def test_writing_that_is_cancelled_in_the_middle_is_not_followed(lr):
    make_smart(lr, "an animal", name="middle")
    lr.around.cancel_after = 0
    make_smart(lr, "rocket", name="middle")
    lr.around.cancel_after = None
    lr.wait(200)
    assert smart(lr, "middle") == ["CAT", "RACCOON"]


def test_undoing_a_rule_brings_the_old_rule_back(lr):
    lr.photo("CAT").rating, lr.photo("RACCOON").rating = 3, 5
    make_smart(lr, "an animal", name="rated", rating=3)
    make_smart(lr, "an animal", name="rated", rating=5)
    assert smart(lr, "rated") == ["RACCOON"]
    undo(lr)
    assert smart(lr, "rated") == ["CAT", "RACCOON"]
    description = lr.collection("Safelight", "Smart", "rated").description
    assert next(rule["value"] for key, rule in description.items() if key == 2) == 3
    assert description["combine"] == "intersect"
    assert tokens(lr, "CAT"), "the marks are kept"
    lr.wait(200)
    assert smart(lr, "rated") == ["CAT", "RACCOON"], "and it stays so"
    undo(lr)
    assert lr.catalog.find_collection("Safelight", "Smart", "rated") is None, "then comes its making"
    assert tokens(lr, "CAT") == []


def test_undoing_other_words_is_not_taken_back_by_following(lr, helper):
    make_smart(lr, "an animal", name="words")
    make_smart(lr, "rocket", name="words")
    undo(lr)
    assert smart(lr, "words") == ["CAT", "RACCOON"]
    lr.wait(200)
    assert smart(lr, "words") == ["CAT", "RACCOON"]
    assert words_of(helper, "words") == "an animal"


def test_undoing_other_words_that_find_the_same_photos_undoes_just_that(lr):
    make_smart(lr, "an animal", name="same")
    make_smart(lr, "an animal", name="same", limit="2")
    undo(lr)
    assert smart(lr, "same") == ["CAT", "RACCOON"], "not its making"


def test_undoing_the_making_forgets_the_query(lr, helper):
    make_smart(lr, "an animal", name="forgotten")
    assert words_of(helper, "forgotten") == "an animal"
    undo(lr)
    assert words_of(helper, "forgotten") is None


# A limit counts photos of this catalog


def drop(lr, uuid: str) -> None:
    photo = lr.photo(uuid)
    del lr.catalog.photos[photo.id], lr.catalog.by_uuid[uuid], lr.catalog.by_path[photo.path]


@pytest.mark.parametrize("match", ["good", "any"])
def test_a_limit_counts_photos_of_this_catalog(lr, match):
    drop(lr, "RACCOON")
    search(lr, "an animal", limit="1", match=match)
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["CAT"]
    assert "1 more" in lr.around.dialogs[-1].texts[0]


def test_a_limit_of_a_smart_collection_does_so_too(lr):
    drop(lr, "RACCOON")
    make_smart(lr, "an animal", name="one", limit="1")
    assert smart(lr, "one") == ["CAT"]
    blocks = len(lr.gates.blocks)
    lr.wait(200)
    lr.click("MenuUpdate.lua")
    assert len(lr.gates.blocks) == blocks
    make_smart(lr, "a thing", name="one", limit="3")
    assert len(smart(lr, "one")) <= 3


def test_a_catalog_that_has_few_of_the_photos_asks_on_in_growing_pages(lr):
    photos = [{"uuid": None, "path": f"/elsewhere/{n}.jpg", "name": "x", "score": 1} for n in range(3000)]
    for n in (700, 2900, 2999):
        lr.catalog.add_photo(f"N{n}", photos[n]["path"])
    asked = []

    def answer(body):
        at = body["offset"]
        asked.append(at)
        end = at + max(body["question"]["limit"], at, 64)
        return {"photos": photos[at:end], "reason": "", "next": end if end < len(photos) else None}

    lr.http.canned["search"] = answer
    search(lr, "few", limit="2")
    assert lr.photos_in("Safelight", "Searches", "few") == ["N700", "N2900"]
    assert asked == [0, 64, 128, 256, 512, 1024, 2048]
    search(lr, "few", limit="9")
    assert lr.photos_in("Safelight", "Searches", "few") == ["N700", "N2900", "N2999"]


# Names


def names(lr, kind: str) -> list[str]:
    (parent,) = [c.id for c in lr.catalog.collections.values() if c.name == kind]
    return sorted(c.name for c in lr.catalog.collections.values() if c.parent == parent)


def test_case_makes_no_second_collection(lr):
    search(lr, "An Animal")
    search(lr, "an animal")
    assert names(lr, "Searches") == ["An Animal"]
    make_smart(lr, "an animal", name="Ähnliche Animals")
    make_smart(lr, "rocket", name="ähnliche ANIMALS")
    assert names(lr, "Smart") == ["Ähnliche Animals"]
    assert smart(lr, "Ähnliche Animals") == ["ROCKET"]
    undo(lr)
    assert smart(lr, "Ähnliche Animals") == ["CAT", "RACCOON"]


def test_long_names_that_begin_alike_are_two_collections(lr):
    long = "an animal that sits somewhere and looks at something which is far away from it, in the evening light of "
    for end in ("spring", "autumn", "spring"):
        search(lr, long + end, match="any", limit="3")
    both = names(lr, "Searches")
    assert len(both) == 2
    assert all(name.startswith("an animal that sits") and len(name.encode()) <= 100 for name in both)


def test_photos_of_one_name_in_two_folders_are_two_questions(lr):
    one = lr.catalog.add_photo("ONE", "/a/IMG_0001.jpg")
    two = lr.catalog.add_photo("TWO", "/b/IMG_0001.jpg")
    lr.http.canned["search"] = lambda body: {"photos": [{"uuid": "CAT"}], "reason": "", "next": None}
    for photo in (one, two, one):
        lr.catalog.selected = [photo.id]
        lr.answer("Find Similar", "ok")
        lr.answer("Collection: Like IMG_0001.jpg", "ok")
        lr.click("MenuSimilar.lua")
        lr.around.answers.clear()
    assert len(names(lr, "Searches")) == 2


# Photos that are full


def test_a_photo_that_following_leaves_out_is_said_once(lr):
    make_smart(lr, "rocket", name="crowded")
    full = " ".join(f"sq{n:08d}" for n in range(46))
    lr.photo("ROCKET").properties["queries"] = full
    lr.sdk["preferences"][f"stamp {lr.catalog.path}"] = "another"
    lr.wait(200)
    assert lr.photo("ROCKET").properties["queries"] == full
    lr.sdk["preferences"][f"stamp {lr.catalog.path}"] = "another"
    lr.wait(200)
    said = [bezel for bezel in lr.around.bezels if "46 smart collections" in bezel]
    assert len(said) == 1
    assert "crowded" in said[0]
