"""Exact search: right against plain NumPy in every state of the derived file."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from indexer import matrix, matrix_file
from indexer.errors import VectorError
from indexer.matrix import GATHER_BELOW, Matrix


@pytest.fixture(autouse=True)
def _coarse_from_the_first_row(monkeypatch):
    """Let these small libraries be searched as large ones are."""
    monkeypatch.setattr(matrix, "COARSE_FROM", 0)


def expected_top(library, query, k, keep_ids=None):
    """Answer from the catalog alone, the slow and obvious way."""
    rows = library.catalog.db.execute(
        "SELECT content_id, vector FROM embedding WHERE model_id = ? ORDER BY id", (library.model.id,)
    ).fetchall()
    rows = [row for row in rows if keep_ids is None or row[0] in keep_ids]
    vectors = np.array([np.frombuffer(blob, "<f2") for _, blob in rows], np.float64).reshape(-1, library.model.dim)
    cosines = (vectors @ query) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    order = np.argsort(-cosines, kind="stable")[:k]
    return [rows[i][0] for i in order], cosines[order]


def check(library, seed=0, k=7):
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    query = np.random.default_rng(seed).standard_normal(library.model.dim)
    ids, scores = matrix.top(query, k)
    expected_ids, expected_scores = expected_top(library, query, k)
    assert ids.tolist() == expected_ids
    np.testing.assert_allclose(scores, expected_scores, atol=2e-6)
    return matrix


def update(library):
    return matrix_file.update(library.home, library.catalog.db, library.model.id)


def test_answers_without_with_and_beyond_the_file(new_library, random_units):
    library = new_library()
    check(library)
    library.plant(random_units(300, 32, 1))
    assert len(check(library)) == 300
    assert update(library) == 300
    check(library)
    library.plant(random_units(50, 32, 2))
    assert len(check(library)) == 350
    assert update(library) == 50
    assert update(library) == 0
    matrix = check(library)
    assert (len(matrix), len(matrix._tail)) == (350, 0)


@pytest.mark.parametrize("seed", range(6))
def test_one_that_grows_answers_as_one_that_is_opened_anew(new_library, random_units, monkeypatch, seed):
    monkeypatch.setattr("indexer.matrix.REOPEN_ROWS", 40)
    library, chance = new_library(), random.Random(seed)
    where = library.home, library.catalog.db, library.model.id
    held = library.plant(random_units(60, 32, seed))
    matrix = Matrix.open(*where)
    reopened = 0
    for step in range(25):
        match what := chance.choice(["add", "add", "add", "remove", "store", "nothing"]):
            case "add":
                held += library.plant(random_units(chance.randint(1, 30), 32, 100 * seed + step))
            case "remove":
                gone = chance.sample(held, 3)
                library.remove(gone)
                held = [content_id for content_id in held if content_id not in gone]
            case "store":
                update(library)
        if not matrix.grow(*where):
            matrix, reopened = Matrix.open(*where), reopened + 1
        query = np.random.default_rng(step).standard_normal(32)
        ids, scores = matrix.top(query, 9)
        expected_ids, expected_scores = expected_top(library, query, 9)
        assert ids.tolist() == expected_ids
        np.testing.assert_allclose(scores, expected_scores, atol=2e-6)
        assert what != "store" or len(matrix._tail) < 40, "what is stored is not held as well"
    assert reopened < 20, "what was only added is taken in"


def test_removed_and_added_again(new_library, random_units):
    library = new_library()
    ids = library.plant(random_units(100, 32, 1))
    update(library)
    library.remove(ids[10:30])
    matrix = check(library)
    assert not set(ids[10:30]) & set(matrix.content_ids.tolist())
    fresh = random_units(1, 32, 9)
    with library.catalog.transaction():
        library.catalog.write_vector(library.model, ids[10], fresh[0])
    assert check(library).top(fresh[0], 1)[0].tolist() == [ids[10]]
    assert update(library) == 81
    assert check(library)._live is None


def test_masks_of_every_selectivity(new_library, random_units):
    library = new_library()
    ids = np.array(library.plant(random_units(400, 32, 1)))
    update(library)
    library.remove(ids[:5].tolist())
    library.plant(random_units(60, 32, 2))
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    rng = np.random.default_rng(3)
    for share in (0, 0.01, GATHER_BELOW / 2, 0.5, 1):
        keep = rng.random(len(matrix)) < share
        query = rng.standard_normal(32)
        found, scores = matrix.top(query, 12, keep)
        wanted, wanted_scores = expected_top(library, query, 12, set(matrix.content_ids[keep].tolist()))
        assert found.tolist() == wanted
        np.testing.assert_allclose(scores, wanted_scores, atol=2e-6)


def test_scores_vectors_and_batches_agree(new_library, random_units):
    library = new_library()
    planted = random_units(250, 32, 1)
    ids = library.plant(planted[:200])
    update(library)
    ids += library.plant(planted[200:])
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    some = [ids[3], ids[230], ids[3], ids[120]]
    np.testing.assert_allclose(matrix.vectors(some), planted[[3, 230, 3, 120]], atol=1e-3)
    queries = random_units(9, 32, 5)
    many_ids, many_scores = matrix.top_many(queries, 6)
    for query, row_ids, row_scores in zip(queries, many_ids, many_scores, strict=True):
        one_ids, one_scores = matrix.top(query, 6)
        assert row_ids.tolist() == one_ids.tolist()
        np.testing.assert_allclose(row_scores, one_scores, atol=1e-6)
        np.testing.assert_allclose(np.sort(matrix.scores(query))[::-1][:6], one_scores, atol=1e-6)
    with pytest.raises(VectorError, match="no vector"):
        matrix.vectors([ids[0], 10**9])


def test_k_and_queries_at_the_edges(new_library, random_units):
    library = new_library()
    library.plant(random_units(5, 32, 1))
    matrix = check(library, k=50)
    assert len(matrix.top(np.ones(32), 0)[0]) == 0
    assert matrix.top_many(np.ones((2, 32)), 50)[0].shape == (2, 5)
    for bad in (np.zeros(32), np.full(32, np.nan), np.ones(31)):
        with pytest.raises(VectorError):
            matrix.top(bad, 3)
    with pytest.raises(VectorError, match="no model"):
        Matrix.open(library.home, library.catalog.db, 99)


def test_a_vector_without_direction_is_never_found_and_spoils_nothing(new_library, random_units):
    library = new_library()
    vectors = random_units(20, 32, 1)
    vectors[4], vectors[5] = np.nan, 0
    ids = library.plant(vectors)
    for _ in range(2):
        matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
        found, scores = matrix.top(vectors[7], 20)
        assert found[0] == ids[7]
        assert np.isfinite(scores).all()
        update(library)


def test_models_never_mix(new_library, random_units):
    library = new_library()
    other = library.catalog.add_model("other-space", "other", 16)
    for turn in range(4):
        library.plant(random_units(30, 32, turn))
        library.plant(random_units(20, 16, turn), other)
        if turn == 2:
            update(library)
            matrix_file.update(library.home, library.catalog.db, other.id)
    assert len(check(library)) == 120
    assert len(Matrix.open(library.home, library.catalog.db, other.id)) == 80


@pytest.mark.parametrize("suffix", ["keys", "vectors", "bytes", "steps"])
@pytest.mark.parametrize("damage", ["truncate", "delete", "garble"])
def test_damaged_files_change_no_answer(new_library, random_units, suffix, damage):
    library = new_library()
    library.plant(random_units(100, 32, 1))
    update(library)
    (file,) = matrix_file.folder_of(library.home, library.model.id).glob(f"*.{suffix}")
    if damage == "truncate":
        os.truncate(file, file.stat().st_size - 8)
    elif damage == "delete":
        file.unlink()
    else:
        file.write_bytes(np.random.default_rng(0).bytes(file.stat().st_size))
    check(library)
    assert update(library) == 100
    assert len(check(library)._tail) == 0


@pytest.mark.parametrize("header", ["", "{}", "[1]", '{"format": 1, "space": "test-space"}'])
def test_damaged_header_changes_no_answer(new_library, random_units, header):
    library = new_library()
    library.plant(random_units(100, 32, 1))
    update(library)
    (matrix_file.folder_of(library.home, library.model.id) / "header.json").write_text(header)
    check(library)
    assert update(library) == 100


def test_the_file_of_another_catalog_is_not_believed(new_library, random_units, tmp_path):
    library = new_library()
    library.plant(random_units(100, 32, 1))
    update(library)
    other = new_library(home=tmp_path / "other")
    other.plant(random_units(100, 32, 2))
    shutil.copytree(library.home / "vectors", other.home / "vectors")
    check(other)
    assert update(other) == 100


def test_an_older_catalog_that_went_another_way(new_library, random_units, tmp_path):
    library = new_library()
    library.plant(random_units(60, 32, 1))
    backup = sqlite3.connect(tmp_path / "backup.sqlite")
    library.catalog.db.backup(backup)
    library.plant(random_units(60, 32, 2))
    update(library)
    backup.backup(library.catalog.db)
    library.plant(random_units(60, 32, 3))
    check(library)
    update(library)
    check(library)


def test_a_reader_keeps_its_view_while_the_file_grows_and_is_rebuilt(new_library, random_units):
    library = new_library()
    ids = library.plant(random_units(100, 32, 1))
    update(library)
    matrix = Matrix.open(library.home, library.catalog.db, library.model.id)
    before = matrix.top(np.ones(32), 5)
    library.plant(random_units(100, 32, 2))
    update(library)
    library.remove(ids[:50])
    update(library)
    after = matrix.top(np.ones(32), 5)
    assert before[0].tolist() == after[0].tolist()
    assert len(check(library)) == 150


def test_a_wrong_length_in_the_catalog_is_named(new_library, random_units):
    library = new_library()
    library.plant(random_units(3, 32, 1))
    library.catalog.db.execute("UPDATE embedding SET vector = x'0000' WHERE id = 2")
    with pytest.raises(VectorError, match="vector 2 in the catalog has 1 numbers instead of 32"):
        Matrix.open(library.home, library.catalog.db, library.model.id)


def test_a_full_disk_leaves_search_working(new_library, random_units, tmp_path):
    library = new_library(dim=256)
    small = tmp_path / "small"
    small.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("needs the right to mount a small file system")
    try:
        (library.home / "vectors").symlink_to(small)
        library.plant(random_units(1000, 256, 1))
        assert update(library) == 1000
        library.plant(random_units(2000, 256, 2))
        with pytest.raises(VectorError, match="disk is full"):
            update(library)
        matrix = check(library)
        assert (len(matrix), len(matrix._tail)) == (3000, 2000)
        library.remove(library.catalog.db.execute("SELECT content_id FROM embedding LIMIT 1").fetchone())
        with pytest.raises(VectorError, match="disk is full"):
            update(library)
        assert len(check(library)) == 2999
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


WRITER = """
import sys
from pathlib import Path
from indexer import matrix_file
from indexer.catalog import Catalog
from indexer.events import ignore
import numpy as np
catalog = Catalog(Path(sys.argv[1]))
matrix_file.BATCH_ROWS = 64
rng = np.random.default_rng()
print("ready", flush=True)
while True:
    with catalog.transaction():
        rows = catalog.db.execute("SELECT id, model_id, content_id, vector FROM embedding").fetchall()
        picked = [rows[i] for i in rng.choice(len(rows), 200, replace=False)]
        if rng.random() < 0.5:
            catalog.db.executemany("DELETE FROM embedding WHERE id = ?", [row[:1] for row in picked])
        catalog.db.executemany("INSERT OR REPLACE INTO embedding (model_id, content_id, vector) VALUES (?, ?, ?)",
                               [row[1:] for row in picked])
    matrix_file.update(catalog.home, catalog.db, 1)
