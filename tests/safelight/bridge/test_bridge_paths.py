"""Paths that two programs write in two ways: found all the same, and never mixed up."""

from __future__ import annotations

from pathlib import Path

import pytest
from bridge_photos import CATALOG, living

from safelight.bridge.known import Known, catalog_path
from safelight.bridge.matching import find
from safelight.bridge.question import Question, Ref


@pytest.mark.parametrize(
    "written", ["/Photos/C.JPG", "/photos/c.jpg", "\\photos\\c.jpg"], ids=["another case", "as it is", "other slashes"]
)
def test_a_path_is_found_however_it_is_written(library, planted, written):
    assert Known(library, CATALOG).content(Ref("nobody", written)) is not None
    within = [Ref("ANY", written)]
    question = Question(like=(Ref("UUID-A", None),))
    assert [m.path for m in find(library, question, CATALOG, within).photos] == ["/photos/c.jpg"]


@pytest.mark.parametrize("few", [10_000, 0], ids=["those alone", "all"])
def test_paths_that_are_expected_are_found_as_all_are(library, planted, monkeypatch, few):
    monkeypatch.setattr("safelight.bridge.known._FEW", few)
    planted.add("folder", "C.jpg", "/photos/C.jpg", [0.7, 0.3, 0, 0], 9)
    planted.add("folder", "M", "/photos/M\u00fcnchen.jpg", [0.7, 0.3, 0, 0], 10)
    asked = ("/PHOTOS/A.jpg", "/photos/c.JPG", "\\photos\\mu\u0308nchen.jpg", "/photos/none.jpg")
    known, other = Known(library, CATALOG), Known(library, CATALOG)
    known.expect(asked)
    assert [known.any_case(path) for path in asked] == [other.any_case(path) for path in asked]
    assert [known.content(Ref(None, path)) for path in asked] == [other.content(Ref(None, path)) for path in asked]
    assert [other.content(Ref(None, path)) is None for path in asked] == [False, True, False, True]


def test_accents_are_one_or_two_letters(library, planted):
    composed, decomposed = "/photos/M\u00fcnchen.jpg", "/photos/Mu\u0308nchen.jpg"
    planted.add("folder", "M", composed, [0.7, 0.3, 0, 0], 9)
    for path in (composed, decomposed, decomposed.upper()):
        assert Known(library, CATALOG).content(Ref(None, path)) is not None
    found = {m.path: m.record() for m in find(library, Question(like=(Ref("UUID-A", None),)), CATALOG).photos}
    assert found[composed]["spellings"] == [decomposed]
    assert found["/photos/c.jpg"]["spellings"] == []


def test_two_files_that_differ_in_case_alone_are_never_mixed_up(library, planted, bridge, catalog_id):
    planted.add("folder", "C.jpg", "/photos/C.jpg", [0.7, 0.3, 0, 0], 9)
    known = Known(library, CATALOG)
    lower, upper = known.content(Ref(None, "/photos/c.jpg")), known.content(Ref(None, "/photos/C.jpg"))
    assert None not in (lower, upper)
    assert lower != upper
    assert known.content(Ref(None, "/PHOTOS/C.JPG")) is None
    found = find(library, Question(like=(Ref("UUID-A", None),)), CATALOG).photos
    assert {m.path: m.any_case for m in found} == {
        "/photos/b.jpg": True,
        "/photos/c.jpg": False,
        "/photos/C.jpg": False,
    }
    carriers = [{"uuid": "X", "path": "/photos/c.jpg"}, {"uuid": "Y", "path": "/PHOTOS/B.jpg"}]
    assert living(bridge, catalog_id, carriers, {"like": [{"uuid": "UUID-A"}]}) == (["/photos/C.jpg"], [])


def test_one_file_that_two_roots_write_in_two_ways_is_no_riddle(library, planted):
    """A catalog says /Photos, a folder was indexed as /photos: on such a disk both are one file."""
    planted.add("lightroom", "UUID-C", "/Photos/c.jpg", [0.8, 0.2, 0, 0], 3)
    known = Known(library, CATALOG)
    assert known.any_case("/PHOTOS/c.jpg")
    assert known.content(Ref(None, "/PHOTOS/c.jpg")) is not None


def test_a_catalog_is_known_however_its_path_is_written(library, planted, bridge):
    said = CATALOG.upper().replace(".LRCAT", ".lrcat")
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": said, "lightroom": "14.3"}
    found = bridge.search(
        {"catalog": bridge.hello(hello)["catalog"], "question": {"like": [{"path": "/photos/c.jpg"}]}}
    )
    assert [photo["uuid"] for photo in found["photos"]] == [None, "UUID-A", "UUID-A-COPY"]
    planted.catalog.add_root("lightroom", Path(CATALOG.upper()), None)
    assert catalog_path(library, said) == said, "two catalogs could be meant"
    assert catalog_path(library, CATALOG) == CATALOG
