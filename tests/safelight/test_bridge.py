"""The bridge's own side: what travels in JSON, tokens, differences, queue, journal, files. No model is loaded here."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lua.smart_files import evaluate
from PIL import Image

from importers.base import Facts, Outcome
from indexer.catalog import Content
from safelight import __version__
from safelight.bridge import Bridge, BridgeError, consent
from safelight.bridge import install as plugin
from safelight.bridge.actions import TAKEN_AGAIN_SECONDS
from safelight.bridge.duplicates import for_catalog
from safelight.bridge.keywords import spelling
from safelight.bridge.known import Known, catalog_path
from safelight.bridge.matching import find
from safelight.bridge.queries import FIELD_BYTES, LENGTH, TOKENS_A_PHOTO, new_token
from safelight.bridge.question import Question, Ref, read_refs
from safelight.bridge.smart_file import smart_collection
from safelight.config import Settings
from safelight.errors import SafelightError
from safelight.service import Library

CATALOG = "/Users/me/Lightroom/Catalog.lrcat"


@pytest.fixture
def library(tmp_path):
    with Library(Settings(model="clip-b32"), tmp_path / "home") as it:
        yield it


@pytest.fixture
def bridge(library):
    with Bridge(library) as it:
        yield it


@pytest.fixture
def catalog_id(bridge) -> str:
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": CATALOG, "lightroom": "14.3"}
    return bridge.hello(hello)["catalog"]


class Planted:
    """Photos with planted vectors, some in a Lightroom catalog, some in a folder."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.catalog = library.catalog
        self.model = self.catalog.add_model("space", "clip-b32", 4)
        self.roots = {
            "lightroom": self.catalog.add_root("lightroom", Path(CATALOG), None),
            "other": self.catalog.add_root("lightroom", Path("/other/Catalog.lrcat"), None),
            "folder": self.catalog.add_root("folder", Path("/photos"), None),
        }

    def add(self, root: str, key: str, path: str, vector: list[float], digest: int) -> None:
        unit = np.asarray(vector, np.float32) / np.linalg.norm(vector)
        from indexer.catalog import PhotoRow

        with self.catalog.transaction():
            content_id = self.catalog.write_content(Content(digest.to_bytes(16), 1, 1, 1, "JPEG"))
            self.catalog.write_vector(self.model, content_id, unit.astype(np.float32))
            row = PhotoRow(
                root_id=self.roots[root].id, key=key.encode(), path=os.fsencode(path), name=Path(path).name, stamp=None,
                outcome=Outcome.INDEXED, reason=None, reader="test", facts=Facts(), content_id=content_id,
            )  # fmt: skip
            self.catalog.write_photo(row)


