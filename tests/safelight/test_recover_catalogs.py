"""Catalogs that are damaged, or have no previews: told, and no photo of another one is given up for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from preview_folders import Library, fingerprint

from importers.errors import ImporterError
from safelight.recover import Options, recover
from safelight.recover.ledger import Outcome, Row

NAMED = "Users/arronhartley/Pictures/Sample Images"


def run(source: Path, out: Path, **more):
    """Recover; returns the tally, the rows and the remarks."""
    rows: list[Row] = []
    remarks: list[str] = []
    tally = recover([source], out, Options(), on_photo=rows.append, on_remark=remarks.append, **more)
    return tally, rows, remarks


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "safelight", "recover", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def copied(samples: Path, to: Path, name: str = "bad") -> Path:
    """Copy the real sample; returns the catalog."""
    to.mkdir(parents=True)
    catalog = to / f"{name}.lrcat"
    shutil.copyfile(samples / "lightroom5/Lightroom 5 Catalog.lrcat", catalog)
    shutil.copytree(samples / "lightroom5/Lightroom 5 Catalog Previews.lrdata", to / f"{name} Previews.lrdata")
    return catalog


def cut(catalog: Path, length_bytes: int) -> None:
    os.truncate(catalog, length_bytes)
    os.utime(catalog, (1_600_000_000, 1_600_000_000))  # long enough ago to be read in place


def source_of(catalog: Path, what: str) -> Path:
    previews = catalog.with_name("bad Previews.lrdata")
    sources = {"folder": catalog.parent, "catalog": catalog, "previews": previews}
    return sources.get(what) or next(previews.rglob("*.lrprev"))


@pytest.mark.parametrize("length_bytes", [0, 100, 50_000])
@pytest.mark.parametrize("what", ["folder", "catalog", "previews", "preview"])
def test_a_damaged_catalog_is_done_without(samples, tmp_path, what, length_bytes):
    catalog = copied(samples, tmp_path / "lr")
    cut(catalog, length_bytes)
    before = fingerprint(tmp_path / "lr")
    tally, _, remarks = run(source_of(catalog, what), tmp_path / "out")
    assert fingerprint(tmp_path / "lr") == before
    assert (tally.recovered, tally.lost, tally.lost_catalogs) == (1 if what == "preview" else 3, 0, 1)
    assert len(list((tmp_path / "out/orphans").glob("*.jpg"))) == tally.recovered
    (remark,) = remarks
    assert remark.startswith(f"{catalog} is damaged")
    assert "--catalog" in remark


def test_the_command_warns_in_one_line_and_exits_with_1(samples, tmp_path):
    catalog = copied(samples, tmp_path / "lr")
    cut(catalog, 50_000)
    done = command(tmp_path / "lr", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(catalog) in done.stderr
    assert done.stdout.startswith("3 photos recovered")


def test_a_damaged_catalog_that_is_named_is_an_error_and_a_backup_gives_the_names(samples, tmp_path):
    catalog = copied(samples, tmp_path / "lr")
    cut(catalog, 50_000)
    with pytest.raises(ImporterError, match="damaged"):
        run(tmp_path / "lr", tmp_path / "out", catalog=catalog)
    backup = samples / "lightroom5/Lightroom 5 Catalog.lrcat"
    for what in ("folder", "catalog", "previews"):
        tally, _, remarks = run(source_of(catalog, what), tmp_path / what, catalog=backup)
        assert (tally.recovered, tally.lost_catalogs, remarks) == (3, 0, [])
        assert len(list((tmp_path / what / NAMED).iterdir())) == 3


def test_what_a_catalog_still_tells_is_used(tmp_path):
    """Generated: a thousand photos, and the catalog's table of photos torn towards its end."""
    with Library(tmp_path / "lib") as library:
        for number in range(1000):
            library.photo(f"{number}.JPG")
    data = bytearray(library.catalog.read_bytes())
    at = data.rindex(b"00000002-1111-4000-8000-00000000AAAA"), data.rindex(b"000007D0-1111-4000-8000-00000000AAAA")
    page = max(at) // 4096 * 4096
    data[page : page + 4096] = b"\xaa" * 4096
    library.catalog.write_bytes(data)
    os.utime(library.catalog, (1_600_000_000, 1_600_000_000))
    tally, rows, remarks = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.stale_left, tally.lost_catalogs) == (1000, 0, 0, 1)
    named = sum(row.original.startswith("/Volumes/Photos") for row in rows)
    assert 0 < named < 1000
    assert len(list((tmp_path / "out/orphans").iterdir())) == 1000 - named
    assert f"all but {named} of its photos" in remarks[0]


def test_a_searched_folder_tells_of_catalogs_without_previews(samples, tmp_path):
    copied(samples, tmp_path / "lr/lr a", "a")
    only = samples / "lightroom-lrcat-only/test_catalog_1.lrcat"
    for place in ("lr b", "lr a"):
        (tmp_path / "lr" / place).mkdir(exist_ok=True)
        shutil.copyfile(only, tmp_path / "lr" / place / "b.lrcat")
    (tmp_path / "lr/lr b/._b.lrcat").write_bytes(b"left by macOS on a foreign drive")
    tally, rows, _ = run(tmp_path / "lr", tmp_path / "out")
    assert (tally.recovered, tally.missing, tally.lost_catalogs) == (3, 4, 0)
    assert sorted(row.state for row in rows) == ["current"] * 3 + ["missing"] * 4
    assert len(list((tmp_path / "out" / NAMED).iterdir())) == 3
    assert command(tmp_path / "lr", "-o", tmp_path / "again").returncode == 1


def test_an_older_copy_of_a_catalog_gives_no_photo_up(samples, tmp_path):
    """As updates of Lightroom and its backups leave them: the same photos, and no previews of its own."""
    catalog = copied(samples, tmp_path / "lr", "New")
    damaged = next((tmp_path / "lr/New Previews.lrdata").rglob("*.lrprev"))
    damaged.write_bytes(b"nothing")
    (tmp_path / "lr/New Previews.lrdata/root-pixels.db").unlink()
    shutil.copyfile(catalog, tmp_path / "lr/A much older one.lrcat")
    for out in ("out", "out"):
        tally, rows, _ = run(tmp_path / "lr", tmp_path / out)
        assert (tally.recovered + tally.unchanged, tally.missing, tally.failed) == (2, 0, 1)
        assert sorted(row.outcome for row in rows) == [Outcome.FAILED, Outcome.RECOVERED, Outcome.RECOVERED]
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    backup = tmp_path / "lib/Backups/2024-01-31 1200/Lib.lrcat"
    backup.parent.mkdir(parents=True)
    backup.write_bytes(b"never looked at")
    tally, _, remarks = run(tmp_path / "lib", tmp_path / "out of lib")
    assert (tally.recovered, tally.lost, tally.lost_catalogs, remarks) == (1, 0, 0, [])


def test_a_stray_catalog_that_cannot_be_read_is_told_and_costs_nothing(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    (tmp_path / "lib/Old.lrcat").write_bytes(b"no database")
    tally, _, remarks = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.lost, tally.lost_catalogs) == (1, 0, 1)
    assert [remark.startswith(f"{tmp_path}/lib/Old.lrcat is no database") for remark in remarks] == [True]
