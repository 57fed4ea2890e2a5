"""Pairs that are one photo where they live, Live Photos above all: series, with both halves, and no duplicates."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import pytest
from click.testing import CliRunner
from indexed_library import DEMO, duplicates, index, indexed_library
from lightroom_catalogs import fingerprint
from photos_libraries import change, copied
from PIL import Image
from preview_folders import Library as PreviewedCatalog
from preview_folders import levels_of
from takeout_exports import picture, sidecar, unpack

from indexer.duplicates.store import Decision
from safelight.cli.entry import cli
from safelight.duplicates import record_decision
from safelight.duplicates_pairs import pairs
from safelight.errors import SafelightError
from safelight.service import Library
from safelight.status import find_photo

MOVIE = b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  "
TULIPS = "6191423D-8DB8-4D4C-92BE-9BBBA308AAC4"
PAIR = "A92D9C26-3A50-4197-9388-CB5F7DB9FA91"
reads_photos = pytest.mark.skipif(find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`")


@pytest.fixture
def library(tmp_path, monkeypatch):
    """GENERATED: two Live Photos, of which one is there once more, and a photo with a smaller one made of it."""
    folder = tmp_path / "photos"
    for place, name, movie in (("", "IMG_1.JPG", "IMG_1.MOV"), ("again", "IMG_1.JPG", "IMG_1.MOV")):
        (folder / place).mkdir(exist_ok=True)
        shutil.copy(DEMO / "cat.jpg", folder / place / name)
        (folder / place / movie).write_bytes(MOVIE)
    shutil.copy(DEMO / "pagoda.jpg", folder / "img_2.jpeg")
    (folder / "IMG_2.mov").write_bytes(MOVIE)
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    with indexed_library(folder, tmp_path / "home") as library:
        yield library


def told(library: Library) -> dict[str, list[tuple[str, list[str | None]]]]:
    """What is said of each pair by its keeper's name, and where its members lie."""
    return {
        group.members[0].name: [(group.what, [member.path for member in group.members])]
        for group in pairs(library.catalog, [])
    }


def run(*words: str):
    return CliRunner().invoke(cli, ["duplicates", *words])


def test_programs_get_each_live_photo_as_a_series_whose_halves_have_one_id(library, tmp_path):
    folder = tmp_path / "photos"
    before = fingerprint(folder)
    done = run("--json")
    assert done.exit_code == 0, done.output
    groups = [json.loads(line) for line in done.stdout.splitlines()]
    (doubles,) = (group for group in groups if group["kind"] != "series")
    assert (doubles["kind"], len(doubles["members"])) == ("same bytes", 2)
    live = {group["members"][0]["path"]: group for group in groups if group["kind"] == "series"}
    assert set(live) == {str(folder / name) for name in ("IMG_1.JPG", "again/IMG_1.JPG", "img_2.jpeg")}
    for still, group in live.items():
        assert (group["what"], group["keeper"]) == ("Live Photo", group["members"][0]["id"])
        whole, half = group["members"]
        assert half["id"] == whole["id"], "a half is no photo of its own"
        assert half["path"].lower() == still.lower().rpartition(".")[0] + ".mov"
        assert (whole["part"], half["part"]) == (None, "live video")
        assert (whole["reason"], half["reason"]) == ("Live Photo", "its moving half")
        assert set(whole) == set(half) == set(doubles["members"][0])
    assert fingerprint(folder) == before


def test_people_get_one_line_of_them_or_with_pairs_all(library):
    counted = run()
    assert counted.exit_code == 0
    assert "1 group of duplicates, 0 series." in counted.stderr
    assert "Series that are one photo each: 3 Live Photos; --pairs lists them." in counted.stderr
    assert ".mov" not in counted.stdout.lower()
    listed = run("--pairs")
    assert listed.stdout.startswith(counted.stdout), "duplicates come first"
    assert listed.stdout.count("Live Photo, 1 photo\n") == 3, listed.stdout
    assert listed.stdout.lower().count(".mov\tits moving half\n") == 3
    assert "3 Live Photos." in listed.stderr


