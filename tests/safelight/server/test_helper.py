"""The helper as a process: how it is found, that there is one, pairing, secrets, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from safelight_server import MODEL, STOP_S, RunningHelper, index, own_helper, paint, start_helper, write_helper_file

from safelight.server import discovery
from safelight.server.private_files import write_private


@pytest.fixture
def own(tmp_path: Path):
    """A helper of one test's own, over an empty library."""
    with own_helper(tmp_path) as running:
        yield running


def test_it_is_found_by_a_file_that_only_its_owner_reads(own):
    file = own.home / "helper.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.home.stat().st_mode) == 0o700
    assert {"port", "token", "pid", "version"} <= own.info.keys()
    assert own.info["pid"] == own.process.pid
    assert len(own.token) >= 32
    assert own.ask("GET", "/api/v1/status").status == 200


def test_it_listens_on_this_computer_alone(own):
    addresses = {"127.0.0.2"}
    with suppress(OSError):  # a machine may have a name that no network knows
        addresses.add(socket.gethostbyname(socket.gethostname()))
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(OSError), socket.create_connection((address, own.port), timeout=2):
            pass


def test_it_ends_within_three_seconds_with_streams_open(own):
    streams = []
    for _ in range(5):
        connection = HTTPConnection("127.0.0.1", own.port, timeout=600)
        connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {own.token}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.readline() == b"retry: 1000\n"
        streams.append((connection, answer))
    half_sent = socket.create_connection(("127.0.0.1", own.port), timeout=600)
    head = f"POST /api/v1/search HTTP/1.1\r\nHost: 127.0.0.1:{own.port}\r\nAuthorization: Bearer {own.token}\r\n"
    half_sent.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    time.sleep(0.2)  # it waits for the rest by then
    assert own.stop() < STOP_S
    half_sent.close()
    assert own.process.returncode == 0
    assert not (own.home / "helper.json").exists()
    assert "Traceback" not in own.log()
    for connection, _ in streams:
        connection.close()


def test_it_ends_on_request_and_its_token_with_it(own, tmp_path):
    assert own.ask("POST", "/api/v1/shutdown").status == 202
    own.process.wait(timeout=600)
    former = own.token
    own.start_again()
    assert own.token != former
    assert own.ask("GET", "/api/v1/status", Authorization=f"Bearer {former}").status == 401


