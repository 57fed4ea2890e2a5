"""The pieces that need no library: which preview serves best, and photos as lines of JSON."""

from __future__ import annotations

import json
import plistlib
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import apple_photos_library
from importers.apple_photos_files import Shelves, in_order, kind_of, stamp_of
from importers.apple_photos_library import is_library, system_library, why_unreadable
from importers.apple_photos_wire import Row, decode, encode
from importers.base import Exposure, Facts, FileStamp, ImporterError, Part, Photo, Rendition

KEY = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{KEY}_1_105_c.jpeg", "105_c"),
        (f"{KEY}_1_102_o.jpeg", "102_o"),
        (f"{KEY}_1_201_a.heic", "201_a"),
        (f"{KEY}_4_5005_c.jpeg", "4_5005_c"),
        (f"{KEY}_1_105_c.THM", None),
        (f"{KEY}_2_0_a.mov", None),
        (f"{KEY}_2_100_c.jpeg", None),
        (f"{KEY}_p.jpeg", None),
        (f"{KEY}.plist", None),
        ("UNADJUSTEDNONRAW_thumb_2f.jpg", "thumb_o"),
        ("UNADJUSTEDRAW_mini_2f.jpg", "mini_o"),
        ("mWp4XvqKRUyCcdhXXQQpKQ_thumb_2f.jpg", "thumb_c"),
        ("mWp4XvqKRUyCcdhXXQQpKQ_mini_2f.jpg", "mini_c"),
        ("", None),
    ],
)
def test_a_name_tells_what_a_preview_is(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


@given(st.text())
def test_any_name_is_a_kind_or_none(name: str) -> None:
    kind_of(name)


EVERY_KIND = ["105_c", "102_a", "201_a", "102_o", "100_o", "render", "original", "4_5005_c", "107_c"]
OF_PHOTOS_4 = ["thumb_o", "thumb_c", "mini_o", "mini_c", "original"]


@pytest.mark.parametrize(
    ("kinds", "edited", "full_first", "expected"),
    [
        (EVERY_KIND, False, False, ["105_c", "102_o", "100_o", "107_c", "original", "4_5005_c"]),
        (EVERY_KIND, True, False, ["105_c", "102_a", "201_a", "107_c", "render", "4_5005_c", "original"]),
        (EVERY_KIND, False, True, ["original", "105_c", "102_o", "100_o", "107_c", "4_5005_c"]),
        (EVERY_KIND, True, True, ["render", "105_c", "102_a", "201_a", "107_c", "4_5005_c", "original"]),
        (OF_PHOTOS_4, False, False, ["thumb_o", "thumb_c", "original", "mini_c", "mini_o"]),
        (OF_PHOTOS_4, True, False, ["thumb_c", "mini_c", "original"]),
    ],
)
def test_the_order(kinds: list[str], edited: bool, full_first: bool, expected: list[str]) -> None:
    ordered = in_order([(kind, f"/{kind}") for kind in reversed(kinds)], edited=edited, full_first=full_first)
    assert [kind for kind, _ in ordered] == expected


def test_shelves_are_listed_letter_by_letter(tmp_path: Path) -> None:
    other = KEY.replace("E9", "EA")
    for name in (f"E/{KEY}_1_105_c.jpeg", f"masters/E/{KEY}_4_5005_c.jpeg", f"E/{other}_1_105_c.jpeg", f"E/{KEY}.txt"):
        file = tmp_path / "resources" / "derivatives" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    render = tmp_path / "resources" / "renders" / "E" / f"{KEY}_1_201_a.heic"
    render.parent.mkdir(parents=True)
    render.touch()
    shelves = Shelves(tmp_path)
    assert sorted(kind for kind, _ in shelves.pictures(KEY)) == ["105_c", "4_5005_c", "render"]
    assert [kind for kind, _ in shelves.pictures(other)] == ["105_c"]
    assert list(shelves.pictures("F" + KEY[1:])) == []
    assert shelves.raw_half(KEY) is None


def test_a_file_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_of(str(tmp_path / "none")) is None
    empty = tmp_path / "empty"
    empty.touch()
    stamp = stamp_of(str(empty))
    assert stamp is not None
    assert stamp.size_bytes == 0


# Photos as lines

paths = st.text(st.characters(exclude_characters="\0"), min_size=1).map(Path)
steps = st.lists(st.text(), min_size=1, max_size=3).map(tuple)
texts = st.none() | st.text()
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
lists = st.lists(st.text(), max_size=3).map(tuple)
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=9, minutes=30)), timezone(timedelta(hours=-7))])
facts = st.builds(
    Facts,
    taken_at=st.none() | st.datetimes(timezones=zones),
    latitude=numbers,
    longitude=numbers,
    camera=texts,
    title=texts,
    caption=texts,
    keywords=lists,
    people=lists,
    albums=st.lists(steps, max_size=3).map(tuple),
    labels=lists,
    place=texts,
    favorite=st.none() | st.booleans(),
    edited=st.none() | st.booleans(),
    media=lists,
    exposure=st.builds(Exposure, seconds=numbers, aperture=numbers, iso=numbers, focal_length_mm=numbers),
)
photos = st.builds(
    Photo,
    key=st.uuids().map(lambda key: str(key).encode()),
    name=st.text(),
    path=st.none() | paths,
    renditions=st.lists(st.builds(Rendition, paths, edited=st.booleans(), kind=st.text()), max_size=3).map(tuple),
    stamp=st.none() | st.builds(FileStamp, st.integers(), st.integers(), st.integers()),
    facts=facts,
    problem=texts,
    facts_complete=st.just(True),
    exact=st.none() | paths,
    parts=st.lists(st.builds(Part, st.text(), st.text(), st.none() | paths), max_size=2).map(tuple),
    series=texts,
)


