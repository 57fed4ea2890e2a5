"""Older renders: told where they are all that is whole, and recovered where they are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from preview_folders import Library, container, levels_of, picture, place

from safelight.recover import Options, Pixels, Tally, recover
from safelight.recover.ledger import Outcome, Row

CURRENT, OLD = "7" * 32, "6" * 32


def run(source: Path, out: Path, **options: object) -> tuple[Tally, list[Row]]:
    rows: list[Row] = []
    return recover([source], out, Options(**options), on_photo=rows.append), rows


def files(out: Path) -> set[str]:
    return {path.relative_to(out / "Volumes/Photos/2024").as_posix() for path in out.rglob("*.jpg")}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A photo with a render of now and one of before."""
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid, digest=CURRENT)
        place(library.previews, container(levels_of(picture(2)), uuid, OLD), uuid, OLD)
    return library


def preview(library: Library, digest: str) -> Path:
    return next(library.previews.rglob(f"*{digest}*"))


def test_where_the_current_one_is_broken_the_way_out_is_told(tmp_path: Path, library: Library):
    preview(library, CURRENT).write_bytes(b"AgHg" + bytes(100))
    _, (row,) = run(tmp_path / "lib", tmp_path / "out")
    assert (row.outcome, row.note.count("--stale")) == (Outcome.FAILED, 1)
    assert "level" not in row.note
    tally, rows = run(tmp_path / "lib", tmp_path / "out", stale=True)
    assert (tally.recovered, tally.failed) == (1, 1)
    assert not any("--stale" in row.note for row in rows)


def test_where_it_is_whole_or_left_out_nothing_is_said_of_older_ones(tmp_path: Path, library: Library):
    for options in ({}, {"dry_run": True}, {"pixels": Pixels(min_edge=5000)}):
        _, (row,) = run(tmp_path / "lib", tmp_path / f"out {len(options)} {'pixels' in options}", **options)
        assert "--stale" not in row.note + row.details


@pytest.mark.parametrize("catalog", [True, False])
def test_an_older_render_that_is_named_is_recovered(tmp_path: Path, library: Library, catalog: bool):
    """And does not stand for the current one, which a later run still recovers."""
    if not catalog:
        library.catalog.unlink()
    tally, (row,) = run(preview(library, OLD), tmp_path / "out")
    assert (tally.recovered, tally.stale, tally.stale_left, row.state) == (1, 1, 0, "stale")
    if catalog:
        assert files(tmp_path / "out") == {"a (older render 666666).CR2.jpg"}
        tally, _ = run(tmp_path / "lib", tmp_path / "out")
        assert (tally.recovered, tally.missing, tally.stale_left) == (1, 0, 1)
        assert files(tmp_path / "out") == {"a (older render 666666).CR2.jpg", "a.CR2.jpg"}


def test_both_renders_named_are_both_recovered(tmp_path: Path, library: Library):
    rows: list[Row] = []
    sources = [preview(library, OLD), preview(library, CURRENT)]
    tally = recover(sources, tmp_path / "out", Options(), on_photo=rows.append)
    assert (tally.recovered, tally.stale) == (2, 1)
    assert files(tmp_path / "out") == {"a (older render 666666).CR2.jpg", "a.CR2.jpg"}


@pytest.mark.parametrize("is_cut", [True, False])
def test_where_only_a_small_part_of_the_current_one_is_whole_the_way_out_is_told(
    tmp_path: Path, library: Library, is_cut: bool
):
    path = preview(library, CURRENT)
    data = path.read_bytes()
    path.write_bytes(data[:3000] if is_cut else data + bytes(4096))  # filled up to a block, and whole
    tally, (row,) = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.salvaged, row.outcome) == (1, Outcome.SALVAGED)
    assert ("--stale" in row.note) is is_cut
