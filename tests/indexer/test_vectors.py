"""Chroma through the outbox: always the catalog's content, never trusted unchecked, never in the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
from chroma_indexes import DIM, check_complete, index_folder, opened, outbox_count, segment_file

from indexer import vectors
from indexer.errors import VectorError
from indexer.lock import LockedError
from indexer.matrix import Matrix
from indexer.vectors import ChromaIndex


@pytest.fixture(autouse=True)
def frequent_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SYNC_RECORDS", 50)


def test_answers_as_exact_search_does(library, random_units):
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    with opened(library) as index:
        assert outbox_count(library) == 0
        check_complete(library, index)
        for query in random_units(20, DIM, 5) * 3:
            ids, scores = index.query(query, 10)
            expected_ids, expected_scores = matrix.top(query, 10)
            assert ids.tolist() == expected_ids.tolist()
            np.testing.assert_allclose(scores, expected_scores, atol=1e-6)
        assert len(index.query(np.ones(DIM), 1000)[0]) == 320


def test_other_tools_open_it_with_chromas_own_package_made_for_recall(library, random_units):
    import chromadb

    with opened(library) as index:
        everything = sorted([*library.planted, *library.plant(random_units(10, DIM, 2))])
        index.apply()
    client = chromadb.PersistentClient(str(index_folder(library)))
    try:
        collection = client.get_collection("model-1", embedding_function=None)
        hnsw = collection.configuration_json["hnsw"]
        assert (hnsw["space"], hnsw["ef_search"]) == ("cosine", 1000)
        stored = collection.get(include=["embeddings"])
        assert sorted(map(int, stored["ids"])) == everything
        for content_id, vector in zip(stored["ids"], stored["embeddings"], strict=True):
            assert collection.query([vector], n_results=1)["ids"] == [[content_id]]
    finally:
        client.close()
    with opened(library) as index:
        check_complete(library, index)
    with closing(sqlite3.connect(index_folder(library) / "chroma.sqlite3")) as db:
        assert '"num_threads":1,' in db.execute("SELECT schema_str FROM collections").fetchone()[0]


def test_what_chromas_own_package_wrote_is_taken_over(library):
    import chromadb

    with opened(library):
        pass
    shutil.rmtree(index_folder(library))
    client = chromadb.PersistentClient(str(index_folder(library)))
    client.create_collection("model-1", embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    client.close()
    built: list[object] = []
    with opened(library, built.append) as index:
        assert index.apply() == 0
        check_complete(library, index)


def test_an_empty_library(new_library):
    library = new_library(dim=DIM)
    for _ in range(2):
        with opened(library) as index:
            assert index.apply() == 0
            assert index.query(np.ones(DIM), 5)[0].tolist() == []


def test_the_outbox_brings_additions_removals_and_replacements(library, random_units):
    with opened(library) as index:
        library.remove(library.planted[:100])
        library.plant(random_units(70, DIM, 2))
        with library.catalog.transaction():
            library.catalog.write_vector(library.model, library.planted[0], random_units(1, DIM, 3)[0])
        # Not applied yet: what the catalog has lost is not shown.
        assert not set(index.query(np.ones(DIM), 400)[0].tolist()) & set(library.planted[1:100])
        assert index.apply() == 171
        assert (index.apply(), outbox_count(library)) == (0, 0)
        check_complete(library, index)


def test_applying_the_same_outbox_again_changes_nothing(library, random_units):
    with opened(library) as index:
        library.remove(library.planted[:30])
        library.plant(random_units(30, DIM, 2))
        rows = library.catalog.db.execute("SELECT * FROM outbox").fetchall()
        index.apply()
        library.catalog.db.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", rows)
        assert index.apply() == 60
        check_complete(library, index)


def test_reopening_keeps_the_index(library, random_units):
    opened(library).close()
    library.plant(random_units(60, DIM, 2))
    built = []
    with opened(library, built.append) as index:
        assert index.apply() == 60
        check_complete(library, index)
    assert built == []


def test_opening_mends_what_the_outbox_never_said(library, random_units):
    opened(library).close()
    library.plant(random_units(25, DIM, 2))
    library.remove(library.planted[:25])
    library.catalog.db.execute("DELETE FROM outbox")
    with opened(library) as index:
        check_complete(library, index)


def test_another_catalog_with_the_same_ids_is_noticed(library, new_library, random_units, tmp_path):
    opened(library).close()
    other = new_library(dim=DIM, home=tmp_path / "other")
    other.plant(random_units(320, DIM, 9))
    shutil.copytree(library.home / "chroma", other.home / "chroma")
    other.catalog.db.execute("DELETE FROM outbox")
    with opened(other) as index:
        check_complete(other, index)


def test_models_have_their_own_index(library, random_units):
    other = library.catalog.add_model("other-space", "other", 8)
    library.plant(random_units(40, 8, 2), other)
    with opened(library) as index, ChromaIndex(library.home, library.catalog.db, other.id, "testing") as second:
        check_complete(library, index)
        assert len(second.query(np.ones(8), 100)[0]) == 40


def test_health_says_where_it_stands(library, random_units):
    def state():
        found = vectors.health(library.home, library.catalog.db, library.model.id)
        return found.state, found.records, found.waiting

    assert state() == ("absent", None, 320)
    with opened(library):
        assert state() == ("in use", None, 0)
    assert state() == ("ok", 320, 0)
    library.plant(random_units(5, DIM, 2))
    assert state() == ("ok", 320, 5)
    with pytest.raises(VectorError, match="no model"):
        vectors.health(library.home, library.catalog.db, 99)


def test_rebuild_by_hand(library, random_units):
    opened(library).close()
    (segment_file(library, "header.bin").parent / "marker").write_text("old")
    library.plant(random_units(5, DIM, 2))
    vectors.rebuild(library.home, library.catalog.db, library.model.id)
    assert not list(index_folder(library).glob("*/marker"))
    assert outbox_count(library) == 0
    with opened(library) as index:
        check_complete(library, index)


# Other processes

HOLDER = """
import sys, time
from pathlib import Path
from indexer import vectors
from indexer.catalog import Catalog
vectors.SYNC_RECORDS = 50
catalog = Catalog(Path(sys.argv[1]))
print("starting", flush=True)
if sys.argv[2] == "hold":
    index = vectors.ChromaIndex(catalog.home, catalog.db, 1, "answering searches")
    print("open", flush=True)
    time.sleep(3600)