@pytest.fixture
def planted(library) -> Planted:
    """Three contents: A in Lightroom twice (and in a folder), B in another catalog, C in a folder only."""
    it = Planted(library)
    it.add("lightroom", "UUID-A", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("lightroom", "UUID-A-COPY", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("folder", "a.jpg", "/photos/a.jpg", [1, 0, 0, 0], 1)
    it.add("other", "UUID-B", "/photos/b.jpg", [0.9, 0.1, 0, 0], 2)
    it.add("folder", "c.jpg", "/photos/c.jpg", [0.8, 0.2, 0, 0], 3)
    return it


# Finding, with pictures as the question, for which no model is loaded


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


def living(bridge, catalog_id, carriers: list[dict], question: dict | None = None) -> tuple[list, list]:
    asked = question or {"like": [{"path": "/photos/c.jpg"}]}
    change = bridge.difference({"catalog": catalog_id, "question": asked, "carriers": carriers})
    return [p["uuid"] or p["path"] for p in change["add"]], [r.get("uuid") for r in change["remove"]]


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


# Paths that two programs write in two ways


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


def catalog_at(folder: Path) -> Path:
    folder.mkdir()
    (folder / "C.lrcat").touch()
    return folder / "C.lrcat"


def hello(bridge: Bridge, path: Path | str) -> str:
    said = {"protocol": 1, "plugin": "0.1.0", "catalog": str(path), "lightroom": "14.3"}
    return bridge.hello(said)["catalog"]


@pytest.mark.parametrize("linked", ["indexed", "opened"])
def test_a_catalog_behind_a_link_is_the_same(library, planted, bridge, tmp_path, linked):
    """Indexed through a link and opened without, or the other way round; that the photo has no path leaves the UUID."""
    real = catalog_at(tmp_path / "real")
    (tmp_path / "link").symlink_to(real.parent)
    link = tmp_path / "link" / real.name
    indexed, opened = (link, real) if linked == "indexed" else (real, link)
    planted.roots["real"] = library.catalog.add_root("lightroom", indexed, None)
    planted.add("real", "UUID-R", "/gone/r.jpg", [0.9, 0.2, 0, 0], 9)
    catalog_id = hello(bridge, opened)
    question = {"like": [{"path": "/photos/c.jpg"}]}
    assert "UUID-R" in [p["uuid"] for p in bridge.search({"catalog": catalog_id, "question": question})["photos"]]
    assert bridge.catalog_to_index({"catalog": catalog_id}) == str(indexed), "no second place for one file"


def test_one_catalog_has_one_journal_however_it_is_opened(bridge, tmp_path):
    real = catalog_at(tmp_path / "real")
    (tmp_path / "link").symlink_to(real.parent)
    link = tmp_path / "link" / real.name
    assert hello(bridge, real) == hello(bridge, link) == hello(bridge, real)
    (known,) = bridge.actions.plugins()
    assert known.path == str(real), "as it was said last"
    run = bridge.journal_begin({"catalog": hello(bridge, link), "title": "x"})["run"]
    bridge.journal_add({"run": run, "changes": [{"op": "field"}]})
    assert bridge.journal_last({"catalog": hello(bridge, real)})["run"] == run


def test_two_files_whose_paths_look_alike_are_two_catalogs(library, bridge, tmp_path):
    lower, upper = catalog_at(tmp_path / "work"), catalog_at(tmp_path / "WORK")
    library.catalog.add_root("lightroom", lower, None)
    assert catalog_path(library, str(upper)) == str(upper)
    assert hello(bridge, lower) != hello(bridge, upper)


def test_other_machines_are_not_asked_which_file_a_path_names(library, bridge, monkeypatch):
    asked, stat = [], os.stat
    monkeypatch.setattr(os, "stat", lambda path, **how: asked.append(str(path)) or stat(path, **how))
    library.catalog.add_root("lightroom", Path("//elsewhere/y/C.lrcat"), None)
    for said in (r"\\elsewhere\x\C.lrcat", "//elsewhere/x/C.lrcat", "/here/C.lrcat"):
        assert catalog_path(library, said) == said
        hello(bridge, said)
    assert "/here/C.lrcat" in asked
    assert not any("elsewhere" in path for path in asked)


# Which catalog may be read


@pytest.fixture
def stranger(bridge, tmp_path) -> tuple[str, Path]:
    """A catalog in no usual folder, and its id."""
    path = tmp_path / "far" / "X.lrcat"
    path.parent.mkdir()
    path.touch()
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": str(path), "lightroom": "14.3"}
    return bridge.hello(hello)["catalog"], path


def test_a_path_of_a_request_alone_is_not_opened(bridge, stranger):
    with pytest.raises(BridgeError, match="opens no file on a request") as caught:
        bridge.catalog_to_index({"catalog": stranger[0]})
    assert caught.value.code == "no_place"
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    with pytest.raises(BridgeError, match="choose Index This Catalog first"):
        bridge.thumbnail({"catalog": stranger[0], "uuid": "U", "name": "x"}, stream.getvalue(), np.ones(4, np.float32))
    assert bridge.library.catalog.roots() == [], "nor does a thumbnail make a place of it"


def test_what_the_plugin_wrote_into_our_folder_is(bridge, stranger):
    catalog_id, path = stranger
    file = bridge.library.home / consent.FILE_NAME
    with file.open("w") as writing:  # in place, as Lua does it: it stays this user's alone
        writing.write(str(path))
    assert bridge.catalog_to_index({"catalog": catalog_id}) == str(path)
    file.write_text("/other/Y.lrcat")
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})


