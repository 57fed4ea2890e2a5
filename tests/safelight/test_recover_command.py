"""`safelight recover` as it is typed: each option, and the report with every way in which a photo can end."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from preview_folders import Library, container, levels_of, picture, place

OLD = "f" * 32
STALE = "a (older render ffffff).CR2.jpg"


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "safelight", "recover", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def sizes(out: Path) -> dict[str, tuple[int, int]]:
    """Every picture below a folder, with its size."""
    return {str(path.relative_to(out)): Image.open(path).size for path in out.rglob("*") if "jpg" in path.name.lower()}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A photo of 240 x 160 with an older render, and one of 480 x 320."""
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid, captureTime="2019-07-04T18:30:05")
        place(library.previews, container(levels_of(picture(9)), uuid, OLD), uuid, OLD)
        library.photo("b.JPG", levels=levels_of(picture(2, 480, 320)), captureTime="2020-01-01T00:00:00")
    return library


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"Volumes/Photos/2024/a.CR2.jpg": (240, 160), "Volumes/Photos/2024/b.JPG": (480, 320)}),
        ("--flat", {"a.CR2.jpg": (240, 160), "b.JPG": (480, 320)}),
        ("--by-date", {"2019/2019-07-04/a.CR2.jpg": (240, 160), "2020/2020-01-01/b.JPG": (480, 320)}),
        ("--flat --stale", {"a.CR2.jpg": (240, 160), STALE: (240, 160), "b.JPG": (480, 320)}),
        ("--flat --level 1", {"a.CR2.jpg": (60, 40), "b.JPG": (60, 40)}),
        ("--flat --max-edge 300", {"a.CR2.jpg": (240, 160), "b.JPG": (240, 160)}),
        ("--flat --min-edge 300", {"b.JPG": (480, 320)}),
        ("--dry-run", {}),
    ],
)
def test_options_do_what_they_say(
    tmp_path: Path, library: Library, options: str, expected: dict[str, tuple[int, int]]
) -> None:
    done = command(library.catalog, "-o", tmp_path / "out", *options.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert sizes(tmp_path / "out") == expected


def test_srgb_overwrite_and_catalog_do_what_they_say(tmp_path: Path, library: Library) -> None:
    out, moved = tmp_path / "out", tmp_path / "moved.lrcat"
    library.catalog.rename(moved)
    out.mkdir()
    (out / "b.JPG").write_text("mine")
    arguments = (library.previews, "--catalog", moved, "-o", out, "--flat", "--srgb")
    assert command(*arguments).returncode == 0
    assert (out / "b.JPG").read_text() == "mine"
    with Image.open(out / "b (2).JPG") as converted:
        profile = ImageCms.ImageCmsProfile(BytesIO(converted.info["icc_profile"]))
        assert ImageCms.getProfileDescription(profile).strip() == "sRGB"
    assert command(*arguments, "--overwrite").returncode == 0
    assert Image.open(out / "b.JPG").size == (480, 320)


def test_two_layouts_are_one_too_many(tmp_path: Path, library: Library) -> None:
    done = command(library.catalog, "-o", tmp_path / "out", "--flat", "--by-date")
    assert done.returncode == 2
    assert "choose one" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_report_has_a_row_a_photo_and_says_how_each_ended(tmp_path: Path, library: Library) -> None:
    with Library(tmp_path / "other", root="/Other/", tag="BBBB") as other:
        header = {"croppedWidth": 1080, "croppedHeight": 720}
        other.photo("cut.CR2", levels=levels_of(picture(3, 480, 320)), header=header)
        other.writer.photo("none.CR2")
    (cut,) = other.previews.rglob("*.lrprev")
    cut.write_bytes(cut.read_bytes()[:-100])
    stray = "FFFFFFFF-0000-4000-8000-00000000AAAA"
    place(library.previews, container(levels_of(picture(7)), stray), stray)
    out = tmp_path / "out"
    done = command(library.catalog, other.catalog, "-o", out, "--stale")
    assert done.returncode == 1, done.stderr
    assert "1 photo of the catalog without any preview." in done.stdout
    with (out / "recovery-report.csv").open(encoding="utf-8-sig", newline="") as table:
        told = sorted((row["state"], row["outcome"], Path(row["recovered"]).name) for row in csv.DictReader(table))
    assert told == [
        ("current", "recovered", "a.CR2.jpg"),
        ("current", "recovered", "b.JPG"),
        ("current", "salvaged", "cut.CR2.jpg"),
        ("missing", "missing", ""),
        ("orphan", "recovered", f"{stray}.jpg"),
        ("stale", "recovered", STALE),
    ]
    page = (out / "recovery-report.html").read_text("utf-8")
    assert "1 photo of the catalog has no preview at all" in page
    assert not re.search(r"(src|href)=\"?(https?:|//|file:)", page)
    _, *rows = page.split("<li>")
    badges = sorted(re.findall(r'class="badge \w+">([^<]+)<', row) for row in rows)
    assert badges == [["current"], ["current"], ["current", "salvaged"], ["missing"], ["orphan"], ["stale"]]
    assert ["data:image/jpeg;base64," in row for row in rows].count(True) == 5, "all but the missing one"
    (salvaged,) = [unescape(row).replace("\N{NO-BREAK SPACE}", "") for row in rows if "salvaged" in row]
    assert "240x160<small>of 1080x720</small>" in salvaged
    assert "/Other/2024" in salvaged
