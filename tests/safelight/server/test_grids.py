"""Lists of photos are kept exactly as long as they are true."""

from __future__ import annotations

from pathlib import Path

from indexer.catalog import Catalog
from safelight.server.grids import KEPT, Grids


def counts(catalog: Catalog) -> bytes:
    return str(catalog.db.execute("SELECT count(*) FROM root").fetchone()[0]).encode()


def test_an_answer_is_made_again_when_the_catalog_has_changed(tmp_path: Path):
    catalog = Catalog(tmp_path)
    grids = Grids(catalog.path)
    made: list[bytes] = []

    def make() -> bytes:
        made.append(counts(catalog))
        return made[-1]

    assert [grids.get("time", make) for _ in range(3)] == [b"0"] * 3
    assert len(made) == 1
    catalog.add_root("folder", Path("/photos"), 1)
    assert grids.get("time", make) == b"1"
    assert grids.get("time", make) == b"1"
    assert len(made) == 2


def test_what_changes_while_an_answer_is_made_makes_it_stale(tmp_path: Path):
    catalog = Catalog(tmp_path)
    grids = Grids(catalog.path)

    def slow() -> bytes:
        answer = counts(catalog)
        catalog.add_root("folder", Path("/photos"), 1)
        return answer

    assert grids.get("time", slow) == b"0"
    assert grids.get("time", lambda: counts(catalog)) == b"1"


def test_few_are_kept(tmp_path: Path):
    grids = Grids(Catalog(tmp_path).path)
    for number in range(KEPT + 1):
        grids.get(str(number), lambda: b"old")
    assert grids.get("0", lambda: b"new") == b"new"
    assert grids.get(str(KEPT), lambda: b"new") == b"old"
