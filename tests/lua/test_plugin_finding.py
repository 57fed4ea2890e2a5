"""Finding: the plug-in's own Lua in the fake Lightroom, asking the real helper with the starter model."""

from __future__ import annotations

import time


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
    assert lr.around.dialogs[-1].texts == ["2 photos match.\n2 are added to the collection, 0 are taken out."]
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
    assert "1 are added to the collection, 1 are taken out." in lr.around.dialogs[-1].texts[0]
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON", "CAT"]
    assert lr.collection("Safelight", "Searches", "an animal").id == collection.id
    blocks = len(lr.gates.blocks)
    search(lr, "an animal")
    assert len(lr.gates.blocks) == blocks, "a third time there is nothing to write"


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


def test_photos_that_this_catalog_has_not_are_counted(lr):
    gone = lr.photo("CAT")
    del lr.catalog.photos[gone.id], lr.catalog.by_uuid["CAT"], lr.catalog.by_path[gone.path]
    search(lr, "an animal")
    assert "1 more are not in this catalog" in lr.around.dialogs[-1].texts[0]
    assert lr.photos_in("Safelight", "Searches", "an animal") == ["RACCOON"]


def test_sixty_thousand_photos_are_never_gone_through(lr):
    for n in range(60_000):
        lr.catalog.add_photo(f"N{n}", f"/big/{n}.jpg")
    started = time.process_time()
    search(lr, "an animal")
    assert time.process_time() - started < 5
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON"]
    assert lr.catalog_calls.scans == []


def test_a_scope_of_thousands_is_sent_in_pieces(lr, helper):
    for n in range(4100):
        lr.catalog.add_photo(f"N{n}", f"{helper.photos}/more/{n}.jpg")
    lr.catalog.sources = [str(helper.photos)]
    search(lr, "an animal", scope="source")
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 2
    assert sum(target.endswith("/upload") for _, target in lr.http.sent) == 3


def test_similar_photos_are_found(lr):
    lr.catalog.selected = [lr.photo("CAT").id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="3") or "ok")
    lr.answer("Collection: Like cat.jpg", "ok")
    lr.click("MenuSimilar.lua")
    found = lr.photos_in("Safelight", "Searches", "Like cat.jpg")
    assert found[0] == "RACCOON"
    assert len(found) == 3
    assert "CAT" not in found


def test_more_like_these_and_less_like_those(lr):
    lr.catalog.selected = [lr.photo("RACCOON").id]
    lr.click("MenuLessLike.lua")
    assert "1 photos remembered" in lr.around.bezels[-1]
    lr.catalog.selected = [lr.photo("CAT").id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="9") or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuSimilar.lua")
    assert any("Less like those: raccoon.jpg" in text for dialog in lr.around.dialogs for text in dialog.texts)
    found = lr.photos_in("Safelight", "Searches", "Like cat.jpg")
    assert found[0] != "RACCOON"


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
