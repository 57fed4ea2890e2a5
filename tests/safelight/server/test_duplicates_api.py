"""Duplicates over HTTP: looked for as a job, listed page by page, decided, taken back; the decisions are the CLI's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from double_photos import GROUPS, double_photos
from safelight_server import STOP_S, RunningHelper, index, paint, start_helper

from safelight.jobs.journal import Journal, new_job


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A helper that has looked for duplicates."""
    folder = tmp_path_factory.mktemp("doubles")
    double_photos(folder / "photos")
    home = folder / "home"
    index(home, folder / "photos")
    helper = start_helper(home)
    assert helper.get("/api/v1/duplicates") == {
        "looked": None, "changed": False, "failed": "", "kinds": {}, "decided": 0, "total": 0, "groups": []
    }  # fmt: skip
    job = look(helper)
    assert (job["state"], job["counts"]) == ("done", {"groups": 4, "series": 1}), job
    yield helper
    if helper.process.poll() is None:
        helper.stop()


def look(helper: RunningHelper, sensitivity: str = "normal") -> dict:
    started = helper.post("/api/v1/jobs", {"kind": "duplicates", "sensitivity": sensitivity})
    assert started["kind"] == "duplicates"
    return helper.wait_for_job(started["id"])


def groups(helper: RunningHelper, asked: str = "") -> list[dict]:
    return helper.get(f"/api/v1/duplicates?{asked}")["groups"]


def group_of(helper: RunningHelper, name: str) -> dict:
    return next(group for group in groups(helper) if any(member["name"] == name for member in group["members"]))


def ids(group: dict) -> list[str]:
    return [member["id"] for member in group["members"]]


def decide(helper: RunningHelper, group: dict, decision: str, keeper: str | None = None) -> dict:
    return helper.post("/api/v1/duplicates/decide", {"decision": decision, "photos": ids(group), "keeper": keeper})


def take_back(helper: RunningHelper, group: dict, before: list) -> None:
    helper.post("/api/v1/duplicates/undo", {"photos": ids(group), "before": before})


def by_command(home: Path, *arguments: str) -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-m", "safelight", "duplicates", *arguments],
        env=os.environ | {"SAFELIGHT_HOME": str(home)}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_the_groups_are_those_of_the_command_and_each_has_a_keeper_and_reasons(looked):
    found = looked.get("/api/v1/duplicates")
    assert found["kinds"] == GROUPS
    assert (found["total"], found["decided"], found["changed"]) == (5, 0, False)
    told = by_command(looked.home, "--json")
    assert [(g["kind"], g["what"], ids(g)) for g in found["groups"]] == [(g["kind"], g["what"], ids(g)) for g in told]
    cat = group_of(looked, "cat.jpg")
    assert (cat["kind"], len(cat["members"]), cat["decision"]) == ("edited", 4, None)
    assert cat["keeper"] == ids(cat)[0]
    assert cat["members"][0]["relation"] == "keeper"
    assert all(member["reason"] and member["size_bytes"] and member["width"] for member in cat["members"])
    picture = looked.ask("GET", cat["members"][1]["picture"])
    assert (picture.status, picture.headers["content-type"]) == (200, "image/jpeg")
    burst = group_of(looked, "IMG_0410.jpg")
    assert (burst["kind"], burst["what"], burst["keeper"]) == ("series", "burst", None)


def test_what_a_command_found_is_what_the_page_shows(looked):
    """The last look counts, wherever it was: here, of another sensitivity, in a terminal."""
    assert looked.get("/api/v1/duplicates?sensitivity=loose")["looked"] is None
    told = by_command(looked.home, "--sensitivity", "loose", "--json")
    found = looked.get("/api/v1/duplicates?sensitivity=loose")
    assert found["looked"] is not None
    assert not found["changed"]
    assert [(g["kind"], ids(g)) for g in found["groups"]] == [(g["kind"], ids(g)) for g in told]


