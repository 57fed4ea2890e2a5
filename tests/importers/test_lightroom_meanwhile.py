"""Catalogs that Lightroom writes to while they are read: every batch is of one moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_5, LIGHTROOM_13, CatalogWriter, spoil, untouched

from importers.lightroom import open_catalog

VERSIONS = (LIGHTROOM_5, LIGHTROOM_13)  # rollback journal, write-ahead log


def ratings(path: Path) -> list[int | None]:
    with open_catalog(path) as catalog:
        return [photo.rating for photo in catalog.photos()]


def test_a_catalog_that_lightroom_opens_half_way_through_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, LIGHTROOM_5) as writer:
        for number in range(1200):
            writer.photo(f"IMG_{number}.CR2", rating=3.0)
    with open_catalog(path) as catalog:
        photos = catalog.photos()
        first = [photo.rating for photo in islice(photos, 100)]
        with closing(sqlite3.connect(path)) as lightroom, lightroom:
            lightroom.execute("UPDATE Adobe_images SET rating = 5.0")
            lightroom.execute("DELETE FROM Adobe_images WHERE id_local = (SELECT max(id_local) FROM Adobe_images)")
        with untouched(tmp_path):
            rest = [photo.rating for photo in photos]
    assert first == [3] * 100
    assert rest == [3] * 12 + [5] * 1087  # the rest of the batch in memory (16, 32, 64 ...), then what has changed


def test_keywords_made_half_way_through_are_known(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as writer:
        images = [writer.photo(f"IMG_{number}.CR2") for number in range(600)]
    with open_catalog(path) as catalog:
        photos = catalog.photos()
        next(photos)
        with closing(sqlite3.connect(path)) as lightroom, lightroom:
            lightroom.execute("INSERT INTO AgLibraryKeyword (id_local, id_global, name) VALUES (90001, 'x', 'robin')")
            lightroom.execute("INSERT INTO AgLibraryKeywordImage (image, tag) VALUES (?, 90001)", (images[-1],))
        assert list(photos)[-1].keywords == ("robin",)


def test_what_is_torn_while_lightroom_writes_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, LIGHTROOM_5) as writer:
        image = writer.photo(rating=3.0)
        writer.add("AgHarvestedExifMetadata", image=image, isoSpeedRating=200.0)
        writer.tag(image, writer.keyword("Vienna"))
    whole = path.read_bytes()
    with open_catalog(path, rescues=True) as catalog:
        spoil(path, "AgHarvestedExifMetadata")
        spoil(path, "AgLibraryKeywordImage")
        monkeypatch.setattr("time.sleep", lambda _: path.write_bytes(whole))  # it is through before a copy is made
        (photo,) = catalog.photos()
        assert (photo.exposure.iso, photo.keywords) == (200, ("Vienna",))
        assert (catalog.warnings, catalog.is_damaged) == ([], False)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_catalog_that_another_process_keeps_writing_to(tmp_path: Path, version: str) -> None:
    """Ratings of all photos are raised together, again and again: no batch may show two values."""
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, version) as writer:
        for number in range(1500):
            writer.photo(f"IMG_{number}.CR2", rating=1.0)
    script = (
        "import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for turn in range(10**9):\n"
        "    c.execute('UPDATE Adobe_images SET rating = ?', (float(turn % 5 + 1),))\n"
        "    print(turn, flush=True)\n    time.sleep(0.2)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as lightroom:
        try:
            assert lightroom.stdout
            lightroom.stdout.readline()
            for _ in range(6):
                found = ratings(path)
                assert len(found) == 1500
                for start, end in pairwise((0, 16, 48, 112, 240, 496, 996, 1496, 1500)):
                    assert len(set(found[start:end])) == 1
            lightroom.stdout.readline()
        finally:
            lightroom.kill()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
