"""The command line at a real terminal, and what it hands on to other programs of the desktop and the shell."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image
from safelight_command import Safelight
from shapes import Scene, draw

MODEL = Path(__file__).resolve().parents[1] / "data" / "shapes-clip"
BAR = """
import time
from indexer.events import Progress
from safelight.draw import Bar
with Bar() as bar:
    bar.show(Progress("indexing", 0, 0))
    time.sleep(1.2)
    for done in range(300, 1501, 300):
        bar.show(Progress("indexing", done, 30000 if done > 300 else 400, done > 300))
        time.sleep(0.3)
"""

COLOURED = """
from indexer.events import Progress
from safelight.draw import Bar
with Bar() as bar:
    bar.show(Progress("indexing", 3, 10, True))
"""


def at_terminal(command: Sequence[str], env: Mapping[str, str], answer: str = "") -> tuple[int, str]:
    """Run a command at a terminal of its own, type the answer at its first question; (exit code, all it showed)."""
    terminal, child = pty.openpty()
    process = subprocess.Popen(
        command, env={**env, "TERM": "xterm", "COLUMNS": "120"}, stdin=child, stdout=child, stderr=child
    )
    os.close(child)
    shown = b""
    try:
        while piece := os.read(terminal, 10_000):
            shown += piece
            if answer and b"[y/N]" in shown:
                os.write(terminal, answer.encode())
                answer = ""
    except OSError:  # as Linux says that nobody holds the other end any more
        pass
    os.close(terminal)
    return process.wait(timeout=600), shown.decode()


@pytest.fixture(scope="module")
def safelight(tmp_path_factory):
    """A library of a few drawn shapes, two of them with a camera and a place."""
    folder = tmp_path_factory.mktemp("shapes")
    for number, (colour, shape) in enumerate([("red", "circle"), ("red", "square"), ("blue", "circle")]):
        picture = draw(Scene(colour, shape, "white"), number)
        exif = Image.Exif()
        if colour == "red":
            exif[0x0110] = "EOS 5D"
            exif.get_ifd(0x8825).update({1: "N", 2: (64.0, 9.0, 0.0), 3: "W", 4: (21.0, 56.0, 24.0)})
        picture.save(folder / f"{colour} {shape}.{'png' if shape == 'square' else 'jpg'}", exif=exif)
    safelight = Safelight(tmp_path_factory.mktemp("home"), forked=True)
    safelight.env |= {"SAFELIGHT_MODEL": str(MODEL)}
    safelight("index", str(folder))
    return safelight


def names(safelight: Safelight, *arguments: str, code: int = 0) -> list[str]:
    found = safelight("search", *arguments, "--paths", "--all", code=code).stdout
    return [Path(line).stem for line in found.splitlines()]


def test_the_bar_starts_at_once_and_tells_the_total_the_rate_and_the_time_left():
    code, shown = at_terminal([sys.executable, "-c", BAR], os.environ)
    assert code == 0
    first, told = shown.find("indexing"), shown.find("1,500 of 30,000")
    assert 0 <= first < told, "it is there before anything is counted"
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)
    assert re.search(r"1,500 of 30,000 \d+/s \d+:\d\d:\d\d", plain), plain


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_the_bar_has_colours_unless_no_color_is_set(settings, coloured):
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | settings
    code, shown = at_terminal([sys.executable, "-c", COLOURED], env)
    assert (code, "3 of 10" in shown) == (0, True)
    assert bool(re.search(r"\x1b\[[\d;]*3[0-8]", shown)) == coloured


def test_an_index_run_shows_its_bar_and_leaves_one_line(tmp_path):
    (tmp_path / "shapes").mkdir()
    draw(Scene("green", "star", "black"), 1).save(tmp_path / "shapes" / "star.png")
    env = Safelight(tmp_path / "home").env | {"SAFELIGHT_MODEL": str(MODEL)}
    code, shown = at_terminal([sys.executable, "-m", "safelight", "index", str(tmp_path / "shapes")], env)
    assert code == 0
    assert "indexing" in shown
    assert shown.rstrip().endswith("1 indexed.")


@pytest.mark.parametrize("arguments", [["duplicates", "--json", "--pairs"], ["index", "--json"]])
def test_results_go_into_a_file_as_they_are_while_the_bar_is_on_the_terminal(tmp_path, arguments):
    (tmp_path / "shapes").mkdir()
    for colour in ("green", "red"):
        draw(Scene(colour, "star", "black"), 1).save(tmp_path / "shapes" / f"{colour}.png")
    (tmp_path / "shapes" / "copy.png").write_bytes((tmp_path / "shapes" / "red.png").read_bytes())
    safelight = Safelight(tmp_path / "home", forked=True)
    safelight.env |= {"SAFELIGHT_MODEL": str(MODEL)}
    safelight("index", str(tmp_path / "shapes"))
    alone = safelight(*arguments).stdout
    assert alone.count("\n") > 1 or "copy.png" in alone
    file = tmp_path / "results"
    command = f'{sys.executable} -m safelight {" ".join(arguments)} > "{file}"'
    code, shown = at_terminal(["sh", "-c", command], safelight.env)
    assert (code, file.read_text()) == (0, alone), shown


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_nothing_is_downloaded_without_a_yes(tmp_path, answer):
    env = Safelight(tmp_path).env | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    env.pop("SAFELIGHT_MODEL", None)
    command = [sys.executable, "-m", "safelight", "index", str(MODEL), "--model", "siglip2-base"]
    code, shown = at_terminal(command, env, answer)
    assert code == 130
    assert re.search(
        r"siglip2-base \(google/siglip2-base-patch16-256\) is about 1,\d{3} MB to download\. Go on\?", shown
    )
    assert "Traceback" not in shown
    assert not (tmp_path / "hf").exists()


def test_what_is_found_is_opened_in_the_systems_viewer(safelight, tmp_path):
    opener = tmp_path / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.write_text(f'#!/bin/sh\necho "$1" >> "{tmp_path}/opened"\n')
    opener.chmod(0o755)
    own = Safelight(Path(safelight.env["SAFELIGHT_HOME"]))
    own.env |= {"SAFELIGHT_MODEL": str(MODEL), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    (first,) = own.records("search", "a red circle", "-n", "1")
    own("search", "a red circle", "-n", "1", "--open")
    own("show", first["id"], "--open")
    assert (tmp_path / "opened").read_text().splitlines() == [first["path"]] * 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_options(safelight, shell):
    assert "_SAFELIGHT_COMPLETE" in safelight("completion", shell).stdout
    for typed, offered in (("safelight se", "search"), ("safelight search --pl", "--place")):
        words = {
            "COMP_WORDS": typed,
            "COMP_CWORD": typed.rsplit(" ", 1)[1] if shell == "fish" else str(typed.count(" ")),
        }
        asked = {"_SAFELIGHT_COMPLETE": f"{shell}_complete", **words}
        done = subprocess.run(
            [Path(sys.executable).with_name("safelight")],
            env=safelight.env | asked, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert offered in done.stdout


def test_terms_and_filters_come_through_the_command_line(safelight, tmp_path):
    assert names(safelight, "red", "-n", "2") == names(safelight, "--camera", "eos 5d", "red")
    assert sorted(names(safelight, "--near", "64.15,-21.94,5", "red")) == ["red circle", "red square"]
    assert names(safelight, "--near", "64.15,-21.94,5", "--format", "png", "red") == ["red square"]
    blue = tmp_path / "blue.png"
    draw(Scene("blue", "circle", "white"), 9).save(blue)
    plain, without = names(safelight, "circle"), names(safelight, "circle", "--unlike", str(blue))
    assert without.index("blue circle") > plain.index("blue circle") or plain.index("blue circle") == 2
    assert without[-1] == "blue circle"
    assert names(safelight, "--format", "heic", "red", code=1) == []


def test_pictures_ids_weights_and_dates_come_through_the_command_line(safelight, tmp_path):
    stranger = tmp_path / "stranger.png"
    draw(Scene("blue", "circle", "white"), 9).save(stranger)
    assert names(safelight, str(stranger))[0] == "blue circle"
    assert names(safelight, "--like", str(stranger))[0] == "blue circle"
    (first,) = safelight.records("search", str(stranger), "-n", "1")
    others = names(safelight, first["id"])
    assert sorted(others) == ["red circle", "red square"], "like the photo of that id, which is not among them"
    assert names(safelight, "circle", "-3:red")[0] == "blue circle"
    assert names(safelight, "circle", "3:red")[-1] == "blue circle"
    assert len(names(safelight, "red", "--since", "1990", "--until", "2199", "--source", "folder")) == 3
    assert names(safelight, "red", "--until", "1990", code=1) == []
    assert names(safelight, "red", "--source", "lightroom", code=1) == []
