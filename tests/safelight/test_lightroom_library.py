"""Lightroom catalogs from end to end: a real one of Lightroom 5 with its previews, one without, and generated ones."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightroom_catalogs import execute, settle
from PIL import Image
from preview_folders import Library as Generated
from preview_folders import container, fingerprint, levels_of, picture, place

from indexer.decoders import DecoderPool
from indexer.filters import Filters
from indexer.newest import newest
from indexer.tally import Tally
from safelight.config import Settings
from safelight.folders import folder_id, folders_by_id
from safelight.indexing import index_paths
from safelight.reading import Wishes
from safelight.service import Library
from safelight.status import photo_record

DATA = Path(__file__).parent.parent / "data"
MODEL = str(DATA / "shapes-clip")
CATALOG = "Lightroom 5 Catalog.lrcat"


class Index:
    """A library of ours, and what its last run said."""

    def __init__(self, home: Path) -> None:
        self.library = Library(Settings(model=MODEL, workers=1), home)
        self.remarks: list[str] = []
        self.problems: dict[str, str] = {}

    def run(self, catalog: Path, **wishes: Any) -> Tally:
        """Index a catalog; its folder must be as before."""
        before = fingerprint(catalog.parent)
        self.remarks, self.problems = [], {}
        tally = index_paths(
            self.library,
            [str(catalog)],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: self.problems.update({path: f"{outcome}: {reason}"}),
            on_remark=self.remarks.append,
            wishes=Wishes(**wishes),
        )
        assert fingerprint(catalog.parent) == before
        return tally

    def records(self) -> dict[str, dict[str, Any]]:
        """What the index knows of each photo, by its key."""
        rows = self.library.catalog.db.execute("SELECT key, public_id, ref FROM photo").fetchall()
        return {
            key.decode(): {**photo_record(self.library.catalog, public_id), "ref": ref} for key, public_id, ref in rows
        }


@pytest.fixture
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    found = Index(tmp_path_factory.mktemp("home"))
    yield found
    found.library.close()


@pytest.fixture
def lightroom5(samples: Path, tmp_path: Path) -> Path:
    """A copy of the real catalog with its previews; its originals are nowhere."""
    shutil.copytree(samples / "lightroom5", tmp_path / "lightroom5")
    settle(tmp_path / "lightroom5" / CATALOG)
    return tmp_path / "lightroom5" / CATALOG


@pytest.fixture
def lrcat_only(samples: Path, tmp_path: Path) -> Path:
    """A copy of the real catalog that has no previews, deep enough for its originals to lie beside it."""
    folder = tmp_path / "drive" / "a" / "b" / "c" / "catalog"
    shutil.copytree(samples / "lightroom-lrcat-only", folder)
    settle(folder / "test_catalog_1.lrcat")
    return folder / "test_catalog_1.lrcat"


def expected(name: str) -> dict[str, dict[str, Any]]:
    return {key: row for key, row in json.loads((DATA / name).read_text("utf-8")).items() if key}


def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run fail that asks for any picture."""

    def submit(self: DecoderPool, job: object) -> None:
        raise AssertionError(f"{job} was read")

    monkeypatch.setattr(DecoderPool, "submit", submit)


def test_the_real_catalog_of_lightroom_5(index, lightroom5):
    tally = index.run(lightroom5)
    assert (tally.indexed, tally.embedded, tally.photos) == (3, 3, 3)
    records = index.records()
    table = expected("lightroom5.json")
    assert records.keys() == table.keys()
    for key, row in table.items():
        original = row.pop("original")
        assert {name: records[key][name] for name in row} == row
        assert records[key]["parts"] == [{"role": "missing original", "name": original, "path": None}]
        assert records[key]["places"][0]["path"] is None
        assert records[key]["format"] == "JPEG"


