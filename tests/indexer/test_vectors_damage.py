"""Damage to Chroma's files: seen before Chroma sees it, and mended from the catalog."""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import struct
from contextlib import closing

import numpy as np
import pytest
from chroma_indexes import DIM, check_complete, index_folder, opened, segment_file

from indexer import chroma_health, vectors
from indexer.chroma_health import DamagedError
from indexer.matrix import Matrix


@pytest.fixture(autouse=True)
def frequent_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SYNC_RECORDS", 50)


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
