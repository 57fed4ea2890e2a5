"""A folder to search: what lies in it is found by what it is, whatever it is called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from preview_folders import Library, container, fingerprint, levels_of, picture

from safelight.errors import SafelightError
from safelight.recover import Options, Tally, recover
from safelight.recover.ledger import Row

UUID = "00000001-0000-4000-8000-00000000AAAA"
NAMED = "Volumes/Photos/2024"


def run(source: Path, out: Path) -> tuple[Tally, list[Row], list[str]]:
    rows: list[Row] = []
    remarks: list[str] = []
    tally = recover([source], out, Options(), on_photo=rows.append, on_remark=remarks.append)
    return tally, rows, remarks


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*.jpg")}


def rescued(folder: Path, library: Library, *names: str) -> None:
    """Leave of a previews folder what a file carver brings back: files by numbers."""
    previews = sorted(library.previews.rglob("*.lrprev"))
    for path, name in zip(previews, names, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        path.rename(folder / name)
    (library.previews / "previews.db").unlink()
    for path in sorted(library.previews.rglob("*"), reverse=True):
        path.rmdir()
    library.previews.rmdir()


@pytest.fixture
def carved(tmp_path: Path) -> Path:
    with Library(tmp_path / "disk") as library:
        for name in "abc":
            library.photo(f"{name}.CR2")
        library.writer.photo("lost.CR2")
    rescued(tmp_path / "disk", library, "recup_dir.1/f0012345.bin", "recup_dir.2/f0012346", "f3.lrprev.bak")
    (tmp_path / "disk/notes.txt").write_text("no preview")
    (tmp_path / "disk/empty").touch()
    return tmp_path / "disk"


@pytest.mark.skipif(sys.platform == "darwin", reason="this system takes no such name")
def test_names_that_are_no_text_are_nothing_special(tmp_path: Path):
    """Latin-1, from an old disk: of folders of previews and Smart Previews, and of strays, sound and damaged."""
    disk = tmp_path / "disk" / os.fsdecode(b"caf\xe9")
    with Library(disk) as library:
        library.photo("a.CR2")
        _, uuid = library.file("b.CR2")
        smart = disk / f"Lib Smart Previews.lrdata/{uuid[0]}/{uuid[:4]}/{uuid}.dng"
    smart.parent.mkdir(parents=True)
    smart.write_bytes(b"II*\0" + bytes(99))
    strays = tmp_path / "disk/strays"
    strays.mkdir()
    (strays / os.fsdecode(b"\xe91.lrprev")).write_bytes(container(levels_of(picture(1)), "of none"))
    (strays / os.fsdecode(b"\xe92: ?.lrprev")).write_bytes(b"AgHg" + bytes(99))
    tally, rows, _ = run(tmp_path / "disk", tmp_path / "out")
    assert (tally.recovered, tally.smart, tally.failed) == (3, 1, 1)
    assert files(tmp_path / "out") == {f"{NAMED}/a.CR2.jpg", "orphans/_udce91.jpg"}
    assert {row.original for row in rows} >= {r"\udce91.lrprev", r"\udce92: ?.lrprev"}
    before = fingerprint(tmp_path / "out")
    assert run(tmp_path / "disk", tmp_path / "out")[0].unchanged == 3
    assert fingerprint(tmp_path / "out") == before


def test_damaged_previews_of_one_file_name_are_as_many_photos(tmp_path: Path):
    """Windows' chkdsk numbers what it rescues anew in each folder; and what has lost its header has no other name."""
    contents = [container(levels_of(picture(seed)), "of none").replace(b"pyramid", b"XXXXXXX") for seed in (1, 2, 1)]
    for number, content in enumerate(contents):
        (tmp_path / f"disk/FOUND.00{number}").mkdir(parents=True)
        (tmp_path / f"disk/FOUND.00{number}/FILE0000.CHK").write_bytes(content)
    tally, rows, _ = run(tmp_path / "disk", tmp_path / "out")
    assert (tally.salvaged, tally.lost) == (2, 0), "the third is a copy of the first"
    assert files(tmp_path / "out") == {"orphans/FILE0000.jpg", "orphans/FILE0000 (2).jpg"}
    assert {row.original for row in rows} == {"FILE0000.CHK"}
    for number in (0, 1):  # nor does it matter whether they come in one run or in two
        run(tmp_path / f"disk/FOUND.00{number}", tmp_path / "one by one")
    assert files(tmp_path / "one by one") == files(tmp_path / "out")
    before = fingerprint(tmp_path / "out")
    assert run(tmp_path / "disk", tmp_path / "out")[0].unchanged == 2
    assert fingerprint(tmp_path / "out") == before


def test_previews_under_any_name_are_found_and_named_by_the_only_catalog(tmp_path: Path, carved: Path):
    before = fingerprint(carved)
    tally, rows, remarks = run(carved, tmp_path / "out")
    assert (tally.recovered, tally.missing, tally.orphans, remarks) == (3, 1, 0, [])
    assert files(tmp_path / "out") == {f"{NAMED}/{name}.CR2.jpg" for name in "abc"}
    assert [row.original for row in rows if not row.is_there] == ["/Volumes/Photos/lost.CR2/lost.CR2"]
    assert fingerprint(carved) == before


