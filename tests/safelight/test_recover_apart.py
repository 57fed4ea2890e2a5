"""Catalogs and previews that a rescue has brought back apart from each other, packed, or as backups only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from preview_folders import Library, fingerprint

from importers.errors import ImporterError
from safelight.errors import SafelightError
from safelight.recover import Options, Tally, recover
from safelight.recover.ledger import Row

NAMED = "Volumes/Photos/2024"


def run(sources: Sequence[Path], out: Path, catalog: Path | None = None) -> tuple[Tally, list[Row], list[str]]:
    rows: list[Row] = []
    remarks: list[str] = []
    tally = recover(sources, out, Options(), catalog=catalog, on_photo=rows.append, on_remark=remarks.append)
    return tally, rows, remarks


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*.jpg")}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    with Library(tmp_path / "disk") as library:
        for name in "abc":
            library.photo(f"{name}.CR2")
    return library


def back_up(library: Library, day: str, hours: int) -> Path:
    """Make a backup of a catalog, as Lightroom does and somebody has unpacked it."""
    folder = library.catalog.parent / "Backups" / day
    folder.mkdir(parents=True)
    shutil.copyfile(library.catalog, folder / library.catalog.name)
    os.utime(folder / library.catalog.name, (1_700_000_000 + 3600 * hours, 1_700_000_000 + 3600 * hours))
    return folder / library.catalog.name


@pytest.mark.parametrize("what", [".", "Lib Previews.lrdata"])
def test_where_the_catalog_is_gone_its_youngest_backup_names_the_photos(tmp_path: Path, library: Library, what: str):
    youngest, older = back_up(library, "2024-01-31 1200", 9), back_up(library, "2024-02-31 1200", 3)
    older.write_bytes(b"never looked at")
    os.utime(older, (1_700_000_000, 1_700_000_000))
    library.catalog.unlink()
    tally, _, remarks = run([tmp_path / "disk" / what], tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.orphans, tally.lost_catalogs) == (3, 0, 0, 0)
    assert files(tmp_path / "out") == {f"{NAMED}/{name}.CR2.jpg" for name in "abc"}
    assert [str(youngest) in remark for remark in remarks] == [True]


def test_a_damaged_backup_of_a_catalog_that_is_gone_is_done_without(tmp_path: Path, library: Library):
    back_up(library, "2024-01-31 1200", 1).write_bytes(b"no database")
    library.catalog.unlink()
    tally, _, remarks = run([tmp_path / "disk"], tmp_path / "out")
    assert (tally.recovered, tally.lost_catalogs, len(remarks)) == (3, 1, 1)


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("apart", ["searched together", "two folders", "folder and catalog"])
def test_a_catalog_apart_from_its_previews_names_them(tmp_path: Path, library: Library, apart: str, renamed: bool):
    catalog = tmp_path / "disk/found/elsewhere" / ("f0001.lrcat" if renamed else "Lib.lrcat")
    catalog.parent.mkdir(parents=True)
    library.catalog.rename(catalog)
    sources = {
        "searched together": [tmp_path / "disk"],
        "two folders": [library.previews, catalog.parent],
        "folder and catalog": [library.previews, catalog],
    }[apart]
    tally, rows, remarks = run(sources, tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.orphans, remarks) == (3, 0, 0, [])
    assert files(tmp_path / "out") == {f"{NAMED}/{name}.CR2.jpg" for name in "abc"}
    assert len(rows) == 3


def test_a_catalog_that_was_named_and_cannot_be_read_now_is_an_error(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "apart").mkdir()
    catalog = library.catalog.rename(tmp_path / "apart/Lib.lrcat")
    os.utime(catalog)  # so new that it must be copied first
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(ImporterError, match="cannot be read"):
        run([library.previews, catalog], tmp_path / "out")
    assert not (tmp_path / "out/orphans").exists()


def test_of_several_apart_names_tell_which_belong_together(tmp_path: Path, library: Library):
    with Library(tmp_path / "disk/other", tag="BBBB") as other:
        other.photo("d.CR2")
    other.previews.rename(tmp_path / "disk/other/Trip Previews.lrdata")
    for made, name in ((library, "Lib"), (other, "Trip")):
        (tmp_path / "catalogs" / name).mkdir(parents=True)
        made.catalog.rename(tmp_path / "catalogs" / name / f"{name}.lrcat")
    tally, rows, remarks = run([tmp_path / "disk", tmp_path / "catalogs"], tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.orphans, remarks) == (4, 0, 0, [])
    assert len(rows) == 4


def test_of_several_of_one_name_the_nearest_belong_together(tmp_path: Path):
    """All catalogs of people who never named one are called as Lightroom calls them."""
    for hour, disk in enumerate(("AAAA", "BBBB")):
        (tmp_path / disk / "catalog").mkdir(parents=True)
        with Library(tmp_path / disk / "previews", tag=disk) as made:
            made.photo(f"{disk}.CR2")
        moved = made.catalog.rename(tmp_path / disk / "catalog/Lib.lrcat")
        os.utime(moved, (1_700_000_000 + 3600 * hour, 1_700_000_000 + 3600 * hour))
    tally, _, remarks = run([tmp_path / "AAAA", tmp_path / "BBBB"], tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.orphans, remarks) == (2, 0, 0, [])


@pytest.mark.parametrize("what", ["smart alone", "with previews", "backup alone"])
def test_smart_previews_apart_from_their_catalog_are_named_by_it(tmp_path: Path, library: Library, what: str):
    uuid = "00000001-0000-4000-8000-00000000AAAA"
    smart = tmp_path / "disk/one/Lib Smart Previews.lrdata/0/0000" / f"{uuid}.dng"
    smart.parent.mkdir(parents=True)
    smart.write_bytes(b"II*\0" + bytes(100))
    (tmp_path / "disk/two").mkdir()
    if what == "backup alone":
        back_up(library, "2024-01-31 1200", 1)
        library.catalog.unlink()
    else:
        library.catalog.rename(tmp_path / "disk/two/Lib.lrcat")
    if what == "with previews":
        (tmp_path / "disk/three").mkdir()
        library.previews.rename(tmp_path / "disk/three/Lib Previews.lrdata")
    else:
        shutil.rmtree(library.previews)
    tally, _, _ = run([tmp_path / "disk"], tmp_path / "out")
    previews = 3 if what == "with previews" else 0
    assert (tally.recovered, tally.smart, tally.orphans) == (1 + previews, 1, 0)
    assert (tmp_path / "out" / NAMED / "a (Smart Preview).CR2.dng").exists()


def scattered(library: Library) -> None:
    """Rename a previews folder and take its databases, so that nothing but its previews' names tells what they are."""
    for database in library.previews.glob("*.db"):
        database.unlink()
    for number, preview in enumerate(sorted(library.previews.rglob("*.lrprev"))):
        folder = library.previews / f"recup_dir.{number}"
        folder.mkdir()
        preview.rename(folder / preview.name)
    library.previews.rename(library.previews.with_name("Rescued"))