def test_pages_and_filters(looked):
    whole = groups(looked)
    assert [groups(looked, f"limit=1&offset={n}")[0] for n in range(5)] == whole
    assert groups(looked, "offset=5") == []
    assert {group["kind"] for group in groups(looked, "kind=series")} == {"series"}
    assert looked.get("/api/v1/duplicates?kind=same%20bytes")["total"] == 1
    assert looked.get("/api/v1/duplicates?sensitivity=strict")["looked"] is None, "looked for apart"
    assert look(looked, "exact")["counts"] == {"groups": 2, "series": 0}
    exact = looked.get("/api/v1/duplicates?sensitivity=exact")
    assert (exact["total"], exact["kinds"]) == (2, {"same bytes": 2})
    for wrong in ("limit=0", "limit=201", "offset=-1", "kind=x", "sensitivity=x", "show=x"):
        assert looked.ask("GET", f"/api/v1/duplicates?{wrong}").status == 422, wrong


def test_a_decision_is_shown_lasts_and_is_that_of_the_command(looked):
    before = groups(looked)
    cat, pagoda = group_of(looked, "cat.jpg"), group_of(looked, "pagoda.jpg")
    small = next(member["id"] for member in cat["members"] if member["name"] == "cat small.jpg")
    assert decide(looked, cat, "keeper", small) == {"before": []}
    assert decide(looked, pagoda, "different")["before"] == []
    shown = group_of(looked, "cat.jpg")
    assert (shown["decision"], shown["keeper"]) == ("keeper", small)
    assert group_of(looked, "pagoda.jpg")["decision"] == "different"
    assert looked.get("/api/v1/duplicates")["decided"] == 2
    assert {g["decision"] for g in groups(looked, "show=decided")} == {"keeper", "different"}
    assert all(group["decision"] is None for group in groups(looked, "show=open"))
    assert looked.get("/api/v1/duplicates?show=open")["total"] == 3

    told = by_command(looked.home, "--json")
    assert next(g for g in told if small in ids(g))["keeper"] == small
    assert not any(set(ids(pagoda)) <= set(ids(g)) for g in told)

    # A change of mind replaces; going back goes back step by step, to the very start.
    again = decide(looked, cat, "ignored")["before"]
    assert again == [{"decision": "keeper", "photos": [small]}]
    assert group_of(looked, "cat.jpg")["decision"] == "ignored"
    take_back(looked, cat, again)
    assert (group_of(looked, "cat.jpg")["decision"], group_of(looked, "cat.jpg")["keeper"]) == ("keeper", small)
    take_back(looked, cat, [])
    assert group_of(looked, "cat.jpg")["decision"] is None
    pair = looked.post("/api/v1/duplicates/undo", {"photos": ids(pagoda)})
    assert pair == {"status": "taken back"}
    assert looked.get("/api/v1/duplicates")["decided"] == 0
    look(looked)  # the command's look left out what was told apart, and went by what was chosen
    assert groups(looked) == before


def test_what_was_said_beyond_a_group_is_left_alone(looked):
    cat, pagoda = group_of(looked, "cat.jpg"), group_of(looked, "pagoda.jpg")
    by_command(looked.home, "decide", "--different", cat["keeper"], pagoda["keeper"])
    before = decide(looked, cat, "different")["before"]
    assert before == []
    take_back(looked, cat, before)
    both = {"photos": [cat["keeper"], pagoda["keeper"]], "decision": "ignored"}
    assert looked.post("/api/v1/duplicates/decide", both)["before"][0]["decision"] == "different"
    looked.post("/api/v1/duplicates/undo", {"photos": both["photos"]})


