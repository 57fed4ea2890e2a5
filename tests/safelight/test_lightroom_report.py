"""safelight lightroom report: what is left of photos whose originals are gone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lightroom_catalogs import CatalogWriter
from preview_folders import Library, container, fingerprint, levels_of, picture, place


def report(target: Path, *flags: str) -> tuple[int, str, str]:
    """Run the command; the folder must be as before."""
    folder = target if target.is_dir() else target.parent
    before = fingerprint(folder)
    command = [sys.executable, "-m", "safelight", "lightroom", "report", str(target), *flags]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert fingerprint(folder) == before
    return run.returncode, run.stdout, run.stderr


def events(out: str) -> tuple[dict[str, dict], dict]:
    *photos, done = (json.loads(line) for line in out.splitlines())
    return {photo["name"]: photo for photo in photos}, done


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Six photos: one is there, and the others have every kind of remains."""
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "here.jpg").write_bytes(b"picture")
    with Library(tmp_path / "lightroom", root=f"{tmp_path}/originals/") as lib:
        lib.photo("here.jpg", folder="")
        lib.photo("whole.jpg", levels=levels_of(picture(1, 600, 400)), orientation="BC", fileWidth=600, fileHeight=400)
        lib.photo("small.jpg", header={"croppedWidth": 2400, "croppedHeight": 1600})
        file, uuid = lib.file("older.jpg")
        lib.writer.image(file)
        place(lib.previews, container(levels_of(picture(2)), uuid, "f" * 32), uuid, "f" * 32)
        file, uuid = lib.file("smart.NEF")
        lib.writer.image(file)
        smart = lib.catalog.with_name("Lib Smart Previews.lrdata") / uuid[0] / uuid[:4] / f"{uuid}.dng"
        smart.parent.mkdir(parents=True)
        smart.write_bytes(b"II*\0")
        lib.photo("damaged.jpg")
    _, uuid, digest, _ = lib._current[-1]
    place(lib.previews, b"", uuid, digest)
    return lib


def test_every_kind_of_remains(library):
    code, out, _ = report(library.catalog, "--json")
    photos, done = events(out)
    found = {
        name: (row["width"], row["height"], row["coverage"], row["current"], bool(row["smart_preview"]))
        for name, row in photos.items()
    }
    assert found == {
        "whole.jpg": (400, 600, 1.0, True, False),
        "small.jpg": (240, 160, 0.1, True, False),
        "older.jpg": (240, 160, 1.0, False, False),
        "smart.NEF": (None, None, None, None, True),
        "damaged.jpg": (None, None, None, None, False),
    }
    assert (photos["whole.jpg"]["full_width"], photos["whole.jpg"]["full_height"]) == (400, 600)
    assert photos["damaged.jpg"]["damage"]
    assert done == {
        "event": "done",
        "photos": 6,
        "lost": 5,
        "with_preview": 3,
        "full_size": 2,
        "thumbnails": 0,
        "with_smart_preview": 1,
        "beyond_rescue": 1,
    }
    assert code == 1


def test_a_list_for_people(library, tmp_path):
    code, out, _ = report(library.catalog)
    *rows, summary = out.splitlines()
    assert rows[0].split("\t") == [f"{tmp_path}/originals/2024/whole.jpg", "400x600", "100%", "current", "no"]
    assert rows[-1].split("\t")[1:] == ["damaged", "", "", "no"]
    assert summary == (
        "5 of 6 photos have lost their original, 3 of them have a preview (2 at full size), 1 a Smart Preview,"
        " 1 neither. `safelight recover` gets the pictures back."
    )
    assert code == 1


