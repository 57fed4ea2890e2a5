"""How large what is recovered is, and how that is said: full size, thumbnails, sizes that are not stored."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from preview_folders import Library, container, levels_of, picture

from safelight.recover import Options, Pixels, recover
from safelight.recover.ledger import Ledger, Outcome, Row


def command(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "safelight", "recover", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)


def run(source: Path, out: Path, **pixels: int):
    rows: list[Row] = []
    return recover([source], out, Options(pixels=Pixels(**pixels)), on_photo=rows.append), rows


@pytest.fixture
def thumbnails(samples, tmp_path) -> Path:
    """The real sample without its preview files."""
    shutil.copytree(samples / "lightroom5", tmp_path / "lr")
    for path in (tmp_path / "lr").rglob("*.lrprev"):
        path.unlink()
    return tmp_path / "lr"


def test_what_is_left_as_a_thumbnail_is_not_called_back(thumbnails, tmp_path):
    done = command(thumbnails, "-o", tmp_path / "out")
    assert done.stdout.startswith("3 photos recovered, 0 in full size, 3 only thumbnails.\n")
    assert done.returncode == 0
    page = (tmp_path / "out/recovery-report.html").read_text()
    assert '<p class="lead">0 of 3 photos are back.</p>' in page
    assert "<p>Of 3 photos there is only a thumbnail.</p>" in page
    assert page.count("only a thumbnail was left") == page.count(">thumbnail<") == 3
    assert (tmp_path / "out/recovery-report.csv").read_text().count("only a thumbnail was left") == 3
    again = command(thumbnails, "-o", tmp_path / "out")
    assert again.stdout.startswith("0 photos recovered, 3 were there already, 0 in full size, 3 only thumbnails.\n")


def test_the_report_shows_lost_photos_before_thumbnails_and_those_before_whole_ones(tmp_path):
    whole = {"width": 4000, "height": 3000, "full_width": 4000, "full_height": 3000}
    with Ledger(tmp_path, "r") as ledger:
        ledger.record(Row("1", "a", "a.jpg", "current", Outcome.RECOVERED, **whole), None)
        ledger.record(
            Row("2", "b", "b.jpg", "current", Outcome.RECOVERED, **{**whole, "width": 67, "height": 45}), None
        )
        ledger.record(Row("3", "c", "c.jpg", "current", Outcome.FAILED), None)
        assert [row.original for row in ledger.rows()] == ["c", "b", "a"]
        assert [row.is_thumbnail for row in ledger.rows()] == [False, True, False]
        assert ledger.count_sizes(of_this_run=False) == ledger.count_sizes(of_this_run=True) == (1, 1)


def test_small_photos_are_no_thumbnails_and_wanted_thumbnails_get_no_note(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("small.JPG", levels=levels_of(picture(1, 120, 80)))
        library.photo("large.JPG")
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.full_size, tally.thumbnails, {row.note for row in rows}) == (2, 0, {""})
    tally, rows = run(tmp_path / "lib", tmp_path / "level", level=1)
    assert (tally.full_size, tally.thumbnails, {row.note for row in rows}) == (0, 2, {""})


def test_one_photo_is_told_of_as_one(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    run(tmp_path / "lib", tmp_path / "out")
    assert "The photo is back, in full size." in (tmp_path / "out/recovery-report.html").read_text()


def test_a_photo_that_is_stored_in_larger_sizes_only_is_left_out(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
        library.photo("b.JPG", levels=levels_of(picture(1, 100, 60), smallest=30))
    tally, rows = run(tmp_path / "lib", tmp_path / "out", max_edge=50)
    assert (tally.recovered, tally.left_out, tally.lost) == (1, 1, 0)
    (row,) = [row for row in rows if row.outcome is Outcome.LEFT_OUT]
    assert (row.original.rpartition("/")[2], row.note) == ("a.JPG", "the smallest that is stored is 60x40")
    done = command(tmp_path / "lib", "-o", tmp_path / "other", "--max-edge", "10")
    assert done.stdout.startswith("0 photos recovered, 2 left out: not stored in that size.\n")


def test_a_lone_preview_without_a_catalog_is_said_to_be_nameless(tmp_path):
    lone = tmp_path / "f0012345.lrprev"
    lone.write_bytes(container(levels_of(picture(1)), "ABCDEF01-0000-4000-8000-00000000AAAA"))
    done = command(lone, "-o", tmp_path / "out")
    assert done.stderr.startswith(f"{lone} has no catalog beside it")
    assert "orphans" in done.stderr
    assert "--catalog" in done.stderr


def test_a_dry_run_lists_names_and_sizes(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
        library.writer.photo("b.JPG")
    done = command(tmp_path / "lib", "-o", tmp_path / "out", "--dry-run")
    assert done.stdout.splitlines()[:3] == [
        "/Volumes/Photos/b.JPG/b.JPG\tmissing",
        "Volumes/Photos/2024/a.CR2.jpg\t240x160",
        "1 photo would be recovered.",
    ]


def test_programs_get_absolute_paths(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    done = command("lib", "-o", "out", "--json", cwd=tmp_path)
    (photo,) = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "photo"]
    assert photo["path"] == f"{tmp_path}/out/Volumes/Photos/2024/a.JPG"


def test_other_options_are_named(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    run(tmp_path / "lib", tmp_path / "out")
    done = command(tmp_path / "lib", "-o", tmp_path / "out", "--flat")
    assert f"{tmp_path}/out was recovered without options, and now it would be with --flat; choose" in done.stderr
