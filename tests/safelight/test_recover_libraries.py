"""The same photo in several libraries: as an upgraded catalog and a backup on another disk leave it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from preview_folders import Level, Library, container, fingerprint, levels_of, picture, place

from safelight.recover import Options, Pixels, Tally, recover
from safelight.recover.ledger import Outcome, Row

UUID = "00000001-0000-4000-8000-00000000AAAA"
FOLDER = "Volumes/Photos/2024"


def run(source: Path, out: Path, **options: object) -> tuple[Tally, list[Row]]:
    rows: list[Row] = []
    return recover([source], out, Options(**options), on_photo=rows.append), rows


def sizes(out: Path) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for path in (out / FOLDER).iterdir():
        with Image.open(path) as image:
            found[path.name] = image.size
    return found


def library(folder: Path, digest: str, levels: list[Level], **header: object) -> Path:
    """Make a library of one photo, always the same; returns its preview."""
    with Library(folder) as made:
        file, uuid = made.file("a.CR2")
        made.image(file, uuid, digest=digest, levels=levels, header=header)
    return next(made.previews.rglob("*.lrprev"))


SMALL, LARGE = (lambda seed: levels_of(picture(seed, 240, 160))), (lambda seed: levels_of(picture(seed, 480, 320)))


def again(source: Path, out: Path) -> None:
    """A second run finds all of it, and writes nothing."""
    before = fingerprint(out)
    tally, _ = run(source, out)
    assert (tally.recovered, tally.lost) == (0, 0)
    assert fingerprint(out) == before


def test_renders_with_other_edits_are_both_recovered(tmp_path: Path):
    lr = tmp_path / "lr"
    library(lr / "1", "a" * 32, SMALL(1))
    library(lr / "2", "b" * 32, LARGE(2))
    library(lr / "3", "b" * 32, LARGE(2))
    tally, rows = run(lr, tmp_path / "out")
    assert (tally.recovered, tally.lost) == (2, 0)
    assert sizes(tmp_path / "out") == {"a.CR2.jpg": (240, 160), "a (other render bbbbbb).CR2.jpg": (480, 320)}
    assert ["another catalog" in row.note for row in rows] == [False, True, True]
    again(lr, tmp_path / "out")
    assert run(lr, tmp_path / "never", dry_run=True)[0].recovered == 2


@pytest.mark.parametrize("first", ["cut", "smaller", "smaller, and said nowhere", "broken"])
def test_the_better_of_two_equal_renders_is_kept(tmp_path: Path, first: str):
    lr, full = tmp_path / "lr", {"croppedWidth": 480, "croppedHeight": 320}
    one = library(lr / "1", "a" * 32, SMALL(1) if first.startswith("smaller") else LARGE(1), **full)
    two = library(lr / "2", "a" * 32, LARGE(1), **full)
    if first == "cut":
        one.write_bytes(one.read_bytes()[:-3000])
    elif first == "broken":
        one.write_bytes(b"AgHg and no more")
    elif first == "smaller, and said nowhere":
        (two.parents[2] / "previews.db").unlink()
    tally, rows = run(lr, tmp_path / "out")
    assert (tally.recovered, tally.salvaged, tally.failed, tally.full_size) == (1, 0, 0, 1)
    assert sizes(tmp_path / "out") == {"a.CR2.jpg": (480, 320)}
    assert rows[-1].outcome is Outcome.RECOVERED
    again(lr, tmp_path / "out")


@pytest.mark.parametrize("second", ["cut", "smaller", "broken", "gone", "equal"])
def test_a_worse_one_replaces_nothing(tmp_path: Path, second: str):
    lr, full = tmp_path / "lr", {"croppedWidth": 480, "croppedHeight": 320}
    library(lr / "1", "a" * 32, LARGE(1), **full)
    two = library(lr / "2", "a" * 32, SMALL(1) if second == "smaller" else LARGE(1), **full)
    if second == "cut":
        two.write_bytes(two.read_bytes()[:-3000])
    elif second == "broken":
        two.write_bytes(b"AgHg and no more")
    elif second == "gone":
        two.unlink()
    tally, _ = run(lr, tmp_path / "out")
    assert (tally.recovered, tally.salvaged, tally.lost, tally.full_size) == (1, 0, 0, 1)
    assert sizes(tmp_path / "out") == {"a.CR2.jpg": (480, 320)}
    again(lr, tmp_path / "out")


def test_of_two_damaged_ones_the_larger_is_kept(tmp_path: Path):
    lr = tmp_path / "lr"
    levels = levels_of(picture(1, 960, 640))
    largest, next_largest = (len(jpeg) for jpeg, _, _ in levels[:-3:-1])
    for number, lost_bytes in enumerate((largest + next_largest, largest, largest + next_largest)):
        path = library(lr / str(number), "a" * 32, levels)
        path.write_bytes(path.read_bytes()[:-lost_bytes])
    tally, _ = run(lr, tmp_path / "out")
    assert (tally.recovered, tally.salvaged) == (1, 1)
    assert sizes(tmp_path / "out") == {"a.CR2.jpg": (480, 320)}


def test_a_size_that_is_not_asked_for_is_no_better(tmp_path: Path):
    lr = tmp_path / "lr"
    library(lr / "1", "a" * 32, SMALL(1), croppedWidth=480, croppedHeight=320)
    library(lr / "2", "a" * 32, LARGE(1))
    tally, _ = run(lr, tmp_path / "out", pixels=Pixels(max_edge=300))
    assert (tally.recovered, sizes(tmp_path / "out")) == (1, {"a.CR2.jpg": (240, 160)})


def test_an_orphan_that_is_whole_elsewhere_is_had_from_there(tmp_path: Path):
    for name, cut in (("1", 3000), ("2", 0)):
        path = library(tmp_path / "lr" / name, "a" * 32, LARGE(1))
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) - cut])
        (path.parents[3] / "Lib.lrcat").unlink()
    tally, rows = run(tmp_path / "lr", tmp_path / "out")
    assert (tally.recovered, tally.salvaged) == (1, 0)
    assert [row.width for row in rows] == [240, 480]


def test_a_render_that_is_old_in_one_catalog_is_the_others_own(tmp_path: Path):
    lr = tmp_path / "lr"
    one = library(lr / "1", "a" * 32, SMALL(1))
    place(one.parents[2], container(LARGE(2), UUID, "b" * 32), UUID, "b" * 32)
    library(lr / "2", "b" * 32, LARGE(2))
    tally, _ = run(lr, tmp_path / "out")
    assert (tally.recovered, tally.stale_left) == (2, 1)