def test_a_folder_is_the_catalogs_path_what_holds_it_or_where_the_originals_were(index, lightroom5):
    index.run(lightroom5)
    catalog = index.library.catalog
    originals = {record["parts"][0]["name"] for record in index.records().values()}
    above = os.path.commonpath(originals)
    for folder in (lightroom5, lightroom5.parent, lightroom5.parent.parent, above, Path(above).name, lightroom5.name):
        assert len(newest(catalog, Filters(folder=[str(folder)]), 10)) == 3, folder
    one = min(originals).rpartition("/")[0]
    inside = {name for name in originals if name.startswith(one + "/")}
    assert len(newest(catalog, Filters(folder=[one]), 10)) == len(inside)
    for folder in (lightroom5.parent / "Lightroom", f"{lightroom5}x", "/nowhere"):
        assert newest(catalog, Filters(folder=[str(folder)]), 10) == ()
    ids = folders_by_id(catalog)
    assert {folder_id(os.fsencode(path)) for path in (lightroom5, lightroom5.parent, above)} <= ids.keys()


def test_the_second_run_reads_nothing(index, lightroom5, monkeypatch):
    index.run(lightroom5)
    unread(monkeypatch)
    tally = index.run(lightroom5)
    assert (tally.unchanged, tally.embedded, tally.photos) == (3, 0, 3)


def test_a_changed_rating_is_taken_over_unread(index, lightroom5, monkeypatch):
    index.run(lightroom5)
    execute(lightroom5, "UPDATE Adobe_images SET rating = 4.0, pick = 1.0 WHERE id_local = 35")
    unread(monkeypatch)
    tally = index.run(lightroom5)
    assert (tally.unchanged, tally.embedded) == (3, 0)
    found = {row["name"]: (row["rating"], row["flag"]) for row in index.records().values()}
    assert found == {"sample1.jpg": (None, 0), "sample2.jpg": (4, 1), "sample3.jpg": (None, 0)}


def test_an_edit_is_exactly_one(index, lightroom5):
    index.run(lightroom5)
    digest = "a" * 32
    uuid = "B089021B-7ACE-4A62-BD32-85A6C6AD5B9C"
    previews = lightroom5.with_name("Lightroom 5 Catalog Previews.lrdata")
    execute(
        lightroom5,
        f"UPDATE Adobe_imageDevelopSettings SET digest = '{digest}', hasDevelopAdjustmentsEx = 1.0 WHERE image = 35",
    )
    place(previews, container(levels_of(picture(5, 900, 600)), uuid, digest), uuid, digest)
    tally = index.run(lightroom5)
    assert (tally.embedded, tally.indexed, tally.unchanged) == (1, 1, 2)
    record = next(row for row in index.records().values() if row["name"] == "sample2.jpg")
    assert (record["edited"], record["rendition"]) == (1, "preview 900x600")


def test_another_model_reads_every_preview_again(index, lightroom5):
    """The source leaves known previews unopened; a model that has not seen them must get them all the same."""
    index.run(lightroom5)
    db = index.library.catalog.db
    with index.library.catalog.transaction():
        db.execute("UPDATE model SET space = 'another'")
        db.execute("UPDATE features SET data = zeroblob(length(data))")
    assert index.run(lightroom5).embedded == 3
    found = db.execute("SELECT count(*), sum(data = zeroblob(length(data))) FROM features").fetchone()
    assert found == (3, 3), "what pictures look like is computed once, whatever models see them"


def test_the_real_catalog_without_previews_and_originals(index, lrcat_only):
    tally = index.run(lrcat_only)
    assert (tally.skipped, tally.photos) == (4, 4)
    table = expected("lightroom-lrcat-only.json")
    records = index.records()
    assert records.keys() == table.keys()
    for key, row in table.items():
        original, sidecar = row.pop("original"), row.pop("sidecar")
        assert {name: records[key][name] for name in row} == row
        parts = [{"role": "missing original", "name": original, "path": None}]
        assert records[key]["parts"] == parts + (
            [{"role": "sidecar", "name": sidecar, "path": None}] if sidecar else []
        )
        assert index.problems[row["name"]].endswith(f"its original is not at {original}")


