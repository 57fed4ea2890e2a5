"""What is recovered and under which name, from generated catalogs; and what a stop at a bad moment leaves behind."""

import csv
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from generated_dng import generated_dng
from PIL import Image
from preview_folders import DIGEST, Library, container, fingerprint, levels_of, picture, place

from safelight.errors import SafelightError
from safelight.recover import Layout, Options, Pixels, recover
from safelight.recover.ledger import FILE_NAME, Ledger, Outcome, Row
from safelight.recover.names import Name
from safelight.recover.shift import Crew


def run(source: Path, out: Path, *, catalog: Path | None = None, **options):
    """Recover; returns the tally, and the rows by outcome path or original."""
    rows: list[Row] = []
    tally = recover([source], out, Options(**options), catalog=catalog, on_photo=rows.append)
    return tally, rows


def names(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg")}


def same_picture(path: Path, seed: int) -> bool:
    """Tell whether a file's picture is the one that was made from a seed."""
    expected = Image.open(BytesIO(levels_of(picture(seed))[-1][0]))
    return Image.open(path).tobytes() == expected.tobytes()


# The seed's faults, facts section 9


def test_two_digests_of_one_photo_are_two_files(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.NEF")
        old = container(levels_of(picture(99)), "00000001-0000-4000-8000-00000000AAAA", "f" * 32)
        place(library.previews, old, "00000001-0000-4000-8000-00000000AAAA", "f" * 32)
    tally, _ = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.stale_left) == (1, 1)
    assert names(tmp_path / "out") == {"Volumes/Photos/2024/a.NEF.jpg"}
    tally, _ = run(tmp_path / "lib", tmp_path / "both", stale=True)
    assert (tally.recovered, tally.stale, tally.stale_left) == (2, 1, 0)
    folder = tmp_path / "both/Volumes/Photos/2024"
    assert {path.name for path in folder.iterdir()} == {"a.NEF.jpg", "a (older render ffffff).NEF.jpg"}
    assert same_picture(folder / "a (older render ffffff).NEF.jpg", 99)


def test_windows_roots_become_folders(tmp_path):
    with Library(tmp_path / "lib", root="C:/Users/me/Fotos/") as library:
        library.photo("a.CR2")
    run(tmp_path / "lib", tmp_path / "out")
    assert names(tmp_path / "out") == {"C/Users/me/Fotos/2024/a.CR2.jpg"}


def test_nothing_beside_the_catalog_is_created_or_changed(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
    (tmp_path / "lib/Lib.lrcat.lock").write_text("/Applications/Adobe Lightroom Classic\n4711\n")
    before = fingerprint(tmp_path / "lib")
    run(tmp_path / "lib", tmp_path / "out")
    run(tmp_path / "lib/Lib.lrcat", tmp_path / "out2", stale=True)
    assert fingerprint(tmp_path / "lib") == before


@pytest.mark.parametrize("database", ["Lib.lrcat", "Lib Previews.lrdata/previews.db"])
def test_what_lightroom_has_not_written_back_yet_is_recovered_and_left_alone(tmp_path, database):
    """A catalog and a previews.db with rows in their -wal only, and a lock: Lightroom runs, or was killed."""
    with Library(tmp_path / "made") as library:
        file, uuid = library.file("a.CR2")
        library.image(file, uuid, orientation="AB")
    writer = sqlite3.connect(tmp_path / "made" / database)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    if database == "Lib.lrcat":
        writer.execute("UPDATE AgLibraryFile SET baseName = 'renamed'")
    else:
        writer.execute("UPDATE ImageCacheEntry SET orientation = 'BC'")
    writer.commit()
    shutil.copytree(tmp_path / "made", tmp_path / "lib")  # as a kill leaves it: the writer is still at work
    writer.close()
    (tmp_path / "lib/Lib.lrcat.lock").write_text("/Applications/Adobe Lightroom Classic\n4711\n")
    (tmp_path / f"lib/{database}-shm").unlink()
    assert (tmp_path / f"lib/{database}-wal").stat().st_size > 0
    before = fingerprint(tmp_path / "lib")
    run(tmp_path / "lib", tmp_path / "out")
    assert fingerprint(tmp_path / "lib") == before
    name, turn = ("renamed", 1) if database == "Lib.lrcat" else ("a", 6)
    with Image.open(tmp_path / f"out/Volumes/Photos/2024/{name}.CR2.jpg") as found:
        assert found.getexif()[0x0112] == turn


def test_previews_of_classic_13_3_and_later_are_read(tmp_path):
    """Layout as reported, generated: plain JPEGs without extension, and a container with the small levels."""
    uuid = "ABCDEF01-0000-4000-8000-00000000AAAA"
    with Library(tmp_path / "lib") as library:
        file = library.writer.file(library.writer.folder("2024/"), "a.CR3", id_global=uuid)
        library.writer.image(file, digest=DIGEST, orientation="BC")
        levels = levels_of(picture(5, 2048, 1365))
        for jpeg, width, _ in levels[-2:]:
            place(library.previews, jpeg, uuid, DIGEST, f"_{width}")
        place(library.previews, container(levels[:-2], uuid), uuid, DIGEST, ".lrfprev")
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.lost) == (1, 0)
    found = Image.open(tmp_path / "out/Volumes/Photos/2024/a.CR3.jpg")
    assert found.size == (2048, 1365)
    assert found.getexif()[0x0112] == 6
    assert found.info["icc_profile"]
    assert (rows[0].width, rows[0].height) == (1365, 2048)


def test_virtual_copies_and_raw_jpeg_pairs_keep_apart(tmp_path):
    with Library(tmp_path / "lib") as library:
        raw, uuid = library.file("IMG_1.CR2")
        master = library.image(raw, uuid)
        library.image(raw, uuid, masterImage=master, copyName="Copy 1")
        library.image(raw, uuid, masterImage=master, copyName="Copy 1")
        library.photo("IMG_1.JPG")
    tally, _ = run(tmp_path / "lib", tmp_path / "out", layout=Layout.FLAT)
    assert tally.recovered == 4
    expected = {"IMG_1.CR2.jpg": 2, "IMG_1 (Copy 1).CR2.jpg": 3, "IMG_1 (Copy 1) (2).CR2.jpg": 4, "IMG_1.JPG": 6}
    assert names(tmp_path / "out") == set(expected)
    assert all(same_picture(tmp_path / "out" / name, seed) for name, seed in expected.items())


# What is what


def test_virtual_copies_with_equal_settings_share_a_preview_and_get_a_file_each(tmp_path):
    with Library(tmp_path / "lib") as library:
        raw, uuid = library.file("a.CR2")
        master = library.image(raw, uuid, digest=DIGEST)
        library.image(raw, uuid, digest=DIGEST, masterImage=master, copyName="B&W", rating=3)
    assert run(tmp_path / "lib", tmp_path / "out")[0].recovered == 2
    assert {Path(name).name for name in names(tmp_path / "out")} == {"a.CR2.jpg", "a (B&W).CR2.jpg"}


def test_orphans_are_recovered_under_their_uuid(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
        for digest in ("a" * 32, "b" * 32):
            uuid = "FFFFFFFF-0000-4000-8000-00000000AAAA"
            place(library.previews, container(levels_of(picture(7)), uuid, digest), uuid, digest)
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.orphans, tally.lost) == (3, 2, 0)
    stem = "orphans/FFFFFFFF-0000-4000-8000-00000000AAAA"
    assert names(tmp_path / "out") == {"Volumes/Photos/2024/a.CR2.jpg", f"{stem}.jpg", f"{stem} (2).jpg"}
    assert sorted(row.state for row in rows) == ["current", "orphan", "orphan"]


def test_a_photo_without_a_preview_is_missing(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
        library.writer.photo("b.CR2")
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.missing, tally.lost) == (1, 1, 1)
    assert [row.original for row in rows if row.outcome is Outcome.MISSING] == ["/Volumes/Photos/b.CR2/b.CR2"]


def test_a_photo_with_only_an_older_render_says_so_and_gets_it_on_request(tmp_path):
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.writer.image(file, digest="b" * 32)
        place(library.previews, container(levels_of(picture(7)), uuid, "a" * 32), uuid, "a" * 32)
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.missing, tally.stale_left) == (0, 1, 1)
    assert "--stale" in rows[0].note
    tally, rows = run(tmp_path / "lib", tmp_path / "out", stale=True)
    assert (tally.recovered, tally.stale, tally.lost) == (1, 1, 0)
    assert names(tmp_path / "out") == {"Volumes/Photos/2024/a (older render aaaaaa).CR2.jpg"}


