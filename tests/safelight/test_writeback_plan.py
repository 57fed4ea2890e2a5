"""Groups -> wishes -> a plan: which sidecar, found or to be made, and for whom none. Nothing is written."""

import dataclasses
import os
from pathlib import Path

import pytest

from safelight.errors import SafelightError
from safelight.writeback import Group, LeftOut, Member, Plan, Target, plan_xmp, wishes
from safelight.writeback.duplicates import KEEPER
from safelight.writeback.plan import plan_library
from safelight.writeback.xmp_edit import edited, new_sidecar


def duplicate_of(name: str) -> tuple[str, ...]:
    return ("Safelight", "Duplicates", f"duplicate of {name}")


@pytest.fixture
def folder(tmp_path):
    """Make empty pictures and sidecars by name; a plan looks into sidecars only."""

    def make(*names: str):
        for name in names:
            (tmp_path / name).write_bytes(new_sidecar([("mine",)]) if name.lower().endswith(".xmp") else b"")
        return tmp_path

    return make


def group(folder, *names: str) -> Group:
    keeper, *others = (Member(f"id-{name}", name, str(folder / name)) for name in names)
    return Group(keeper, tuple(others))


def planned(folder, *names: str, everywhere: bool = False) -> dict[str, list[str]]:
    plan = plan_xmp("tag", wishes([group(folder, *names)]), folder.parent / "home", everywhere=everywhere)
    found: dict[str, list[str]] = {name: [] for name in names}
    for change in plan.changes:
        found[change.photo_id.removeprefix("id-")].append(Path(change.path).name)
    return found


# Wishes


def test_the_keeper_and_the_others():
    a, b, c = (Member(name, f"{name}.jpg", None) for name in "abc")
    got = wishes([Group(a, (b, c))])
    assert [(wish.photo_id, wish.keywords) for wish in got] == [
        ("a", (KEEPER,)),
        ("b", (duplicate_of("a.jpg"),)),
        ("c", (duplicate_of("a.jpg"),)),
    ]


def test_a_photo_in_two_groups_has_both_keywords():
    a, b, c = (Member(name, f"{name}.jpg", None) for name in "abc")
    got = {wish.photo_id: wish.keywords for wish in wishes([Group(a, (b,)), Group(b, (c,)), Group(a, (b,))])}
    assert got["b"] == (duplicate_of("a.jpg"), KEEPER)
    assert got["a"] == (KEEPER,)


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("a|b/c.jpg", "a_b_c.jpg"),
        ("a,b;c.jpg", "a_b_c.jpg"),
        ("a\x07\n\udcff.jpg", "a___.jpg"),
        ("Größe 🐕.jpg", "Größe 🐕.jpg"),
    ],
)
def test_names_that_no_keyword_can_hold(name, keyword):
    got = wishes([Group(Member("a", name, None), (Member("b", "b.jpg", None),))])
    assert got[1].keywords == (duplicate_of(keyword),)
    new_sidecar(got[1].keywords)


# Which sidecar


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # found, in both namings; where both are there, both
        ("a.CR2 a.xmp", {"a.CR2": ["a.xmp"]}),
        ("a.CR2 a.CR2.xmp", {"a.CR2": ["a.CR2.xmp"]}),
        ("a.CR2 a.CR2.xmp a.XMP", {"a.CR2": ["a.CR2.xmp", "a.XMP"]}),
        ("a.jpg a.jpg.xmp", {"a.jpg": ["a.jpg.xmp"]}),
        # new ones beside proprietary RAW only
        ("a.CR2", {"a.CR2": ["a.xmp"]}),
        ("a.jpg", {"a.jpg": []}),
        ("a.dng", {"a.dng": []}),
        # the JPEG of a pair never gets the RAW's
        ("a.CR2 a.jpg a.xmp", {"a.CR2": ["a.xmp"], "a.jpg": []}),
        # a name that would be two photos' is no one's
        ("a.CR2 a.NEF", {"a.CR2": ["a.CR2.xmp"], "a.NEF": ["a.NEF.xmp"]}),
        ("a.CR2 a.NEF a.xmp", {"a.CR2": ["a.CR2.xmp"], "a.NEF": ["a.NEF.xmp"]}),
        ("a.heic a.jpg a.xmp", {"a.heic": [], "a.jpg": []}),
    ],
)
def test_which_sidecar(folder, names, expected):
    path = folder(*names.split())
    assert planned(path, *expected) == expected


def test_all_makes_sidecars_for_any_picture_that_cannot_be_taken_for_anothers(folder):
    path = folder("a.CR2", "a.jpg", "b.png")
    assert planned(path, "a.CR2", "a.jpg", "b.png", everywhere=True) == {
        "a.CR2": ["a.xmp"],
        "a.jpg": ["a.jpg.xmp"],
        "b.png": ["b.png.xmp"],
    }


