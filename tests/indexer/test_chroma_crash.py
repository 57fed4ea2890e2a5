"""A writer killed inside Chroma's flushes, over and over: each time the next open finds every vector."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

KILLS = int(os.environ.get("SAFELIGHT_TEST_KILLS", "20"))
PATIENCE_S = 600

# Imports Chroma once and forks a fresh process for each line it reads, so that 40 processes cost one import.
FORKER = """
import os, sys, traceback
from pathlib import Path
import chromadb_rust_bindings
import numpy as np
from indexer import matrix_file, vectors
from indexer.catalog import Catalog, Content

home = Path(sys.argv[1])
vectors.SYNC_RECORDS = 40

def write():
    catalog = Catalog(home)
    model = catalog.models()[0]
    rng = np.random.default_rng()
    with vectors.ChromaIndex(home, catalog.db, model.id, "being killed") as index:
        index.apply()
        print("writing", flush=True)
        while True:
            with catalog.transaction():
                for vector in rng.standard_normal((50, model.dim)):
                    content_id = catalog.write_content(Content(rng.bytes(16), 1, 1, 1, "JPEG"))
                    catalog.write_vector(model, content_id, vector / np.linalg.norm(vector))
                some = "SELECT content_id, vector FROM embedding ORDER BY random() LIMIT 54"
                kept = catalog.db.execute(some).fetchall()
                for content_id, vector in kept:
                    catalog.db.execute("DELETE FROM embedding WHERE content_id = ?", (content_id,))
                    told = "INSERT INTO outbox (model_id, content_id, op) VALUES (1, ?, 'delete')"
                    catalog.db.execute(told, (content_id,))
                for content_id, vector in kept[50:]:
                    catalog.write_vector(model, content_id, np.frombuffer(vector, "<f2").astype(np.float32)[::-1])
            index.apply()

def verify():
    catalog = Catalog(home)
    dim = catalog.models()[0].dim
    built = []
    with vectors.ChromaIndex(home, catalog.db, 1, "verifying", built.append) as index:
        index.apply()
        expected = catalog.db.execute("SELECT id, content_id FROM embedding ORDER BY id").fetchall()
        assert sorted(index._ids()) == sorted(content_id for _, content_id in expected)
        ids = np.array([embedding_id for embedding_id, _ in expected])
        for keys, batch in matrix_file.read_vectors(catalog.db, ids, dim):
            for (_, content_id), vector in zip(keys, batch):
                found, scores = index.query(vector, 1)
                assert found.tolist() == [content_id] and scores[0] > 0.999, (content_id, found, scores)
    print("found", len(expected), "rebuilt" if built else "kept", flush=True)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        try:
            {"write": write, "verify": verify}[line.strip()]()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print("pid", pid, flush=True)
    print("status", os.waitpid(pid, 0)[1], flush=True)
"""


class Forker:
    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, what: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return int(self.read("pid")[0])

    def read(self, word: str) -> list[str]:
        assert self._process.stdout is not None
        found, *rest = self._process.stdout.readline().split()
        assert found == word, f"expected {word}, the process says {found} {rest}"
        return rest

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def wait_for_flush(index: Path, limit_seconds: float) -> str | None:
    """Return the name of the index file that a running flush has just begun to write, None when none came."""

    def state() -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for path in index.glob("*/*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found[path.name] = (stat.st_mtime_ns, stat.st_size)
        return found

    before = state()
    until = time.monotonic() + limit_seconds
    while time.monotonic() < until:
        now = state()
        if now != before:
            return next((name for name in now if now[name] != before.get(name)), "one that is gone")
    return None


def test_a_writer_killed_inside_flushes_loses_nothing(new_library, random_units):
    library = new_library(dim=16)
    library.plant(random_units(400, 16, 1))
    index = library.home / "chroma" / "1" / "index"
    rng = random.Random(7)
    forker = Forker(library.home)
    in_flush, rebuilt = 0, 0
    try:
        for turn in range(KILLS):
            pid = forker.start("write")
            forker.read("writing")
            for _ in range(rng.randrange(3)):
                wait_for_flush(index, PATIENCE_S)
            in_flush += wait_for_flush(index, PATIENCE_S) is not None
            time.sleep(rng.uniform(0, 0.004))
            os.kill(pid, signal.SIGKILL)
            assert forker.read("status") == [str(int(signal.SIGKILL))]
            forker.start("verify")
            count, outcome = forker.read("found")
            assert forker.read("status") == ["0"]
            expected = library.catalog.db.execute("SELECT count(*) FROM embedding").fetchone()[0]
            assert int(count) == expected, f"kill {turn}"
            rebuilt += outcome == "rebuilt"
    finally:
        forker.stop()
    print(f"{in_flush} of {KILLS} kills inside a flush, {rebuilt} rebuilt")
    assert in_flush >= KILLS * 0.9