def test_without_a_catalog_they_are_orphans(tmp_path: Path, carved: Path):
    (carved / "Lib.lrcat").unlink()
    tally, _, remarks = run(carved, tmp_path / "out")
    assert (tally.recovered, tally.missing, len(files(tmp_path / "out"))) == (3, 0, 3)
    assert any("--catalog" in remark for remark in remarks)


def test_beside_a_whole_library_they_are_named_and_nothing_is_missing_twice(tmp_path: Path, carved: Path):
    with Library(tmp_path / "disk/whole", tag="BBBB") as library:
        library.photo("d.CR2", folder="2025/")
    (carved / "Lib.lrcat").unlink()  # the only catalog is one with previews of its own, which knows none of them
    tally, rows, _ = run(carved, tmp_path / "out")
    assert (tally.recovered, tally.missing) == (4, 0)
    assert len(rows) == 4


def test_a_damaged_only_catalog_is_told_once(tmp_path: Path, carved: Path):
    (carved / "Lib.lrcat").write_bytes(b"SQLite format 3\0" + bytes(5000))
    tally, _, remarks = run(carved, tmp_path / "out")
    assert (tally.recovered, tally.lost_catalogs, len(remarks)) == (3, 1, 1)


def test_photos_are_not_looked_into(tmp_path: Path, carved: Path):
    """A disk may have a million; what is called a photo is none of Lightroom's previews."""
    for name in ("recup_dir.1/f0012345.bin", "recup_dir.2/f0012346", "f3.lrprev.bak"):
        (carved / name).rename((carved / name).with_suffix(".jpg"))
    (carved / "Lib.lrcat").unlink()
    with pytest.raises(SafelightError, match="no previews"):
        run(carved, tmp_path / "out")


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """A library whose catalog has a new name, and its previews have not."""
    with Library(tmp_path / "disk") as library:
        library.photo("a.CR2")
        library.writer.photo("lost.CR2")
    library.catalog.rename(tmp_path / "disk/Renamed.lrcat")
    return tmp_path / "disk"


@pytest.mark.parametrize("what", [".", "Renamed.lrcat", "Lib Previews.lrdata"])
def test_a_renamed_catalog_still_names_the_only_previews_beside_it(tmp_path: Path, renamed: Path, what: str):
    tally, _, remarks = run(renamed / what, tmp_path / "out")
    assert (tally.recovered, tally.missing, tally.orphans, remarks) == (1, 1, 0, [])
    assert files(tmp_path / "out") == {f"{NAMED}/a.CR2.jpg"}


def test_where_there_is_a_choice_no_catalog_is_guessed(tmp_path: Path, renamed: Path):
    (renamed / "Other.lrcat").write_bytes((renamed / "Renamed.lrcat").read_bytes())
    tally, _, _ = run(renamed / "Lib Previews.lrdata", tmp_path / "two catalogs")
    assert (tally.recovered, tally.missing, files(tmp_path / "two catalogs")) == (1, 0, {f"orphans/{UUID}.jpg"})
    (renamed / "Other.lrcat").unlink()
    (renamed / "Renamed Previews.lrdata").mkdir()  # it has its own
    tally, _, _ = run(renamed / "Lib Previews.lrdata", tmp_path / "own previews")
    assert (tally.recovered, tally.missing, files(tmp_path / "own previews")) == (1, 0, {f"orphans/{UUID}.jpg"})


def test_a_damaged_one_that_was_guessed_is_done_without(tmp_path: Path, renamed: Path):
    (renamed / "Renamed.lrcat").write_bytes(b"SQLite format 3\0" + bytes(5000))
    tally, _, remarks = run(renamed / "Lib Previews.lrdata", tmp_path / "out")
    assert (tally.recovered, tally.lost_catalogs, len(remarks)) == (1, 1, 1)


def test_of_several_catalogs_a_remark_says_which_it_is_on(tmp_path: Path):
    for name in ("one", "two"):
        with Library(tmp_path / "disk" / name) as library:
            library.photo("a.CR2")
        (library.previews / "previews.db").write_bytes(b"this is no database")
    _, _, remarks = run(tmp_path / "disk", tmp_path / "out")
    (catalog,) = (tmp_path / "disk" / "two").glob("*.lrcat")
    assert [remark for remark in remarks if remark.startswith(f"{catalog}: previews.db is left aside")]
    _, _, alone = run(tmp_path / "disk" / "two", tmp_path / "other")
    assert [remark for remark in alone if remark.startswith("previews.db is left aside")], "alone it needs no name"


def test_a_file_that_is_named_and_is_no_preview_is_refused_and_a_cut_one_is_not(tmp_path):
    letter, cut = tmp_path / "letter.txt", tmp_path / "FILE0000.CHK"
    letter.write_text("dear photographer")
    cut.write_bytes(container(levels_of(picture(640, 480, 1)), UUID, "a" * 32)[100:])
    with pytest.raises(SafelightError, match=r"letter\.txt is no preview and no catalog"):
        run(letter, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    tally, rows, _ = run(cut, tmp_path / "out")
    assert (tally.salvaged, [row.outcome for row in rows]) == (1, ["salvaged"])
    both = recover([letter, cut], tmp_path / "both", Options())  # as a shell names all that a rescue has left
    assert (both.salvaged, both.failed) == (1, 1)