def test_previews_db_decides_where_the_catalog_has_another_digest(tmp_path):
    """Edited after the last render: the preview that Lightroom shows is the current one."""
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2", digest="a" * 32)
        library.writer.connection.execute("UPDATE Adobe_imageDevelopSettings SET digest = ?", ("c" * 32,))
    assert run(tmp_path / "lib", tmp_path / "out")[1][0].state == "current"


@pytest.mark.parametrize("damage", [b"", b"nothing of use", bytes(5000)])
def test_a_preview_without_anything_whole_is_one_counted_failure(tmp_path, damage):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
        file, uuid = library.file("b.CR2")
        library.image(file, uuid, digest="b" * 32)
        place(library.previews, damage, uuid, "b" * 32)
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.failed, tally.lost) == (1, 1, 1)
    assert next(row.note for row in rows if row.outcome is Outcome.FAILED)
    assert len(names(tmp_path / "out")) == 1


def test_min_edge_leaves_out_and_tells(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("large.CR2", levels=levels_of(picture(1, 960, 640)))
        library.photo("small.CR2")
    tally, rows = run(tmp_path / "lib", tmp_path / "out", pixels=Pixels(min_edge=500))
    assert (tally.recovered, tally.left_out, tally.lost) == (1, 1, 0)
    assert [row.note for row in rows if row.outcome is Outcome.LEFT_OUT] == ["only 240x160 is stored"]


def test_a_level_that_was_never_rendered_is_left_out_and_one_that_is_lost_has_failed(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("whole.CR2")
        library.photo("cut.CR2")
    (cut,) = library.previews.glob("0/0000/00000003-*.lrprev")
    cut.write_bytes(cut.read_bytes()[:-500])
    for level, size, left_out, failed in ((1, (60, 40), 0, 0), (3, (240, 160), 0, 1), (4, None, 1, 1)):
        out = tmp_path / str(level)
        tally, rows = run(tmp_path / "lib", out, pixels=Pixels(level=level))
        assert (tally.recovered, tally.left_out, tally.failed) == (2 - left_out - failed, left_out, failed)
        assert {(row.width, row.height) for row in rows if row.is_there} == ({size} if size else set())
        notes = [row.note for row in rows if row.outcome is Outcome.LEFT_OUT]
        assert notes == ["no level 4 is stored, but 3 smaller ones"] * left_out


def test_levels_of_classic_13_3_are_counted_by_their_size(tmp_path):
    """Generated from the layout as reported: there each large level is a file, whose name says no number."""
    uuid = "ABCDEF01-0000-4000-8000-00000000AAAA"
    levels = levels_of(picture(5, 960, 640))
    with Library(tmp_path / "lib") as library:
        library.writer.image(
            library.writer.file(library.writer.folder("2024/"), "a.CR3", id_global=uuid), digest=DIGEST
        )
        for jpeg, width, _ in levels[-2:]:
            place(library.previews, jpeg, uuid, DIGEST, f"_{width}")
        place(library.previews, container(levels[:-2], uuid), uuid, DIGEST, ".lrfprev")
    for level in range(1, len(levels) + 1):
        (row,) = run(tmp_path / "lib", tmp_path / str(level), pixels=Pixels(level=level))[1]
        assert (row.width, row.height) == levels[level - 1][1:]


def test_a_smaller_render_is_told_as_such(tmp_path):
    header = {"croppedWidth": 1440, "croppedHeight": 1080}
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2", levels=levels_of(picture(1, 480, 360)), header=header, orientation="DA")
    _, rows = run(tmp_path / "lib", tmp_path / "out")
    assert (rows[0].outcome, rows[0].note) == (Outcome.RECOVERED, "")
    assert (
        "360\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}480<small>of 1080"
        in (tmp_path / "out/recovery-report.html").read_text()
    )


def smart_preview(library: Library, uuid: str, dng: bytes) -> None:
    """Add a Smart Preview in the layout that is reported: `U/UUUU/UUID.dng` in a folder of their own."""
    path = library.catalog.with_name("Lib Smart Previews.lrdata") / uuid[0] / uuid[:4] / f"{uuid}.dng"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dng)


def test_smart_previews_are_copied_as_they_are(tmp_path):
    """What no RAW reader knows is copied all the same."""
    dng = b"II*\0" + bytes(range(256)) * 40
    with Library(tmp_path / "lib") as library:
        for name, with_preview in (("a.CR2", True), ("b.CR2", False)):
            file, uuid = library.file(name)
            if with_preview:
                library.image(file, uuid)
            else:
                library.writer.image(file)
            smart_preview(library, uuid, dng)
    tally, _ = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered, tally.smart, tally.missing) == (3, 2, 0)
    folder = tmp_path / "out/Volumes/Photos/2024"
    files = {path.name for path in folder.iterdir()}
    assert files == {"a.CR2.jpg", "a (Smart Preview).CR2.dng", "b (Smart Preview).CR2.dng"}
    assert (folder / "b (Smart Preview).CR2.dng").read_bytes() == dng
    before = fingerprint(tmp_path / "out")
    assert run(tmp_path / "lib", tmp_path / "out")[0].unchanged == 3
    assert fingerprint(tmp_path / "out") == before