def serve_again(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "safelight", "serve", *arguments],
        env=os.environ | {"SAFELIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.parametrize("how", [[], ["--background"]])
def test_a_second_one_says_which_one_runs(own, how):
    second = serve_again(own.home, *how)
    assert second.returncode == 2
    assert f"process {own.process.pid}" in second.stderr
    assert f"http://127.0.0.1:{own.port}; `safelight serve --open` opens its page" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert own.token not in second.stderr
    assert own.ask("GET", "/api/v1/status").status == 200


def test_a_taken_port_is_said_in_one_line(own, tmp_path):
    other = serve_again(tmp_path / "other", "--port", str(own.port))
    assert other.returncode == 2
    assert "--port" in other.stderr
    assert len(other.stderr.splitlines()) == 1


def test_what_a_killed_one_left_is_stale_and_its_port_is_taken_again(own):
    own.kill()
    assert (own.home / "helper.json").exists()
    assert discovery.running(own.home) is None
    said = subprocess.run(
        [sys.executable, "-m", "safelight", "stop"],
        env=os.environ | {"SAFELIGHT_HOME": str(own.home)},
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stdout) == (1, "No helper runs.\n")
    port = own.port
    own.start_again()
    assert own.port == port


def pair(helper: RunningHelper, url: str) -> tuple[int, str | None]:
    path = url.removeprefix(f"http://127.0.0.1:{helper.port}")
    connection = HTTPConnection("127.0.0.1", helper.port, timeout=600)
    connection.request("GET", path, headers={"Sec-Fetch-Site": "none"})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers["set-cookie"]


def test_a_browser_is_paired_once_by_a_link(own):
    url = own.post("/api/v1/link")["url"]
    status, cookie = pair(own, url)
    assert status == 303
    assert cookie is not None
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == f"safelight_{own.port}", "browsers share cookies between ports"
    attributes = cookie.lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "path=/" in attributes
    assert "domain" not in attributes
    assert value not in (own.token, url)

    def ask(cookie: str) -> int:
        connection = HTTPConnection("127.0.0.1", own.port, timeout=600)
        connection.request("GET", "/api/v1/status", headers={"Cookie": cookie})
        return connection.getresponse().status

    assert ask(f"{name}={value}") == 200
    assert ask(f"other=1; {name}={value}") == 200
    assert ask(f"{name}={value}x") == 401
    assert ask(f"safelight_1={value}") == 401
    assert pair(own, url) == (401, None), "the code is burnt"
    assert pair(own, f"http://127.0.0.1:{own.port}/pair?code=") == (401, None)
    assert pair(own, f"http://127.0.0.1:{own.port}/pair?code=%00%ff") == (401, None)

    # The page goes on where it was after a restart, with the same cookie; on disk lies but its hash.
    stored = (own.home / "sessions.json").read_text()
    assert value not in stored
    assert stat.S_IMODE((own.home / "sessions.json").stat().st_mode) == 0o600
    own.kill()
    own.start_again()
    assert name == f"safelight_{own.port}", "at the same port"
    assert ask(f"{name}={value}") == 200


def test_a_browser_pairs_itself_with_no_link_of_its_own(own):
    connection = HTTPConnection("127.0.0.1", own.port, timeout=600)
    connection.request("POST", "/api/v1/link", "{}", {"Content-Type": "application/json"})
    assert connection.getresponse().status == 401


def test_neither_token_nor_query_is_logged(own):
    own.ask("POST", "/api/v1/search", {"words": "a very secret query"})
    own.ask("GET", "/api/v1/nothing?words=secret")
    own.ask("POST", "/api/v1/search", b"{broken secret")
    own.ask("POST", "/api/v1/search/image", b"secret bytes", Content_Type="image/jpeg")
    own.stop()
    assert "secret" not in own.log()
    assert own.token not in own.log()


def test_an_older_program_is_told_so(own):
    answer = own.ask("GET", "/api/v0/status")
    assert answer.status == 426
    assert "update" in answer.json["error"]
    assert own.ask("GET", "/api/v2/status").status == 426
    assert own.ask("GET", "/api/v1/nothing").status == 404


def test_an_empty_library_says_what_to_do(own):
    answer = own.ask("POST", "/api/v1/search", {"words": "dog"})
    assert answer.status == 409
    assert "safelight index" in answer.json["error"]
    assert own.get("/api/v1/status")["summary"] == "0 of 0 photos indexed"


# Commands through the helper


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "safelight", *arguments],
        env=os.environ | {"SAFELIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
    )


FORKING = """
import json, os, sys, tempfile
import indexer.models.engine_onnx, indexer.models.load, indexer.search, safelight.cli.entry, safelight.service
said = []
for arguments in json.load(sys.stdin):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if (child := os.fork()) == 0:
            os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
            sys.argv = ["safelight", *arguments]
            safelight.cli.entry.main()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = [file.seek(0) or file.read().decode() for file in (out, err)]
    said.append([code, *texts])
print(json.dumps(said))
"""