def test_every_wish_is_a_change_or_left_out_with_a_reason_or_unchanged(folder, tmp_path):
    path = folder("a.CR2", "b.jpg", "c.CR2", "c.xmp", "d.CR2", "d.xmp", "e.CR2")
    (path / "c.xmp").write_bytes(new_sidecar([duplicate_of("a.CR2")]))
    (path / "d.xmp").write_bytes(b"<x:xmpmeta")
    (path / "e.xmp").mkdir()
    asked = group(path, "a.CR2", "b.jpg", "c.CR2", "d.CR2", "e.CR2", "f.CR2")
    asked = dataclasses.replace(asked, others=(*asked.others, Member("cloud", "g.heic", None)))
    asked = dataclasses.replace(
        asked, others=(*asked.others, Member("away", "h.CR2", str(tmp_path / "away" / "h.CR2")))
    )
    plan = plan_xmp("tag", wishes([asked]), tmp_path / "home")
    assert [change.photo_id for change in plan.changes] == ["id-a.CR2"]
    assert plan.unchanged == 1
    reasons = {left.name: left.reason for left in plan.left_out}
    assert sorted(reasons) == ["b.jpg", "d.CR2", "e.CR2", "f.CR2", "g.heic", "h.CR2"]
    assert "--all" in reasons["b.jpg"]
    assert "d.xmp is left alone" in reasons["d.CR2"]
    assert "folder" in reasons["e.CR2"]
    assert reasons["f.CR2"] == "the original is not there"
    assert "not on this computer" in reasons["g.heic"]
    assert "no such file" in reasons["h.CR2"]


def test_keywords_of_an_earlier_run_go_and_others_stay(folder):
    path = folder("a.CR2", "b.CR2")
    old = new_sidecar([duplicate_of("z.CR2"), ("Safelight", "mine"), ("Travel", "Duplicates")])
    (path / "b.xmp").write_bytes(old)
    (change,) = [
        one
        for one in plan_xmp("tag", wishes([group(path, "a.CR2", "b.CR2")]), path.parent / "home").changes
        if one.before
    ]
    assert change.remove == (duplicate_of("z.CR2"),)
    after = edited(old, change.add, change.remove)
    assert b"duplicate of z.CR2" not in after
    assert after.count(b"Travel|Duplicates") == after.count(b"Safelight|mine") == 1


def test_a_photo_that_is_no_duplicate_any_more_loses_its_keywords_and_gets_no_sidecar(folder):
    path = folder("a.CR2", "b.CR2", "c.jpg")
    (path / "a.xmp").write_bytes(new_sidecar([KEEPER, ("mine",)]))
    no_more = [dataclasses.replace(wish, keywords=()) for wish in wishes([group(path, "a.CR2", "b.CR2", "c.jpg")])]
    plan = plan_xmp("tag", no_more, path.parent / "home")
    assert [(change.photo_id, change.remove) for change in plan.changes] == [("id-a.CR2", (KEEPER,))]
    assert (plan.unchanged, plan.left_out) == (2, ())


def test_a_sidecar_of_100_mb_is_not_read(folder):
    path = folder("a.CR2")
    with (path / "a.xmp").open("wb") as file:
        file.truncate(100_000_000)
    (left,) = plan_xmp("tag", wishes([group(path, "a.CR2")]), path.parent / "home").left_out
    assert "it is 100 MB long" in left.reason


def test_planning_writes_nothing(folder):
    path = folder("a.CR2", "b.CR2", "b.xmp", "c.jpg")
    before = {entry.name: (entry.stat(), (path / entry.name).read_bytes()) for entry in os.scandir(path)}
    planned(path, "a.CR2", "b.CR2", "c.jpg", everywhere=True)
    after = {entry.name: (entry.stat(), (path / entry.name).read_bytes()) for entry in os.scandir(path)}
    assert {name: content for name, (_, content) in after.items()} == {
        name: content for name, (_, content) in before.items()
    }
    assert all(after[name][0].st_mtime_ns == status.st_mtime_ns for name, (status, _) in before.items())


# Plans are values


def test_a_plan_survives_json_with_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"\xff\xe9.CR2")
    (tmp_path / name).write_bytes(b"")
    asked = Group(Member("a", "a", str(tmp_path / name), "ref"), (Member("b", "b.jpg", None),))
    plan = plan_xmp("tag duplicates", wishes([asked]), tmp_path / "home")
    assert plan.changes
    assert isinstance(plan.left_out[0], LeftOut)
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "changes": [{}]}', '{"format": 99}'])
def test_what_is_no_plan_is_said_to_be_none(text):
    with pytest.raises(SafelightError, match="plan"):
        Plan.from_json(text)


def test_libraries_are_planned_by_what_they_call_a_photo():
    asked = Group(Member("a", "a.CR2", "/a.CR2", "17"), (Member("b", "b.jpg", None),))
    plan = plan_library("tag", Target.LIGHTROOM, wishes([asked]))
    assert [(change.ref, change.path, change.add) for change in plan.changes] == [("17", None, (KEEPER,))]
    assert [(left.name, left.reason) for left in plan.left_out] == [("b.jpg", "in no Lightroom library")]
