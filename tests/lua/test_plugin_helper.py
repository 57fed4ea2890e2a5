"""The helper out of reach, in every way that people will meet: said in words, with the next step, and a retry works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
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
    """Killed between two steps of writing; at the end the plug-in starts it itself. See also test_plugin_sample.py."""
    user = Helper.of_user(indexed, tmp_path)
    user.start()
    try:
        lr = open_catalog(user, "killed")
        _kill_between_two_steps(user, lr)
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

    killed = user.said()

    def execute(line: str) -> int:
        code = subprocess.run(line, shell=True, env=user.env, cwd=CHECKOUT, check=False).returncode
        user.wait(other_than=killed)  # the minute that the plug-in waits is over in no time here
        return code

    lr.around.execute = execute
    try:
        search(lr, "a cup of coffee")
        assert len(lr.around.executed) == 1
        assert lr.photos_in("Safelight", "Searches", "a cup of coffee") == ["ESPRESSO"]
        assert lr.violations == []
    finally:
        user.command("stop")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "The connection to Safelight's helper was lost."), (99, "did not answer in time")]
)
def test_no_answer_is_explained_with_what_to_do(alone, home, server, seconds, said):
    alone.http.most_seconds = 0.5 if seconds else 600
    alone.http.canned["status"] = lambda body: {}  # it is there, and busy
    say(home, server(0, seconds=seconds))
    search(alone, "cat")
    (message,) = alone.around.messages
    assert said in message
    assert "ry again" in message


@pytest.mark.parametrize(
    ("theirs", "ours", "todo"),
    [(1, 0, "run `safelight lightroom install` and restart Lightroom"), (1, 2, "upgrade Safelight")],
)
def test_another_version_of_the_plugin_is_told_so_by_the_real_helper(helper, tmp_path, theirs, ours, todo):
    """An older plug-in, and a newer one: the plug-in's own code with another number in it."""
    folder = tmp_path / "Safelight.lrplugin"
    shutil.copytree(PLUGIN, folder)
    code = (folder / "Helper.lua").read_text()
    assert f"Helper.PROTOCOL = {theirs}\n" in code
    (folder / "Helper.lua").write_text(code.replace(f"PROTOCOL = {theirs}", f"PROTOCOL = {ours}"))
    lr = Lightroom(helper.home, str(tmp_path / "c.lrcat"))
    lr.catalog.add_photo("CAT", str(helper.photos / "cat.jpg"))
    lr.load(folder)
    search(lr, "cat")
    (message,) = lr.around.messages
    assert "do not fit together" in message
    assert todo in message
    assert lr.gates.blocks == []
    assert lr.violations == []


def test_a_plugin_of_another_api_is_told_so_by_the_real_helper(helper, tmp_path):
    folder = tmp_path / "Safelight.lrplugin"
    shutil.copytree(PLUGIN, folder)
    code = (folder / "Helper.lua").read_text()
    (folder / "Helper.lua").write_text(code.replace('API = "/api/v1"', 'API = "/api/v2"'))
    lr = Lightroom(helper.home, str(tmp_path / "c.lrcat"))
    lr.load(folder)
    search(lr, "cat")
    assert "update Safelight and its plug-in" in lr.around.messages[0]


def _kill_between_two_steps(user: Helper, lr: Lightroom) -> None:
    photos = [{"uuid": f"N{n}", "path": None, "name": "x", "score": 1.0} for n in range(500)]
    for photo in photos:
        lr.catalog.add_photo(photo["uuid"], f"/big/{photo['uuid']}.jpg")
    lr.http.canned["search"] = lambda body: {"photos": photos, "reason": ""}
    notes: list[str] = []

    def kill_at_the_third_note(target: str) -> None:  # the first says that the collection is made
        notes.extend([target] if target.endswith("/journal_add") else [])
        if len(notes) == 3:
            user.kill()

    lr.http.on_send = kill_at_the_third_note
    search(lr, "many", limit="")
    assert len(lr.collection("Safelight", "Searches", "many").photos) == 200
    assert "does not know where Safelight is installed" in lr.around.messages[-1]
    lr.http.on_send = lambda target: None
    user.start()
    search(lr, "many", limit="")
    assert "Added to the collection: 300" in lr.around.dialogs[-1].texts[0], "it goes on where it was"
    for left in (200, 0):  # both halves are in the journal
        lr.answer("Undo the last Safelight change?", "ok")
        lr.click("MenuUndo.lua")
        collection = lr.catalog.find_collection("Safelight", "Searches", "many")
        assert (len(collection.photos) if collection else 0) == left


def test_lightroom_itself_holds_the_catalog(lr):
    lr.busy_until = lr.scheduler.now + 20
    search(lr, "an animal")
    assert len(lr.photos_in("Safelight", "Searches", "an animal")) == 2, "twenty seconds are waited"
    lr.busy_until = lr.scheduler.now + 500
    search(lr, "rocket")
    assert "Lightroom is busy with the catalog." in lr.around.messages[-1]


@pytest.mark.parametrize("windows", [False, True])
def test_a_helper_of_another_data_folder_is_told_which(lightroom, home, tmp_path, windows):
    lightroom.windows = windows
    program, folder = tmp_path / "safelight.exe", tmp_path / "Safelight.lrplugin"
    program.touch()
    shutil.copytree(PLUGIN, folder)
    settings = {"home": f"{home}/it's mine", "command": [str(program), "serve", "--background"]}
    (folder / "installed.json").write_text(json.dumps(settings))
    lightroom.load(folder)
    lightroom.around.cancel_after = 1
    search(lightroom, "cat")
    (line,) = lightroom.around.executed
    if windows:
        assert line.startswith(f'"set "SAFELIGHT_HOME={home}/it\'s mine"&& start "" /b "{program}" "serve"')
    else:
        echoed = line.replace(f"'{program}'", "printenv SAFELIGHT_HOME #")
        done = subprocess.run(["sh", "-c", echoed], capture_output=True, text=True, check=True)
        assert done.stdout == f"{home}/it's mine\n"


def test_where_nobody_answers_the_helper_is_started_whatever_the_error_is_called(lightroom, home, tmp_path, server):
    """What Lightroom on Windows says of a port where nobody listens nobody has seen."""
    program = tmp_path / "safelight"
    program.touch()
    install(lightroom, home, tmp_path, [str(program), "serve", "--background"])
    say(home, server(0))
    lightroom.around.cancel_after = 1
    search(lightroom, "cat")
    assert len(lightroom.around.executed) == 1


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