def run_all(home: Path, commands: list[list[str]]) -> list[tuple[int, str, str]]:
    """Run commands, each in a process of its own, which all begin where the first has done its imports."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING],
        env=os.environ | {"SAFELIGHT_HOME": str(home)},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return [tuple(one) for one in json.loads(done.stdout)]


def test_commands_answer_the_same_through_the_helper_and_alone(photos, tmp_path):
    home = tmp_path / "home"
    index(home, photos)
    one = photos / "2019" / "3.png"
    elsewhere = tmp_path / "new.png"
    paint(elsewhere, 77)
    asked = [
        ["search", "red circle", "--all", "--json"],
        ["search", "red", "-blue", "--like", str(one), "--all", "--json"],
        ["search", "red", "--all", "--folder", str(photos / "2019"), "--paths"],
        ["search", "red", "--all", "--folder", str(photos.parent), "-n", "3"],
        ["search", "red", "--all", "--folder", "2019", "-n", "3"],
        ["search", "red", "--folder", "/nowhere/at/all"],
        ["search", "red", "--since", "soon"],
        ["search", "--", "-red"],
        ["similar", str(one), "--json"],
        ["similar", str(elsewhere), "-n", "4"],
        ["similar", str(tmp_path / "nothing.png")],
        ["similar", "222222222222"],
    ]
    alone = run_all(home, asked)
    helper = start_helper(home)
    try:
        for arguments, got, expected in zip(asked, run_all(home, asked), alone, strict=True):
            assert got[:2] == expected[:2], (arguments, got[2])
        assert {code for code, _, _ in alone} == {0, 1, 2}
        assert helper.get("/api/v1/status")["model"]["loaded"], "the helper did it"
        paint(photos / "later.png", 500)
        indexed = run(home, "index", "--json")
        assert indexed.returncode == 0, indexed.stderr
        done = json.loads(indexed.stdout.splitlines()[-1])
        assert (done["event"], done["indexed"]) == ("done", 1)
        assert [job["kind"] for job in helper.get("/api/v1/jobs")["jobs"]] == ["index"]
        other = run(home, "search", "red", "--model", "starter")
        assert other.returncode == 2, "another model than the helper's: this process does it, and finds nothing indexed"
        assert (
            "goes on with shapes-clip: it was started with SAFELIGHT_MODEL"
            in run(home, "model", "use", "starter").stderr
        )
    finally:
        (photos / "later.png").unlink(missing_ok=True)
        helper.stop()


def test_a_helper_of_another_version_is_named(own, tmp_path):
    info = {**own.info, "api": 2, "version": "9.9"}
    del info["url"]
    write_private(own.home / "helper.json", json.dumps(info))
    said = run(own.home, "search", "dog")
    assert said.returncode == 2
    assert "9.9" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_what_listens_on_its_port_but_is_no_helper_gets_no_answer_from_us(tmp_path):
    """A stale file, a live process of the same number, and another program on the port: the command works alone."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as impostor:

        def answer() -> None:
            connection, _ = impostor.accept()
            received.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        write_helper_file(tmp_path / "home", port=impostor.getsockname()[1])
        said = run(tmp_path / "home", "search", "dog")
        thread.join(timeout=600)
    assert received
    assert said.returncode == 2
    assert "nothing is indexed yet" in said.stderr


def test_why_it_does_not_start_in_the_background_is_said_in_one_line(own, tmp_path):
    taken = run(tmp_path / "other", "serve", "--background", "--port", str(own.port))
    assert taken.returncode == 2
    assert taken.stderr.startswith(f"safelight: the helper does not start: cannot listen on port {own.port}")
    assert len(taken.stderr.splitlines()) == 1
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        no_folder = run(home, "serve", "--background")
        assert no_folder.returncode == 2
        assert no_folder.stderr.startswith(f"safelight: cannot use the data folder {home}: ")
        assert len(no_folder.stderr.splitlines()) == 1


def test_serve_in_the_background_answers_once_it_returns(tmp_path):
    home = tmp_path / "home"
    environment = os.environ | {"SAFELIGHT_HOME": str(home), "SAFELIGHT_MODEL": str(MODEL)}
    began = subprocess.run(
        [sys.executable, "-m", "safelight", "serve", "--background"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert began.returncode == 0, began.stderr
    helper = discovery.running(home)
    assert helper is not None
    try:
        assert helper.url in began.stdout
        assert "safelight serve --open" in began.stdout
        assert helper.token not in began.stdout
        assert run(home, "service", "status").stdout.count(helper.url) == 1
        stopped_at = time.monotonic()
        assert run(home, "stop").returncode == 0
        assert time.monotonic() - stopped_at < 3 * STOP_S
    finally:
        if discovery.running(home):
            os.kill(helper.pid, signal.SIGKILL)