def test_a_smart_preview_is_developed_where_no_preview_is_larger(tmp_path):
    """A generated DNG of 96 x 64, dark on its left: no real Smart Preview was to be had."""
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    dng = generated_dng(levels_of(picture(1))[0][0], orientation=6, left=4_000)
    with Library(tmp_path / "lib") as library:
        for name, edge in (("none.CR2", 0), ("small.CR2", 60), ("large.CR2", 240)):
            file, uuid = library.file(name)
            if edge:
                library.image(file, uuid, levels=levels_of(picture(2).resize((edge, edge * 2 // 3))))
            else:
                library.writer.image(file, orientation="BC")
            smart_preview(library, uuid, dng)
    before = fingerprint(tmp_path / "lib")
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    assert fingerprint(tmp_path / "lib") == before
    assert (tally.smart, tally.developed, tally.recovered, tally.lost) == (3, 2, 7, 0)
    folder = tmp_path / "out/Volumes/Photos/2024"
    jpegs = {path.name for path in folder.glob("*.jpg")}
    assert jpegs == {
        "small.CR2.jpg", "large.CR2.jpg", "none (Smart Preview).CR2.jpg", "small (Smart Preview).CR2.jpg"
    }  # fmt: skip
    with Image.open(folder / "none (Smart Preview).CR2.jpg") as developed:
        assert developed.size == (64, 96)  # upright
        assert developed.getexif().get(0x0112) == 1
        assert developed.info["icc_profile"]
        grey = developed.convert("L")
        assert grey.getpixel((32, 20)) < grey.getpixel((32, 76)) - 50, "turned as the DNG says: left is on top"
    (row,) = [row for row in rows if row.path == "Volumes/Photos/2024/none (Smart Preview).CR2.jpg"]
    assert (row.state, row.width, row.height) == ("developed", 64, 96)
    assert "without the edits" in row.note
    again = fingerprint(tmp_path / "out")
    assert run(tmp_path / "lib", tmp_path / "out")[0].unchanged == 7
    assert fingerprint(tmp_path / "out") == again
    assert run(tmp_path / "lib", tmp_path / "small", pixels=Pixels(max_edge=600))[0].developed == 0


def test_without_rawpy_a_smart_preview_is_copied_and_the_way_out_is_told(tmp_path, monkeypatch):
    with Library(tmp_path / "lib") as library:
        file, uuid = library.file("a.CR2")
        library.writer.image(file)
        smart_preview(library, uuid, generated_dng(levels_of(picture(1))[0][0]))
    monkeypatch.setattr("importers.raw.is_available", lambda: False)
    remarks: list[str] = []
    tally = recover([tmp_path / "lib"], tmp_path / "out", Options(), on_remark=remarks.append)
    assert (tally.smart, tally.developed, tally.lost) == (1, 0, 0)
    assert any("extra `raw`" in remark for remark in remarks)


def test_a_drive_that_goes_away_stops_the_run_and_condemns_no_photo(tmp_path):
    with Library(tmp_path / "lib") as library:
        for number in range(200):
            library.photo(f"{number}.JPG")
    rows: list[Row] = []

    def pull_the_plug(row: Row) -> None:
        rows.append(row)
        if len(rows) == 1:
            library.previews.rename(tmp_path / "gone")

    with pytest.raises(SafelightError, match="gone away"):
        recover([library.previews], tmp_path / "out", Options(), catalog=library.catalog, on_photo=pull_the_plug)
    assert {row.outcome for row in rows} == {Outcome.RECOVERED}
    (tmp_path / "gone").rename(library.previews)
    tally, _ = run(tmp_path / "lib", tmp_path / "out")
    assert (tally.recovered + tally.unchanged, tally.lost) == (200, 0)
    assert len(names(tmp_path / "out")) == 200


# Names on disk


def test_names_that_differ_only_in_case_or_form_keep_apart(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("Émile.CR2", "A/")
        library.photo("E\u0301MILE.cr2", "a/")
        library.photo("émile.CR2", "A/")
    tally, rows = run(tmp_path / "lib", tmp_path / "out")
    paths = [row.path.lower() for row in rows]
    assert tally.recovered == len(set(paths)) == 3
    assert sum("(2)" in path for path in paths) == sum("(3)" in path for path in paths) == 1


def test_what_is_there_is_not_overwritten_unless_asked_for(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    mine = tmp_path / "out/Volumes/Photos/2024/a.JPG"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    run(tmp_path / "lib", tmp_path / "out")
    assert mine.read_text() == "mine"
    assert same_picture(mine.with_name("a (2).JPG"), 2)
    run(tmp_path / "lib", tmp_path / "out", overwrite=True)
    assert same_picture(mine, 2)


def test_what_a_power_cut_tore_is_written_again_and_what_people_edited_is_not(tmp_path):
    """Renamed but not yet on the disk: after a power cut such a file is empty, or ends anywhere."""
    with Library(tmp_path / "lib") as library:
        for name in ("empty", "cut", "gone", "edited", "kept"):
            library.photo(f"{name}.JPG")
    out = tmp_path / "out"
    run(tmp_path / "lib", out)
    (folder,) = {path.parent for path in out.rglob("*.JPG")}
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "empty.JPG").write_bytes(b"")
    (folder / "cut.JPG").write_bytes(whole["cut.JPG"][:4096])
    (folder / "gone.JPG").unlink()
    shorter = b"\xff\xd8" + whole["edited.JPG"][-500:]  # as a program that drops metadata leaves it
    (folder / "edited.JPG").write_bytes(shorter)
    tally, _ = run(tmp_path / "lib", out)
    assert (tally.recovered, tally.unchanged) == (3, 2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {**whole, "edited.JPG": shorter}


def test_a_folder_that_was_recovered_with_other_options_is_refused(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    run(tmp_path / "lib", tmp_path / "out", layout=Layout.FLAT)
    with pytest.raises(SafelightError, match="--flat.*another folder"):
        run(tmp_path / "lib", tmp_path / "out")
    assert names(tmp_path / "out") == {"a.JPG"}


def test_hostile_catalogs_write_nothing_outside(tmp_path):
    with Library(tmp_path / "lib", root="/../../../../etc/") as library:
        library.photo("../../../passwd", "../..//x/")
        library.photo("nul\0.JPG", "~/")
    run(tmp_path / "lib", tmp_path / "out")
    assert len(names(tmp_path / "out")) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"lib", "out"}


def test_the_same_name_many_times_in_one_folder(tmp_path):
    """--flat on cards that count from 0001 again and again: numbering must not try all numbers each time."""
    with Ledger(tmp_path, "r") as ledger:
        asked: list[str] = []
        ledger._db.set_trace_callback(asked.append)
        given = {ledger.give_name(Name("", "IMG_0001", ".JPG")) for _ in range(1000)}
        assert len(given) == 1000
        assert len(asked) < 10 * 1000, "all numbers each time would be half a million"


# Places


def test_a_folder_to_search_finds_every_library_and_strays(tmp_path):
    for number, name in enumerate(("one", "two/deeper")):
        with Library(tmp_path / "disk" / name, root=f"/Disk{number}/", tag=f"AAA{number}") as library:
            library.photo("a.JPG")
    uuid = "CCCCCCCC-0000-4000-8000-00000000AAAA"
    stray = container(levels_of(picture(9)), uuid)
    (tmp_path / "disk/rescued").mkdir()
    (tmp_path / "disk/rescued/f001.lrprev").write_bytes(stray)
    (tmp_path / "disk/one/Lib Smart Previews.lrdata").mkdir()
    run(tmp_path / "disk", tmp_path / "out")
    assert names(tmp_path / "out") == {"Disk0/2024/a.JPG", "Disk1/2024/a.JPG", f"orphans/{uuid}.jpg"}


def test_a_catalog_elsewhere_names_the_previews(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    moved = tmp_path / "backup.lrcat"
    library.catalog.rename(moved)
    run(library.previews, tmp_path / "out", catalog=moved)
    assert names(tmp_path / "out") == {"Volumes/Photos/2024/a.JPG"}


@pytest.mark.parametrize("make", [lambda p: p / "absent", lambda p: (p / "empty").mkdir() or p / "empty"])
def test_a_source_with_nothing_is_one_clear_error(tmp_path, make):
    with pytest.raises(SafelightError, match="drive|no previews"):
        run(make(tmp_path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("source", ["lib", "link", "lib/Lib.lrcat", "lib/Lib Previews.lrdata", "a preview"])
@pytest.mark.parametrize("out", ["lib/Lib Previews.lrdata/out", "lib", "lib/out", "link/new/out"])
def test_output_into_what_is_recovered_from_is_refused(tmp_path, source, out):
    """A second run would find the photos of the first; and Lightroom's folders are only read."""
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
    (tmp_path / "link").symlink_to(tmp_path / "lib")
    before = fingerprint(tmp_path / "lib")
    preview = next(library.previews.rglob("*.lrprev"))
    with pytest.raises(SafelightError, match=r"only read; choose an output folder outside of it"):
        run(preview if source == "a preview" else tmp_path / source, tmp_path / out)
    assert fingerprint(tmp_path / "lib") == before


def test_a_dry_run_writes_nothing_and_tells_the_same_names(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
        library.photo("A.cr2")
    tally, rows = run(tmp_path / "lib", tmp_path / "out", dry_run=True)
    assert tally.recovered == 2
    assert not (tmp_path / "out").exists()
    _, written = run(tmp_path / "lib", tmp_path / "out")
    assert [(row.path, row.width, row.height) for row in rows] == [(row.path, row.width, row.height) for row in written]
    before = fingerprint(tmp_path / "out")
    assert run(tmp_path / "lib", tmp_path / "out", dry_run=True)[0].unchanged == 2
    assert fingerprint(tmp_path / "out") == before


# The report


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_report_escapes_everything_and_loads_nothing(tmp_path):
    evil = '<script>alert("1")</script>&amp;'
    with Library(tmp_path / "lib", root=f"/{evil}/") as library:
        library.photo("a#b?c%20'\".JPG", f"{evil}/")
        library.writer.photo("=cmd|' /C calc'!A0.JPG")
    run(tmp_path / "lib", tmp_path / "out")
    page = (tmp_path / "out/recovery-report.html").read_text("utf-8")
    found = Texts()
    found.feed(page)
    assert "script" not in [tag for tag, _ in found.tags]
    assert evil in found.text
    sources = [attrs["src"] for _, attrs in found.tags if "src" in attrs]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    links = [attrs["href"] for tag, attrs in found.tags if tag == "a"]
    assert links
    assert all(not link.startswith(("http", "//", "javascript")) for link in links)
    from urllib.parse import unquote

    assert all((tmp_path / "out" / unquote(link)).is_file() for link in links)
    assert len(page) < 40_000


def test_the_table_is_safe_for_spreadsheets(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    from safelight.recover import report

    starts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'fine, "quoted"', "Ünï"]
    with Ledger(out, "r") as ledger:
        for start in starts:
            ledger.record(Row(start, start, "p.jpg", "current", Outcome.FAILED, note=start), None)
        report.write(out, ledger, 0)
    text = (out / "recovery-report.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    originals = {row["original"] for row in rows}
    assert originals == {f"'{start}" for start in starts[:6]} | set(starts[6:])
    assert all(row["recovered"] == "" for row in rows)


def test_a_large_report_goes_on_page_by_page(tmp_path):
    from safelight.recover import report

    with Ledger(tmp_path, "r") as ledger:
        for number in range(2500):
            outcome = Outcome.MISSING if number % 500 == 7 else Outcome.RECOVERED
            ledger.record(Row(f"{number}", f"/p/{number:05}.jpg", f"{number}.jpg", "current", outcome, 1000, 900), None)
        report.write(tmp_path, ledger, 0)
    pages = [tmp_path / f"recovery-report{end}.html" for end in ("", "-2", "-3")]
    texts = [page.read_text() for page in pages]
    assert [text.count("<li>") for text in texts] == [1000, 1000, 500]
    assert texts[0].index("02007.jpg") < texts[0].index("00000.jpg")  # what needs a look comes first
    assert 'href="recovery-report-3.html"' in texts[0]


# Stops at bad moments, with real processes


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safelight", "recover", *map(str, arguments)]


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """300 photos of some 150 kB: enough to be caught in the middle."""
    folder = tmp_path_factory.mktemp("large") / "lib"
    noise = Image.effect_noise((800, 600), 80).convert("RGB")
    levels = levels_of(noise)
    with Library(folder) as library:
        for number in range(300):
            library.photo(f"{number:04}.CR2", levels=levels)
    return folder


def is_whole(path: Path) -> bool:
    from lrprev import jpeg

    data = path.read_bytes()
    return jpeg.check(data).end == len(data)


def test_kill_at_any_moment_leaves_no_half_file_and_the_next_run_goes_on(large, tmp_path):
    out = tmp_path / "out"
    for kill in range(6):
        process = subprocess.Popen(command(large, "-o", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = len(names(out)) if out.exists() else 0
        deadline = time.monotonic() + 600
        while process.poll() is None and time.monotonic() < deadline:
            if out.exists() and len(list(out.rglob("*.jpg"))) > seen + 3 + 11 * kill:
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(is_whole(path) for path in out.rglob("*.jpg"))
    done = subprocess.run(command(large, "-o", out, "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "done"
    assert last["recovered"] + last["unchanged"] == 300
    assert last["lost"] == 0
    assert names(out) == {f"Volumes/Photos/2024/{number:04}.CR2.jpg" for number in range(300)}
    assert all(is_whole(path) for path in out.rglob("*.jpg"))
    assert not list(out.rglob("*.safelight-part"))


HELD = """
import time
from safelight.cli import main
from safelight.recover.run import _Run
begin = _Run._begin
def held(run, jobs):
    while run._done >= 16 and not run._stop.is_set():
        time.sleep(0.01)
    return begin(run, jobs)
_Run._begin = held
main()
"""
"""A run that waits in the middle until it is told to stop."""


def test_ctrl_c_finishes_the_batch_and_says_so(large, tmp_path):
    out = tmp_path / "out"
    held = [sys.executable, "-c", HELD, "recover", "--jobs", "1", large, "-o", out]
    process = subprocess.Popen(held, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(out.rglob("*.jpg")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "Interrupted" in stdout
    assert 0 < len(names(out)) < 300
    assert (out / "recovery-report.html").is_file()


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_output_that_is_a_file_is_told_apart(tmp_path, dry_run):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
    out = tmp_path / "out.jpg"
    out.write_bytes(b"mine")
    with pytest.raises(SafelightError, match=f"^{re.escape(str(out))} is a file; name a folder$"):
        run(tmp_path / "lib", out, dry_run=dry_run)
    assert out.read_bytes() == b"mine"
    with pytest.raises(SafelightError, match=r"cannot be written \(not a directory\); .* name another folder$"):
        run(tmp_path / "lib", out / "inside")


def test_an_output_that_cannot_be_written_is_told(tmp_path, read_only):
    with Library(tmp_path / "lib") as library:
        library.photo("a.CR2")
    for out in (read_only, read_only / "new"):
        with pytest.raises(SafelightError, match=f"^{re.escape(str(out))} cannot be written") as error:
            run(tmp_path / "lib", out)
        assert "run it again" not in str(error.value)


def test_a_full_disk_is_one_clear_error_and_the_rest_is_intact(large, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        run_ = subprocess.run(command(large, "-o", small / "out"), capture_output=True, text=True, check=False)
        assert run_.returncode == 2
        assert "Traceback" not in run_.stderr
        (line,) = run_.stderr.strip().splitlines()
        assert "full" in line
        assert "run it again" in line
        written = list(small.rglob("*.jpg"))
        assert len(written) > 5
        assert all(is_whole(path) for path in written)
        assert not list(small.rglob("*.safelight-part"))
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        assert subprocess.run(command(large, "-o", small / "out"), capture_output=True, check=False).returncode == 0
        assert len(names(small / "out")) == 300
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_an_output_folder_that_cannot_be_written_is_one_clear_error(large, tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run(command(large, "-o", tmp_path / "file" / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_two_recoveries_into_one_folder_do_not_mix(large, tmp_path):
    first = subprocess.Popen(
        command(large, "-o", tmp_path / "out"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "out" / FILE_NAME).exists() and first.poll() is None:
        time.sleep(0.005)
    time.sleep(0.3)
    second = subprocess.run(command(large, "-o", tmp_path / "out"), capture_output=True, text=True, check=False)
    assert first.wait() == 0
    if second.returncode:  # unless the first was through already
        assert second.returncode == 2
        assert "another recovery" in second.stderr
    assert len(names(tmp_path / "out")) == 300


def test_the_ledger_keeps_its_lock_while_its_log_is_synced_and_leaves_no_log(tmp_path):
    """Closing any other descriptor of a database's file would let go of SQLite's lock on it."""
    other = f"import sqlite3; sqlite3.connect({str(tmp_path / FILE_NAME)!r}, timeout=0).execute('SELECT * FROM names')"
    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.sync(ledger.commit())
        assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size > 0
        refused = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "database is locked" in refused.stderr
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME}
    assert subprocess.run([sys.executable, "-c", other], check=False).returncode == 0


def test_the_ledger_is_synced_through_what_may_write_and_in_a_dry_run_not_at_all(tmp_path, monkeypatch):
    """SMB flushes nothing through what is open for reading; and a dry run may be of what can only be read."""
    modes = []

    def sync(file):
        if stat.S_ISREG(os.fstat(file).st_mode):
            modes.append(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE)

    monkeypatch.setattr(os, "fsync", sync)
    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.sync(ledger.commit())
        monkeypatch.setattr(os, "getpid", lambda: 1)  # as in a child, which syncs the database's own file as well
        ledger.sync(ledger.commit())
    assert modes == [os.O_RDWR] * 3
    with Ledger(tmp_path, "r", dry_run=True) as ledger:
        ledger.sync(ledger.commit())
    assert len(modes) == 3


def test_what_one_process_has_waited_for_no_other_waits_for(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    monkeypatch.setattr("safelight.recover.shift.can_fork", lambda: True)  # a thread of another test may be ending
    with Ledger(tmp_path, "r") as ledger:
        early = ledger.commit()
        ledger.give_name(Name("", "a", ".JPG"))
        names = ledger.commit()
        with Crew(lambda commits: ((ledger.sync(commit), list(synced)) for commit in commits), 1) as crew:
            _, theirs = crew.start([early]).result()  # before their first batch: all that is committed by then
        files = tmp_path / f"{FILE_NAME}-wal", tmp_path / FILE_NAME, tmp_path
        assert theirs == [file.stat().st_ino for file in files]
        ledger.sync(names)
        assert not synced
        ledger.give_name(Name("", "b", ".JPG"))
        ledger.sync(ledger.commit())
        assert synced


def test_the_ledger_ends_while_the_report_is_still_written(tmp_path, monkeypatch):
    from safelight.recover import report

    monkeypatch.setattr(report, "_ROWS_A_PAGE", 2)  # the last page is full: nothing says that no row is left
    rows = [Row(key, f"/p/{key}.JPG", f"{key}.JPG", "current", Outcome.RECOVERED) for key in "abcd"]
    with Ledger(tmp_path, "r") as ledger:
        for row in rows:
            ledger.plan(row)
        ledger.commit()
        report.write(tmp_path, ledger, 0)
        ledger.end()  # once more does no harm
    reports = {"recovery-report.html", "recovery-report-2.html", report.TABLE}
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, *reports}
    assert (tmp_path / FILE_NAME).read_bytes()[18:20] == b"\1\1"  # a plain file to SQLite, and not one with a log
    assert len((tmp_path / report.TABLE).read_text().splitlines()) == 5
    with Ledger(tmp_path, "r") as ledger:
        assert [*ledger.rows()] == rows


def test_the_ledger_ends_where_no_thread_can_be_started(tmp_path, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.commit()
        monkeypatch.setattr(threading.Thread, "start", refuse)
        ledger.end()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_new_ledger_is_on_the_disk_itself_before_a_photo_is_written_without_a_child(tmp_path):
    """SQLite throws the log away of a database whose own file a power cut has emptied."""
    out, copy = tmp_path / "out", tmp_path / "copy"
    out.mkdir()
    with Ledger(out, "r") as ledger:
        ledger.plan(Row("k", "/p/a.JPG", "a.JPG", "current", Outcome.PLANNED))
        ledger.sync(ledger.commit())
        copy.mkdir()
        (copy / FILE_NAME).write_bytes((out / FILE_NAME).read_bytes())
    with Ledger(copy, "r") as ledger:
        assert ledger.unfinished() == ["a.JPG"]


def test_what_a_kill_leaves_in_the_log_is_known_to_a_dry_run_which_leaves_it_alone(tmp_path):
    row = Row("k", "/p/a.JPG", "a.JPG", "current", Outcome.PLANNED)
    (tmp_path / "at work").mkdir()
    with Ledger(tmp_path / "at work", "r") as ledger:
        ledger.plan(row)
        ledger.commit()
        shutil.copytree(tmp_path / "at work", tmp_path / "killed")
    before = fingerprint(tmp_path / "killed")
    with Ledger(tmp_path / "killed", "r", dry_run=True) as ledger:
        assert ledger.find(["k"]) == {"k": row}
    assert fingerprint(tmp_path / "killed") == before
    with Ledger(tmp_path / "killed", "r") as ledger:
        assert ledger.unfinished() == ["a.JPG"]


def test_photos_that_are_left_out_of_batch_after_batch(large, tmp_path):
    assert run(large, tmp_path / "out", jobs=1, pixels=Pixels(min_edge=100_000))[0].left_out == 300


def test_json_is_a_line_per_photo_and_ends_with_the_counts(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
        library.writer.photo("b.JPG")
    done = subprocess.run(
        command(tmp_path / "lib", "-o", tmp_path / "out", "--json"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    photos = [event for event in events if event["event"] == "photo"]
    assert sorted((photo["state"], photo["outcome"]) for photo in photos) == [
        ("current", "recovered"),
        ("missing", "missing"),
    ]
    assert events[-1] == {
        "event": "done", "recovered": 1, "unchanged": 0, "salvaged": 0, "orphans": 0, "full_size": 1, "thumbnails": 0,
        "stale": 0, "smart": 0, "developed": 0, "missing": 1, "failed": 0, "left_out": 0, "stale_left": 0,
        "lost_catalogs": 0, "interrupted": False, "lost": 1,
    }  # fmt: skip


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_photos_are_recovered_even_if_nobody_reads_of_it_any_more(large, tmp_path, dry_run):
    """`safelight recover ... --json | head -1`: whoever sees exit code 0 may trust that all photos are there."""
    process = subprocess.Popen(
        command(large, "-o", tmp_path / "out", "--json", *dry_run),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
    assert len(names(tmp_path / "out")) == (0 if dry_run else 300)


def test_on_a_terminal_a_bar_tells_how_far_it_is(large, tmp_path):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        command(large, "-o", tmp_path / "out"), stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
    )
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # that is how the end of a terminal reads
        while more := os.read(ours, 65536):
            drawn += more
    os.close(ours)
    assert process.communicate()[0].startswith("300 photos recovered, all in full size.")
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    counts = [int(done) for done in re.findall(r"recovering photos\W+(\d+) of 300", text)]
    assert counts == sorted(counts)
    assert counts
    assert drawn.count(b"\n") < 50, "one line that is drawn over, not one for each photo"


@pytest.mark.parametrize("jobs", [1, 3])
def test_jobs_says_how_many_processes_write_at_the_same_time(tmp_path, monkeypatch, jobs):
    from safelight.recover import run as module

    with Library(tmp_path / "lib") as library:
        for number in range(200):
            library.photo(f"{number}.JPG")
    forks, batches = [0], [0]

    class Counted(Crew):
        def start(self, jobs, expected=0):
            batches[0] += 1
            return super().start(jobs, expected)

    fork = os.fork

    def counted() -> int:
        forks[0] += 1
        return fork()

    monkeypatch.setattr(threading, "active_count", lambda: 1)  # else pytest's own threads may keep it from forking
    monkeypatch.setattr(os, "fork", counted)
    monkeypatch.setattr(module, "Crew", Counted)
    assert run(tmp_path / "lib", tmp_path / "out", jobs=jobs)[0].recovered == 200
    assert batches[0] > jobs >= forks[0] > 0
    assert len(names(tmp_path / "out")) == 200


def test_jobs_on_the_command_line_change_no_byte(large, tmp_path):
    outs = [tmp_path / jobs for jobs in ("1", "4")]
    for out in outs:
        subprocess.run(command(large, "-o", out, "--jobs", out.name), check=True, capture_output=True)
    one, four = ({name: (out / name).read_bytes() for name in names(out)} for out in outs)
    assert one == four
    assert len(one) == 300
    for jobs in ("0", "65", "many"):
        wrong = subprocess.run(
            command(large, "-o", tmp_path / "x", "--jobs", jobs), check=False, capture_output=True, text=True
        )
        assert (wrong.returncode, "--jobs" in wrong.stderr) == (2, True)


def test_a_service_with_threads_recovers_too(tmp_path):
    with Library(tmp_path / "lib") as library:
        for number in range(30):
            library.photo(f"{number}.JPG")
    with ThreadPoolExecutor(1) as pool:
        tally, _ = pool.submit(run, tmp_path / "lib", tmp_path / "out", jobs=4).result()
    assert (tally.recovered, tally.lost) == (30, 0)


def test_one_photo_is_counted_as_one(tmp_path):
    with Library(tmp_path / "lib") as library:
        library.photo("a.JPG")
        library.writer.photo("b.JPG")
    done = subprocess.run(
        command(tmp_path / "lib", "-o", tmp_path / "out"), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("1 photo recovered, all in full size.\n1 photo of the catalog without any preview.\n")


def test_memory_stays_flat_however_many_previews_there_are(tmp_path):
    """Peak memory of 3,000 photos is that of 300, within a few MB."""
    levels = levels_of(picture(1))
    peaks = []
    for count in (300, 3000):
        with Library(tmp_path / f"lib{count}") as library:
            for number in range(count):
                library.photo(f"{number}.JPG", levels=levels)
        code = (
            "import resource, sys; from pathlib import Path; from safelight.recover import *;"
            f"recover([Path({str(tmp_path / f'lib{count}')!r})], Path({str(tmp_path / f'out{count}')!r}), Options());"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 8 * 1024 * (1024 if sys.platform == "darwin" else 1)
