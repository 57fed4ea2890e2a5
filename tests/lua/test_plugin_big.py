"""A catalog of 60,000 photos, against the real helper: no command but indexing goes through all of them.

What a command asks of Lightroom is counted by the fake, call by call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lua.test_plugin_duplicates import GROUP, find, keep, part, undo
from lua.test_plugin_finding import search
from lua.test_plugin_keywords import review
from lua.test_plugin_living import make_smart, smart, tokens

PHOTOS = 60_000


@pytest.fixture
def big(lr):
    """Every other photo has the keyword "cat"."""
    cat = lr.catalog.add_keyword("cat")
    for n in range(PHOTOS):
        lr.catalog.add_photo(f"N{n}", f"/big/{n}.jpg", keywords={cat.id} if n % 2 else set())
    return lr


@contextmanager
def few(lr, most: int) -> Iterator[None]:
    """At most so many reads of the catalog, and none of all of it."""
    lr.counts.clear()
    yield
    reads = {name: n for name, n in lr.counts.items() if name.startswith(("LrCatalog:", "LrPhoto:", "LrKeyword:"))}
    assert lr.catalog_calls.scans == []
    assert lr.counts["LrKeyword:getPhotos"] == 0
    assert sum(reads.values()) <= most, reads


def test_no_command_goes_through_the_catalog(big):
    lr = big
    with few(lr, 30):
        search(lr, "an animal")
    assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON"]
    lr.catalog.selected = [lr.photo("CAT").id]
    with few(lr, 30):
        lr.answer("Find Similar", lambda dialog: dialog.set(limit="3") or "ok")
        lr.answer("Collection:", "ok")
        lr.click("MenuSimilar.lua")
    with few(lr, 30):
        review(lr, "cat")
    assert lr.photo("CAT").keywords, "although half of the catalog has this keyword"
    lr.http.canned |= {"duplicates": lambda body: {"groups": [GROUP]}, "decide": lambda body: {}}
    with few(lr, 40):
        find(lr, keyword=True)
    for decide in (lambda: keep(lr, "RACCOON"), lambda: part(lr, "CAT", "RACCOON"), lambda: undo(lr)):
        with few(lr, 40):
            decide()


def test_a_living_collection_reads_who_carries_its_mark_and_writes_what_changes(big):
    """6,000 photos carry the mark already: read in batches; only what changes is written, 200 in a step."""
    lr = big
    make_smart(lr, "an animal", name="big")
    (token,) = tokens(lr, "CAT")
    for n in range(0, PHOTOS, 10):
        lr.photo(f"N{n}").properties["queries"] = token
    blocks = len(lr.gates.blocks)
    lr.answer("Update smart collections", "ok")
    lr.counts.clear()
    lr.click("MenuUpdate.lua")
    assert smart(lr, "big") == ["CAT", "RACCOON"]
    assert lr.catalog_calls.scans == []
    written = [block for block in lr.gates.blocks[blocks:] if "setPropertyForPlugin" in block.calls]
    assert [sum(block.photos for block in written), max(block.photos for block in written)] == [6000, 200]
    reads = {name: lr.counts[f"LrCatalog:{name}"] for name in ("findPhotos", "batchGetRawMetadata")}
    assert reads == {"findPhotos": 1, "batchGetRawMetadata": 25}, "the carriers, and those that lose the mark"
    with few(lr, 20):
        lr.click("MenuUpdate.lua")
    assert "up to date" in lr.around.messages[-1]
