"""Indexing Takeouts for real: the real tree with generated pictures, packed in every way, the tiny shapes CLIP."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest
from takeout_exports import STAMP, hashes, pack_tgz, pack_zip, packings, picture, sample_export, sidecar, split, unpack

from importers import takeout_tgz
from importers.takeout import TakeoutSource
from indexer import decode_worker
from indexer.decode_worker import Job, read_photo
from indexer.preprocess import PixelSpec
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.pruning import plan_prune, prune
from safelight.service import Library
from safelight.status import EXACT_HASH, photo_record

MODEL = str(Path(__file__).parents[2] / "data" / "shapes-clip")
YEAR = "Takeout/Google Photos/Photos from 2018"


class Runner:
    """Runs index_paths on one library and keeps what it was told."""

    def __init__(self, home: Path) -> None:
        self.library = Library(Settings(model=MODEL), home)
        self.remarks: list[str] = []
        self.problems: dict[str, str] = {}

    def __call__(self, *paths: Path) -> dict[str, int]:
        tally = index_paths(
            self.library,
            [str(path) for path in paths],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: self.problems.update({Path(path).name: reason}),
            on_remark=self.remarks.append,
        )
        names = ("indexed", "unchanged", "skipped", "failed", "missing", "embedded")
        return {name: getattr(tally, name) for name in names if getattr(tally, name)}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.library.catalog.db.execute(sql).fetchall()

    def photos(self) -> list[tuple[object, ...]]:
        """All that the catalog holds of each photo, but for where it lies."""
        return self.rows(
            f"SELECT hex({EXACT_HASH}), p.key, p.name, hex(c.hash), c.size_bytes, p.taken_at, p.utc_offset_minutes,"
            " p.latitude, p.longitude, p.caption, p.favorite, p.edited, p.ref, p.state, p.reason,"
            " (SELECT group_concat(t.kind || ':' || t.path) FROM tag t WHERE t.photo_id = p.id),"
            " (SELECT group_concat(a.role || ':' || a.name) FROM part a WHERE a.photo_id = p.id)"
            " FROM photo p LEFT JOIN content c ON c.id = p.content_id ORDER BY p.key"
        )


@pytest.fixture
def runner(tmp_path):
    made: list[Runner] = []

    def make(name: str = "home") -> Runner:
        made.append(Runner(tmp_path / "homes" / name))
        return made[-1]

    yield make
    for runner in made:
        runner.library.close()


def test_every_packing_is_indexed_alike_and_the_second_run_does_nothing(samples, tmp_path, runner, monkeypatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    places = packings(sample_export(samples), tmp_path / "exports")
    before = hashes(tmp_path / "exports")
    first = None
    for how in ("a tree", "unpacked parts", "zips", "tgzs"):
        index = runner(how)
        # 18 pictures; both uploads of IMG_4179.jpeg are one content. The video is skipped.
        assert index(places[how]) == {"indexed": 18, "skipped": 1, "embedded": 17}, how
        photos = index.photos()
        first = first or photos
        assert photos == first, how
        assert index(places[how]) == {"unchanged": 18, "skipped": 1}, how
        assert index.photos() == first, how
        assert list(room.iterdir()) == [], how
    assert hashes(tmp_path / "exports") == before
    albums = index.rows("SELECT path, count(*) FROM tag WHERE kind = 'album' GROUP BY path ORDER BY path")
    assert albums == [("Adelaide", 1), ("Pumpkin Farm", 3), ("Same Name", 4)]


def test_an_export_that_is_there_unpacked_and_packed_is_embedded_once(tmp_path, runner) -> None:
    files = {f"{YEAR}/{n}.jpg": picture(n) for n in range(3)}
    places = packings(files, tmp_path / "exports")
    index = runner()
    assert index(places["a tree"]) == {"indexed": 3, "embedded": 3}
    assert index(places["zips"]) == {"indexed": 3}
    assert index(places["a tgz"]) == {"indexed": 3}
    assert index() == {"unchanged": 9}
    for (public_id,) in index.rows("SELECT public_id FROM photo"):
        record = photo_record(index.library.catalog, str(public_id))
        assert len(record["places"]) == 3
        assert {place["source"] for place in record["places"]} == {"takeout"}


@pytest.mark.parametrize("order", [("", "Takeout"), ("Takeout", ""), ("Takeout/Google Photos", "", "Takeout")])
def test_an_export_and_the_folders_around_it_are_one_place(tmp_path, runner, order) -> None:
    export = unpack({f"{YEAR}/{n}.jpg": picture(n) for n in range(3)}, tmp_path / "tk")
    index = runner()
    first, *others = (export / name for name in order)
    assert index(first) == {"indexed": 3, "embedded": 3}
    before = index.rows("SELECT public_id, key, path FROM photo ORDER BY id")
    for place in others:
        assert index(place) == {"unchanged": 3}
    assert index() == {"unchanged": 3}
    assert index(first, *others) == {"unchanged": 3}
    assert index.rows("SELECT public_id, key, path FROM photo ORDER BY id") == before
    assert len(index.rows("SELECT * FROM root")) == 1


def test_an_export_in_two_parts_is_one_place_whichever_is_named(tmp_path, runner) -> None:
    parts = split({f"{YEAR}/{n}.jpg": picture(n) for n in range(4)})
    folders = [unpack(half, tmp_path / "tk" / f"{STAMP}-{number:03}") for number, half in enumerate(parts, 1)]
    index = runner()
    assert index(folders[1]) == {"indexed": 2, "embedded": 2}
    assert index(tmp_path / "tk") == {"indexed": 2, "unchanged": 2, "embedded": 2}
    assert index(folders[0]) == {"unchanged": 4}
    assert len(index.rows("SELECT * FROM root")) == 1
    assert index.rows("SELECT count(*) FROM photo WHERE state = 'indexed'") == [(4,)]


@pytest.mark.parametrize("packed", ["tree", "zip", "tgz"])
def test_a_changed_json_changes_the_facts_and_embeds_nothing(tmp_path, runner, packed) -> None:
    files = {f"{YEAR}/{n}.jpg": picture(n, taken="2018:09:28 17:35:49") for n in range(3)}
    index = runner()

    def pack(description: str) -> Path:
        described = files | {f"{YEAR}/1.jpg.json": sidecar("1.jpg", 1538174149, description=description)}
        if packed == "tree":
            return unpack(described, tmp_path / "export")
        return {"zip": pack_zip, "tgz": pack_tgz}[packed](described, tmp_path / "export" / f"{STAMP}-001.{packed}")

    assert index(pack("before")) == {"indexed": 3, "embedded": 3}
    tally = index(pack("after"))
    assert "embedded" not in tally
    assert index.rows("SELECT caption, taken_at FROM photo WHERE name = '1.jpg'") == [("after", "2018-09-28T17:35:49")]


def test_a_stream_is_read_once_and_what_was_found_in_it_goes_with_its_photos(tmp_path, runner, monkeypatch) -> None:
    export = pack_tgz({f"{YEAR}/{n}.jpg": picture(n) for n in range(3)}, tmp_path / "export" / f"{STAMP}-001.tgz")
    index = runner()
    assert index(export) == {"indexed": 3, "embedded": 3}
    assert len(list((index.library.home / "listings").iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr(takeout_tgz, "Stream", None)  # to open it would fail
        assert index(export) == {"unchanged": 3}
        assert index() == {"unchanged": 3}
    prune(index.library, plan_prune(index.library, forget=export))
    assert not (index.library.home / "listings").exists()
    assert index(export) == {"indexed": 3, "embedded": 3}


def test_a_part_that_arrives_later_brings_what_it_knows(tmp_path, runner) -> None:
    files = {f"{YEAR}/{n}.jpg": picture(n) for n in range(4)}
    files |= {f"{YEAR}/{n}.jpg.json": sidecar(f"{n}.jpg", description=f"number {n}") for n in range(4)}
    one, two = split(files)
    index = runner()
    pack_zip(one, tmp_path / "export" / f"{STAMP}-001.zip")
    assert index(tmp_path / "export") == {"indexed": 4, "embedded": 4}
    assert index.rows("SELECT count(*) FROM photo WHERE caption IS NOT NULL") == [(0,)]
    pack_zip(two, tmp_path / "export" / f"{STAMP}-002.zip")
    assert "embedded" not in index(tmp_path / "export")
    assert index.rows("SELECT count(*) FROM photo WHERE caption IS NOT NULL") == [(4,)]


def test_a_folder_that_is_renamed_inside_an_export_gives_its_photos_their_new_paths(tmp_path, runner) -> None:
    unpack({f"{YEAR}/{n}.jpg": picture(n) for n in range(3)}, tmp_path / "export")
    index = runner()
    assert index(tmp_path / "export") == {"indexed": 3, "embedded": 3}
    (tmp_path / "export" / "Takeout").rename(tmp_path / "export" / "Takeout 2")
    assert index(tmp_path / "export") == {"unchanged": 3}
    paths = [Path(os.fsdecode(path)) for (path,) in index.rows("SELECT path FROM photo")]
    assert len(paths) == 3
    assert all(path.is_file() for path in paths)


def test_a_damaged_part_keeps_its_photos(tmp_path, runner) -> None:
    one, two = split({f"{YEAR}/{n}.jpg": picture(n) for n in range(4)})
    pack_zip(one, tmp_path / "export" / f"{STAMP}-001.zip")
    path = pack_zip(two, tmp_path / "export" / f"{STAMP}-002.zip")
    index = runner()
    assert index(tmp_path / "export") == {"indexed": 4, "embedded": 4}
    path.write_bytes(path.read_bytes()[:-40])
    assert index(tmp_path / "export") == {"unchanged": 2}
    assert any("002.zip is damaged or not whole" in remark for remark in index.remarks)
    path.unlink()
    assert index(tmp_path / "export") == {"unchanged": 2, "missing": 2}


def test_a_picture_that_grows_is_not_taken_in(tmp_path, monkeypatch) -> None:
    path = pack_zip({f"{YEAR}/bomb.jpg": picture(1) + bytes(8 << 20)}, tmp_path / f"{STAMP}-001.zip")
    (photo,) = TakeoutSource(path).photos()
    job = Job(1, photo.renditions, hash_only=True)
    spec = PixelSpec(32, 32, "exact", 32, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert read_photo(job, spec, 10**6).problem is None
    monkeypatch.setattr(decode_worker, "MAX_SPAN_BYTES", 4 << 20)
    problem = read_photo(job, spec, 10**6).problem
    assert problem is not None
    assert problem.kind == "failed"
    assert "too long" in problem.reason


def test_an_export_among_other_pictures_is_said(tmp_path, runner) -> None:
    files = {f"{YEAR}/{n}.jpg": picture(n) for n in range(4)}
    for number, part in enumerate(split(files), 1):
        first = pack_zip(part, tmp_path / "Downloads" / f"{STAMP}-1-{number:03}.zip").with_name(f"{STAMP}-1-001.zip")
    (tmp_path / "Downloads" / "other.jpg").write_bytes(picture(9))
    index = runner()
    assert index(tmp_path / "Downloads") == {"indexed": 1, "embedded": 1}
    assert index.remarks == [f'{first} is read on its own: safelight index "{first}"']
    assert index(first) == {"indexed": 4, "embedded": 4}
