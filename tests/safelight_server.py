"""A real helper in a process of its own, on a real loopback socket: generated pictures, the tiny shapes CLIP."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from safelight.server.private_files import write_private

MODEL = Path(__file__).parent / "data" / "shapes-clip"
ONE_DECODER = {"SAFELIGHT_WORKERS": "1"}  # starting another takes longer than it would save
STOP_S = 60.0  # it ends within, streams open or not, whatever it is at; it gives itself three, machines are busy
HELD = """
import os, time
from pathlib import Path
from safelight.cli import main
from safelight.jobs.board import Report
gate, progress = Path(os.environ["TEST_GATE"]), Report.progress
def held(report, event):
    progress(report, event)
    is_in_the_middle = event.done >= 16 and event.stage in ("indexing", "recovering photos")
    while is_in_the_middle and gate.exists() and not report.stop.is_set():
        time.sleep(0.01)
Report.progress = held
main()
"""
"""A helper whose jobs wait in the middle while a file is there: once they tell that 16 photos are done."""


def paint(path: Path, seed: int, size: tuple[int, int] = (80, 60)) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize(size).save(path)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RunningHelper:
    home: Path
    process: subprocess.Popen[str]
    info: dict[str, Any]
    gate: Path | None = None

    @property
    def port(self) -> int:
        return self.info["port"]

    @property
    def token(self) -> str:
        return self.info["token"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask as a well-behaved program does; headers are given with _ for -."""
        given = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            given["Content-Type"] = "application/json"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path, data, given)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.ask("POST", path, {} if body is None else body)
        assert answer.status < 300, answer.body
        return answer.json

    def wait_for_job(self, job_id: str, *states: str, timeout_s: float = 600) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job = self.get(f"/api/v1/jobs/{job_id}")
            if job["state"] in (states or ("done", "failed", "cancelled")):
                return job
            time.sleep(0.05)
        raise AssertionError(f"the job does not end: {job}")

    def wait_until(self, is_so: Callable[[], object], timeout_s: float = 300) -> None:
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, self.get("/api/v1/jobs")
            time.sleep(0.02)

    def stop(self) -> float:
        """End it as `safelight stop` does; returns how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)
        return time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=120)

    def start_again(self) -> None:
        """Be the helper that comes after this one, which has ended."""
        again = start_helper(self.home, gate=self.gate)
        self.process, self.info = again.process, again.info

    def log(self) -> str:
        return (self.home.parent / f"{self.home.name}.log").read_text()


_places = itertools.count()


def free_port() -> int:
    """A port that is free, and stays so until a helper takes it, and again when it comes back after a kill.

    Below those that systems give to whoever asks for any (Linux: from 32768, macOS: from 49152), and another for each
    test process.
    """
    while True:
        port = 10_000 + os.getpid() % 220 * 100 + next(_places) % 100
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def start_helper(home: Path, *arguments: str, gate: Path | None = None) -> RunningHelper:
    """Start a helper and wait until it answers; while the file `gate` is there, its jobs are held in the middle."""
    given = arguments
    if "--port" not in arguments and not (home / "helper.json").exists():
        # Not the usual one: it would be gone to a test that runs beside, once this helper is killed.
        given = ("--port", str(free_port()), *arguments)
    with (home.parent / f"{home.name}.log").open("a") as log:
        before = log.tell()
        process = subprocess.Popen(
            [sys.executable, *(["-c", HELD] if gate else ["-m", "safelight"]), "serve", *given],
            env=os.environ
            | ONE_DECODER
            | {"SAFELIGHT_HOME": str(home), "SAFELIGHT_MODEL": str(MODEL), "HOME": str(home.parent)}
            | {"TEST_GATE": str(gate)},
            stdout=log,
            stderr=log,
            text=True,
        )
    deadline = time.monotonic() + 300
    file = home / "helper.json"
    while time.monotonic() < deadline and process.poll() is None:
        info = json.loads(file.read_text()) if file.exists() else {}
        if info.get("pid") == process.pid:
            return RunningHelper(home, process, info, gate)
        time.sleep(0.02)
    process.kill()
    said = (home.parent / f"{home.name}.log").read_text()
    if given != arguments and "cannot listen on port" in said[before:]:  # another program was quicker
        return start_helper(home, *arguments, gate=gate)
    raise AssertionError(said)


@contextmanager
def own_helper(user: Path, gate: Path | None = None) -> Iterator[RunningHelper]:
    """A helper of one test's own, and those that come after it; its user's home is this folder."""
    running = start_helper(user / "home", gate=gate)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def write_helper_file(home: Path, **changes: object) -> None:
    """Leave a helper.json, sound but for these changes."""
    info = {"port": 4711, "token": "t" * 43, "pid": os.getpid(), "version": "1", "api": 1, "started": "2026"}
    home.mkdir(exist_ok=True)
    write_private(home / "helper.json", json.dumps(info | changes))


def index(home: Path, *paths: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "safelight", "index", *map(str, paths), "--model", str(MODEL), "--precision", "float32"],
        env=os.environ | ONE_DECODER | {"SAFELIGHT_HOME": str(home)},
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "photos"
    (folder / "2019").mkdir(parents=True)
    for number in range(12):
        paint(folder / "2019" / f"{number}.png", number, (80 + number, 60))
    (folder / "copy.png").write_bytes((folder / "2019" / "0.png").read_bytes())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9 <b>.png")).write_bytes(b"not a picture either")
    paint(folder / "wide.jpg", 100, (1200, 300))
    return folder


@pytest.fixture(scope="session")
def helper(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Iterator[RunningHelper]:
    home = tmp_path_factory.mktemp("helper") / "home"
    index(home, photos)
    running = start_helper(home)
    yield running
    if running.process.poll() is None:
        running.stop()


def raw(port: int, request: bytes, *, timeout_s: float = 600) -> bytes:
    """Send bytes as they are; returns all that comes back until the other end closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.settimeout(timeout_s)
        received = b""
        try:
            connection.sendall(request)
            while not _is_whole(received) and (chunk := connection.recv(65536)):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        return received


def _is_whole(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0].split(b":")[1])


def stand_in_for_the_desktop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs on the PATH that write down what they were to show; returns the file that they write."""
    tools, told = folder / "bin", folder / "opened"
    tools.mkdir()
    (tools / "xdg-open").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{told}"\n')
    (tools / "dbus-send").write_text("#!/bin/sh\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return told