"""


def test_a_writer_killed_anywhere_never_spoils_an_answer(new_library, random_units):
    library = new_library()
    library.plant(random_units(3000, 32, 1))
    rng = np.random.default_rng(4)
    for turn in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(library.home)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(rng.uniform(0, 0.15))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert len(check(library, seed=turn)) == 3000
    update(library)
    assert len(check(library)._tail) == 0


def test_two_writers_and_a_reader_at_once(new_library, random_units):
    library = new_library()
    library.plant(random_units(2000, 32, 1))
    command = [sys.executable, "-c", WRITER, str(library.home)]
    writers = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        until = time.monotonic() + 2
        for seed in itertools.count():
            with matrix_file.snapshot(library.catalog.db):
                assert len(check(library, seed)) == 2000
            if time.monotonic() > until:
                break
        assert [writer.poll() for writer in writers] == [None, None], "a writer died by itself"
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def test_updating_inside_a_transaction_is_refused(new_library):
    library = new_library()
    with pytest.raises(ValueError, match="commit"), library.catalog.transaction():
        update(library)


def test_home_that_cannot_be_written(new_library, random_units, tmp_path: Path):
    library = new_library()
    library.plant(random_units(10, 32, 1))
    (library.home / "vectors").write_text("in the way")
    with pytest.raises(VectorError, match="cannot write the search matrix"):
        update(library)
    check(library)
