"""The helper over HTTP: a search beside the same one in this process, idle and during a run; thumbnails a second.

The library holds planted vectors of the starter model (50,000; --quick: 2,000 of the tests' tiny model), so that
words are embedded for real and all is ranked. A run then adds photographs, while the same queries go on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from indexer import matrix_file
from indexer.models.registry import STARTER
from pictures import large, small
from safelight.config import Settings
from safelight.helper_client import HelperClient, find_helper
from safelight.service import Library
from search import plant
from setting import CHECKOUT, Table, take_turns

WORDS = ("a cat", "boats on a lake", "a red car", "snow on a mountain", "people at a table", "an old house", "flowers")
AT_ONCE = 50


def measure(*, quick: bool) -> Iterator[Table]:
    """Make two tables: searches, thumbnails."""
    model = str(CHECKOUT / "tests" / "data" / "shapes-clip") if quick else STARTER
    with tempfile.TemporaryDirectory(prefix="safelight-bench-") as folder:
        home = Path(folder) / "home"
        _plant(home, model, 2_000 if quick else 50_000)
        with Running(home, model) as client:
            yield _searches(client, home, model, small(64 if quick else 600), quick=quick)
        shown = Path(folder) / "shown"
        with Running(shown, model) as client:
            yield _thumbnails(client, shown, large(2 if quick else 24))


def _plant(home: Path, model: str, count: int) -> None:
    home.mkdir(mode=0o700)
    with Library(Settings(model=model), home) as library:
        encoder = library.model_thread.encoder
        rng = np.random.default_rng(0)
        pictures = rng.standard_normal((count, encoder.dim), dtype=np.float32) + 0.5
        pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
        catalog, planted = plant(home, pictures, encoder.space, library.model_name)
        matrix_file.update(home, catalog.db, planted.id)
        catalog.close()


class Running:
    """A helper in a process of its own."""

    def __init__(self, home: Path, model: str) -> None:
        environment = os.environ | {"SAFELIGHT_HOME": str(home), "SAFELIGHT_MODEL": model}
        self.home = home
        self.process = subprocess.Popen([sys.executable, "-m", "safelight", "serve"], env=environment, stderr=-3)

    def __enter__(self) -> HelperClient:
        while (client := find_helper(self.home)) is None:
            assert self.process.poll() is None, "the helper does not start"
            time.sleep(0.05)
        return client

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()


def _ask(client: HelperClient, words: str) -> None:
    client.ask("POST", "/api/v1/search", {"words": words, "limit": 12, "show_all": True})


def _searches(client: HelperClient, home: Path, model: str, photos: Path, *, quick: bool) -> Table:
    table = Table("Searching in words through the helper", ["search", "median ms", "p95 ms"])
    rounds = 20 if quick else 60
    asked = iter(range(10**9))
    with Library(Settings(model=model), home) as library:
        contenders: dict[str, Callable[[], object]] = {
            "in this process": lambda: library.search([WORDS[next(asked) % 7]], limit=12, show_all=True),
            "over HTTP": lambda: _ask(client, WORDS[next(asked) % 7]),
        }
        alone = take_turns(contenders, rounds)
        known = library.catalog.db.execute("SELECT count(*) FROM photo").fetchone()[0]
    idle = alone["over HTTP"]
    _row(table, f"in this process, {known:,} photos", alone["in this process"])
    _row(table, "over HTTP, idle", idle, ratio=median(idle) / median(alone["in this process"]))
    before = _rss_mb(client.helper.pid)

    job = _start(client, home, photos)
    during: list[float] = []
    # Chroma, which comes last, is another process; how long it takes is not the question here.
    while (now := client.ask("GET", f"/api/v1/jobs/{job}"))["ended"] is None and not now["stage"].startswith(
        "building"
    ):
        began = time.perf_counter()
        _ask(client, WORDS[next(asked) % 7])
        during.append(time.perf_counter() - began)
        time.sleep(0.02)
    client.ask("POST", f"/api/v1/jobs/{job}/cancel")
    batch = _batch_seconds(model)
    _row(table, "over HTTP, during a run", during, ratio=median(during) / (1.5 * median(idle) + batch), at_most=1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.perf_counter()
        crowd = list(pool.map(lambda number: _timed(lambda: _ask(client, WORDS[number % 7])), range(AT_ONCE * 4)))
        rate = AT_ONCE * 4 / (time.perf_counter() - began)
    _row(table, f"{AT_ONCE} at once", crowd)
    table.note(f"- During a run the bound is 1.5 x idle plus one batch of 32 pictures, {batch * 1000:,.0f} ms here.")
    table.note(
        f"- {AT_ONCE} at once: {rate:,.0f} searches a second; words that wait together go through the model together."
    )
    table.note(
        f"- Memory of the helper: {before:,.0f} MB before the run, {_rss_mb(client.helper.pid):,.0f} MB after all."
    )
    return table


def _row(
    table: Table, name: str, seconds: list[float], ratio: float | None = None, at_most: float | None = None
) -> None:
    p95 = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    table.row(name, median(seconds) * 1000, p95 * 1000, ratio=ratio, at_most=at_most)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _start(client: HelperClient, home: Path, photos: Path) -> str:
    from safelight.jobs.journal import Journal, new_job

    job = new_job("index", photos.name, {"paths": [str(photos)]})
    Journal(home).save(job)
    client.ask("POST", f"/api/v1/jobs/{job.id}/resume")
    return job.id


def _batch_seconds(model: str) -> float:
    with tempfile.TemporaryDirectory() as home, Library(Settings(model=model), Path(home)) as library:
        thread = library.model_thread
        spec = thread.encoder.pixels
        batch = np.zeros((32, spec.height, spec.width, 3), np.uint8)
        return min(_timed(lambda: thread.embed_pixels(batch).result()) for _ in range(3))


def _thumbnails(client: HelperClient, home: Path, photos: Path) -> Table:
    table = Table("Thumbnails of 12-megapixel photos through the helper, 320 pixels", ["thumbnails", "a second"])
    job = _start(client, home, photos)
    while client.ask("GET", f"/api/v1/jobs/{job}")["ended"] is None:
        time.sleep(0.1)
    with Library(Settings(), home) as library:
        ids = [row[0] for row in library.catalog.db.execute("SELECT public_id FROM photo WHERE state = 'indexed'")]

    def fetch(photo_id: str) -> None:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", client.helper.port)
        headers = {"Authorization": f"Bearer {client.helper.token}"}
        connection.request("GET", f"/api/v1/photos/{photo_id}/picture/320", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        connection.close()

    fetch(ids[0])  # starts the decoders
    for name in ("made", "from disk"):
        with ThreadPoolExecutor(6) as pool:
            began = time.perf_counter()
            list(pool.map(fetch, ids[1:] * (1 if name == "made" else 10)))
            table.row(name, len(ids[1:]) * (1 if name == "made" else 10) / (time.perf_counter() - began))
    return table


def _rss_mb(pid: int) -> float:
    statm = Path(f"/proc/{pid}/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if statm.exists() else float("nan")