def test_the_real_catalog_without_previews_reads_originals_once_they_are_there(index, lrcat_only, tmp_path):
    table = expected("lightroom-lrcat-only.json")
    folder = tmp_path / "new" / "fb"
    folder.mkdir(parents=True)
    for seed, name in enumerate(("_MAX3047.jpg", "_MAX3065.jpg")):
        picture(seed).save(folder / name)
    moved = (("/Users/maxmouchet/Dropbox/Photos/Exports Random/fb_vaasa", str(folder)),)
    tally = index.run(lrcat_only, moved=moved)
    assert (tally.indexed, tally.embedded, tally.skipped) == (2, 2, 2)
    records = index.records()
    for key, row in table.items():
        there = row["name"].endswith(".jpg")
        assert records[key]["rendition"] == ("original" if there else None)
        assert records[key]["places"][0]["path"] == (str(folder / row["name"]) if there else None)
    tally = index.run(lrcat_only)  # --map is kept
    assert (tally.unchanged, tally.embedded) == (2, 0)


def test_photos_whose_drive_is_away_stay_findable_and_come_back_unread(index, lrcat_only, tmp_path, monkeypatch):
    folder = tmp_path / "drive" / "Dropbox" / "Photos" / "Exports Random" / "fb_vaasa"
    folder.mkdir(parents=True)
    for seed, name in enumerate(("_MAX3047.jpg", "_MAX3065.jpg")):
        picture(seed).save(folder / name)
    assert index.run(lrcat_only).embedded == 2
    folder.rename(tmp_path / "unplugged")
    unread(monkeypatch)
    tally = index.run(lrcat_only)
    assert (tally.unchanged, tally.skipped, tally.missing) == (2, 2, 0)
    away = index.records()["2DB0085F-3111-4AD6-A875-6525EEE2C8E1"]
    assert (away["models"], away["places"][0]["path"], away["parts"][0]["role"]) == ([MODEL], None, "missing original")
    (tmp_path / "unplugged").rename(folder)
    tally = index.run(lrcat_only)
    assert (tally.unchanged, tally.embedded) == (2, 0)
    assert index.records()["2DB0085F-3111-4AD6-A875-6525EEE2C8E1"]["parts"] == []


def test_a_moved_catalog_finds_its_originals_with_map(index, lightroom5, tmp_path, monkeypatch):
    index.run(lightroom5)
    originals = tmp_path / "new drive"
    originals.mkdir()
    Image.new("RGB", (60, 40), (200, 10, 10)).save(originals / "sample1.jpg")
    unread(monkeypatch)
    index.run(lightroom5, moved=(("/Users/arronhartley/Pictures/Sample Images", str(originals)),))
    assert any(line.startswith("2 originals are not on this machine") for line in index.remarks)
    record = index.records()["C64807AF-0487-40DF-8672-919CAF0C2139"]
    assert (record["places"][0]["path"], record["parts"]) == (str(originals / "sample1.jpg"), [])


def test_an_original_in_a_folder_is_the_same_picture(index, tmp_path):
    originals = tmp_path / "originals"
    (originals / "2024").mkdir(parents=True)
    picture(1).save(originals / "2024" / "a.jpg")
    with Generated(tmp_path / "lightroom", root=f"{originals}/") as lib:
        lib.photo("a.jpg", fileFormat="JPG", levels=levels_of(picture(1)))
    assert index.run(lib.catalog).embedded == 1
    assert index.run(originals).embedded == 0
    assert {place["source"] for row in index.records().values() for place in row["places"]} == {"lightroom", "folder"}


