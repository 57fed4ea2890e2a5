"""What the bridge finds for a catalog, with pictures as the question, for which no model is loaded."""

from __future__ import annotations

import pytest
from bridge_photos import CATALOG, living

from safelight.bridge import BridgeError
from safelight.bridge.matching import find
from safelight.bridge.question import Question, Ref


def test_photos_are_named_as_lightroom_finds_them(library, planted):
    found = find(library, Question(like=(Ref(None, "/photos/c.jpg"),)), CATALOG)
    assert [(m.uuid, m.path) for m in found.photos] == [
        (None, "/photos/b.jpg"),  # another catalog's uuid means nothing in this one
        ("UUID-A", "/photos/a.jpg"),
        ("UUID-A-COPY", "/photos/a.jpg"),  # a virtual copy is a photo of its own; the folder's a.jpg is the first one
    ]


def test_a_photo_is_asked_about_by_its_uuid_or_its_path(library, planted):
    for ref in (Ref("UUID-A", None), Ref("nobody", "/photos/a.jpg"), Ref(None, "/photos/a.jpg")):
        assert [m.path for m in find(library, Question(like=(ref,)), CATALOG).photos] == [
            "/photos/b.jpg", "/photos/c.jpg",
        ]  # fmt: skip


def test_an_unknown_photo_is_a_clear_line(library, planted):
    with pytest.raises(BridgeError, match="x.jpg has not been indexed yet") as caught:
        find(library, Question(like=(Ref("nobody", "/photos/x.jpg"),)), CATALOG)
    assert caught.value.code == "not_indexed"


def test_a_scope_narrows_before_the_limit_counts(library, planted):
    question = Question(like=(Ref(None, "/photos/c.jpg"),), limit=1)
    assert [m.path for m in find(library, question, CATALOG).photos] == ["/photos/b.jpg"]
    within = [Ref("UUID-A-COPY", "/photos/a.jpg")]
    assert [m.uuid for m in find(library, question, CATALOG, within).photos] == ["UUID-A-COPY"]
    assert find(library, question, CATALOG, [Ref("X", "/x.jpg")]).reason


def test_the_difference_is_what_is_missing_and_what_is_too_much(bridge, planted, catalog_id):
    assert living(bridge, catalog_id, []) == (["/photos/b.jpg", "UUID-A", "UUID-A-COPY"], [])
    carriers = [{"uuid": "UUID-A", "path": "/photos/a.jpg"}, {"uuid": "STRAY", "path": "/photos/z.jpg"}]
    assert living(bridge, catalog_id, carriers) == (["/photos/b.jpg", "UUID-A-COPY"], ["STRAY"])


def test_more_photos_do_not_mean_more_questions_to_the_index(library, planted, bridge, catalog_id):
    """In a catalog of 60,000 photos, a question for each would take minutes."""
    asked: list[str] = []

    def statements(carriers: int) -> int:
        living(bridge, catalog_id, [])  # whatever is read once
        asked.clear()
        library.catalog.db.set_trace_callback(asked.append)
        living(bridge, catalog_id, [{"uuid": f"U{n}", "path": f"/photos/{n}.jpg"} for n in range(carriers)])
        library.catalog.db.set_trace_callback(None)
        return len(asked)

    few = statements(3)
    for n in range(100):
        planted.add("folder" if n % 2 else "lightroom", f"N{n}", f"/photos/n{n}.jpg", [0.5, 0.5, n / 100, 0], 100 + n)
    assert statements(300) <= few


def test_who_is_known_by_path_alone_carries_under_any_uuid(bridge, planted, catalog_id):
    carriers = [
        {"uuid": "UUID-A", "path": "/photos/a.jpg"},
        {"uuid": "UUID-A-COPY", "path": "/photos/a.jpg"},
        {"uuid": "ANY", "path": "/photos/b.jpg"},
    ]
    assert living(bridge, catalog_id, carriers) == ([], [])


def test_the_stamp_changes_when_a_collection_may_have(bridge, planted, catalog_id):
    before = bridge.poll({"catalog": catalog_id})["stamp"]
    assert bridge.poll({"catalog": catalog_id})["stamp"] == before
    planted.add("folder", "d.jpg", "/photos/d.jpg", [0, 1, 0, 0], 4)
    after = bridge.poll({"catalog": catalog_id})["stamp"]
    assert after != before
    bridge.queries.save("x", Question(words="x"))
    assert bridge.poll({"catalog": catalog_id})["stamp"] != after


def test_missing_photos_are_told(bridge, planted, catalog_id):
    asked = [{"uuid": "UUID-A"}, {"uuid": "NEW", "path": "/photos/new.jpg"}]
    assert bridge.missing({"catalog": catalog_id, "photos": asked})["photos"] == asked[1:]


def test_a_page_goes_on_where_the_last_one_ended(library, planted, bridge, catalog_id):
    for n in range(200):
        planted.add("lightroom", f"N{n}", f"/photos/n{n}.jpg", [0.5, 0.5, n / 1000, 0], 100 + n)
    whole = [m.uuid or m.path for m in find(library, Question(like=(Ref(None, "/photos/c.jpg"),)), CATALOG).photos]
    given = {"catalog": catalog_id, "question": {"like": [{"path": "/photos/c.jpg"}], "limit": 2}}
    seen, offset, offsets = [], 0, []
    while offset is not None:
        answer = bridge.search({**given, "offset": offset})
        seen += [photo["uuid"] or photo["path"] for photo in answer["photos"]]
        offset = answer["next"]
        offsets.append(offset)
    assert seen == whole
    assert offsets == [64, 128, None]
