"""safelight duplicates tag, from pictures to sidecars and back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lightroom_catalogs import fingerprint
from PIL import Image

from importers.xmp import facts_of_packet

CHECKOUT = Path(__file__).resolve().parents[2]
MODEL = CHECKOUT / "tests" / "data" / "shapes-clip"
DEMO = CHECKOUT / "assets" / "demo"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("cat.jpg", "pagoda.jpg"):
        shutil.copy(DEMO / name, folder / name)
    with Image.open(DEMO / "cat.jpg") as cat:
        cat.resize((cat.width // 2, cat.height // 2)).save(folder / "small.jpg", quality=80)
    return folder


@pytest.fixture
def safelight(tmp_path):
    env = os.environ | {"SAFELIGHT_HOME": str(tmp_path / "home"), "SAFELIGHT_MODEL": str(MODEL)}

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "safelight", *map(str, words)]
        return subprocess.run(command, env=env, capture_output=True, text=True, cwd=CHECKOUT)

    return run


def keywords(sidecar: Path) -> tuple[tuple[str, ...], ...]:
    return facts_of_packet(sidecar.read_bytes()).keyword_paths


def test_tags_are_shown_written_read_taken_away_and_undone(safelight, folder):
    assert safelight("index", folder).returncode == 0
    before = fingerprint(folder)
    shown = safelight("duplicates", "tag", "--to", "xmp", "--all")
    assert shown.returncode == 0, shown.stderr
    assert "duplicate of cat.jpg" in shown.stdout
    assert "--apply" in shown.stderr
    assert fingerprint(folder) == before

    written = safelight("duplicates", "tag", "--to", "xmp", "--all", "--apply")
    assert written.returncode == 0, written.stderr
    assert keywords(folder / "cat.jpg.xmp") == (("Safelight", "Duplicates", "keeper"),)
    assert keywords(folder / "small.jpg.xmp") == (("Safelight", "Duplicates", "duplicate of cat.jpg"),)
    assert not (folder / "pagoda.jpg.xmp").exists()
    assert safelight("duplicates", "tag", "--to", "xmp", "--all").returncode == 1, "a second run has nothing to do"

    safelight("index", folder)
    found = safelight("search", "something", "--all", "--keyword", "Safelight/Duplicates/keeper", "--paths")
    assert found.stdout.splitlines() == [str(folder / "cat.jpg")]

    (group,) = (json.loads(line) for line in safelight("duplicates", "--json").stdout.splitlines())
    ids = [member["id"] for member in group["members"]]
    assert safelight("duplicates", "decide", "--different", *ids).returncode == 0
    assert safelight("duplicates", "tag", "--to", "xmp", "--all", "--apply").returncode == 0
    assert keywords(folder / "cat.jpg.xmp") == keywords(folder / "small.jpg.xmp") == ()

    for _ in range(2):
        assert safelight("undo").returncode == 0
    assert fingerprint(folder) == before


def test_the_menu_that_lightroom_users_are_sent_to_is_there():
    menu = CHECKOUT / "lightroom-plugin" / "Safelight.lrplugin" / "Info.lua"
    assert "Find Near-Duplicates..." in menu.read_text()


def test_without_all_no_sidecar_is_made_for_a_jpeg(safelight, folder):
    safelight("index", folder)
    shown = safelight("duplicates", "tag", "--to", "xmp")
    assert shown.returncode == 1
    assert "--all" in shown.stdout + shown.stderr


def test_a_library_that_photos_are_not_in_is_said(safelight, folder):
    safelight("index", folder)
    shown = safelight("duplicates", "tag", "--to", "lightroom")
    assert shown.returncode == 1
    assert "no Lightroom library" in shown.stdout + shown.stderr


def test_what_cannot_be_written_from_here_is_not_called_done(safelight, folder):
    safelight("index", folder)
    for target, said in (
        ("lightroom", "Plug-in Extras > Find Near-Duplicates"),
        ("photos", "does not write keywords into"),
    ):
        refused = safelight("duplicates", "tag", "--to", target, "--apply")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr
        assert "--to xmp" in refused.stderr


def test_with_nothing_to_write_it_is_said_why(safelight, folder):
    safelight("index", folder)
    left = safelight("duplicates", "tag", "--to", "xmp", "--apply")
    assert (left.returncode, left.stdout) == (1, "")
    assert "left out: 2 photos: programs keep keywords inside" in left.stderr
    assert "--all makes one" in left.stderr
    assert left.stderr.endswith("0 to change, 0 are so already, 2 left out.\n")
    safelight("duplicates", "tag", "--to", "xmp", "--all", "--apply")
    again = safelight("duplicates", "tag", "--to", "xmp", "--all", "--apply")
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == "0 to change, 2 are so already, 0 left out.\n"


def test_what_is_left_out_is_one_line_a_reason_and_all_of_it_for_programs(safelight, folder):
    (folder / "copy").mkdir()
    shutil.copy(folder / "cat.jpg", folder / "copy" / "cat.jpg")
    safelight("index", folder)
    lines = safelight("duplicates", "tag", "--to", "xmp").stderr.splitlines()
    assert [line.split(":")[1] for line in lines if line.startswith("left out")] == [" 3 photos"]
    shown = safelight("duplicates", "tag", "--to", "xmp", "--json").stdout.splitlines()
    left = [record for record in map(json.loads, shown) if record["event"] == "left out"]
    names = ("cat.jpg", "copy/cat.jpg", "small.jpg")
    assert sorted(record["path"] for record in left) == [str(folder / name) for name in names]