def test_the_real_catalog_of_lightroom_5(samples):
    code, out, _ = report(samples / "lightroom5" / "Lightroom 5 Catalog.lrcat", "--json")
    photos, done = events(out)
    sizes = {name: (row["width"], row["height"], row["coverage"], row["quality"]) for name, row in photos.items()}
    assert sizes == {  # Pyramid and PyramidLevel in its previews.db
        "sample1.jpg": (4272, 2848, 1.0, "final"),
        "sample2.jpg": (3783, 2522, 1.0, "final"),
        "sample3.jpg": (4272, 2848, 1.0, "final"),
    }
    assert (code, done["beyond_rescue"]) == (0, 0)


def test_thumbnails_are_the_best_that_is_left(samples, tmp_path):
    """The real sample without its preview files: only root-pixels.db is left, and `recover` finds as much."""
    shutil.copytree(samples / "lightroom5", tmp_path / "lr")
    for path in (tmp_path / "lr").rglob("*.lrprev"):
        path.unlink()
    catalog = tmp_path / "lr" / "Lightroom 5 Catalog.lrcat"
    code, out, _ = report(catalog)
    *rows, summary = out.splitlines()
    sizes = sorted(row.split("\t")[1] for row in rows)
    assert sizes == ["thumbnail 119x79", "thumbnail 67x45", "thumbnail 67x45"]
    assert "3 of them have a preview (0 at full size, 3 only thumbnails)" in summary
    assert code == 0
    code, out, _ = report(catalog, "--json")
    photos, done = events(out)
    assert [photo["thumbnail"] for photo in photos.values()] == [True] * 3
    assert (code, done["thumbnails"], done["beyond_rescue"]) == (0, 3, 0)


def test_the_real_catalog_without_previews(samples):
    code, out, said = report(samples / "lightroom-lrcat-only" / "test_catalog_1.lrcat")
    assert code == 1
    assert out.splitlines()[-1].endswith("4 neither.")
    assert said == "There are no previews beside test_catalog_1.lrcat.\n"


def test_originals_that_moved_are_not_lost(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.jpg").write_bytes(b"picture")
    catalog = tmp_path / "old" / "A.lrcat"
    catalog.parent.mkdir()
    with CatalogWriter(catalog, root="D:/Photos/") as writer:
        writer.image(writer.file(writer.folder(""), "a.jpg"))
    assert report(catalog)[0] == 1
    code, out, _ = report(catalog, "--map", f"d:\\Photos={tmp_path}/new")
    assert (code, out) == (0, "Every photo of A.lrcat (1) has its original.\n")


def test_what_is_no_catalog_is_an_error(tmp_path):
    (tmp_path / "A.lrcat").write_bytes(b"no database")
    code, out, said = report(tmp_path / "A.lrcat")
    assert (code, out) == (2, "")
    assert "is no database" in said
    (tmp_path / "cat.jpg").write_bytes(b"a picture")
    said = report(tmp_path / "cat.jpg")[2]
    assert "cat.jpg is no Lightroom catalog (.lrcat); name one, or the folder that holds it" in said
    assert report(tmp_path / "A.lrcat", "--map", "nothing")[0] == 2


def test_of_a_path_where_nothing_is_report_says_what_index_says(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    nothing = tmp_path / "Nothing.lrcat"
    code, out, said = report(nothing)
    assert (code, out) == (2, "")
    assert said.startswith(f"safelight: {nothing} does not exist; check the spelling")
    command = [sys.executable, "-m", "safelight", "index", str(nothing)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == said


def test_a_folder_stands_for_its_only_catalog(library, tmp_path):
    folder = library.catalog.parent
    assert report(folder) == report(library.catalog)
    code, out, said = report(tmp_path / "originals")
    assert (code, out) == (2, "")
    assert said == (
        f"safelight: there is no Lightroom catalog (.lrcat) in {tmp_path}/originals; name one, or the folder that holds"
        " it\n"
    )
    (folder / "Other.LRCAT").write_bytes(b"")
    (folder / "._Lib.lrcat").write_bytes(b"left by macOS on a foreign drive")
    code, out, said = report(folder)
    assert (code, out) == (2, "")
    assert said.endswith("; name one of them: Lib.lrcat, Other.LRCAT\n")
