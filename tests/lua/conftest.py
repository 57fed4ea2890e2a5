"""A fake Lightroom for each test; one that the plug-in has offended fails the test."""

from __future__ import annotations

import fcntl
import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import CHECKOUT, DEMO, Helper, open_catalog


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "tmp").mkdir(parents=True)
    return folder


@pytest.fixture
def lightroom(home: Path) -> Iterator[Lightroom]:
    it = Lightroom(home)
    yield it
    assert it.violations == [], "Lightroom would have refused"


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user who has indexed ten pictures; made once, also where several processes test at once."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "indexed-user"
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        helper = Helper(home)
        if not helper.photos.exists():
            helper.photos.mkdir(parents=True)
            for name in DEMO:
                shutil.copy(CHECKOUT / "assets" / "demo" / f"{name}.jpg", helper.photos)
            helper.index(helper.photos)
    return home


@pytest.fixture(scope="session")
def helper(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helper]:
    """The running helper of that user."""
    it = Helper.of_user(indexed, tmp_path_factory.mktemp("user"))
    it.start()
    yield it
    it.close()


@pytest.fixture(scope="session")
def reader(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helper]:
    """The running helper of one who goes on indexing: what is new there, the other's tests must not find."""
    it = Helper.of_user(indexed, tmp_path_factory.mktemp("reader"))
    it.start()
    yield it
    it.close()


@pytest.fixture
def lr(helper: Helper, request: pytest.FixtureRequest) -> Iterator[Lightroom]:
    it = open_catalog(helper, request.node.name.replace("/", "-"))
    yield it
    assert it.violations == [], "Lightroom would have refused"


@pytest.fixture
def server() -> Iterator[Callable[..., int]]:
    """Make something that answers on a port: status, body and seconds in, port out; with status 0 it hangs up."""
    running: list[http.server.HTTPServer] = []

    def make(status: int, body: bytes = b"", seconds: float = 0) -> int:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                time.sleep(seconds)
                if status == 0:
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        running.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=running[-1].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return running[-1].server_address[1]

    yield make
    for it in running:
        it.shutdown()
        it.server_close()