while True:
    vectors.rebuild(catalog.home, catalog.db, 1)
"""


def start(library, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(library.home), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "starting\n"
    return process


def test_a_second_process_is_told_who_has_it(library):
    with start(library, "hold") as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(LockedError, match=rf"process {process.pid} \(answering searches\)"):
                opened(library)
            with pytest.raises(LockedError, match=str(process.pid)):
                vectors.rebuild(library.home, library.catalog.db, library.model.id)
            health = vectors.health(library.home, library.catalog.db, library.model.id)
            assert (health.state, str(process.pid) in health.detail) == ("in use", True)
        finally:
            process.kill()
    with opened(library) as index:  # the system freed the lock of the dead
        check_complete(library, index)


def test_a_rebuild_killed_anywhere(library):
    rng = np.random.default_rng(2)
    for _ in range(3):
        with start(library, "rebuild") as process:
            time.sleep(rng.uniform(0.7, 1.7))
            process.send_signal(signal.SIGKILL)
        with opened(library) as index:
            check_complete(library, index)


# Without Chroma, without room


def test_chroma_is_imported_only_when_opened():
    code = "import sys, indexer.vectors, indexer.matrix; print(json.dumps('chromadb_rust_bindings' in sys.modules))"
    output = subprocess.run([sys.executable, "-c", "import json;" + code], capture_output=True, check=True).stdout
    assert json.loads(output) is False


def test_without_chroma_everything_else_works(library, monkeypatch):
    monkeypatch.setitem(sys.modules, "chromadb_rust_bindings", None)
    with pytest.raises(VectorError, match="not installed"):
        opened(library)
    assert outbox_count(library) == 320
    assert len(Matrix.open(library.home, library.catalog.db, library.model.id).top(np.ones(DIM), 5)[0]) == 5
    monkeypatch.undo()
    with opened(library) as index:  # the lock was freed
        check_complete(library, index)


def test_a_full_disk_loses_nothing(library, random_units, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        (library.home / "chroma").symlink_to(small)
        with opened(library) as index:
            more = library.plant(random_units(20_000, DIM, 2))
            with pytest.raises(VectorError):
                index.apply()
        assert outbox_count(library) > 0
        with pytest.raises(VectorError):  # no room to mend it either
            opened(library).apply()
        matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
        assert len(matrix) == 320 + 20_000
        library.remove(more)
        with opened(library) as index:
            index.apply()
            assert sorted(index._ids().tolist()) == library.planted
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