def test_previews_in_many_folders_of_no_name_are_one_place(tmp_path: Path, library: Library):
    """Each folder as a place of its own took 10 ms and a remark; with --catalog it read all the catalog."""
    scattered(library)
    library.catalog.rename(tmp_path / "Lib.lrcat")
    before = fingerprint(tmp_path / "disk")
    tally, _, remarks = run([tmp_path / "disk"], tmp_path / "out")
    assert (tally.recovered, tally.orphans, len(remarks)) == (3, 0, 1)
    assert str(tmp_path / "disk") in remarks[0]
    named, rows, _ = run([tmp_path / "disk"], tmp_path / "named", catalog=tmp_path / "Lib.lrcat")
    assert (named.recovered, named.unchanged, len(rows)) == (3, 0, 3)
    assert files(tmp_path / "named") == {f"{NAMED}/{name}.CR2.jpg" for name in "abc"}
    assert fingerprint(tmp_path / "disk") == before


def test_a_backup_beside_the_catalog_leaves_no_choice_of_catalogs(tmp_path: Path, library: Library):
    back_up(library, "2024-01-31 1200", 1)
    scattered(library)
    tally, _, remarks = run([tmp_path / "disk"], tmp_path / "out")
    assert (tally.recovered, tally.lost, remarks) == (3, 0, [])
    assert files(tmp_path / "out") == {f"{NAMED}/{name}.CR2.jpg" for name in "abc"}


@pytest.mark.parametrize("as_catalog", [False, True])
def test_a_packed_backup_is_to_be_unpacked(tmp_path: Path, library: Library, as_catalog: bool):
    packed = Path(shutil.make_archive(str(tmp_path / "Lib"), "zip", tmp_path / "disk", "Lib.lrcat"))
    with pytest.raises(SafelightError, match="unpack it"):
        run([library.previews if as_catalog else packed], tmp_path / "out", packed if as_catalog else None)
    assert not (tmp_path / "out").exists()
