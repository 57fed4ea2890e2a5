"""Searches in a catalog of 100,000 and 300,000 photos beside a plain exact NumPy scan of the same vectors.

Vectors are clustered around a common mean as picture embeddings are; queries imitate texts: mostly in a direction
that no picture has (the modality gap), so that the best cosine is about .28. Words are turned into vectors beforehand:
a model's time is not the index's. The contenders take turns of 20 queries, the same for each.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from importers.base import Facts, FileStamp, Outcome
from indexer import matrix_file, vectors
from indexer.catalog import Catalog, Content, Model
from indexer.filters import Filters
from indexer.matrix import Matrix
from indexer.photo_row import PhotoRow
from indexer.query import Query, Term
from indexer.search import Search
from indexer.vectors import ChromaIndex
from setting import CHECKOUT, Table

DIM = 512
K = 10
_FIRST_DAY = datetime(2010, 1, 1)
_DAYS = 5000
_TURN = 20  # queries that a contender answers in a row
_CHROMA_UP_TO = 100_000  # its index of 300,000 takes minutes to build

Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def measure(*, quick: bool) -> Iterator[Table]:
    """Make two tables for each size: warm searches, and a fresh process."""
    for count in (2_000,) if quick else (100_000, 300_000):
        with tempfile.TemporaryDirectory(prefix="safelight-bench-") as home:
            pictures, texts = pictures_and_texts(count, queries=20 if quick else 200)
            catalog, model = plant(Path(home), pictures)
            cold = _cold(catalog, model, with_chroma=count <= _CHROMA_UP_TO and not quick)
            yield _warm(catalog, model, pictures, texts, with_chroma=count <= _CHROMA_UP_TO)
            yield cold


# The library


def pictures_and_texts(count: int, queries: int, seed: int = 0) -> tuple[Vectors, Vectors]:
    """Make float32 (count, DIM) pictures and (queries, DIM) texts, L2 norm 1."""
    rng = np.random.default_rng(seed)

    def unit(rows: npt.NDArray[np.floating]) -> Vectors:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    mean, gap = unit(rng.standard_normal((2, DIM)))
    centres = unit(rng.standard_normal((1000, DIM), dtype=np.float32))
    pictures = np.empty((count, DIM), np.float32)
    for start in range(0, count, 10_000):
        n = min(10_000, count - start)
        noise = rng.standard_normal((n, DIM), dtype=np.float32) / DIM**0.5
        pictures[start : start + n] = unit(0.5 * mean + 0.6 * centres[rng.integers(0, len(centres), n)] + 0.6 * noise)
    meant = pictures[rng.integers(0, count, queries)]
    texts = unit(0.8 * gap + 0.25 * meant + 0.5 * rng.standard_normal((queries, DIM)) / DIM**0.5)
    return unit(pictures.astype(np.float16).astype(np.float32)), texts  # as the catalog holds them


def plant(home: Path, pictures: Vectors, space: str = "bench", name: str = "bench") -> tuple[Catalog, Model]:
    """Write a library of photos: two sources in turn, a day later every few photos."""
    catalog = Catalog(home)
    model = catalog.add_model(space, name, pictures.shape[1])
    roots = [catalog.add_root(source, Path(f"/photos/{source}"), 1) for source in ("folder", "lightroom")]
    for start in range(0, len(pictures), 5000):
        with catalog.transaction():
            for row in range(start, min(start + 5000, len(pictures))):
                content_id = catalog.write_content(Content(row.to_bytes(16, "big"), row + 1, 4000, 3000, "JPEG"))
                catalog.write_vector(model, content_id, pictures[row])
                root, name = roots[row % 2], f"{row}.jpg"
                key = name.encode()
                catalog.write_photo(
                    PhotoRow(
                        root.id,
                        key,
                        bytes(root.path / name),
                        name,
                        FileStamp(row + 1, row, row),
                        Outcome.INDEXED,
                        None,
                        "bench",
                        Facts(_day(row, len(pictures)), camera="Canon EOS 5D"),
                        content_id,
                    )
                )
    return catalog, model


def _day(row: int, count: int) -> datetime:
    return _FIRST_DAY + timedelta(days=row * _DAYS // count)


# Warm


class _Prepared:
    """An embedder for texts that are numbers of queries, also within a prompt; other texts are everyday subjects."""

    def __init__(self, texts: Vectors) -> None:
        self._texts = texts
        self._others = pictures_and_texts(300, queries=300, seed=1)[1]

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text.split()[-1]) for text in texts])

    def embed_file(self, path: Path) -> Vectors:
        raise NotImplementedError

    def _vector(self, word: str) -> Vectors:
        return self._texts[int(word)] if word.isdigit() else self._others[sum(word.encode()) % len(self._others)]


@dataclass
class _Contender:
    """`find` gets the number of a query and answers with rows; `exact` says what it should have found."""

    find: Callable[[int], npt.NDArray[np.int64]]
    exact: Callable[[int], Vectors]
    at_most: float | None
    what: str = ""


def _warm(catalog: Catalog, model: Model, pictures: Vectors, texts: Vectors, *, with_chroma: bool) -> Table:
    count = len(pictures)
    matrix_file.update(catalog.home, catalog.db, model.id)
    matrix = Matrix.open(catalog.home, catalog.db, model.id)
    search = Search(catalog, model, _Prepared(texts))
    rows = np.arange(count)
    days = rows * _DAYS // count
    scanned = np.array(pictures)  # memory of its own, as a program without an index would hold it

    def score(number: int) -> Vectors:
        return pictures @ texts[number]

    def masked(mask: Callable[[int], Mask]) -> Callable[[int], Vectors]:
        return lambda number: np.where(mask(number), score(number), -2)

    def scan(number: int) -> npt.NDArray[np.int64]:
        scores = scanned @ texts[number]
        best = np.argpartition(-scores, K)[:K]
        return best[np.argsort(-scores[best])]

    def asked(
        query: Callable[[int], Query], filters: Callable[[int], Filters]
    ) -> Callable[[int], npt.NDArray[np.int64]]:
        def find(number: int) -> npt.NDArray[np.int64]:
            hits = search.run(query(number), filters(number), K, show_all=True).hits
            return np.array([int(hit.place.name.removesuffix(".jpg")) for hit in hits], np.int64)

        return find

    def words(number: int) -> Query:
        return Query((Term(str(number)),))

    def minus(number: int) -> Query:
        return Query((Term(str(number)), Term(str((number + 7) % len(texts)), -0.5)))

    def minus_score(number: int) -> Vectors:
        return pictures @ (texts[number] - 0.5 * texts[(number + 7) % len(texts)])

    def day(number: int) -> int:
        return 37 + (number * 613) % (_DAYS - 400)

    def iso(number: int) -> str:
        return (_FIRST_DAY + timedelta(days=number)).date().isoformat()

    def year_from(number: int) -> Filters:
        return Filters(since=iso(day(number)), until=iso(day(number) + 364))

    def no_filter(number: int) -> Filters:
        return Filters()

    half = Filters(source=["lightroom"])
    contenders = {
        "exact NumPy scan, float32": _Contender(scan, score, None),
        "vector part": _Contender(lambda n: matrix.content_ids.searchsorted(matrix.top(texts[n], K)[0]), score, 1),
        "search": _Contender(asked(words, no_filter), score, 2),
        "search, minus a term": _Contender(asked(minus, no_filter), minus_score, None),
        "search, one source, repeated": _Contender(asked(words, lambda n: half), masked(lambda n: rows % 2 == 1), 2),
        "search, a year, another each time": _Contender(
            asked(words, year_from), masked(lambda n: (days >= day(n)) & (days < day(n) + 365)), 2
        ),
        "search, since a day, another each time": _Contender(
            asked(words, lambda n: Filters(since=iso(day(n)))), masked(lambda n: days >= day(n)), 2
        ),
        "search, source and since a day": _Contender(
            asked(words, lambda n: Filters(source=["folder"], since=iso(day(n)))),
            masked(lambda n: (days >= day(n)) & (rows % 2 == 0)),
            2,
        ),
        "search, camera, another each time": _Contender(
            asked(words, lambda n: Filters(camera=["canon"], since=f"{1900 + n % 100}")), score, None
        ),
    }
    if not with_chroma:
        return _take_turns(count, contenders, len(texts))
    with ChromaIndex(catalog.home, catalog.db, model.id, "measuring") as chroma:
        contenders["Chroma, ef_search 1000"] = _Contender(
            lambda n: matrix.content_ids.searchsorted(chroma.query(texts[n], K)[0]), score, None
        )
        return _take_turns(count, contenders, len(texts))


def _take_turns(count: int, contenders: dict[str, _Contender], queries: int) -> Table:
    """Let every contender answer every query; the first answer of each is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    found_of: dict[str, int] = dict.fromkeys(contenders, 0)
    for contender in contenders.values():
        contender.find(0)
    gc.disable()
    for start in range(0, queries, _TURN):
        numbers = range(start, min(start + _TURN, queries))
        for name, contender in contenders.items():
            time.sleep(0.05)  # the BLAS library's threads spin on for a while after the work of another contender
            answers: list[npt.NDArray[np.int64]] = []
            for number in numbers:
                started = time.perf_counter()
                answers.append(contender.find(number))
                times[name].append(1000 * (time.perf_counter() - started))
            for number, found in zip(numbers, answers, strict=True):
                exact = contender.exact(number)
                found_of[name] += len(np.intersect1d(found, np.argpartition(-exact, K)[:K]))
    gc.enable()
    table = Table(f"Search: {count:,} photos x {DIM}, warm, top {K}", ["what", "p50 ms", "p95 ms", "recall"])
    scan = np.percentile(next(iter(times.values())), 95)
    for name, spent in times.items():
        p95 = float(np.percentile(spent, 95))
        recall = f"{found_of[name] / (K * queries):.3f}"
        against = None if contenders[name].find is next(iter(contenders.values())).find else p95 / scan
        table.row(name, float(np.median(spent)), p95, recall, ratio=against, at_most=contenders[name].at_most)
    table.note("The ratio is p95 over the p95 of the scan; `search` is all of indexer.search.Search but the model.")
    return table


