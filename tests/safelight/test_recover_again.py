"""A second run into the same folder: it writes what is news, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from preview_folders import Library, fingerprint, levels_of, picture

from safelight.recover import Options, Pixels, recover
from safelight.recover.ledger import Outcome, Row


def run(source: Path, out: Path, **options: object):
    rows: list[Row] = []
    return recover([source], out, Options(**options), on_photo=rows.append), rows


def test_a_real_library_of_which_all_is_left_out(samples: Path, tmp_path: Path):
    first, _ = run(samples / "lightroom5", tmp_path / "out", pixels=Pixels(min_edge=5000))
    before = fingerprint(tmp_path / "out")
    second, _ = run(samples / "lightroom5", tmp_path / "out", pixels=Pixels(min_edge=5000))
    assert fingerprint(tmp_path / "out") == before
    assert first == second
    assert first.left_out == 3


@pytest.mark.parametrize("damage", [b"AgHg" + bytes(100), b""])
def test_photos_that_fail_again_are_no_news_and_those_that_do_not_are(tmp_path: Path, damage: bytes):
    with Library(tmp_path / "lib") as library:
        for name in ("whole.CR2", "broken.CR2", "mended.CR2"):
            library.photo(name)
        library.writer.photo("missing.CR2")
        library.photo("small.CR2", levels=levels_of(picture(1, 120, 80)))
    paths = {path.name[:8]: path for path in library.previews.rglob("*.lrprev")}
    good = paths["00000005"].read_bytes()
    for path in (paths["00000003"], paths["00000005"]):
        path.write_bytes(damage)
    options = {"pixels": Pixels(min_edge=200)}
    first, rows = run(tmp_path / "lib", tmp_path / "out", **options)
    assert (first.recovered, first.failed, first.missing, first.left_out) == (1, 2, 1, 1)
    before = fingerprint(tmp_path / "out")
    second, again = run(tmp_path / "lib", tmp_path / "out", **options)
    assert fingerprint(tmp_path / "out") == before
    assert second == first._replace(recovered=0, unchanged=1)
    assert sorted(again) == sorted(rows)
    paths["00000005"].write_bytes(good)
    third, rows = run(tmp_path / "lib", tmp_path / "out", **options)
    assert (third.recovered, third.unchanged, third.failed, third.missing, third.left_out) == (1, 1, 1, 1, 1)
    assert "mended.CR2" in (tmp_path / "out/recovery-report.csv").read_text("utf-8-sig")
    assert (tmp_path / "out/Volumes/Photos/2024/mended.CR2.jpg").is_file()
    paths["00000003"].write_bytes(b"now damaged otherwise")
    fourth, rows = run(tmp_path / "lib", tmp_path / "out", **options)
    assert (fourth.recovered, fourth.failed) == (0, 1)
    (row,) = [row for row in rows if row.outcome is Outcome.FAILED]
    assert row.details in (tmp_path / "out/recovery-report.csv").read_text("utf-8-sig").replace('""', '"')


def test_what_was_killed_while_it_was_tried_again_leaves_no_half_file(tmp_path: Path):
    with Library(tmp_path / "lib") as library:
        library.photo("whole.CR2")
        library.photo("broken.CR2")
    (path,) = library.previews.glob("*/*/00000003*")
    path.write_bytes(b"")
    run(tmp_path / "lib", tmp_path / "out")
    half = tmp_path / "out/Volumes/Photos/2024/.4711.safelight-part"
    half.write_bytes(b"half a pict")
    run(tmp_path / "lib", tmp_path / "out")
    assert not half.exists()
