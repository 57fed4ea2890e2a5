"""A German Lightroom: what comes from the helper in codes is said in German, and one of a thing is called one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from lua.fake import Lightroom
from lua.fake.lightroom import read_dictionary
from lua.real_helper import CHECKOUT, PLUGIN, Helper, open_catalog
from lua.test_plugin_files import texts

from safelight.bridge.phrases import PHRASES, coded


@pytest.fixture
def lr(helper, request) -> Iterator[Lightroom]:
    it = open_catalog(helper, request.node.name, language="de")
    yield it
    assert it.violations == []


def find(lr, reason: str) -> str:
    members = [
        {"uuid": "CAT", "name": "cat.jpg", "role": "keeper", "reason": "", "phrases": []},
        {"uuid": "RACCOON", "name": "r.jpg", "role": "duplicate", "reason": reason, "phrases": coded(reason)},
    ]
    groups = [{"id": "dg0000000a", "name": "cat.jpg", "kind": "edited", "members": members}]
    lr.http.canned["duplicates"] = lambda body: {"groups": groups}
    lr.answer("Beinahe-Duplikate", "ok")
    lr.answer("Beinahe-Duplikate", "ok")
    lr.click("MenuDuplicates.lua")
    return lr.photo("RACCOON").properties["duplicateReason"]


def test_reasons_are_said_in_german(lr):
    assert find(lr, "black and white, cropped to 48 %; made from the keeper") == (
        "schwarzweiß, beschnitten auf 48 %; aus dem behaltenen gemacht"
    )
    assert lr.around.dialogs[-1].texts[0].startswith("1 Gruppe mit 2 Fotos.")


def test_a_reason_that_this_plugin_does_not_know_is_said_as_the_helper_says_it(lr):
    assert find(lr, "cropped to 48 %, painted green") == "cropped to 48 %, painted green"


def test_each_phrase_of_the_helper_has_its_text(lr):
    said = {key: shown for key, shown in texts().items() if "/Said/" in key}
    assert set(said.values()) == set(PHRASES.values())
    assert len(said) == len(PHRASES)


def test_what_a_job_does_is_said_in_german(lr):
    state = {"id": "4kq7z2m9xb3c", "state": "running", "stage": "preparing search", "done": 1, "total": 9, "counts": {}}
    lr.http.canned["index"] = lr.http.canned[state["id"]] = lambda body: state
    lr.answer("Diesen Katalog indizieren?", "ok")
    lr.run_script("MenuIndex.lua")
    captions = []
    for stage in ("preparing search", "something new"):
        state["stage"] = stage
        lr.wait(5)
        captions.append(lr.around.progress[-1].caption)
    state |= {"state": "failed", "error": "enough"}
    lr.wait(5)
    assert captions == ["die Suche wird vorbereitet", "something new"]


def test_the_stages_are_those_of_a_run():
    """A run of the helper says no stage that the plug-in has no text for."""
    known = {shown for key, shown in texts().items() if "/Stage/" in key}
    sources = [(CHECKOUT / "indexer" / name).read_text() for name in ("pipeline.py", "matrix_file.py", "vectors.py")]
    said = {stage for source in sources for stage in re.findall(r'Progress\("([^"]+)"', source)}
    assert "indexing" in said
    assert known == said


def test_one_is_one(lr):
    gone = lr.photo("RACCOON")
    del lr.catalog.photos[gone.id], lr.catalog.by_uuid["RACCOON"], lr.catalog.by_path[gone.path]
    lr.answer("Mit Wörtern suchen", lambda dialog: dialog.set(words="an animal") or "ok")
    lr.answer("Sammlung:", "ok")
    lr.click("MenuFind.lua")
    assert lr.around.dialogs[-1].texts == [
        "1 Foto passt.\nNeu in der Sammlung: 1; herausgenommen: 0.\n1 weiteres ist nicht in diesem Katalog."
    ]
    assert lr.around.bezels[-1] == "an animal: 1 Foto"
    dictionary = read_dictionary(PLUGIN / "TranslatedStrings_de.txt")
    assert dictionary["$$$/Safelight/Undo/LeftOne"].startswith("^1 Foto blieb")


def find_by_words(lr) -> str:
    lr.answer("Mit Wörtern suchen", lambda dialog: dialog.set(words="ein Hund") or "ok")
    lr.click("MenuFind.lua")
    return lr.around.messages[-1]


def test_that_nothing_is_indexed_yet_is_said_in_german(tmp_path):
    nobody = Helper(tmp_path)
    nobody.env["SAFELIGHT_MODEL"] = "starter"
    nobody.start()
    try:
        said = find_by_words(open_catalog(nobody, "empty", language="de"))
    finally:
        nobody.close()
    assert "noch nicht indiziert" in said
    assert "Erst „Diesen Katalog indizieren“ wählen." in said


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (503, "busy", "hat gerade zu viel zu tun"),
        (409, "stopping", "wird gerade beendet"),
        (422, "bad_request", "only the helper knows"),
    ],
)
def test_what_the_helper_refuses_is_said_in_german_where_it_is_common(lightroom, home, server, status, code, said):
    folder = home / "Library" / "Application Support" / "safelight"
    folder.mkdir(parents=True)
    port = server(status, json.dumps({"error": "only the helper knows", "status": status, "code": code}).encode())
    (folder / "helper.json").write_text(json.dumps({"port": port, "token": "x", "pid": 1, "version": "9"}))
    lightroom.load(PLUGIN, "de")
    assert said in find_by_words(lightroom)