# Cold

_COLD = """
import json, sys, time
t = [time.perf_counter()]
def lap(): t.append(time.perf_counter()); return 1000 * (t[-1] - t[-2])
spent = {}
import numpy as np; spent["import numpy"] = lap()
from pathlib import Path
from indexer.catalog import Catalog
catalog = Catalog(Path(sys.argv[1])); spent["open the catalog"] = lap()
query = np.random.default_rng(0).standard_normal(%d)
lap()
if sys.argv[2] == "matrix":
    from indexer.matrix import Matrix
    engine = Matrix.open(catalog.home, catalog.db, 1); spent["open"] = lap()
    engine.top(query, 10); spent["first query"] = lap()
else:
    import chromadb_rust_bindings; spent["import chromadb"] = lap()
    from indexer.vectors import ChromaIndex
    engine = ChromaIndex(catalog.home, catalog.db, 1, "measuring"); spent["open"] = lap()
    engine.query(query, 10); spent["first query"] = lap()
print(json.dumps(spent))
"""


def _cold(catalog: Catalog, model: Model, *, with_chroma: bool) -> Table:
    """Measure where a fresh process spends its milliseconds until the first answer."""

    def run(engine: str) -> dict[str, float]:
        command = [sys.executable, "-c", _COLD % DIM, str(catalog.home), engine]
        return json.loads(subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True, text=True).stdout)

    found = {"no matrix file yet": run("matrix")}
    matrix_file.update(catalog.home, catalog.db, model.id)
    found["matrix file"] = run("matrix")
    if with_chroma:
        vectors.rebuild(catalog.home, catalog.db, model.id)
        found["Chroma"] = run("chroma")
    (count,) = catalog.db.execute("SELECT count(*) FROM embedding").fetchone()
    table = Table(f"Search: {count:,} photos x {DIM}, a fresh process", ["what", "ms", "of which"])
    for name, spent in found.items():
        table.row(name, sum(spent.values()), ", ".join(f"{what} {ms:.0f}" for what, ms in spent.items()))
    return table
