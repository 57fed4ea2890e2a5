"""Benchmark of the vector part of a search: exact matrix and Chroma beside a plain NumPy scan, in one run.

    .venv/bin/python tests/bench/search.py [--count N...] [--no-chroma]

Vectors are clustered around a common mean as picture embeddings are; queries imitate texts: mostly in a direction
that no picture has (the modality gap), so that the best cosine is about .28. The engines take turns of 20 queries, each
beginning once, so that noise meets all alike.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from setting import Table, cores

from indexer import matrix_file, vectors
from indexer.catalog import Catalog, Content, Model
from indexer.matrix import Matrix
from indexer.vectors import ChromaIndex

DIM = 512
QUERIES = 400
TURN = 20
K = 10


@dataclass(frozen=True)
class Row:
    """One line of the table; `ratio` is p95 over the p95 of the NumPy scan of the same run."""

    count: int
    engine: str
    p50_ms: float
    p95_ms: float
    ratio: float
    recall: float


def pictures_and_texts(count: int, seed: int = 0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Make float32 (count, DIM) pictures and (QUERIES, DIM) texts, L2 norm 1."""
    rng = np.random.default_rng(seed)

    def unit(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    mean, gap = unit(rng.standard_normal((2, DIM)))
    centres = unit(rng.standard_normal((1000, DIM), dtype=np.float32))
    pictures = np.empty((count, DIM), np.float32)
    for start in range(0, count, 10_000):
        n = min(10_000, count - start)
        noise = rng.standard_normal((n, DIM), dtype=np.float32) / DIM**0.5
        pictures[start : start + n] = unit(0.5 * mean + 0.6 * centres[rng.integers(0, len(centres), n)] + 0.6 * noise)
    meant = pictures[rng.integers(0, count, QUERIES)]
    texts = unit(0.8 * gap + 0.25 * meant + 0.5 * rng.standard_normal((QUERIES, DIM)) / DIM**0.5)
    return pictures, texts


def plant(home: Path, pictures: npt.NDArray[np.float32]) -> tuple[Catalog, Model]:
    """Write the pictures' vectors into a fresh catalog."""
    catalog = Catalog(home)
    model = catalog.add_model("bench", "bench", DIM)
    for start in range(0, len(pictures), 5000):
        with catalog.transaction():
            for row in range(start, min(start + 5000, len(pictures))):
                content_id = catalog.write_content(Content(row.to_bytes(16, "big"), 1, 1, 1, "JPEG"))
                catalog.write_vector(model, content_id, pictures[row])
    return catalog, model


def warm_rows(count: int, *, with_chroma: bool) -> list[Row]:
    """Measure warm searches over `count` vectors."""
    pictures, texts = pictures_and_texts(count)
    with tempfile.TemporaryDirectory() as folder:
        catalog, model = plant(Path(folder), pictures)
        matrix_file.update(catalog.home, catalog.db, model.id)
        matrix = Matrix.open(catalog.home, catalog.db, model.id)
        rng = np.random.default_rng(1)
        masks = {share: rng.random(count) < share for share in (0.5, 0.1, 0.01)}
        content_ids = matrix.content_ids

        def scan(query: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
            scores = pictures @ query
            best = np.argpartition(-scores, K)[:K]
            return content_ids[best[np.argsort(-scores[best])]]

        engines: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]] = {
            "NumPy float32 scan": scan,
            "matrix": lambda query: matrix.top(query, K)[0],
        }
        for share, mask in masks.items():
            engines[f"matrix, {share:.0%} kept"] = lambda query, mask=mask: matrix.top(query, K, mask)[0]
        if not with_chroma:
            return _measure(count, engines, texts, content_ids, masks, pictures)
        with ChromaIndex(catalog.home, catalog.db, model.id, "measuring") as chroma:
            engines["Chroma"] = lambda query: chroma.query(query, K)[0]
            return _measure(count, engines, texts, content_ids, masks, pictures)