def test_a_library_of_nothing_but_a_live_photo_has_something_to_show(tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", folder / "IMG_1.JPG")
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    with indexed_library(folder, tmp_path / "home") as library:
        assert (run().exit_code, run("--json").exit_code) == (1, 1)
        (folder / "IMG_1.MOV").write_bytes(MOVIE)
        index(library, folder)
        assert (run().exit_code, run("--json").exit_code) == (0, 0)


def test_no_half_is_tagged_or_reviewed_and_its_file_means_its_photo(library, tmp_path):
    groups = duplicates(library)
    assert [group.kind for group in groups] == ["same bytes"]
    planned = run("tag", "--to", "xmp", "--all", "--json").stdout
    assert planned.count("IMG_1.JPG.xmp") == 2
    assert ".mov" not in planned.lower()
    folder = tmp_path / "photos"
    still, half = (find_photo(library.catalog, str(folder / name)) for name in ("img_2.jpeg", "IMG_2.mov"))
    assert still == half
    with pytest.raises(SafelightError, match="two photos or more"):
        record_decision(library.catalog, Decision.DIFFERENT, [still, half])
    said = CliRunner().invoke(cli, ["duplicates", "decide", "--keep", str(folder / "again" / "IMG_1.MOV")])
    assert (said.exit_code, said.stderr) == (0, "Remembered.\n")
    (group,) = duplicates(library)
    assert group.members[0].path == str(folder / "again" / "IMG_1.JPG")


def test_the_report_counts_them(library, tmp_path):
    done = run("report", "-o", str(tmp_path / "out.html"))
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out.html").read_text()
    assert "Series that are one photo each: 3 Live Photos." in page
    assert page.count("<section") == 1


def test_a_half_that_is_gone_belongs_to_nothing_any_more(library, tmp_path):
    folder = tmp_path / "photos"
    (folder / "IMG_2.mov").unlink()
    (folder / "again" / "IMG_1.JPG").unlink()
    index(library, folder)
    assert set(told(library)) == {"IMG_1.JPG"}


def test_a_pair_that_two_places_know_is_told_once(library, tmp_path):
    before = told(library)
    index(library, tmp_path / "photos" / "again")
    assert len(list(pairs(library.catalog, []))) == 3
    assert told(library) == before


@reads_photos
def test_pairs_of_the_real_library_are_told_with_the_halves_that_are_here(samples, tmp_path):
    """The sample has three RAW and JPEG pairs; GENERATED: one of its photos made a Live Photo, a RAW file put there."""
    photos = copied(samples, tmp_path)
    change(photos, f"UPDATE ZASSET SET ZKINDSUBTYPE = 2 WHERE ZUUID = '{TULIPS}'")
    halves = [photos / "originals" / "6" / f"{TULIPS}_3.mov", photos / "originals" / "A" / f"{PAIR}_4.cr2"]
    for half in halves:
        half.parent.mkdir(exist_ok=True)
        half.write_bytes(b"not looked at")
    with indexed_library(photos, tmp_path / "home") as library:
        found = {group.members[0].name: group for group in pairs(library.catalog, [])}
        assert {name: group.what for name, group in found.items()} == {
            "Tulips.jpg": "Live Photo",
            **dict.fromkeys(("IMG_1994.JPG", "IMG_1997.JPG", "IMG_2000.JPG"), "RAW and JPEG of one shot"),
        }
        ours = [found[name].members[1] for name in ("Tulips.jpg", "IMG_1994.JPG", "IMG_1997.JPG")]
        assert [member.path for member in ours] == [*map(str, halves), None]
        assert [member.part for member in ours] == ["live video", "raw", "raw"]
        assert not any(member.part for group in duplicates(library) for member in group.members)


def test_the_moving_halves_of_a_takeout_are_told(tmp_path):
    """GENERATED: a Live Photo and a Pixel's motion photo, as Google exports them."""
    folder = "Takeout/Google Photos/Photos from 2018/"
    files = {
        folder + "IMG.JPG": picture("live"),
        folder + "IMG.JPG.json": sidecar("IMG.JPG"),
        folder + "IMG.MP4": MOVIE,
        folder + "PXL.jpg": picture("pixel"),
        folder + "PXL.MP": MOVIE,
    }
    with indexed_library(unpack(files, tmp_path / "export"), tmp_path / "home") as library:
        assert {name: [what for what, _ in said] for name, said in told(library).items()} == {
            "IMG.JPG": ["Live Photo"],
            "PXL.jpg": ["Live Photo"],
        }


@pytest.fixture
def apart(tmp_path):
    """GENERATED: a catalog of Lightroom, which has both halves of a Live Photo as photos, and previews of movies."""
    originals = tmp_path / "originals" / "2024"
    originals.mkdir(parents=True)
    cat, dahlia = (Image.open(DEMO / f"{name}.jpg") for name in ("cat", "dahlia"))
    with PreviewedCatalog(tmp_path / "lightroom", root=f"{originals.parent}/") as catalog:
        for name, form, look in (
            ("IMG_1.JPG", "JPG", cat),
            ("IMG_1.MOV", "VIDEO", cat.resize((cat.width * 9 // 10, cat.height * 9 // 10))),
            ("film.mov", "VIDEO", dahlia),
            ("frame.jpg", "JPG", dahlia.resize((dahlia.width // 2, dahlia.height // 2))),
        ):
            catalog.photo(name, fileFormat=form, levels=levels_of(look), orientation="AB")
            look.save(originals / name, "JPEG") if form == "JPG" else (originals / name).write_bytes(MOVIE)
    return catalog.catalog, originals


def test_halves_that_are_two_photos_are_a_live_photo_and_no_movie_is_a_copy_of_a_still(apart, tmp_path):
    catalog, originals = apart
    with indexed_library(catalog, tmp_path / "home") as library:
        (group,) = duplicates(library)
        assert (group.kind, group.what) == ("series", "Live Photo")
        assert [member.name for member in group.members] == ["IMG_1.JPG", "IMG_1.MOV"]
        assert len({member.photo_id for member in group.members}) == 2
        index(library, originals)  # where the movie belongs to the still
        found = duplicates(library)
        assert [group.what for group in found] == ["Live Photo"]
        assert [member.path for member in found[0].members] == [
            str(originals / f"IMG_1.{end}") for end in ("JPG", "MOV")
        ]
        assert len(list(pairs(library.catalog, []))) == 1
        assert list(pairs(library.catalog, found)) == [], "told once"


def test_one_query_tells_them_all(library):
    """GENERATED: rows only. What is known is not to be asked anew for each Live Photo."""
    db = library.catalog.db
    with library.catalog.transaction():
        (last,) = db.execute("SELECT max(id) FROM photo").fetchone()
        db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            " INSERT INTO photo (id, public_id, root_id, key, path, name, content_id, state, added_at)"
            " SELECT ?1 + i, 'p' || i, p.root_id, 'k' || i, CAST('/p/' || i || '.heic' AS BLOB), i || '.heic',"
            " p.content_id, 'indexed', p.added_at FROM n, photo p WHERE p.id = ?1",
            (last,),
        )
        db.execute(
            "INSERT INTO part SELECT id, 'live video', 'm.mov', CAST('/p/' || id || '.mov' AS BLOB) FROM photo"
            " WHERE id > ?",
            (last,),
        )
    asked = list[str]()
    db.set_trace_callback(asked.append)
    assert sum(group.what == "Live Photo" for group in pairs(library.catalog, [])) == 2003
    db.set_trace_callback(None)
    assert len(asked) == 1
