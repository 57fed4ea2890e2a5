"""A real catalog of Lightroom 5, end to end: indexed from its previews, found in the fake by its own UUIDs."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import PLUGIN, Helper
from lua.test_plugin_duplicates import find as find_duplicates
from lua.test_plugin_finding import search
from lua.test_plugin_living import make_smart, smart
from PIL import Image

from importers.lightroom import open_catalog as read_catalog
from lrprev import largest_whole, read_or_salvage

WALL = "3829E5FC-7F3F-4B22-94F3-FB5E2C796026"  # the UUID of the file sample3.jpg, by which its preview is called


@pytest.fixture(scope="module")
def sample(samples: Path, tmp_path_factory: pytest.TempPathFactory):
    """The sample's catalog, copied and indexed, and the helper that knows it."""
    user = Helper(tmp_path_factory.mktemp("sample"))
    shutil.copytree(samples / "lightroom5", user.home / "Lightroom")
    catalog = user.home / "Lightroom" / "Lightroom 5 Catalog.lrcat"
    user.index(catalog)
    user.start()
    yield user, catalog
    user.close()


def opened(user: Helper, catalog: Path) -> Lightroom:
    """A Lightroom with the plug-in and what the catalog says of its photos."""
    user.home.joinpath("tmp").mkdir(exist_ok=True)
    it = Lightroom(user.home, str(catalog))
    with read_catalog(catalog) as read:
        for photo in read.photos():
            it.catalog.add_photo(photo.uuid, photo.stored_path, rating=photo.rating, captured=photo.capture_time)
            it.names[photo.file_name] = photo.uuid
    it.load(PLUGIN)
    return it


@pytest.fixture
def lr(sample) -> Iterator[Lightroom]:
    it = opened(*sample)
    yield it
    assert it.violations == []


def test_photos_whose_originals_are_on_another_machine_are_found(lr):
    search(lr, "outdoors", match="any", limit="2")
    found = lr.photos_in("Safelight", "Searches", "outdoors")
    assert len(found) == 2
    assert set(found) <= set(lr.catalog.by_uuid)


def test_words_make_smart_collections_of_the_right_photos(lr):
    """What the three pictures show: a castle on a rock, a lake below mountains, a town."""
    make_smart(lr, "castle", name="castles")
    make_smart(lr, "mountain", name="mountains")
    assert smart(lr, "castles") == [lr.names["sample1.jpg"]]
    assert smart(lr, "mountains") == [lr.names["sample2.jpg"]]


def test_dates_narrow_a_search(lr):
    """The three were taken at 17:50, 17:57 and 18:09 of one day."""
    search(lr, "outdoors", match="any", limit="3", since="2011-06-13T17:55", before="2011-06-13T18:00")
    assert lr.photos_in("Safelight", "Searches", "outdoors") == [lr.names["sample2.jpg"]]
    search(lr, "outdoors", match="any", limit="3", since="2011-06-14", before="")
    assert lr.photos_in("Safelight", "Searches", "outdoors") == []


def test_a_catalog_that_is_opened_through_a_link_is_the_same(sample, tmp_path):
    """Its originals are away, so that its photos are known by their UUIDs alone."""
    user, catalog = sample
    (tmp_path / "Link").symlink_to(catalog.parent)
    lr = opened(user, tmp_path / "Link" / catalog.name)
    make_smart(lr, "castle", name="through a link")
    assert smart(lr, "through a link") == [lr.names["sample1.jpg"]]
    plainly = opened(user, catalog)
    plainly.answer("Undo the last Safelight change?", "cancel")
    plainly.click("MenuUndo.lua")
    assert "through a link" in plainly.around.dialogs[-1].texts[0], "one catalog has one journal"
    assert lr.violations == plainly.violations == []


def test_a_photo_of_the_catalog_is_asked_about_by_its_uuid(lr):
    lr.catalog.selected = [next(iter(lr.catalog.photos))]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="2") or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuSimilar.lua")
    (name,) = [c.name for c in lr.catalog.collections.values() if c.name.startswith("Like ")]
    assert len(lr.photos_in("Safelight", "Searches", name)) == 2


# From here on the index holds one picture more, which only these tests' catalogs have.


def test_the_living_collection_follows_and_near_duplicates_are_tagged(sample, lr):
    """A smaller version of what the catalog has through its preview alone is indexed as a file."""
    user, catalog = sample
    (preview,) = catalog.parent.glob(f"*Previews.lrdata/*/*/{WALL}-*.lrprev")
    small = user.home / "Versions" / "wall.jpg"
    small.parent.mkdir()
    with Image.open(io.BytesIO(largest_whole(read_or_salvage(preview)).jpeg)) as wall:
        wall.resize((wall.width // 3, wall.height // 3)).save(small, quality=85)
    lr.catalog.add_photo("SMALL", str(small))
    both = {lr.names["sample3.jpg"], "SMALL"}
    make_smart(lr, "stone wall", name="following")
    assert smart(lr, "following") == [lr.names["sample3.jpg"]]
    user.index(small.parent)
    lr.wait(120)
    assert set(smart(lr, "following")) == both
    find_duplicates(lr)
    tagged = {uuid: lr.photo(uuid).properties.get("duplicateRole") for uuid in lr.catalog.by_uuid}
    assert {uuid for uuid, role in tagged.items() if role} == both
    assert {tagged[uuid] for uuid in both} == {"keeper", "duplicate"}
    assert set(lr.photos_in("Safelight", "Duplicates", "All near-duplicates")) == both


def test_a_wrong_token_is_refused_and_explained(sample, lr):
    file = sample[0].data / "helper.json"
    said = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(said), "token": "wrong"}))
        make_smart(lr, "castle", name="refused")
    finally:
        file.write_text(said)
    assert lr.around.messages == [
        "Safelight's helper refused this plug-in's key.\nOpen a terminal and type: safelight stop"
        "\nThen try again; the helper finds a free port."
    ]
    assert lr.gates.blocks == []


def test_a_helper_killed_in_the_middle_is_explained_and_trying_again_is_enough(sample, lr):
    user, _ = sample
    lr.http.on_send = lambda target: user.kill() if target.endswith("/journal_add") else None
    make_smart(lr, "castle", name="killed")
    lr.http.on_send = lambda target: None
    assert "safelight lightroom install" in lr.around.messages[-1], "nobody has told it how to start the helper"
    assert lr.gates.blocks == [], "what the journal does not know is not written"
    user.start()
    make_smart(lr, "castle", name="killed")
    assert lr.names["sample1.jpg"] in smart(lr, "killed")