def written(photo: Photo) -> bytes:
    """The line of a photo, whose paths are text there."""
    return encode(
        Row(
            key=photo.key.decode(),
            name=photo.name,
            path=text(photo.path),
            series=photo.series,
            parts=[(part.role, part.name, text(part.path)) for part in photo.parts],
            facts=photo.facts,
            renditions=[(str(one.path), one.kind, one.edited) for one in photo.renditions],
            stamp=photo.stamp,
            exact=text(photo.exact),
            problem=photo.problem,
        )
    )


def text(path: Path | None) -> str | None:
    return None if path is None else str(path)


@given(photos)
def test_a_photo_comes_back_from_its_line(photo: Photo) -> None:
    line = written(photo)
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    back = decode(json.loads(line))
    assert replace(back, facts_token="") == photo
    assert decode(json.loads(written(back))).facts_token == back.facts_token


@pytest.mark.parametrize(
    "changed", [{"facts": Facts(title="new")}, {"name": "b"}, {"parts": (Part("raw", "a.raw"),)}, {"series": "S"}]
)
def test_a_token_changes_with_what_is_known_and_with_nothing_else(changed: dict[str, Any]) -> None:
    photo = Photo(b"A", "a", None, (), None, facts=Facts(title="old"))
    tokens = [
        decode(json.loads(written(one))).facts_token
        for one in (photo, replace(photo, **changed), replace(photo, stamp=FileStamp(1, 2, 3)))
    ]
    assert tokens[0] != tokens[1]
    assert tokens[0] == tokens[2]


def test_a_path_that_is_no_text_comes_back() -> None:
    photo = Photo(b"A", "a", Path("/caf\udce9.jpg"), (), None, facts_complete=True)
    assert decode(json.loads(written(photo))).path == photo.path


# Where the system's library is, and why one cannot be read

OLD = "Library/Containers/com.apple.photolibraryd/Data/Library/Preferences/com.apple.photolibraryd.plist"
NEW = (
    "Library/Group Containers/group.com.apple.photolibraryd.private/Library/Preferences/"
    "group.com.apple.photolibraryd.private.plist"
)


def prefer(home: Path, name: str, content: object) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_bytes(plistlib.dumps(content))


def library_in(folder: Path, name: str = "Photos Library.photoslibrary") -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name


@pytest.mark.parametrize("name", [OLD, NEW])
def test_the_system_library_is_where_the_preferences_say(tmp_path: Path, name: str) -> None:
    library_in(tmp_path / "Pictures")
    chosen = library_in(tmp_path / "Volumes", "Family.photoslibrary")
    prefer(tmp_path, name, {"SystemLibraryPath": str(chosen)})
    assert system_library(tmp_path) == chosen


def test_preferences_that_say_nothing_leave_the_usual_place(tmp_path: Path) -> None:
    usual = library_in(tmp_path / "Pictures")
    library_in(tmp_path / "Pictures", "Old.photoslibrary")
    prefer(tmp_path, NEW, {"something": 1})
    prefer(tmp_path, OLD, [1])
    assert system_library(tmp_path) == usual
    (tmp_path / OLD).write_bytes(b"no plist")
    assert system_library(tmp_path) == usual


def test_a_system_library_on_a_drive_that_is_not_there(tmp_path: Path) -> None:
    prefer(tmp_path, OLD, {"SystemLibraryPath": "/Volumes/Ext/P.photoslibrary"})
    with pytest.raises(ImporterError) as error:
        system_library(tmp_path)
    assert str(error.value) == (
        "your Photos library lies at /Volumes/Ext/P.photoslibrary, which is not there; plug in the drive that holds it"
    )


def test_none_or_several_libraries_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match=r"there is no Photos library in .*Pictures; name yours: safelight index"):
        system_library(tmp_path)
    library_in(tmp_path / "Pictures", "A.photoslibrary")
    assert system_library(tmp_path).name == "A.photoslibrary"
    library_in(tmp_path / "Pictures", "B.photoslibrary")
    with pytest.raises(ImporterError, match=r"\(A\.photoslibrary, B\.photoslibrary\); name the one to index"):
        system_library(tmp_path)


@pytest.mark.parametrize("name", ["A.photolibrary", "A.aplibrary", "A.migratedphotolibrary", "A.PHOTOSLIBRARY"])
def test_older_libraries_are_recognised_too(tmp_path: Path, name: str) -> None:
    assert is_library(library_in(tmp_path, name))
    assert not is_library(tmp_path)


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        (
            "iTerm.app",
            "macOS does not let iTerm read /P; switch on iTerm under System Settings > Privacy & Security > Full Disk"
            " Access, quit and reopen iTerm, then try again",
        ),
        (
            "unheard of",
            "macOS does not let the app that Safelight runs in (your terminal) read /P; switch on it under System"
            " Settings > Privacy & Security > Full Disk Access, quit and reopen that app, then try again",
        ),
    ],
)
def test_without_full_disk_access_the_switch_is_named(
    monkeypatch: pytest.MonkeyPatch, terminal: str, expected: str
) -> None:
    monkeypatch.setattr(apple_photos_library.sys, "platform", "darwin")
    refusal = PermissionError(1, "Operation not permitted")
    assert why_unreadable(Path("/P"), refusal, {"TERM_PROGRAM": terminal}) == expected
    assert why_unreadable(Path("/P"), OSError(5, "Input/output error"), {}) == "/P cannot be read: input/output error"
    monkeypatch.setattr(apple_photos_library.sys, "platform", "linux")
    assert why_unreadable(Path("/P"), refusal, {}) == "/P cannot be read: operation not permitted"
