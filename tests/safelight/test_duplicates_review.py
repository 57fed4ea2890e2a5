"""safelight duplicates review, typed at through a pseudo-terminal."""

from __future__ import annotations

import base64
import io
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time

import pytest
from click.testing import CliRunner
from indexed_library import CHECKOUT, DEMO, indexed_library
from PIL import Image

from safelight.cli import reviewing
from safelight.cli.entry import cli
from safelight.config import Settings
from safelight.service import Library


@pytest.fixture
def home(tmp_path):
    """A library with two groups of two."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("cat", "pagoda"):
        shutil.copy(DEMO / f"{name}.jpg", folder)
        Image.open(DEMO / f"{name}.jpg").save(folder / f"{name}-again.jpg", quality=40)
    with indexed_library(folder, tmp_path / "home"):
        return tmp_path / "home"


def typed(home, keys: str, **env: str) -> str:
    """Run the review in a terminal, press a key each time it asks, and return what it showed."""
    master, slave = pty.openpty()
    env = {**os.environ, "SAFELIGHT_HOME": str(home), "TERM": "xterm", "TERM_PROGRAM": "", **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "safelight", "duplicates", "review"],
        stdin=slave, stdout=slave, stderr=slave, env=env, cwd=CHECKOUT,
    )  # fmt: skip
    os.close(slave)
    shown, asked, deadline = b"", 0, time.monotonic() + 600
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.02)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        # A key is read in raw mode, and what was typed before is thrown away.
        is_read = not termios.tcgetattr(master)[3] & termios.ICANON
        if shown.count(b"q quit") > asked and asked < len(keys) and is_read:
            os.write(master, keys[asked].encode())
            asked += 1
    process.wait(600)
    os.close(master)
    return shown.decode("utf-8", "replace")


def decisions(home) -> list[str]:
    with Library(Settings(), home) as library:
        return sorted(kind for (kind,) in library.catalog.db.execute("SELECT kind FROM decision"))


def test_keys_decide_at_once_and_the_last_can_be_taken_back(home):
    shown = typed(home, "2un" + "i")
    assert "cat-again.jpg" in shown
    assert "pagoda-again.jpg" in shown
    assert "Taken back." in shown
    assert "2 decisions." in shown
    assert decisions(home) == ["different", "ignored"]
    assert "0 decisions." in typed(home, "q"), "nothing is left to look at"


def test_the_keeper_is_the_one_of_the_key(home):
    assert "1 decision." in typed(home, "2q")
    assert decisions(home) == ["keeper"]


def test_terminals_that_can_show_the_pictures(home):
    assert "\x1b]1337;File=inline=1" in typed(home, "q", TERM_PROGRAM="iTerm.app")
    assert "\x1b]1337" not in typed(home, "q")


def test_kitty_gets_a_png_in_pieces():
    text = reviewing.kitty((DEMO / "cat.jpg").read_bytes())
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert pieces[0][0] == "a=T,f=100,m=1"
    assert pieces[-1][0] == "m=0"
    picture = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in pieces))))
    assert (picture.format, picture.size) == ("PNG", Image.open(DEMO / "cat.jpg").size)


def test_without_a_terminal_it_says_what_to_use(monkeypatch, home):
    monkeypatch.setenv("SAFELIGHT_HOME", str(home))
    run = CliRunner().invoke(cli, ["duplicates", "review"])
    assert run.exit_code == 2
    assert "--json" in run.output
