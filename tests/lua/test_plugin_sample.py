"""A real catalog of Lightroom 5, end to end: indexed from its previews, found in the fake by its own UUIDs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import PLUGIN, Helper
from lua.test_plugin_finding import search
from lua.test_plugin_living import make_smart

from importers.lightroom import open_catalog as read_catalog


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


@pytest.fixture
def lr(sample):
    user, path = sample
    user.home.joinpath("tmp").mkdir(exist_ok=True)
    it = Lightroom(user.home, str(path))
    with read_catalog(path) as catalog:
        for photo in catalog.photos():
            it.catalog.add_photo(photo.uuid, photo.stored_path, rating=photo.rating, captured=photo.capture_time)
    it.load(PLUGIN)
    yield it
    assert it.violations == []


def test_photos_whose_originals_are_on_another_machine_are_found(lr):
    search(lr, "outdoors", match="any", limit="2")
    found = lr.photos_in("Safelight", "Searches", "outdoors")
    assert len(found) == 2
    assert set(found) <= set(lr.catalog.by_uuid)


def test_words_make_smart_collections_of_the_right_photos(lr):
    """What the three pictures show: a castle on a rock, a lake below mountains, a town."""
    names = {photo.file_name: photo.uuid for photo in lr.catalog.photos.values()}
    make_smart(lr, "castle", name="castles")
    make_smart(lr, "mountain", name="mountains")
    assert lr.photos_in("Safelight", "Smart", "castles") == [names["sample1.jpg"]]
    assert lr.photos_in("Safelight", "Smart", "mountains") == [names["sample2.jpg"]]


def test_a_photo_of_the_catalog_is_asked_about_by_its_uuid(lr):
    lr.catalog.selected = [next(iter(lr.catalog.photos))]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="2") or "ok")
    lr.answer("Collection:", "ok")
    lr.click("MenuSimilar.lua")
    (name,) = [c.name for c in lr.catalog.collections.values() if c.name.startswith("Like ")]
    assert len(lr.photos_in("Safelight", "Searches", name)) == 2
