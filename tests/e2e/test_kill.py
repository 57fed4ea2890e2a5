"""kill -9 at any moment costs at most one batch, and the run that follows ends where an undisturbed one would."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.pipeline import BATCH

KILLS = int(os.environ.get("SAFELIGHT_TEST_KILLS", "20"))
PICTURES = 300
MODEL = Path(__file__).parent.parent / "data" / "shapes-clip"
KILLED = """
import signal, sys
photos, wait_s = int(sys.argv.pop(1)), float(sys.argv.pop(1))
def kill_soon():
    signal.setitimer(signal.ITIMER_REAL, wait_s)
if photos:
    from indexer.pipeline import IndexRun
    report = IndexRun._report
    def watched(run, **how):
        global photos
        report(run, **how)
        if photos and run.tally.photos >= photos:
            photos = 0
            kill_soon()
    IndexRun._report = watched
else:
    kill_soon()
from safelight.cli import main
main()
"""
HELD = """
import time
from indexer.pipeline import IndexRun
from safelight.cli import main
write = IndexRun._write_batch
def held(run, *batch):
    write(run, *batch)
    while not run._stop.is_set():
        time.sleep(0.01)
IndexRun._write_batch = held
main()
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Generated pictures: each its own, one twice, one broken."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(7)
    for number in range(PICTURES):
        noise = rng.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).resize((160, 120)).save(folder / f"{number:03}.jpg")
    (folder / "copy.jpg").write_bytes((folder / "000.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes((folder / "001.jpg").read_bytes()[:300])
    return folder


def run(home: Path, pictures: Path, *how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(how or ("-m", "safelight")), "index", str(pictures), "--model", str(MODEL), "--json"]
    # In auto, the pictures that a killed run saw decide between int8 and float32; here every run is to agree.
    command += ["--precision", "float32"]
    return subprocess.run(
        command,
        env=os.environ | {"SAFELIGHT_HOME": str(home), "SAFELIGHT_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=600,
        check=False,
    )


def run_killed(home: Path, pictures: Path, photos: int, wait_s: float) -> subprocess.CompletedProcess[str]:
    """Run and be killed so long after the start, or after so many photos were told of, if it takes so long.

    By the system, on a clock that the run sets: a signal of ours would come at any time, or too late, on a busy
    machine. Nothing in the process handles SIGALRM, which then ends it as SIGKILL does.
    """
    return run(home, pictures, "-c", KILLED, str(photos), str(wait_s))


def finish(home: Path, pictures: Path) -> dict:
    done = run(home, pictures)
    assert done.returncode == 0
    return json.loads(done.stdout.splitlines()[-1])


def contents(home: Path) -> dict:
    """Everything a catalog says, by key: (state, hash, vector)."""
    db = sqlite3.connect(home / "library.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = db.execute(
        "SELECT p.key, p.state, c.hash, e.vector FROM photo p LEFT JOIN content c ON c.id = p.content_id"
        " LEFT JOIN embedding e ON e.content_id = c.id"
    ).fetchall()
    assert len(rows) == len({row[0] for row in rows}), "a photo stands there once, with one vector"
    return {key: (state, digest, vector) for key, state, digest, vector in rows}


def test_kills_at_any_moment_end_where_an_undisturbed_run_ends(pictures, tmp_path):
    began = time.monotonic()
    done = finish(tmp_path / "undisturbed", pictures)
    seconds = time.monotonic() - began
    assert (done["indexed"], done["failed"]) == (PICTURES + 1, 1)
    expected = contents(tmp_path / "undisturbed")

    chance = random.Random(2026)
    homes, kept, half_done = 1, 0, 0
    for turn in range(KILLS):
        home = tmp_path / f"disturbed-{homes}"
        if turn % 2:
            ended = run_killed(home, pictures, 0, chance.uniform(0.05, 0.8 * seconds))
        else:
            ended = run_killed(home, pictures, kept + chance.randint(1, 100), chance.uniform(0.0001, 0.05))
        if ended.returncode == 0:
            # The work that the kills left was done in time: it is right, and the next kills meet a new library.
            assert_same(expected, contents(home))
            homes, kept = homes + 1, 0
            continue
        assert ended.returncode == -signal.SIGALRM
        now = len(contents(home)) if (home / "library.sqlite").exists() and has_tables(home) else 0
        assert now >= kept, "what was committed stays"
        assert now >= reported(ended.stdout) - BATCH, "what was said to be done is there, but for a batch at most"
        half_done += kept < now < len(expected)
        kept = now

    assert half_done, "killed in the middle, a run has left what it had done by then"
    finish(home, pictures)
    assert_same(expected, contents(home))
    again = finish(home, pictures)
    assert again == {
        "event": "done", "indexed": 0, "unchanged": PICTURES + 1, "skipped": 0, "failed": 1, "missing": 0,
    }  # fmt: skip


def reported(said: str) -> int:
    """How many photos a killed run said it was done with; its last line may be torn."""
    events = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
    return max((event["done"] for event in events if event["event"] == "progress"), default=0)


def assert_same(expected: dict, found: dict) -> None:
    assert found.keys() == expected.keys()
    for key, (state, digest, vector) in expected.items():
        assert found[key][:2] == (state, digest), key
        if vector is not None:
            # The batch a picture falls into may round its last float16 bit differently.
            one, other = (np.frombuffer(v, "<f2").astype(np.float32) for v in (vector, found[key][2]))
            assert np.abs(one - other).max() < 1e-3, key


def has_tables(home: Path) -> bool:
    db = sqlite3.connect(home / "library.sqlite")
    return db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'photo'").fetchone() == (1,)


def test_ctrl_c_finishes_the_batch_and_exits_130_without_a_traceback(pictures, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, "index", str(pictures), "--model", str(MODEL)],
        env=os.environ | {"SAFELIGHT_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        if (tmp_path / "library.sqlite").exists() and has_tables(tmp_path) and contents(tmp_path):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert out.startswith("Interrupted:")
    assert 0 < len(contents(tmp_path)) < PICTURES + 2
