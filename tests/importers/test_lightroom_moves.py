"""Where originals went: folders and catalogs that have moved since the catalog was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightroom_catalogs import CatalogWriter
from lightroom_sources import library, read

from importers.lightroom_moves import Moves
from importers.lightroom_source import LightroomSource


@pytest.mark.parametrize(
    ("root", "moved"),
    [
        ("D:/Photos/", "D:/Photos"),
        ("D:/Photos/", "d:\\photos\\"),
        ("//server/share/Photos/", "\\\\SERVER\\share\\photos"),
        ("/Volumes/Old/", "/Volumes/Old"),
        ("/Volumes/Old/", "/Volumes/Old/"),
    ],
)
def test_originals_are_found_where_their_folder_moved(tmp_path, originals, root, moved):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root=root) as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    assert read(path)[0].path is None
    assert read(path, moved=((moved, str(originals)),))[0].path == originals / "2024" / "a.jpg"


def test_the_longest_beginning_counts_and_whole_steps_only(tmp_path, originals):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root="D:/Photos/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    nowhere = str(tmp_path / "nowhere")
    inner = ("D:/Photos/2024", str(originals / "2024"))
    assert read(path, moved=(("D:/", nowhere), inner, ("D:/Photos", nowhere)))[0].path
    assert read(path, moved=(("D:/Pho", str(originals)),))[0].path is None
    assert read(path, moved=(("d:/photos/2024/A.JPG", str(originals / "2024" / "a.jpg")),))[0].path
    assert read(path, moved=(("/Volumes", str(originals)),))[0].path is None


def test_case_counts_where_it_is_no_windows(tmp_path, originals):
    (originals / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, root="/Volumes/Old/") as writer:
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    assert read(path, moved=(("/volumes/old", str(originals)),))[0].path is None


def test_originals_that_moved_along_with_the_catalog_are_found(tmp_path):
    (tmp_path / "drive" / "Photos" / "2024").mkdir(parents=True)
    (tmp_path / "drive" / "Photos" / "2024" / "a.jpg").write_bytes(b"picture")
    path = tmp_path / "drive" / "A.lrcat"
    with CatalogWriter(path, root="E:/Photos/") as writer:
        writer.connection.execute("UPDATE AgLibraryRootFolder SET relativePathFromCatalog = 'Photos/'")
        writer.image(writer.file(writer.folder("2024/"), "a.jpg"))
    source = LightroomSource(path)
    assert [photo.path for photo in source.photos()] == [tmp_path / "drive" / "Photos" / "2024" / "a.jpg"]
    assert not any("originals are not" in remark for remark in source.remarks)


def test_missing_originals_are_counted_with_what_to_do(tmp_path):
    with library(tmp_path) as lib:
        for name in ("a.jpg", "b.jpg"):
            lib.photo(name)
    source = LightroomSource(lib.catalog)
    list(source.photos())
    assert source.remarks == [
        "2 originals are not on this machine, all of them in /Volumes/Photos. If that folder lies elsewhere now:"
        ' --map "/Volumes/Photos=NEW FOLDER"'
    ]


@given(st.lists(st.tuples(st.text(min_size=1), st.text().map("/{}".format)), max_size=4), st.text())
def test_any_move_leads_below_its_new_folder_or_nowhere(moved, stored_path):
    found = Moves(moved).apply(stored_path)
    assert found is None or any(found.is_relative_to(new) for _, new in moved)


@given(st.text(st.characters(exclude_characters="/"), min_size=1), st.text())
def test_what_begins_like_a_moved_folder_is_below_the_new_one(folder, rest):
    found = Moves([(f"/old/{folder}", "/new")]).apply(f"/old/{folder}/{rest}")
    assert found == Path("/new", *rest.split("/"))
