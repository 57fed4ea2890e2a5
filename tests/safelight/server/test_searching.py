"""Searching over HTTP: page by page, by filters, by what looks alike; and what of it leaves this process."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from safelight_server import RunningHelper, index, own_helper

EVERYTHING = {"words": "a red circle", "show_all": True}


def ids(answer: dict) -> list[str]:
    return [photo["id"] for photo in answer["photos"]]


@pytest.mark.parametrize("kind", ["search", "similar"])
def test_pages_follow_each_other_to_the_end(helper: RunningHelper, kind):
    whole = helper.post("/api/v1/search", EVERYTHING | {"limit": 100})
    assert (len(ids(whole)), whole["more"]) == (13, False)
    asked = EVERYTHING
    if kind == "similar":
        asked = {"id": ids(whole)[0]}
        whole = helper.post("/api/v1/similar", asked | {"limit": 100})
        assert ids(whole)[0] != asked["id"], "the photo itself is no answer"
    paged: list[str] = []
    while True:
        page = helper.post(f"/api/v1/{kind}", asked | {"limit": 5, "offset": len(paged)})
        paged += ids(page)
        if not page["more"]:
            break
        assert len(page["photos"]) == 5
    assert paged == ids(whole)
    beyond = helper.post(f"/api/v1/{kind}", asked | {"limit": 5, "offset": 100})
    assert (beyond["photos"], beyond["more"]) == ([], False)


def test_terms_pull_and_push_and_filters_narrow(helper: RunningHelper):
    first, *_, last = ids(helper.post("/api/v1/search", EVERYTHING))
    towards = helper.post("/api/v1/search", {"words": "red", "like": [last], "unlike": [first], "show_all": True})
    weighed = {"terms": [{"text": "red"}, {"picture": last}, {"picture": first, "weight": -1}], "show_all": True}
    assert ids(towards) == ids(helper.post("/api/v1/search", weighed))
    assert first not in ids(towards)[:3]
    wide = helper.post("/api/v1/search", EVERYTHING | {"filters": {"format": ["jpeg"]}})["photos"]
    assert [(photo["name"], photo["width"], photo["height"]) for photo in wide] == [("wide.jpg", 1200, 300)]
    folder = next(f for f in helper.get("/api/v1/facets")["folders"] if f["name"] == "2019")
    asked = EVERYTHING | {"filters": {"folder_id": [folder["id"]]}}
    assert len(ids(helper.post("/api/v1/search", asked))) == folder["photos"] == 12


def test_nothing_that_is_like_it_says_so_and_what_came_nearest(helper: RunningHelper):
    answer = helper.post("/api/v1/search", {"words": "qwzx vbnq"})
    assert answer["photos"] == []
    assert answer["reason"]
    assert answer["nearest"]["id"] in ids(helper.post("/api/v1/search", {"words": "qwzx vbnq", "show_all": True}))


def test_a_photo_at_two_places_comes_once_and_names_both(helper: RunningHelper):
    found = helper.post("/api/v1/search", EVERYTHING)["photos"]
    (double,) = [photo for photo in found if photo["also_at"]]
    assert {double["name"], *(place["name"] for place in double["also_at"])} == {"0.png", "copy.png"}
    assert len(helper.get(f"/api/v1/photos/{double['id']}")["places"]) == 2


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are read from /proc")
def test_what_is_sent_is_decoded_in_another_process(tmp_path: Path, photos: Path):
    picture = (photos / "wide.jpg").read_bytes() + b"never seen before"
    index(tmp_path / "home", photos / "2019")
    with own_helper(tmp_path) as helper:
        helper.post("/api/v1/search", {"words": "red", "show_all": True})
        assert children(helper) == [], "nothing was decoded yet"
        assert helper.ask("POST", "/api/v1/search/image", picture, Content_Type="image/jpeg").status == 200
        assert [b"indexer.decode_worker" in command for command in children(helper)] == [True]


def children(helper: RunningHelper) -> list[bytes]:
    """The commands of the processes that the helper has started."""
    ids: list[str] = []
    for task in list(Path(f"/proc/{helper.process.pid}/task").iterdir()):
        with suppress(OSError):  # a thread that has ended meanwhile
            ids += (task / "children").read_text().split()
    return [Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ") for child in ids]


TELEMETRY = """
import asyncio, os
os.environ["FASTAPI_OTEL_AUTO_CONFIGURE"] = "true"
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from safelight.server.app import build_api
async def ask():
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/api/v1/openapi.json", "headers": [],
             "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2)}
    async def receive(): return {"type": "http.request", "body": b""}
    async def send(message): print(message.get("status", ""))
    await build_api("1")(scope, receive, send)
asyncio.run(ask())
print(len(exporter.get_finished_spans()), "spans")
"""


def test_no_telemetry_of_a_library_sees_a_request():
    """Another library in the process, or the environment, has set up where spans go: ours tell nothing."""
    done = subprocess.run([sys.executable, "-c", TELEMETRY], capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.split() == ["200", "0", "spans"], done.stderr