def test_a_file_that_others_could_have_written_is_not_believed(bridge, stranger, tmp_path):
    catalog_id, path = stranger
    file = bridge.library.home / consent.FILE_NAME
    file.write_text(str(path))
    file.chmod(0o666)
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text(str(path))
    elsewhere.chmod(0o600)
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(BridgeError):
        bridge.catalog_to_index({"catalog": catalog_id})


def test_a_catalog_that_was_indexed_before_is_known(bridge, planted, catalog_id):
    assert bridge.catalog_to_index({"catalog": catalog_id}) == CATALOG


# Meeting


@pytest.mark.parametrize(
    ("protocol", "todo"), [(0, "safelight lightroom install"), (2, "upgrade Safelight"), ("1", "install")]
)
def test_another_protocol_is_refused_with_what_to_do(bridge, protocol, todo):
    with pytest.raises(BridgeError, match=todo) as caught:
        bridge.hello({"protocol": protocol, "plugin": "9", "catalog": CATALOG, "lightroom": "14"})
    assert caught.value.code == "wrong_version"


def test_a_catalog_keeps_its_id(bridge, catalog_id):
    again = bridge.hello({"protocol": 1, "plugin": "0.2.0", "catalog": CATALOG, "lightroom": "15"})
    assert again["catalog"] == catalog_id
    (known,) = bridge.actions.plugins()
    assert (known.plugin, known.alive) == ("0.2.0", True)
    with pytest.raises(BridgeError, match="say hello first"):
        bridge.poll({"catalog": "0" * 16})


# JSON

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ["words", "like", "unlike", "since", "limit", "everything"]
question_like = st.dictionaries(st.sampled_from(KEYS), json_values)


@given(question_like)
def test_a_question_is_read_or_refused(value):
    try:
        question = Question.read(value)
    except BridgeError:
        return
    assert Question.read(json.loads(json.dumps(question.record()))) == question


@given(json_values)
def test_photos_are_read_or_refused(value):
    try:
        refs = read_refs(value)
    except BridgeError:
        return
    assert read_refs([ref.record() for ref in refs]) == refs


def test_lists_come_in_pieces(bridge):
    upload = bridge.upload({"items": [{"uuid": str(n)} for n in range(3)]})["upload"]
    assert bridge.upload({"items": [{"uuid": "3"}], "upload": upload})["upload"] == upload
    assert [ref.uuid for ref in bridge._refs({"photos": {"upload": upload}}, "photos")] == ["0", "1", "2", "3"]
    with pytest.raises(BridgeError, match="no longer there"):
        bridge._refs({"photos": {"upload": "0" * 16}}, "photos")


# Near-duplicates


@dataclass
class One:
    photo_id: str
    relation: str
    reason: str = ""


@dataclass
class Together:
    kind: str
    members: list[One]


def test_groups_are_written_for_one_catalog(library, planted):
    ids = {
        (key.decode(), source): photo_id
        for photo_id, key, source in library.catalog.db.execute(
            "SELECT public_id, key, source FROM photo JOIN root ON root.id = root_id"
        )
    }
    a, copy = ids["UUID-A", "lightroom"], ids["UUID-A-COPY", "lightroom"]
    file_of_a, c = ids["a.jpg", "folder"], ids["c.jpg", "folder"]
    groups = [
        Together(
            "resized", [One(c, "keeper", "more pixels"), One(a, "resized", "smaller"), One(file_of_a, "same bytes")]
        ),
        Together("series", [One(a, "series"), One(copy, "series")]),
        Together("same bytes", [One(a, "keeper"), One(file_of_a, "same bytes")]),
    ]
    first, second = for_catalog(library, groups, CATALOG)  # the third is one photo, known by catalog and by folder
    assert [(m.get("uuid"), m["role"]) for m in first["members"]] == [("UUID-A", "duplicate"), (None, "keeper")]
    assert [m["role"] for m in second["members"]] == ["series", "series"]
    assert re.fullmatch(r"dg[0-9a-z]{8}", first["id"])
    assert first["id"] == for_catalog(library, groups[:1], CATALOG)[0]["id"] != second["id"]
    within = [Ref("UUID-A", None), Ref("UUID-A-COPY", None)]
    assert [g["kind"] for g in for_catalog(library, groups, CATALOG, within)] == ["series"]


