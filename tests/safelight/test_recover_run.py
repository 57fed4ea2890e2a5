"""What is recovered from generated catalogs, and what is said of what cannot be."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from generated_dng import generated_dng
from PIL import Image
from preview_folders import DIGEST, Library, container, fingerprint, levels_of, picture, place
from recoveries import names, run, same_picture

from safelight.errors import SafelightError
from safelight.recover import Layout, Options, Pixels, recover
from safelight.recover.ledger import Outcome, Row

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