def test_virtual_copies_are_found_on_their_own(index, tmp_path):
    with Generated(tmp_path / "lightroom") as lib:
        file, uuid = lib.file("a.jpg")
        master = lib.image(file, uuid, levels=levels_of(picture(1)))
        lib.image(file, uuid, levels=levels_of(picture(2)), masterImage=master, copyName="Copy 1", adjustments=1.0)
        lib.image(file, uuid, digest=lib._current[0][2], levels=levels_of(picture(1)), masterImage=master)
    tally = index.run(lib.catalog)
    assert (tally.photos, tally.embedded) == (3, 2)  # two of them show the same
    names = sorted(row["name"] for row in index.records().values())
    assert names == ["a.jpg", "a.jpg (Copy 1)", "a.jpg (virtual copy)"]


def test_colours_are_those_that_the_preview_means(index, tmp_path):
    """The same green in sRGB and AdobeRGB, and the latter's numbers taken for sRGB."""
    srgb, adobe = Image.new("RGB", (600, 600), (40, 180, 60)), Image.new("RGB", (600, 600), (106, 179, 72))
    with Generated(tmp_path / "lightroom") as lib:
        lib.photo("srgb.jpg", levels=levels_of(srgb), header={"colorProfile": '"sRGB"'})
        lib.photo("adobe.jpg", levels=levels_of(adobe))
        lib.photo("wrong.jpg", levels=levels_of(adobe, quality=92), header={"colorProfile": '"sRGB"'})
    index.run(lib.catalog)
    vectors = {
        name: np.frombuffer(vector, "<f2").astype(np.float32)
        for name, vector in index.library.catalog.db.execute(
            "SELECT p.name, e.vector FROM photo p JOIN embedding e ON e.content_id = p.content_id"
        )
    }
    right, wrong = (np.linalg.norm(vectors["srgb.jpg"] - vectors[name]) for name in ("adobe.jpg", "wrong.jpg"))
    assert right < wrong / 3


# Faults


def test_empty_previews_are_one_clear_line_each(index, lightroom5):
    for preview in lightroom5.parent.rglob("*.lrprev"):
        preview.write_bytes(b"")
    tally = index.run(lightroom5)
    assert (tally.skipped, tally.photos) == (3, 3)
    assert all(line.startswith("skipped: its preview is damaged") for line in index.problems.values())


def test_a_missing_previews_folder_is_one_clear_line(index, lightroom5):
    shutil.rmtree(lightroom5.with_name("Lightroom 5 Catalog Previews.lrdata"))
    assert index.run(lightroom5).skipped == 3
    assert "There are no previews beside Lightroom 5 Catalog.lrcat" in index.remarks[0]


def test_a_read_only_volume(index, lightroom5, tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    commands = (["mount", "--bind", lightroom5.parent, volume], ["mount", "-o", "remount,bind,ro", volume])
    try:
        if os.geteuid() != 0 or any(subprocess.run(command, capture_output=True).returncode for command in commands):
            pytest.skip("needs the right to mount a folder read-only")
        with pytest.raises(OSError, match="Read-only"):
            (volume / "file").touch()
        assert index.run(volume / CATALOG).indexed == 3
    finally:
        subprocess.run(["umount", "-l", volume], capture_output=True)


WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
db.execute("PRAGMA journal_mode = WAL")
print("ready", flush=True)
number = 0
while True:
    number += 1
    db.execute("UPDATE Adobe_images SET rating = ?", (float(number % 5 + 1),))
    db.execute("UPDATE Adobe_images SET touchTime = ?", (number,))
"""


def test_a_catalog_that_is_written_to_all_the_while(index, lightroom5):
    """Lightroom is open and at work: a second process never stops writing."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, lightroom5], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        tally = index_paths(
            index.library,
            [str(lightroom5)],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: None,
            on_remark=index.remarks.append,
        )
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
    assert (tally.indexed, tally.embedded) == (3, 3)
    assert {row["rating"] for row in index.records().values()} <= {None, 1, 2, 3, 4, 5}
    with closing(sqlite3.connect(lightroom5)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
