"""Showing a photo where it lives: by our catalog's path alone, and with nothing that could be taken for an option."""

from __future__ import annotations

from pathlib import Path

import pytest
from safelight_server import RunningHelper, index, paint, stand_in_for_the_desktop, start_helper

from safelight.errors import SafelightError
from safelight.server import reveal
from safelight.server.reveal import Whereabouts, in_folder, in_its_program


@pytest.fixture
def photo(tmp_path: Path) -> Whereabouts:
    path = tmp_path / "-rf; a,b 'c' $(x).png"
    paint(path, 1)
    return Whereabouts("folder", path.name, tmp_path, path)


@pytest.mark.parametrize("platform", ["darwin", "linux", "win32"])
def test_a_path_is_one_argument_and_no_option(photo: Whereabouts, platform):
    for command in [*in_folder(photo, platform), *in_its_program(photo, platform)]:
        held = [part for part in command if "rf" in part]
        assert len(held) <= 1
        assert not any(part.startswith("-rf") for part in command)


def test_a_comma_does_not_end_an_item_for_dbus(photo: Whereabouts):
    (item,) = [part for part in in_folder(photo, "linux")[0] if part.startswith("array:")]
    assert "," not in item


def test_an_id_of_a_library_is_no_part_of_the_script():
    hostile = Whereabouts(
        "photos", '" & (do shell script "x") & "', Path("/Users/x/Photos Library.photoslibrary"), None
    )
    (command,) = in_its_program(hostile, "darwin")
    assert command[-1] == hostile.key
    assert not any("do shell script" in part for part in command[:-1])


def test_what_is_not_there_is_said():
    with pytest.raises(SafelightError, match="is not there now"):
        in_folder(Whereabouts("folder", "x", Path("/nowhere"), Path("/nowhere/x.jpg")))
    with pytest.raises(SafelightError, match="no file of its own"):
        in_folder(Whereabouts("photos", "x", Path("/nowhere"), None))


def test_the_next_program_is_tried_and_the_last_failure_told(tmp_path: Path):
    told = tmp_path / "told"
    reveal.run([["no-such-program-here"], ["false"], ["touch", str(told)]])
    assert told.exists()
    with pytest.raises(SafelightError, match="copy its path"):
        reveal.run([["false"]])


def test_the_helper_opens_by_id_and_by_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A stand-in for xdg-open on the PATH writes down what it was given; there is no desktop here."""
    stand_in_for_the_desktop(tmp_path, monkeypatch)
    folder = tmp_path / "photos"
    folder.mkdir()
    paint(folder / "a b.png", 1)
    index(tmp_path / "home", folder)
    helper: RunningHelper = start_helper(tmp_path / "home")
    try:
        (photo,) = helper.post("/api/v1/search", {"words": "x", "show_all": True})["photos"]
        helper.post(f"/api/v1/photos/{photo['id']}/reveal")
        helper.post(f"/api/v1/photos/{photo['id']}/open")
        # The helper does not wait for a viewer to end; this one may be slow on a busy machine.
        opened = tmp_path / "opened"
        helper.wait_until(lambda: opened.exists() and opened.read_text().count("\n") == 2)
        assert set(opened.read_text().splitlines()) == {str(folder), str(folder / "a b.png")}
        assert helper.ask("POST", "/api/v1/photos/222222222222/open", {}).status == 404
        (folder / "a b.png").unlink()
        answer = helper.ask("POST", f"/api/v1/photos/{photo['id']}/open", {})
        assert (answer.status, "is not there now" in answer.json["error"]) == (409, True)
    finally:
        helper.stop()