def _measure(
    count: int,
    engines: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]],
    texts: npt.NDArray[np.float32],
    content_ids: npt.NDArray[np.int64],
    masks: dict[float, npt.NDArray[np.bool_]],
    pictures: npt.NDArray[np.float32],
) -> list[Row]:
    times: dict[str, list[float]] = {name: [] for name in engines}
    hits: dict[str, int] = dict.fromkeys(engines, 0)
    masks_by_name = {f"matrix, {share:.0%} kept": mask for share, mask in masks.items()}
    for engine in engines.values():
        engine(texts[0])
    gc.disable()
    turns = list(engines.items())
    for number, start in enumerate(range(0, len(texts), TURN)):
        queries = texts[start : start + TURN]
        exact = queries @ pictures.T
        first = number % len(turns)
        for name, engine in turns[first:] + turns[:first]:
            time.sleep(0.05)  # threads of the BLAS library spin on for a while after their work
            for query, all_scores in zip(queries, exact, strict=True):
                started = time.perf_counter()
                found = engine(query)
                times[name].append(1000 * (time.perf_counter() - started))
                scores = np.where(masks_by_name[name], all_scores, -2) if name in masks_by_name else all_scores
                hits[name] += len(np.intersect1d(found, content_ids[np.argpartition(-scores, K)[:K]]))
    gc.enable()
    scan_p95 = np.percentile(times["NumPy float32 scan"], 95)
    return [
        Row(
            count,
            name,
            float(np.median(spent)),
            float(np.percentile(spent, 95)),
            float(np.percentile(spent, 95) / scan_p95),
            hits[name] / (K * len(texts)),
        )
        for name, spent in times.items()
    ]


_COLD = """
import json, sys, time
t = [time.perf_counter()]
def lap(): t.append(time.perf_counter()); return 1000 * (t[-1] - t[-2])
spent = {}
import numpy as np; spent["import numpy"] = lap()
from pathlib import Path
from indexer.catalog import Catalog
catalog = Catalog(Path(sys.argv[1])); spent["open catalog"] = lap()
query = np.random.default_rng(0).standard_normal(%d)
lap()
if sys.argv[2] == "matrix":
    from indexer.matrix import Matrix
    engine = Matrix.open(catalog.home, catalog.db, 1); spent["open"] = lap()
    engine.top(query, 10); spent["first query"] = lap()
else:
    import chromadb, chromadb.api.rust; spent["import chromadb"] = lap()
    from indexer.vectors import ChromaIndex
    engine = ChromaIndex(catalog.home, catalog.db, 1, "measuring"); spent["open"] = lap()
    engine.query(query, 10); spent["first query"] = lap()
print(json.dumps(spent))
"""


def cold_rows(count: int, *, with_chroma: bool) -> dict[str, dict[str, float]]:
    """Measure where a fresh process spends its milliseconds until the first answer."""
    with tempfile.TemporaryDirectory() as folder:
        catalog, model = plant(Path(folder), pictures_and_texts(count)[0])

        def cold(engine: str) -> dict[str, float]:
            command = [sys.executable, "-c", _COLD % DIM, folder, engine]
            return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

        found = {"matrix, no file yet": cold("matrix")}
        matrix_file.update(catalog.home, catalog.db, model.id)
        found["matrix"] = cold("matrix")
        if with_chroma:
            vectors.rebuild(catalog.home, catalog.db, model.id)
            found["Chroma"] = cold("chroma")
        return found


def measure(*, quick: bool, counts: tuple[int, ...] = (100_000, 300_000), with_chroma: bool = True) -> list[Table]:
    """Make one table of warm searches and one of cold ones."""
    if quick:
        counts = (2000,)
    warm = Table(
        f"Search: the vector part, {DIM} numbers, {QUERIES} text queries, {cores()} cores",
        ["vectors", "engine", "p50 ms", "p95 ms", "recall@10"],
    )
    cold = Table("Search: milliseconds of a fresh process to its first answer", ["vectors", "engine", "ms", "of which"])
    for count in counts:
        for row in warm_rows(count, with_chroma=with_chroma):
            # A target for what answers; the scan is the measure, and Chroma is shown beside.
            at_most = 2.0 if "kept" in row.engine else 1.0 if row.engine == "matrix" else None
            cells = (row.count, row.engine, f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}", f"{row.recall:.3f}")
            warm.row(*cells, ratio=row.ratio, at_most=at_most)
        for engine, spent in cold_rows(count, with_chroma=with_chroma).items():
            parts = ", ".join(f"{what} {ms:.0f}" for what, ms in spent.items())
            cold.row(count, engine, f"{sum(spent.values()):.0f}", parts)
    warm.note("ratio: p95 over the p95 of the NumPy scan in the same run.")
    return [warm, cold]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--no-chroma", action="store_true")
    arguments = parser.parse_args()
    for table in measure(quick=False, counts=tuple(arguments.count), with_chroma=not arguments.no_chroma):
        print(table)


if __name__ == "__main__":
    main()
