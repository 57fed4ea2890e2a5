"""Where recovered files go: never over others, never into what is recovered from, never outside."""

import pytest
from preview_folders import Library, container, fingerprint, levels_of, picture
from recoveries import names, run, same_picture

from safelight.errors import SafelightError
from safelight.recover import Layout


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
