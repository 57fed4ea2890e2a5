"""kill -9 at any moment costs at most one batch, and the run that follows ends where an undisturbed one would."""

import json
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.batches import BATCH

KILLS = int(os.environ.get("SAFELIGHT_TEST_KILLS", "30"))
PICTURES = 300
PATIENCE_S = 600
MODEL = Path(__file__).parent.parent / "data" / "shapes-clip"

# The command as a process of its own, whose model notes each picture before it sees it, and which is killed with
# SIGKILL a moment after it has seen so many, wherever it is then. That the moment is counted in pictures makes the
# kills fall everywhere on a slow machine, too. The imports are done once, for all of the processes.
COUNTED = """
import json, os, signal, sqlite3, sys, threading, time
import chromadb_rust_bindings, xxhash
import indexer.models.engine_onnx, indexer.models.load, indexer.pipeline, indexer.search
import safelight.cli.entry, safelight.service

def kill_after(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()

def note(log, kill_at, delay_s, hold):
    load, seen = indexer.models.load.load_encoder, 0
    def load_noted(*args, **options):
        encoder = load(*args, **options)
        embed = encoder.embed_pixels
        def embed_noted(pixels):
            nonlocal seen, hold
            if hold is True:  # from now on nothing can be committed, as while another process writes
                db = sqlite3.connect(os.environ["SAFELIGHT_HOME"] + "/library.sqlite", timeout=60, isolation_level=None,
                                     check_same_thread=False)
                db.execute("BEGIN IMMEDIATE")
                hold = (db,)
                time.sleep(2)  # so that the next batch is full by then
            os.write(log, b"".join(xxhash.xxh3_64_digest(picture.tobytes()) for picture in pixels))
            if seen < (kill_at or 0) <= seen + len(pixels):
                kill_after(delay_s)
            seen += len(pixels)
            return embed(pixels)
        encoder.embed_pixels = embed_noted
        return encoder
    indexer.models.load.load_encoder = load_noted

for line in sys.stdin:
    asked = json.loads(line)
    if (child := os.fork()) == 0:
        os.environ.update(asked["env"])
        for number, path in enumerate((os.devnull, asked["out"], os.devnull)):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        note(log, asked["kill_at"], asked["delay_s"], asked["hold"])
        if asked["kill_at"] == 0:
            kill_after(asked["delay_s"])
        sys.argv = ["safelight", *asked["arguments"]]
        safelight.cli.entry.main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

# The command, held after its first batch until it is interrupted.
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


class Runs:
    """Runs `safelight index` over the pictures, and knows what each run said and what its model saw."""

    def __init__(self, pictures: Path, folder: Path) -> None:
        self._pictures, self._folder, self._count = pictures, folder, 0
        self._forking = subprocess.Popen(
            [sys.executable, "-c", COUNTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(
        self, home: Path, kill_at: int | None = None, delay_s: float = 0.0, *, hold: bool = False
    ) -> tuple[int, str, list[bytes]]:
        """Run once.

        Args:
            kill_at: It is killed `delay_s` after its model began with so many pictures; 0: after it began at all;
                None: it is not.
            hold: Keep it from committing anything once its model begins.

        Returns:
            Its exit code, what it printed, and the pictures that went into its model, by what they look like.
        """
        self._count += 1
        out, log = (self._folder / f"{self._count}.{kind}" for kind in ("out", "log"))
        # In auto, the pictures that a killed run saw decide between int8 and float32; here every run is to agree.
        command = ["index", str(self._pictures), "--model", str(MODEL), "--json", "--precision", "float32"]
        env = {"SAFELIGHT_HOME": str(home), "SAFELIGHT_WORKERS": "1"}
        asked = {"arguments": command, "env": env, "out": str(out), "log": str(log)}
        asked |= {"kill_at": kill_at, "delay_s": delay_s, "hold": hold}
        print(json.dumps(asked), file=self._forking.stdin, flush=True)
        assert select.select([self._forking.stdout], [], [], PATIENCE_S)[0], "the command does not end"
        code = int(self._forking.stdout.readline())
        seen = log.read_bytes()
        return code, out.read_text(), [seen[at : at + 8] for at in range(0, len(seen), 8)]

    def close(self) -> None:
        self._forking.stdin.close()
        assert self._forking.wait(PATIENCE_S) == 0


@pytest.fixture
def run(pictures, tmp_path):
    runs = Runs(pictures, tmp_path)
    yield runs
    runs.close()


def finished(ended: tuple[int, str, list[bytes]]) -> dict:
    code, said, _ = ended
    assert code == 0
    return json.loads(said.splitlines()[-1])


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


def test_kills_at_any_moment_cost_at_most_a_batch_and_end_where_an_undisturbed_run_ends(run, tmp_path):
    undisturbed = run(tmp_path / "undisturbed")
    done, seen = finished(undisturbed), undisturbed[2]
    assert (done["indexed"], done["failed"]) == (PICTURES + 1, 1)
    assert len(seen) == len(set(seen)) == PICTURES, "the model sees each picture once"
    expected = contents(tmp_path / "undisturbed")

    chance = random.Random(2026)
    killed, homes, lost = 0, 0, 0
    while killed < KILLS:
        homes += 1
        home = tmp_path / f"disturbed-{homes}"
        begun: Counter[bytes] = Counter()  # how often the model began with each picture
        kept, lost_here, code = 0, 0, None
        while code != 0:
            left, at, delay_s = PICTURES - kept, None, 0.0
            if killed < KILLS and left > BATCH:
                at, delay_s = chance.choice([0, *[chance.randint(1, left)] * 4]), chance.uniform(0, 0.1)
            code, said, seen = run(home, at, delay_s)
            assert code in (0, -signal.SIGKILL)
            killed += code != 0
            begun.update(seen)
            now = embedded(home)
            assert 0 <= len(seen) - (now - kept) <= BATCH, "of what the model saw, a batch is lost at most"
            assert photos(home) >= reported(said), "what was said to be done is there"
            lost_here += len(seen) - (now - kept)
            kept = now
        assert_same(expected, contents(home))
        assert begun.keys() == set(undisturbed[2])
        assert begun.total() == PICTURES + lost_here, "again the model saw only what was lost"
        lost += lost_here

    assert lost, "no kill cost anything: they all came at idle moments, and this test shows nothing"
    code, said, seen = run(home)
    assert (finished((code, said, seen)), seen) == (
        {"event": "done", "indexed": 0, "unchanged": PICTURES + 1, "skipped": 0, "failed": 1, "missing": 0},
        [],
    )


def test_the_model_goes_no_further_than_a_batch_while_nothing_can_be_kept(run, tmp_path):
    code, _, seen = run(tmp_path / "home", 1, 4.0, hold=True)
    assert (code, embedded(tmp_path / "home")) == (-signal.SIGKILL, 0)
    assert 0 < len(seen) <= BATCH
    code, _, again = run(tmp_path / "home")
    assert (code, len(again)) == (0, PICTURES)


def photos(home: Path) -> int:
    """How many photos a catalog knows, which need not have been made yet."""
    return count(home, "photo")


def embedded(home: Path) -> int:
    """How many vectors there are in it."""
    return count(home, "embedding")


def count(home: Path, table: str) -> int:
    if not (home / "library.sqlite").exists() or not has_tables(home):
        return 0
    return sqlite3.connect(home / "library.sqlite").execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def reported(said: str) -> int:
    """How many photos a killed run said it was done with; its last line may be torn."""
    events = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
    return max((event["done"] for event in events if event.get("stage") == "indexing"), default=0)


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
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if (tmp_path / "library.sqlite").exists() and has_tables(tmp_path) and contents(tmp_path):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert out.startswith("Interrupted:")
    assert 0 < len(contents(tmp_path)) < PICTURES + 2