# Tokens and saved queries


def test_tokens_fill_the_field_and_never_lie_inside_each_other():
    tokens = {new_token() for _ in range(500)}
    assert len(tokens) == 500
    assert all(re.fullmatch(r"sq[a-z0-9]{8}", token) and len(token) == LENGTH for token in tokens)
    assert TOKENS_A_PHOTO == 46
    assert len(" ".join([new_token()] * 46)) <= FIELD_BYTES < len(" ".join([new_token()] * 47))


def test_a_saved_query_is_changed_by_its_name_and_keeps_its_token_and_its_spelling(bridge):
    first = bridge.queries.save("Red  cars", Question(words="red car"), {"rating": 3, "keyword": ""})
    again = bridge.queries.save("red cars", Question(words="a red car"))
    assert (again.token, again.name) == (first.token, "Red cars")
    assert (first.name, first.rules, again.rules) == ("Red cars", {"rating": 3}, {})
    assert [query.question.words for query in bridge.queries.list()] == ["a red car"]
    bridge.queries.remove(first.token)
    assert bridge.queries.list() == []


@pytest.mark.parametrize("other", ["STRA\u00dfE", "strasse", "Stra\u00dfe"])
def test_names_are_compared_past_case_in_every_script(bridge, other):
    first = bridge.queries.save("Stra\u00dfe", Question(words="street"))
    assert bridge.queries.save(other, Question(words="road")).token == first.token
    assert [(query.name, query.question.words) for query in bridge.queries.list()] == [("Stra\u00dfe", "road")]


def saved(bridge, catalog_id, name: str, words: str, rules: dict | None = None) -> int:
    """Propose a query and save it, as the plug-in does; returns the run of the journal."""
    given = {"catalog": catalog_id, "name": name, "question": {"words": words}, "rules": rules}
    proposed = bridge.propose_query(given)["query"]
    run = bridge.journal_begin({"catalog": catalog_id, "title": name})["run"]
    bridge.save_query({**given, "token": proposed["token"], "run": run})
    return run


def asked(bridge) -> dict[str, str]:
    return {query.name: query.question.words for query in bridge.queries.list()}


def test_nothing_lives_by_what_is_only_proposed(bridge, catalog_id):
    given = {"catalog": catalog_id, "name": "Cars", "question": {"words": "red car"}, "rules": {"rating": 3}}
    proposed = bridge.propose_query(given)
    assert proposed["changed"]
    assert asked(bridge) == {}
    saved(bridge, catalog_id, "Cars", "red car", {"rating": 3})
    stamp = bridge.stamp()
    assert not bridge.propose_query({**given, "name": "CARS"})["changed"]
    assert bridge.propose_query({**given, "rules": {"rating": 5}})["changed"]
    assert bridge.propose_query({**given, "question": {"words": "blue car"}})["changed"]
    assert (asked(bridge), bridge.stamp()) == ({"Cars": "red car"}, stamp)


def test_taking_a_run_back_takes_the_query_back(bridge, catalog_id):
    runs = [saved(bridge, catalog_id, "x", words) for words in ("one", "two", "three")]
    token, stamp = bridge.queries.named("x").token, bridge.stamp()
    for run, left in zip(reversed(runs), ({"x": "two"}, {"x": "one"}, {}), strict=True):
        assert bridge.journal_last({"catalog": catalog_id})["run"] == run
        bridge.journal_undone({"run": run})
        assert asked(bridge) == left
        assert bridge.stamp() != stamp
        assert all(query.token == token for query in bridge.queries.list())


