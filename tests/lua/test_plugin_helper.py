"""The helper out of reach, in every way that people will meet: said in words, with the next step, and a retry works."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lua.fake import Lightroom
from lua.real_helper import CHECKOUT, PLUGIN, Helper, open_catalog
from lua.test_plugin_finding import search

HOME = Path("Library") / "Application Support" / "safelight"


@pytest.fixture
def alone(lightroom: Lightroom, home: Path) -> Lightroom:
    """A Lightroom with the plug-in where no helper has ever been."""
    (home / HOME).mkdir(parents=True)
    lightroom.load(PLUGIN)
    return lightroom


def say(home: Path, port: int, token: str = "secret") -> None:
    (home / HOME / "helper.json").write_text(json.dumps({"port": port, "token": token, "pid": 1, "version": "9"}))


def install(lightroom: Lightroom, home: Path, tmp_path: Path, command: list[str]) -> None:
    """Let the plug-in know how the helper is started, as `safelight lightroom install` does."""
    folder = tmp_path / "Safelight.lrplugin"
    shutil.copytree(PLUGIN, folder)
    settings = {"home": str(home / HOME), "command": command}
    (folder / "installed.json").write_text(json.dumps(settings))
    (home / HOME).mkdir(parents=True, exist_ok=True)
    lightroom.load(folder)


@pytest.fixture
def server() -> Iterator[Callable[[int, bytes], int]]:
    """Make something else that answers on a port: status and body in, port out."""
    running: list[http.server.HTTPServer] = []

    def make(status: int, body: bytes) -> int:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        running.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return running[-1].server_address[1]

    yield make
    for it in running:
        it.shutdown()
        it.server_close()


def test_a_plugin_that_was_copied_by_hand_says_how_to_install(alone):
    search(alone, "cat")
    (message,) = alone.around.messages
    assert "does not know where Safelight is installed" in message
    assert "safelight lightroom install" in message
    assert alone.around.executed == []


def test_a_program_that_is_gone_is_named(lightroom, home, tmp_path):
    install(lightroom, home, tmp_path, ["/opt/safelight/bin/safelight", "serve"])
    search(lightroom, "cat")
    assert "no longer where it was installed: /opt/safelight/bin/safelight" in lightroom.around.messages[0]


def test_a_helper_that_does_not_start_is_given_its_own_words(lightroom, home, tmp_path):
    program = tmp_path / "it's safelight"
    program.touch()
    install(lightroom, home, tmp_path, [str(program), "serve", "--background"])

    def fail(command: str) -> int:
        (home / "tmp" / "safelight-start.log").write_text("first\nsafelight: cannot use the data folder /x\n")
        return 0

    lightroom.around.execute = fail
    search(lightroom, "cat")
    assert lightroom.around.executed == [
        f"nohup '{tmp_path}/it'\\''s safelight' 'serve' '--background' > '{home}/tmp/safelight-start.log' 2>&1"
        " < /dev/null &"
    ]
    (message,) = lightroom.around.messages
    assert "did not start" in message
    assert "cannot use the data folder /x" in message
    progress = next(p for p in lightroom.around.progress if p.title == "Starting Safelight")
    assert progress.done
    assert lightroom.scheduler.now >= 60


def test_waiting_for_the_helper_can_be_cancelled(lightroom, home, tmp_path):
    program = tmp_path / "safelight"
    program.touch()
    install(lightroom, home, tmp_path, [str(program), "serve"])
    lightroom.around.cancel_after = 3
    search(lightroom, "cat")
    assert lightroom.around.messages == []
    assert lightroom.scheduler.now < 5


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>a printer</html>", "Another program answers at port"),
        (404, b"<html>not found</html>", "Another program answers at port"),
        (500, b"{}", "Another program answers at port"),
        (404, b'{"error": "there is nothing under this path", "status": 404}', "do not fit together"),
        (426, b'{"error": "run `safelight lightroom install` and restart Lightroom"}', "and restart Lightroom"),
        (401, b'{"error": "the token is needed"}', "refused this plug-in's key"),
        (200, b'{"protocol": 2, "catalog": "x", "model": {"name": "m", "here": true}}', "do not fit together"),
        (
            200,
            b'{"protocol": 1, "catalog": "x", "model": {"name": "siglip2-base", "here": false}}',
            "safelight model fetch siglip2-base",
        ),
        (409, b'{"error": "nothing is indexed yet", "status": 409}', "nothing is indexed yet"),
    ],
)
def test_answers_that_are_none_of_ours_or_none_to_use(alone, home, server, status, body, said):
    say(home, server(status, body))
    search(alone, "cat")
    (message,) = alone.around.messages
    assert said in message


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"port": "x", "token": "t"}', '{"port": 99999, "token": "t"}', '{"port": 80, "token": "a\\nb"}'],
)
def test_a_damaged_helper_json_counts_as_none(alone, home, content):
    (home / HOME / "helper.json").write_text(content)
    search(alone, "cat")
    assert "does not know where Safelight is installed" in alone.around.messages[0]


def test_a_stale_helper_json_counts_as_none(alone, home):
    say(home, 9)
    search(alone, "cat")
    assert "does not know where Safelight is installed" in alone.around.messages[0]


def test_a_wrong_token_is_refused_by_the_real_helper_and_explained(helper, lr):
    said = (helper.data / "helper.json").read_text()
    try:
        (helper.data / "helper.json").write_text(json.dumps({**json.loads(said), "token": "wrong"}))
        search(lr, "cat")
    finally:
        (helper.data / "helper.json").write_text(said)
    assert "refused this plug-in's key" in lr.around.messages[0]
    assert lr.gates.blocks == []
    search(lr, "cat")
    assert lr.photos_in("Safelight", "Searches", "cat") == ["CAT"]


def test_the_helper_is_killed_restarted_and_started(indexed, tmp_path):
    """Killed between two searches; then with a new token; then started by the plug-in itself."""
    shutil.copytree(indexed / "Library", tmp_path / "Library")
    user = Helper(tmp_path)
    user.photos = indexed / "Pictures"
    user.start()
    try:
        lr = open_catalog(user, "killed")
        search(lr, "cat")
        assert lr.photos_in("Safelight", "Searches", "cat") == ["CAT"]
        user.kill()
        search(lr, "rocket")
        assert "does not know where Safelight is installed" in lr.around.messages[-1], "it cannot be started here"
        assert lr.catalog.find_collection("Safelight", "Searches", "rocket") is None
        user.start()
        search(lr, "rocket")
        assert lr.photos_in("Safelight", "Searches", "rocket") == ["ROCKET"], "trying again is all it takes"
        user.kill()
        _let_the_plugin_start_it(user, tmp_path)
        assert lr.violations == []
    finally:
        user.close()


def _let_the_plugin_start_it(user: Helper, tmp_path: Path) -> None:
    """The very command line that the plug-in makes, run by a shell."""
    lr = Lightroom(user.home, "/c.lrcat")
    lr.catalog.add_photo("ESPRESSO", str(user.photos / "espresso.jpg"))
    (user.home / "tmp").mkdir(exist_ok=True)
    install(lr, user.home, tmp_path, [sys.executable, "-m", "safelight", "serve", "--background"])
    lr.scheduler.pace = 0.3
    lr.around.execute = lambda line: (
        subprocess.run(line, shell=True, env=user.env, cwd=CHECKOUT, check=False).returncode
    )
    try:
        search(lr, "a cup of coffee")
        assert len(lr.around.executed) == 1
        assert lr.photos_in("Safelight", "Searches", "a cup of coffee") == ["ESPRESSO"]
        assert lr.violations == []
    finally:
        user.command("stop")


def test_killed_in_the_middle_of_writing_nothing_is_lost(indexed, tmp_path):
    shutil.copytree(indexed / "Library", tmp_path / "Library")
    user = Helper(tmp_path)
    user.photos = indexed / "Pictures"
    user.start()
    try:
        lr = open_catalog(user, "middle")
        lr.answer("Find by Words", lambda dialog: dialog.set(words="an animal") or "ok")
        lr.answer("Collection:", lambda dialog: user.kill() or "ok")  # after the preview, before the first write
        lr.click("MenuFind.lua")
        assert "does not know where Safelight is installed" in lr.around.messages[-1]
        assert lr.catalog.collections == {}, "what the journal does not know is not written"
        user.start()
        search(lr, "an animal")
        assert sorted(lr.photos_in("Safelight", "Searches", "an animal")) == ["CAT", "RACCOON"]
        assert lr.violations == []
    finally:
        user.close()


def test_lightroom_itself_holds_the_catalog(lr):
    lr.busy_until = lr.scheduler.now + 20
    search(lr, "an animal")
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 2, "twenty seconds are waited"
    lr.busy_until = lr.scheduler.now + 500
    search(lr, "rocket")
    assert "Lightroom is busy with the catalog." in lr.around.messages[-1]


def test_windows_is_started_in_its_own_way(lightroom, home, tmp_path):
    lightroom.windows = True
    program = tmp_path / "safelight.exe"
    program.touch()
    folder = tmp_path / "Safelight.lrplugin"
    shutil.copytree(PLUGIN, folder)
    (folder / "installed.json").write_text(json.dumps({"command": [str(program), "serve", "--background"]}))
    lightroom.load(folder)
    lightroom.around.cancel_after = 1
    search(lightroom, "cat")
    log = f"{home}/tmp/safelight-start.log"
    assert lightroom.around.executed == [f'"start "" /b "{program}" "serve" "--background" > "{log}" 2>&1"']
