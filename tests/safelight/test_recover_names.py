"""Under which name a photo goes; whatever a catalog says, no name leaves the output folder."""

from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.lightroom import CatalogPhoto
from lrprev import State, StoredPreview
from safelight.recover.names import Layout, name_of, name_of_orphan, same_file_key


def photo(root="/Users/me/Pictures/", folder="2024/05/", base="IMG_1", extension="CR2", **more):
    return CatalogPhoto(1, "U", "F", root, folder, base, extension, **more)


def path(*args, layout=Layout.MIRROR, stale=None, **more):
    return name_of(photo(*args, **more), layout, stale).path()


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/Users/me/Pictures/", "Users/me/Pictures/2024/05/IMG_1.CR2.jpg"),
        ("C:/Users/me/", "C/Users/me/2024/05/IMG_1.CR2.jpg"),
        ("d:/", "D/2024/05/IMG_1.CR2.jpg"),
        ("//server/share/", "server/share/2024/05/IMG_1.CR2.jpg"),
        ("/", "2024/05/IMG_1.CR2.jpg"),
        ("", "2024/05/IMG_1.CR2.jpg"),
        ("C:\\Fotos\\", "C/Fotos/2024/05/IMG_1.CR2.jpg"),
        ("/Volumes/Fotos ümläut 日本/", "Volumes/Fotos ümläut 日本/2024/05/IMG_1.CR2.jpg"),
        ("/a/../../etc/", "a/_/_/etc/2024/05/IMG_1.CR2.jpg"),
        ("/a/./b. ./", "a/_/b/2024/05/IMG_1.CR2.jpg"),
        ("/con/Aux.old/", "_con/_Aux.old/2024/05/IMG_1.CR2.jpg"),
        ("/not.jpg/", "not.jpg_/2024/05/IMG_1.CR2.jpg"),
    ],
)
def test_the_originals_own_folders_are_mirrored(root, expected):
    assert path(root) == expected


@pytest.mark.parametrize(
    ("base", "extension", "expected"),
    [
        ("IMG_1", "CR2", "IMG_1.CR2.jpg"),
        ("IMG_1", "JPG", "IMG_1.JPG"),
        ("IMG_1", "jpeg", "IMG_1.jpeg"),
        ("IMG_1", "", "IMG_1.jpg"),
        ("IMG.1.2", "dng", "IMG.1.2.dng.jpg"),
        ("nul", "JPG", "_nul.JPG"),
        ("COM1", "CR2", "_COM1.CR2.jpg"),
        ("a/b\\c:d\0e", "JPG", "a_b_c_d_e.JPG"),
        ("..", "JPG", "...JPG"),
        ("", "", "_.jpg"),
        ("x", "../../y", "x..._.._y.jpg"),
    ],
)
def test_a_jpeg_keeps_its_name_and_any_other_gets_one_more_suffix(base, extension, expected):
    assert path(base=base, extension=extension, layout=Layout.FLAT) == expected


def test_virtual_copies_and_older_renders_say_what_they_are():
    assert path(master_id=1, copy_name="Copy 1", layout=Layout.FLAT) == "IMG_1 (Copy 1).CR2.jpg"
    assert path(master_id=1, layout=Layout.FLAT) == "IMG_1 (copy).CR2.jpg"
    assert path(stale="0c60f5aabb", layout=Layout.FLAT) == "IMG_1 (older render 0c60f5).CR2.jpg"


def test_by_date_makes_a_folder_a_day():
    assert path(taken_at=datetime(2019, 7, 4, 18, 30), layout=Layout.BY_DATE) == "2019/2019-07-04/IMG_1.CR2.jpg"
    assert path(layout=Layout.BY_DATE) == "undated/IMG_1.CR2.jpg"


def test_orphans_go_by_uuid():
    stored = StoredPreview("0A1B2C3D-0000-4000-8000-00000000AAAA", "00", State.ORPHAN, ())
    assert name_of_orphan(stored).path() == "orphans/0A1B2C3D-0000-4000-8000-00000000AAAA.jpg"


def test_numbers_go_before_all_suffixes():
    assert name_of(photo(), Layout.FLAT).path(3) == "IMG_1 (3).CR2.jpg"


def test_over_long_names_and_folders_are_cut():
    long = path("/" + "ordner/" * 300, base="ü" * 300, extension="x" * 100)
    assert len(long.encode()) < 900
    assert all(len(part.encode()) <= 250 for part in long.split("/"))
    assert long.endswith("2024/05/" + "ü" * 113 + ".jpg")


hostile = st.text(st.characters() | st.sampled_from("/\\.:~ \0\n"), max_size=30)


@given(hostile, hostile, hostile, hostile, hostile, st.sampled_from(Layout))
def test_no_name_leaves_the_output_folder_or_is_forbidden_anywhere(root, folder, base, extension, copy, layout):
    found = photo(root, folder, base, extension, master_id=1, copy_name=copy)
    for number in (1, 2):
        relative = name_of(found, layout, "0c60f5").path(number)
        parts = relative.split("/")
        assert not PurePosixPath(relative).is_absolute()
        assert not PureWindowsPath(relative).drive
        assert not PureWindowsPath(relative).is_reserved()
        for part in parts:
            assert part not in ("", ".", "..")
            assert not set(part) & set('<>:"|?*\\\0\n\r\t')
            assert len(part.encode()) <= 255
            assert part[-1] not in ". "
        assert same_file_key(relative) == same_file_key(relative.upper().lower()) or not relative.isascii()


def test_case_and_unicode_form_do_not_make_another_file():
    assert same_file_key("A/Émile.JPG") == same_file_key("a/E\u0301mile.jpg")
    assert same_file_key("straße") == same_file_key("STRASSE")
