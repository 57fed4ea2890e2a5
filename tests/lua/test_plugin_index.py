"""Indexing from Lightroom: a job of the helper, and thumbnails for photos that only Lightroom can show."""

from __future__ import annotations

import shutil

import pytest
from lua.real_helper import CHECKOUT, Helper, open_catalog
from lua.test_plugin_finding import search


@pytest.fixture(scope="module")
def user(indexed, tmp_path_factory):
    """A helper of its own: what these tests index, the others must not find."""
    home = tmp_path_factory.mktemp("index")
    shutil.copytree(indexed / "Library", home / "Library")
    it = Helper(home)
    it.photos = indexed / "Pictures"
    it.start()
    yield it
    it.close()


@pytest.fixture
def lr(user, request):
    it = open_catalog(user, request.node.name)
    it.scheduler.pace = 0.2
    # The catalog's place, as the helper knows places that were indexed: here the folder of photos.
    it.catalog.path = str(user.photos)
    yield it
    assert it.violations == []


def index(lr) -> None:
    lr.answer("Index this catalog?", "ok")
    lr.click("MenuIndex.lua")


def test_a_photo_that_only_lightroom_can_show_is_found_by_its_thumbnail(lr):
    jpeg = (CHECKOUT / "assets" / "demo" / "deep-field.jpg").read_bytes()
    lr.catalog.add_photo("OFFLINE", "/Volumes/Away/x.NEF", available=False, jpeg=jpeg)
    lr.catalog.add_photo("GONE", "/Volumes/Away/y.NEF", available=False)
    index(lr)
    assert lr.around.messages == [
        "1 photos are new in the index.\n1 of them were looked at through Lightroom's previews; 1 could not be."
    ]
    assert lr.photo_calls.thumbnails == [("OFFLINE", "delivered"), ("GONE", "delivered")]
    lr.catalog.selected = [lr.photo("OFFLINE").id]
    lr.answer("Find Similar", lambda dialog: dialog.set(limit="3") or "ok")
    lr.answer("Collection: Like x.NEF", "ok")
    lr.click("MenuSimilar.lua")
    assert len(lr.photos_in("Safelight", "Searches", "Like x.NEF")) == 3
    index(lr)
    assert "0 photos are new in the index.\n0 of them" in lr.around.messages[-1], "sent once"


def test_a_catalog_that_the_helper_has_never_met_is_not_read_on_our_word(lr):
    lr.catalog.path = "/Users/me/Lightroom/Other.lrcat"
    index(lr)
    assert "has not met this catalog yet" in lr.around.messages[0]
    assert 'safelight index "/Users/me/Lightroom/Other.lrcat"' in lr.around.messages[0]


def test_indexing_can_be_cancelled(lr, user):
    lr.around.cancel_after = 0
    index(lr)
    assert lr.around.messages == []


def test_declining_asks_nobody(lr):
    lr.answer("Index this catalog?", "cancel")
    before = len(lr.http.sent)
    lr.click("MenuIndex.lua")
    assert len(lr.http.sent) == before


def test_a_search_works_afterwards(lr):
    search(lr, "cat")
    assert lr.photos_in("Safelight", "Searches", "cat") == ["CAT"]