def test_what_another_catalog_has_asked_since_stands(bridge, catalog_id):
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": "/other/Catalog.lrcat", "lightroom": "14.3"}
    other = bridge.hello(hello)["catalog"]
    first = saved(bridge, catalog_id, "x", "one")
    saved(bridge, other, "x", "one")
    bridge.journal_undone({"run": first})
    assert asked(bridge) == {"x": "one"}, "the other catalog's collection lives on"


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


@pytest.mark.parametrize("rules", [{"rating": "3"}, {"rating": True}, {"label": "red"}])
def test_a_rule_that_lightroom_would_not_know_is_refused(bridge, rules):
    with pytest.raises(BridgeError, match="has no rule"):
        bridge.queries.save("x", Question(words="x"), rules)


# The queue


def test_actions_are_handed_out_once_and_again_when_nobody_reports(bridge, monkeypatch):
    action = bridge.actions.push("smart", {"token": "sq00000000"})
    assert bridge.actions.push("smart", {"token": "sq00000000"}).id == action.id, "it waits already"
    assert [a.id for a in bridge.actions.take()] == [action.id]
    assert bridge.actions.take() == []
    monkeypatch.setattr("safelight.bridge.actions.TAKEN_AGAIN_SECONDS", -1)
    assert TAKEN_AGAIN_SECONDS == 600
    assert [a.id for a in bridge.actions.take()] == [action.id], "Lightroom was closed in the middle"
    bridge.actions.report(action.id, ok=True, says="2 added")
    assert bridge.actions.take() == []
    assert (bridge.actions.get(action.id).state, bridge.actions.get(action.id).says) == ("done", "2 added")


# The journal


def test_the_journal_gives_changes_back_from_the_end(bridge, catalog_id):
    run = bridge.journal_begin({"catalog": catalog_id, "title": "Find: x"})["run"]
    changes = [{"op": "field", "uuid": str(n), "field": "queries", "after": "sq"} for n in range(700)]
    bridge.journal_add({"catalog": catalog_id, "run": run, "changes": changes})
    seen: list[str] = []
    before = None
    while (page := bridge.journal_last({"catalog": catalog_id, "before": before}))["changes"]:
        assert (page["run"], page["title"], page["total"]) == (run, "Find: x", 700)
        seen += [change["uuid"] for change in page["changes"]]
        before = page["changes"][-1]["entry"]
    assert seen == [str(n) for n in reversed(range(700))]
    bridge.journal_undone({"run": run})
    assert bridge.journal_last({"catalog": catalog_id}) == {"changes": []}


def test_the_journal_refuses_what_cannot_be_taken_back(bridge, catalog_id):
    run = bridge.journal_begin({"catalog": catalog_id, "title": "x"})["run"]
    with pytest.raises(BridgeError, match="knows no change"):
        bridge.journal_add({"run": run, "changes": [{"op": "delete"}]})
    with pytest.raises(BridgeError, match="no longer in the journal"):
        bridge.journal_add({"run": run + 1, "changes": []})


def test_a_change_without_entries_is_none(bridge, catalog_id):
    bridge.journal_begin({"catalog": catalog_id, "title": "nothing came of it"})
    assert bridge.journal_last({"catalog": catalog_id}) == {"changes": []}


# Keywords


@pytest.mark.parametrize(
    ("a", "b"), [("Dogs", "dog"), ("Black-and-white", "black and white"), ("Café", "Cafe\u0301"), ("BOXES", "box")]
)
def test_spellings_of_one_keyword(a, b):
    assert spelling(a) == spelling(b)


@pytest.mark.parametrize(("a", "b"), [("glass", "glade"), ("bus", "but"), ("cat", "car")])
def test_other_keywords(a, b):
    assert spelling(a) != spelling(b)


# A smart collection as a file


def test_the_file_holds_the_photos_that_were_found():
    wanted = ["/p/2019/IMG_1.jpg", "/p/2020/IMG_1.jpg", '/p/2020/a "quoted" \\ name ü.jpg', "/p/x/IMG_2.CR2"]
    others = ["/p/2021/IMG_1.jpg", "/p/2019/IMG_10.jpg", "/p/x/IMG_2.JPG"]
    assert evaluate(smart_collection('Red "cars"\n', wanted), [*wanted, *others]) == wanted


