"""The guard's limits, at their edges: sizes, times, owners. Its application is driven by hand where that takes long."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from safelight_server import RunningHelper, index, paint, raw

from safelight.server import access, discovery, guard
from safelight.server.access import Access
from safelight.server.guard import MAX_JSON_BYTES, MAX_PICTURE_BYTES, MAX_PICTURES_BYTES, Guard
from safelight.server.private_files import write_private

PORT = 47824


def test_http_one_point_nought_without_a_host_is_refused(helper: RunningHelper):
    answer = raw(helper.port, f"GET /api/v1/status HTTP/1.0\r\nAuthorization: Bearer {helper.token}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421")


class Driven:
    """The guard before an application that only notes what is let through."""

    def __init__(self, home: Path) -> None:
        self.access = Access(home, PORT)
        self.let_through: list[int] = []

        async def app(scope, receive, send):
            self.let_through.append(len((await receive())["body"]))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        self._guard = Guard(app, self.access)

    def post(self, path: str, kind: str, *, length: int | None = None, chunks=()) -> int:
        """Send a request; `chunks` is what comes of its body, None: nothing more ever comes."""
        coming, statuses = iter(chunks), []
        headers = [
            (b"host", f"127.0.0.1:{PORT}".encode()),
            (b"authorization", f"Bearer {self.access.token}".encode()),
            (b"content-type", kind.encode()),
            *([(b"content-length", str(length).encode())] if length is not None else []),
        ]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "headers": headers}

        async def receive():
            chunk = next(coming, b"")
            if chunk is None:
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": chunk, "more_body": chunk != b""}

        async def send(message):
            statuses.append(message.get("status"))

        with ThreadPoolExecutor(1) as own:  # the browser's tests leave a loop running in the thread of all tests
            own.submit(lambda: asyncio.run(self._guard(scope, receive, send))).result()
        return statuses[0]


@pytest.fixture
def driven(tmp_path: Path) -> Driven:
    return Driven(tmp_path)


@pytest.mark.parametrize(
    ("path", "kind", "limit"),
    [
        ("/api/v1/search", "application/json", MAX_JSON_BYTES),
        ("/api/v1/search/image", "image/jpeg", MAX_PICTURE_BYTES),
        ("/api/v1/embeddings/image", "image/jpeg", MAX_PICTURE_BYTES),
        ("/api/v1/lightroom/thumbnail", "image/jpeg", MAX_PICTURE_BYTES),
        ("/api/v1/embeddings/images", "application/json", MAX_PICTURES_BYTES),
    ],
)
def test_a_body_may_be_as_long_as_is_said_and_not_a_byte_longer(driven: Driven, path: str, kind: str, limit: int):
    assert limit in (1 << 20, 128 << 20, 32 << 20), "as docs/helper.md has it"
    assert driven.post(path, kind, length=limit + 1) == 413
    block = bytes(1 << 20)
    whole = [block] * (limit >> 20)
    assert driven.post(path, kind, chunks=[*whole, b"x"]) == 413, "chunked: nobody has said how long it is"
    assert driven.let_through == []
    assert driven.post(path, kind, length=limit, chunks=whole) == 200
    assert driven.let_through == [limit]


def test_a_body_that_does_not_come_is_given_up(driven: Driven, monkeypatch: pytest.MonkeyPatch):
    assert guard.BODY_TIMEOUT_S == 30, "as docs/helper.md has it"
    monkeypatch.setattr(guard, "BODY_TIMEOUT_S", 0.05)
    began = time.monotonic()
    assert driven.post("/api/v1/search", "application/json", length=100, chunks=[b'{"words"', None]) == 408
    assert time.monotonic() - began < 600, "what it waits for comes in an hour"
    assert driven.let_through == []


def test_a_link_is_good_once_and_for_two_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = time.monotonic()
    clock = [now]
    monkeypatch.setattr(access.time, "monotonic", lambda: clock[0])
    ours = Access(tmp_path, PORT)
    early, late, other = ours.new_code(), ours.new_code(), ours.new_code()
    clock[0] = now + 119
    assert ours.redeem(early) is not None
    assert ours.redeem(early) is None
    clock[0] = now + 121
    assert ours.redeem(late) is None
    clock[0] = now
    assert ours.redeem(late) is None, "it is burnt, whatever the clock says"
    assert ours.redeem(other) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_a_file_of_somebody_else_is_not_believed(tmp_path: Path):
    helper = discovery.Helper(4711, "t" * 43, os.getpid(), "1", 1, "2026")
    discovery.announce(tmp_path, helper)
    assert discovery.read(tmp_path) == helper
    os.chown(tmp_path / discovery.FILE_NAME, 65534, -1)
    assert discovery.read(tmp_path) is None
    write_private(tmp_path / access.SESSIONS_FILE, '["x"]')
    os.chown(tmp_path / access.SESSIONS_FILE, 65534, -1)
    assert Access(tmp_path, PORT)._sessions == []


def test_a_catalog_is_private_from_the_first_moment_whoever_made_its_folder(tmp_path: Path):
    home, photos = tmp_path / "home", tmp_path / "photos"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    photos.mkdir()
    paint(photos / "a.png", 1)
    index(home, photos)
    assert stat.S_IMODE((home / "library.sqlite").stat().st_mode) == 0o600


def test_numbers_that_no_database_counts_are_refused(helper: RunningHelper):
    hello = {"protocol": 1, "plugin": "0.1.0", "catalog": "/x/Numbers.lrcat", "lightroom": "14.3"}
    catalog = helper.post("/api/v1/lightroom/hello", hello)["catalog"]
    for path, asked in (
        ("journal_undone", {"run": 1 << 63}),
        ("journal_add", {"run": 1 << 63, "changes": []}),
        ("journal_last", {"before": 1 << 63}),
        ("report", {"action": 1 << 63, "ok": True, "says": "x"}),
    ):
        assert helper.ask("POST", f"/api/v1/lightroom/{path}", {"catalog": catalog, **asked}).status == 422, path
