"""Finding: the plug-in's own Lua in the fake Lightroom, asking the real helper with the starter model."""

from __future__ import annotations

import re


def search(lr, words: str, **values) -> None:
    lr.answer("Find by Words", lambda dialog: dialog.set(words=words, **values) or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuFind.lua")
    lr.around.answers.clear()


def test_words_make_a_collection_and_show_it(lr):
    search(lr, "an animal")
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON"]
    assert lr.catalog.sources == [lr.collection("Safelight", "Searches", "an animal").id]
    assert "2 photos" in lr.around.bezels[-1]
    assert any("Custom Order" in message for message in lr.around.messages)


def test_the_preview_comes_first_and_can_be_declined(lr):
    lr.answer("Find by Words", lambda dialog: dialog.set(words="an animal") or "ok")
    lr.answer("Collection: an animal", "cancel")
    lr.click("MenuFind.lua")
    assert lr.around.dialogs[-1].texts == ["2 photos match.\nAdded to the collection: 2; taken out: 0."]
    assert lr.catalog.collections == {}
    assert lr.gates.blocks == []


def test_the_best_match_comes_first(lr):
    search(lr, "an animal", match="any", limit="5")
    assert lr.photos_in("Safelight", "Searches", "an animal")[:2] == ["RACCOON", "CAT"]
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 5


def test_the_same_query_updates_the_same_collection(lr):
    search(lr, "an animal")
    collection = lr.collection("Safelight", "Searches", "an animal")
    lr.catalog.collections[collection.id].photos = [lr.photo("CAT").id, lr.photo("ROCKET").id]
    search(lr, "an animal")
    assert "Added to the collection: 1; taken out: 1." in lr.around.dialogs[-1].texts[0]
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON", "CAT"]
    assert lr.collection("Safelight", "Searches", "an animal").id == collection.id
    blocks = len(lr.gates.blocks)
    search(lr, "an animal")
    assert len(lr.gates.blocks) == blocks, "a third time there is nothing to write"


def test_what_comes_in_later_stands_where_it_matches(lr):
    """Also in a collection that is too large for one step."""
    photos = [{"uuid": f"N{n}", "path": None, "name": "x", "score": 1.0} for n in range(450)]
    for photo in photos:
        lr.catalog.add_photo(photo["uuid"], f"/big/{photo['uuid']}.jpg")
    wanted = [photo["uuid"] for photo in photos]
    for first in (100, 0):
        lr.http.canned["search"] = lambda body, first=first: {"photos": photos[first:], "reason": ""}
        search(lr, "ranked", limit="")
        assert lr.photos_in("Safelight", "Searches", "ranked") == wanted[first:]
    assert max(block.photos for block in lr.gates.blocks) == 200


def test_dates_that_are_none_are_explained(lr):
    search(lr, "an animal", since="last summer")
    assert lr.around.messages == [
        '"last summer" is no date; write 2019, 2019-07, 2019-07-04, 2019-07-04T18:30 or an age: 30d 2w 6m 1y'
    ]


def test_sets_and_collection_are_made_in_blocks_of_their_own(lr):
    search(lr, "an animal")
    assert [block.calls for block in lr.gates.blocks] == [
        ["createCollectionSet"], ["createCollectionSet"], ["createCollection"], ["addPhotos"],
    ]  # fmt: skip


def test_nothing_found_is_said_and_nothing_made(lr):
    search(lr, "temple")
    assert "Nothing was found." in lr.around.messages[-1]
    assert "pagoda" in lr.around.messages[-1]
    assert lr.catalog.collections == {}


def test_the_scope_narrows(lr):
    lr.catalog.selected = [lr.photo("CAT").id, lr.photo("ROCKET").id]
    search(lr, "an animal", scope="selection")
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["CAT"]


def test_the_scope_may_be_a_folder(lr, helper):
    lr.catalog.sources = [str(helper.photos / "elsewhere")]
    search(lr, "an animal", scope="source")
    assert "Nothing was found." in lr.around.messages[-1]
    lr.catalog.sources = [str(helper.photos)]
    search(lr, "an animal", scope="source")
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 2


def test_the_scope_may_be_a_set_of_collections(lr):
    search(lr, "an animal")
    search(lr, "rocket")
    lr.catalog.sources = [lr.collection("Safelight").id]
    search(lr, "a thing", match="any", limit="9", scope="source")
    assert sorted(lr.photos_in("Safelight", "Searches", "a thing")) == ["CAT", "RACCOON", "ROCKET"]


def test_stars_narrow_what_is_searched(lr):
    lr.photo("CAT").rating, lr.photo("ROCKET").rating, lr.photo("RACCOON").rating = 4, 5, 2
    search(lr, "an animal", rating=3)
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["CAT"]
    lr.catalog.selected = [lr.photo("ROCKET").id, lr.photo("RACCOON").id]
    search(lr, "an animal", rating=2, scope="selection")
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON"]


def test_a_query_that_finds_nothing_any_more_empties_its_collection(lr):
    search(lr, "an animal")
    lr.http.canned["search"] = lambda body: {"photos": [], "reason": "no animals here"}
    search(lr, "an animal")
    assert "Added to the collection: 0; taken out: 2." in lr.around.dialogs[-1].texts[0]
    assert lr.photos_in("Safelight", "Searches", "an animal") == []
    search(lr, "an animal")
    assert lr.around.messages[-1] == "Nothing was found.\nno animals here"


def test_photos_that_this_catalog_has_not_are_counted(lr):
    gone = lr.photo("CAT")
    del lr.catalog.photos[gone.id], lr.catalog.by_uuid["CAT"], lr.catalog.by_path[gone.path]
    search(lr, "an animal")
    assert "1 more is not in this catalog" in lr.around.dialogs[-1].texts[0]
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON"]


def move(lr, uuid: str, path: str) -> None:
    """Let Lightroom write the path of a photo in another way."""
    photo = lr.photo(uuid)
    del lr.catalog.by_path[photo.path]
    photo.path = path
    lr.catalog.by_path[path] = photo.id


def test_paths_that_differ_in_case_alone_are_one_file(lr, helper):
    move(lr, "CAT", f"{helper.photos.parent}/PICTURES/cat.JPG")
    search(lr, "an animal")
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON"]
    lr.catalog.selected = [lr.photo("CAT").id]
    search(lr, "an animal", scope="selection")
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["CAT"], "the other way round, too"


def test_two_files_whose_paths_differ_in_case_alone_are_never_taken_for_each_other(lr, helper):
    move(lr, "CAT", f"{helper.photos.parent}/PICTURES/cat.jpg")
    lr.catalog.add_photo("CAT2", f"{helper.photos.parent}/pictures/cat.jpg")
    search(lr, "an animal")
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON"]
    move(lr, "CAT2", str(helper.photos / "cat.jpg"))
    search(lr, "an animal")
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT2", "RACCOON"], "the exact one"


def test_the_helper_can_forbid_to_look_past_case(lr):
    """It knows two files whose paths differ in case alone, of which this catalog has one."""
    photo = {"uuid": None, "path": "/p/A.jpg", "spellings": [], "any_case": False, "name": "A.jpg", "score": 1}
    lr.catalog.add_photo("LOWER", "/p/a.jpg")
    for any_case in (False, True):
        lr.http.canned["search"] = lambda body, may=any_case: {"photos": [{**photo, "any_case": may}], "reason": ""}
        search(lr, "x")
        assert (lr.catalog.find_collection("Safelight", "Searches", "x") is not None) == any_case


def test_accents_in_one_letter_or_two_are_one_path(lr):
    composed, decomposed = "/p/M\u00fcnchen/caf\u00e9.jpg", "/p/Mu\u0308nchen/cafe\u0301.jpg"
    photo = {"uuid": None, "path": composed, "spellings": [decomposed], "any_case": True, "name": "x", "score": 1}
    lr.http.canned["search"] = lambda body: {"photos": [photo], "reason": ""}
    lr.catalog.add_photo("DECOMPOSED", decomposed)
    search(lr, "x")
    assert lr.photos_in("Safelight", "Searches", "x") == ["DECOMPOSED"]
    move(lr, "DECOMPOSED", "/P/Mu\u0308nchen/Cafe\u0301.JPG")
    search(lr, "y")
    assert lr.photos_in("Safelight", "Searches", "y") == ["DECOMPOSED"], "in another case at that"


def test_photos_of_other_folders_are_not_asked_for_by_name(lr):
    photos = [
        {"uuid": None, "path": f"/other/{n}.jpg", "spellings": [], "any_case": True, "name": "x", "score": 1}
        for n in range(300)
    ]
    here = [{**photo, "path": photo["path"].replace("/other/", "/big/SUB/")} for photo in photos]
    lr.catalog.add_photo("B", "/big/b.jpg")
    lr.http.canned["search"] = lambda body: {"photos": photos, "reason": ""}
    search(lr, "x")
    assert lr.counts["LrCatalog:findPhotos"] == 0
    lr.http.canned["search"] = lambda body: {"photos": here, "reason": ""}
    for _ in range(2):
        search(lr, "x")
        assert lr.counts["LrCatalog:findPhotos"] == 6, "fifty at a time, and once"


def test_a_whole_catalog_of_answers_is_written_in_steps(lr):
    """Each block of writes is small, and so is each request to the journal."""
    photos = [{"uuid": f"N{n}", "path": None, "name": "x", "score": 1.0} for n in range(2500)]
    for photo in photos:
        lr.catalog.add_photo(photo["uuid"], f"/big/{photo['uuid']}.jpg")
    lr.http.canned["search"] = lambda body: {"photos": photos, "reason": ""}
    search(lr, "everything", limit="")
    assert len(lr.collection("Safelight", "Searches", "everything").photos) == 2500
    assert max(block.photos for block in lr.gates.blocks) == 200
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")
    assert lr.catalog.find_collection("Safelight", "Searches", "everything") is None
    assert max(block.photos for block in lr.gates.blocks) == 200


def test_a_change_that_is_cancelled_ends_between_two_steps_and_can_be_taken_back(lr):
    photos = [{"uuid": f"N{n}", "path": None, "name": "x", "score": 1.0} for n in range(1000)]
    for photo in photos:
        lr.catalog.add_photo(photo["uuid"], f"/big/{photo['uuid']}.jpg")
    lr.http.canned["search"] = lambda body: {"photos": photos, "reason": ""}
    lr.around.cancel_after = 2
    search(lr, "many", limit="")
    assert len(lr.collection("Safelight", "Searches", "many").photos) == 400
    assert lr.around.messages == []
    lr.around.cancel_after = None
    lr.answer("Undo the last Safelight change?", "ok")
    lr.click("MenuUndo.lua")
    assert lr.catalog.find_collection("Safelight", "Searches", "many") is None


def test_a_scope_of_thousands_is_sent_in_pieces(lr, helper):
    for n in range(4100):
        lr.catalog.add_photo(f"N{n}", f"{helper.photos}/more/{n}.jpg")
    lr.catalog.sources = [str(helper.photos)]
    search(lr, "an animal", scope="source")
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 2
    assert sum(target.endswith("/upload") for _, target in lr.http.sent) == 3


def like(lr, name: str) -> list[str]:
    """What is like the photo of a name; that of the collection also tells which one is meant."""
    wanted = re.compile(rf"Like {re.escape(name)} \([0-9a-f]{{6}}\)")
    (found,) = [c.name for c in lr.catalog.collections.values() if wanted.fullmatch(c.name)]
    return lr.photos_in("Safelight", "Searches", found)


def test_similar_photos_are_found(lr):
    lr.catalog.selected = [lr.photo("CAT").id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="3") or "ok")
    lr.answer("Collection: Like cat.jpg", "ok")
    lr.click("MenuSimilar.lua")
    found = like(lr, "cat.jpg")
    assert found[0] == "RACCOON"
    assert len(found) == 3
    assert "CAT" not in found