names_of_files = st.text(min_size=1, max_size=20).filter(lambda name: not set("/\0") & set(name) and name.strip(" ."))


@given(st.lists(names_of_files, min_size=1, max_size=5))
def test_any_file_name_survives(names):
    try:
        paths = [f"/p/{name.encode().decode()}" for name in names]
    except UnicodeEncodeError:
        return
    assert set(evaluate(smart_collection(names[0], paths), paths)) == set(paths)


# Installing


def test_the_plugin_is_installed_updated_and_inspected(tmp_path):
    done = plugin.install(tmp_path / "home", tmp_path / "Modules")
    assert (done.folder, done.version) == (tmp_path / "Modules" / "Safelight.lrplugin", "0.1.0")
    settings = json.loads((done.folder / "installed.json").read_text())
    assert settings["home"] == str(tmp_path / "home")
    assert Path(settings["command"][0]).is_file()
    assert settings["command"][-2:] == ["serve", "--background"]
    (done.folder / "Info.lua").write_text((done.folder / "Info.lua").read_text().replace("minor = 1", "minor = 0"))
    assert plugin.inspect(done.folder).version == "0.0.0"
    assert plugin.install(tmp_path / "home", tmp_path / "Modules").version == "0.1.0"
    assert [path.name for path in (tmp_path / "Modules").iterdir()] == ["Safelight.lrplugin"]


def test_what_is_not_ours_is_left_alone(tmp_path):
    folder = tmp_path / "Safelight.lrplugin"
    folder.mkdir()
    (folder / "Info.lua").write_text("return { LrToolkitIdentifier = 'com.other' }")
    with pytest.raises(SafelightError, match="something else than our plug-in"):
        plugin.install(tmp_path / "home", tmp_path)
    assert [path.name for path in folder.iterdir()] == ["Info.lua"]


def test_where_there_is_no_lightroom_a_path_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SafelightError, match="--path"):
        plugin.install(tmp_path)


@pytest.mark.parametrize(
    ("platform", "appdata", "folder"),
    [
        ("darwin", None, "home/Library/Application Support/Adobe/Lightroom/Modules"),
        ("win32", "roaming", "roaming/Adobe/Lightroom/Modules"),
        ("win32", None, "home/AppData/Roaming/Adobe/Lightroom/Modules"),
        ("linux", None, None),
    ],
)
def test_where_lightroom_looks_for_plugins(tmp_path, monkeypatch, platform, appdata, folder):
    """Source: Lightroom SDK Programmers Guide, where plug-ins are installed."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("APPDATA", raising=False)
    if appdata:
        monkeypatch.setenv("APPDATA", str(tmp_path / appdata))
    assert plugin.modules_folder() == (folder and tmp_path / folder)


def test_doctor_speaks_of_the_plugin(library, tmp_path, monkeypatch):
    from safelight.doctor import examine

    def said() -> tuple[bool, str]:
        (check,) = [check for check in examine(library) if check.name == "Lightroom"]
        return check.ok, check.says

    monkeypatch.setattr("safelight.bridge.install.modules_folder", lambda: tmp_path)
    assert said() == (True, "the plug-in is not installed; `safelight lightroom install` does it")
    folder = plugin.install(library.home).folder
    ok, says = said()
    assert ok
    assert "not heard of yet" in says
    (folder / "Info.lua").write_text((folder / "Info.lua").read_text().replace("minor = 1", "minor = 0"))
    ok, says = said()
    assert not ok
    assert "safelight lightroom install" in says
    shutil.rmtree(folder)
    for version, fits in ((__version__, True), ("0.0.9", False)):
        with Bridge(library) as bridge:
            bridge.hello({"protocol": 1, "plugin": version, "catalog": "/c/Family.lrcat", "lightroom": "14.3"})
        ok, says = said()
        assert ok is fits
        assert f"plug-in {version} in a folder of your own" in says