def test_copies_of_one_file_are_chosen_among_and_ignored_but_not_told_apart(looked):
    espresso = group_of(looked, "espresso.jpg")
    assert espresso["kind"] == "same bytes"
    done = decide(looked, espresso, "keeper", ids(espresso)[1])
    assert group_of(looked, "espresso.jpg")["keeper"] == ids(espresso)[1], "that very copy"
    assert next(group for group in by_command(looked.home, "--json") if group["keeper"] == ids(espresso)[1])
    take_back(looked, espresso, done["before"])
    assert decide(looked, espresso, "ignored")["before"] == []
    assert group_of(looked, "espresso.jpg")["decision"] == "ignored"
    assert not any(set(ids(espresso)) <= set(ids(group)) for group in by_command(looked.home, "--json"))
    assert not any(set(ids(espresso)) <= set(ids(group)) for group in groups(looked))
    assert decide(looked, espresso, "keeper", ids(espresso)[0])["before"][0]["decision"] == "ignored"
    take_back(looked, espresso, [])
    answer = looked.ask("POST", "/api/v1/duplicates/decide", {"decision": "different", "photos": ids(espresso)})
    assert answer.status == 409
    assert "copies of one file" in answer.json["error"]
    look(looked)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("decide", {"decision": "keeper", "photos": ["222222222222", "333333333333"]}, 409),
        ("decide", {"decision": "keeper", "photos": ["222222222222"]}, 422),
        ("decide", {"decision": "delete", "photos": ["222222222222", "333333333333"]}, 422),
        ("decide", {"decision": "different", "photos": ["/etc/passwd", "../.."]}, 422),
        ("decide", {"decision": "different", "photos": ["222222222222"] * 20_001}, 422),
        ("undo", {"photos": ["222222222222", "333333333333"]}, 409),
        ("undo", {"photos": [], "before": []}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(looked, path, body, status):
    answer = looked.ask("POST", f"/api/v1/duplicates/{path}", body)
    assert answer.status == status
    assert answer.json["error"]


def test_a_keeper_of_another_group_and_a_foreign_past_are_refused(looked):
    cat, pagoda = group_of(looked, "cat.jpg"), group_of(looked, "pagoda.jpg")
    body = {"decision": "keeper", "photos": ids(cat), "keeper": pagoda["keeper"]}
    assert looked.ask("POST", "/api/v1/duplicates/decide", body).status == 409
    for before in (
        [{"decision": "keeper", "photos": [pagoda["keeper"]]}],
        [{"decision": "keeper", "photos": ids(cat)[:2]}],
        [{"decision": "different", "photos": ids(cat)[:1]}],
    ):
        assert looked.ask("POST", "/api/v1/duplicates/undo", {"photos": ids(cat), "before": before}).status == 409


def test_a_second_look_is_the_one_that_waits_and_a_damaged_file_is_no_look(looked):
    for _ in range(20):  # a look may be over before the next is asked for
        running = [looked.post("/api/v1/jobs", {"kind": "duplicates"}) for _ in range(5)]
        if len({job["id"] for job in running}) < 5:
            break
    assert len({job["id"] for job in running}) < 5, "one at a time"
    looked.wait_for_job(running[-1]["id"])
    file = looked.home / "duplicates" / "normal.jsonl"
    good = file.read_bytes()
    for damaged in (b"", b"{}", good[:-100], b"\xff" + good, good.replace(b'"format": 1', b'"format": 99')):
        file.write_bytes(damaged)
        os.utime(file, ns=(1, time.time_ns()))
        assert looked.get("/api/v1/duplicates")["looked"] is None
    file.write_bytes(good)
    assert looked.get("/api/v1/duplicates")["total"] == 5


def test_after_a_restart_and_new_photos(looked):
    """The last test of this helper: it is another one afterwards."""
    cat = group_of(looked, "cat.jpg")
    decide(looked, cat, "ignored")
    assert looked.stop() < STOP_S
    again = start_helper(looked.home)
    try:
        assert group_of(again, "cat.jpg")["decision"] == "ignored"
        assert not again.get("/api/v1/duplicates")["changed"]
        paint(looked.home.parent / "photos" / "new.png", 7)
        again.wait_for_job(again.post("/api/v1/jobs", {"kind": "index"})["id"])
        assert again.get("/api/v1/duplicates")["changed"]
        assert look(again)["counts"] == {"groups": 3, "series": 1}, "what is to be shown no more is not"
        assert not again.get("/api/v1/duplicates")["changed"]
        # One that was stopped in the middle leaves what there was; so does a crash, after which it goes on.
        waiting = new_job("duplicates", "x", {"sensitivity": "normal"})
        Journal(again.home).save(waiting)
        again.kill()
        again = start_helper(again.home)
        assert again.wait_for_job(waiting.id)["state"] == "done"
        assert again.get("/api/v1/duplicates")["total"] == 4
    finally:
        again.stop()