def test_more_like_these_and_less_like_those(lr):
    lr.catalog.selected = [lr.photo("RACCOON").id]
    lr.click("MenuLessLike.lua")
    assert "1 photo remembered" in lr.around.bezels[-1]
    lr.catalog.selected = [lr.photo("CAT").id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="9") or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuSimilar.lua")
    assert any("Less like those: raccoon.jpg" in text for dialog in lr.around.dialogs for text in dialog.texts)
    found = like(lr, "cat.jpg")
    assert found[0] != "RACCOON"


def test_too_many_photos_to_be_like_are_refused_in_words(lr):
    lr.catalog.selected = [lr.catalog.add_photo(f"N{n}", f"/p/{n}.jpg").id for n in range(31)]
    lr.click("MenuSimilar.lua")
    assert lr.around.messages == [
        "Find Similar takes at most 30 photos, those to keep away from included."
        "\nSelect fewer (selected: 31, remembered: 0)."
    ]


def test_a_wrong_number_is_explained(lr):
    search(lr, "cat", limit="many")
    assert lr.around.messages == [
        "many is no number of photos.\nWrite a whole number from 1 to 100000, or leave it empty for all that match."
    ]


def test_words_in_any_script_survive_the_way_there_and_back(lr):
    search(lr, "Überraschung 猫", match="any", limit="1")
    assert len(lr.photos_in("Safelight", "Searches", "Überraschung 猫")) == 1


def test_the_dialog_remembers_what_was_asked(lr):
    search(lr, "an animal", limit="7")
    seen = {}
    lr.answer("Find by Words", lambda dialog: seen.update(w=dialog.get("words"), n=dialog.get("limit")) or "cancel")
    lr.click("MenuFind.lua")
    assert seen == {"w": "an animal", "n": "7"}
