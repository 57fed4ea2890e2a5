"""Damaged catalogs: what they still tell is used. Generated: cut as a copy that stopped, filled as a rescue fills."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lightroom_catalogs import settle, spoil, xmp_packet
from preview_folders import Library, fingerprint, levels_of, picture

from importers.errors import ImporterError
from importers.lightroom import open_catalog
from safelight.recover import Options, Tally, recover
from safelight.recover.ledger import Row

PHOTOS = 400


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    levels = levels_of(picture(1, 90, 60))
    with Library(tmp_path_factory.mktemp("whole") / "lib") as library:
        writer = library.writer
        keyword = writer.keyword("Vienna")
        for number in range(PHOTOS):
            image = library.photo(f"{number}.JPG", levels=levels)
            writer.tag(image, keyword)
            writer.add("AgHarvestedExifMetadata", image=image, isoSpeedRating=200.0)
            writer.add("AgLibraryIPTC", image=image, caption=f"caption {number}")
            writer.xmp(image, xmp_packet('tiff:Make="Acme"'))
    return library


def run(library: Library, out: Path, catalog: Path | None = None) -> tuple[Tally, list[Row], list[str]]:
    rows: list[Row] = []
    remarks: list[str] = []
    source, before = library.catalog.parent, fingerprint(library.catalog.parent)
    tally = recover([source], out, Options(), catalog=catalog, on_photo=rows.append, on_remark=remarks.append)
    assert fingerprint(source) == before
    return tally, rows, remarks


@pytest.fixture
def damaged(library: Library):
    """The library, whose catalog a test may damage."""
    whole = library.catalog.read_bytes()
    yield library
    library.catalog.write_bytes(whole)
    settle(library.catalog)


@pytest.mark.parametrize("filled", [False, True])
def test_a_catalog_that_lost_its_end_names_the_photos_before(tmp_path: Path, damaged: Library, filled: bool):
    whole = damaged.catalog.read_bytes()
    kept = len(whole) * 95 // 100 // 4096 * 4096
    damaged.catalog.write_bytes(whole[:kept] + (bytes(len(whole) - kept) if filled else b""))
    settle(damaged.catalog)
    tally, rows, remarks = run(damaged, tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.lost_catalogs) == (PHOTOS, 0, 1)
    named = sum(row.original.startswith("/Volumes/Photos") for row in rows)
    assert named > PHOTOS * 0.8
    assert len(list((tmp_path / "out/orphans").iterdir())) == PHOTOS - named
    assert f"all but {named} of its photos" in remarks[0]


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        ("AgLibraryKeyword", "keywords and collections"),
        ("AgLibraryKeywordImage", "keywords and collections"),
        ("AgHarvestedExifMetadata", "metadata"),
        ("AgLibraryIPTC", "metadata"),
        ("Adobe_imageDevelopSettings", "metadata"),
        ("Adobe_AdditionalMetadata", "XMP"),
    ],
)
def test_a_damaged_table_costs_no_name(tmp_path: Path, damaged: Library, table: str, lost: str):
    spoil(damaged.catalog, table)
    tally, rows, remarks = run(damaged, tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.orphans, tally.lost_catalogs) == (PHOTOS, 0, 0, 1)
    assert {row.path for row in rows} == {f"Volumes/Photos/2024/{number}.JPG" for number in range(PHOTOS)}
    assert {row.state for row in rows} == {"current"}
    assert [remark.endswith(f"some photos go without their {lost}") for remark in remarks] == [True]
    with pytest.raises(ImporterError, match="damaged"):  # one that is named is an error, for there may be a better one
        run(damaged, tmp_path / "named", damaged.catalog)


def test_a_page_of_photos_that_is_lost_costs_their_names_alone(tmp_path: Path, damaged: Library):
    data = bytearray(damaged.catalog.read_bytes())
    uuid = b"00000190-1111-4000-8000-00000000AAAA"  # of an image in the middle
    at = data.find(uuid)
    while at >= 0:  # in the table, and in its index, which nobody asks
        data[at // 4096 * 4096 : at // 4096 * 4096 + 4096] = bytes(4096)
        at = data.find(uuid)
    damaged.catalog.write_bytes(data)
    settle(damaged.catalog)
    tally, rows, remarks = run(damaged, tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.lost_catalogs) == (PHOTOS, 0, 1)
    assert 0 < tally.orphans < PHOTOS // 4
    assert sum(row.path.startswith("Volumes/Photos/2024/") for row in rows) == PHOTOS - tally.orphans
    assert any(remark.endswith("some photos go without their names") for remark in remarks)


@pytest.mark.parametrize("damage", ["page", "end"])
def test_a_damaged_catalog_that_a_crash_left_changes_beside_is_read_as_far(tmp_path: Path, damage: str):
    with Library(tmp_path / "lib") as library:
        for number in range(40):
            image = library.photo(f"{number}.JPG", levels=levels_of(picture(1, 90, 60)))
            library.writer.add("AgHarvestedExifMetadata", image=image, isoSpeedRating=200.0)
    if damage == "page":
        spoil(library.catalog, "AgHarvestedExifMetadata")
    else:
        whole = library.catalog.read_bytes()
        library.catalog.write_bytes(whole[: len(whole) - 4096])
    killed = (
        "import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA writable_schema = ON')\nc.execute('PRAGMA journal_mode = WAL')\n"
        "c.execute('UPDATE AgLibraryFolder SET pathFromRoot = \\'new/\\'')\nos._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(library.catalog)], check=True)
    assert Path(f"{library.catalog}-wal").stat().st_size
    tally, rows, _ = run(library, tmp_path / "out")
    assert (tally.recovered, tally.lost_catalogs) == (40, 1)
    named = sum(row.path.startswith("Volumes/Photos/new/") for row in rows)
    assert named == 40 if damage == "page" else 20 < named < 40


def test_a_page_of_metadata_that_is_lost_costs_that_of_its_photos_alone(tmp_path: Path, damaged: Library):
    data = bytearray(damaged.catalog.read_bytes())
    at = data.find(b"caption 50") // 4096 * 4096
    data[at : at + 4096] = bytes(4096)
    damaged.catalog.write_bytes(data)
    settle(damaged.catalog)
    with open_catalog(damaged.catalog, rescues=True) as catalog:
        captions = [photo.caption for photo in catalog.photos()]
    assert len(captions) == PHOTOS
    assert captions[-1] == f"caption {PHOTOS - 1}"
    assert 100 < captions.count(None) < 200  # as many as a page holds
