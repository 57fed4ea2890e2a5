"""Chroma through the outbox: always the catalog's content, never trusted unchecked, never in the way."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexer import chroma_health, vectors
from indexer.chroma_health import DamagedError
from indexer.errors import VectorError
from indexer.lock import LockedError
from indexer.matrix import Matrix
from indexer.vectors import ChromaIndex

DIM = 16


@pytest.fixture(autouse=True)
def frequent_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SYNC_RECORDS", 50)


@pytest.fixture
def library(new_library, random_units):
    """A library of 320 vectors."""
    made = new_library(dim=DIM)
    made.planted = made.plant(random_units(320, DIM, 1))
    return made


@pytest.fixture
def indexed(library, random_units):
    """The same with a closed Chroma index, 20 more records of which are in Chroma's log only."""
    with opened(library) as index:
        library.planted += library.plant(random_units(20, DIM, 99))
        index.apply()
    return library


def opened(library, on_progress=vectors.ignore) -> ChromaIndex:
    return ChromaIndex(library.home, library.catalog.db, library.model.id, "testing", on_progress)


def index_folder(library) -> Path:
    return vectors.folder_of(library.home, library.model.id) / "index"


def segment_file(library, name: str) -> Path:
    (path,) = index_folder(library).glob(f"*/{name}")
    return path


def check_complete(library, index: ChromaIndex) -> None:
    """Every vector of the catalog is found by itself, and nothing else is there."""
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    assert sorted(index._ids().tolist()) == sorted(matrix.content_ids.tolist())
    for content_id, vector in zip(matrix.content_ids, matrix.vectors(matrix.content_ids), strict=True):
        ids, scores = index.query(vector, 1)
        assert ids.tolist() == [content_id]
        assert scores[0] == pytest.approx(1, abs=1e-5)


def outbox_count(library) -> int:
    return library.catalog.db.execute("SELECT count(*) FROM outbox").fetchone()[0]


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


# Damage


def truncate_links(library):
    path = segment_file(library, "link_lists.bin")
    os.truncate(path, path.stat().st_size - 40)


def sparse_links(library):
    os.truncate(segment_file(library, "link_lists.bin"), 2**40)


def miscount_header(library):
    path = segment_file(library, "header.bin")
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, 20, 299)  # cur_element_count
    path.write_bytes(data)


def short_header(library):
    os.truncate(segment_file(library, "header.bin"), 60)


def endless_capacity(library):
    path = segment_file(library, "header.bin")
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, 12, 2**40)  # max_elements
    path.write_bytes(data)


def wild_link(library):
    with segment_file(library, "data_level0.bin").open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", 10**9))


def truncate_data(library):
    path = segment_file(library, "data_level0.bin")
    os.truncate(path, path.stat().st_size // 2)


def swap_labels(library):
    path = segment_file(library, "data_level0.bin")
    data = bytearray(path.read_bytes())
    data[-8:] = struct.pack("<Q", 1)
    path.write_bytes(data)


def lose_lengths(library):
    segment_file(library, "length.bin").unlink()


def lose_pickle(library):
    segment_file(library, "index_metadata.pickle").unlink()


def truncate_pickle(library):
    path = segment_file(library, "index_metadata.pickle")
    os.truncate(path, path.stat().st_size // 2)


def lose_segment(library):
    shutil.rmtree(segment_file(library, "header.bin").parent)


def lose_chroma_folder(library):
    shutil.rmtree(library.home / "chroma")


def lose_database(library):
    (index_folder(library) / "chroma.sqlite3").unlink()


def garbage_database(library):
    (index_folder(library) / "chroma.sqlite3").write_bytes(os.urandom(200_000))


def garbage_page(library):
    with (index_folder(library) / "chroma.sqlite3").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 4))


def lose_log(library):
    with closing(sqlite3.connect(index_folder(library) / "chroma.sqlite3")) as db:
        db.execute("DELETE FROM embeddings_queue")
        db.commit()


DAMAGES = [
    truncate_links,
    sparse_links,
    miscount_header,
    short_header,
    endless_capacity,
    wild_link,
    truncate_data,
    swap_labels,
    lose_lengths,
    lose_pickle,
    truncate_pickle,
    lose_segment,
    lose_chroma_folder,
    lose_database,
    garbage_database,
    garbage_page,
    lose_log,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_seen_before_chroma_sees_it_and_mended(indexed, damage):
    assert vectors.health(indexed.home, indexed.catalog.db, indexed.model.id).state == "ok"
    damage(indexed)
    assert vectors.health(indexed.home, indexed.catalog.db, indexed.model.id).state in ("damaged", "absent")
    built = []
    with opened(indexed, built.append) as index:
        check_complete(indexed, index)
    assert built[-1].done == built[-1].total == 340


def test_a_pickle_is_never_executed(library, tmp_path):
    opened(library).close()

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trapped"),)

    segment_file(library, "index_metadata.pickle").write_bytes(pickle.dumps({"id_to_label": Trap()}))
    health = vectors.health(library.home, library.catalog.db, library.model.id)
    assert (health.state, "which no index has" in health.detail) == ("damaged", True)
    opened(library).close()
    assert not (tmp_path / "trapped").exists()


def test_any_bytes_give_a_count_or_the_one_error(indexed, tmp_path):
    rng = np.random.default_rng(11)
    seen = set()
    for turn in range(150):
        copy = tmp_path / f"copy{turn}"
        shutil.copytree(index_folder(indexed), copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file())
        path = files[rng.integers(len(files))]
        data = bytearray(path.read_bytes())
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(data)))
            kind = rng.integers(3)
            if kind == 0:
                data[at] ^= int(rng.integers(1, 256))
            elif kind == 1:
                del data[at : at + int(rng.integers(1, 5000))]
            else:
                data[at : at + 8] = rng.bytes(8)
            data = data or bytearray(b"\0")
        path.write_bytes(data)
        try:
            seen.add(chroma_health.check(copy, "model-1", DIM))
        except DamagedError as error:
            seen.add(type(error))
        shutil.rmtree(copy)
    assert DamagedError in seen
    assert 340 in seen  # a changed number in a vector cannot be told from another vector


def test_exact_search_answers_while_a_damaged_index_is_built_anew(indexed, random_units):
    lose_pickle(indexed)
    query = random_units(1, DIM, 5)[0]
    found: list[list[int]] = []

    def ask(event):
        assert vectors.health(indexed.home, indexed.catalog.db, indexed.model.id).state != "ok"
        found.append(Matrix.open(indexed.home, indexed.catalog.db, indexed.model.id).top(query, 10)[0].tolist())

    with opened(indexed, ask) as index:
        expected = index.query(query, 10)[0].tolist()
    assert found
    assert all(one == expected for one in found)


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
