"""A word of the user's own in a sidecar outlives our tags, whatever happens between: tagged, another role, untagged."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from importers.xmp import facts_of_packet
from safelight.writeback import Group, Member, Plan, apply, plan_xmp, undo, wishes
from safelight.writeback.xmp_edit import new_sidecar

PHOTO, OTHER = "a.CR2", "b.CR2"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path):
    """Two RAW files; that of which the tests tell has a sidecar where a test writes one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in (PHOTO, OTHER):
        (folder / name).write_bytes(name.encode())
    return folder


def tag(folder: Path, home: Path, keeper: str = PHOTO, *, untag: bool = False) -> Plan:
    """Tag both photos, or take their tags away; the plan goes through JSON, as a program may keep it."""
    names = sorted((PHOTO, OTHER), key=lambda name: name != keeper)
    first, second = (Member(f"id-{name}", name, str(folder / name)) for name in names)
    asked = wishes([Group(first, (second,))])
    if untag:
        asked = [dataclasses.replace(wish, keywords=()) for wish in asked]
    plan = Plan.from_json(plan_xmp("tag duplicates", asked, home).to_json())
    assert apply(plan, home).all_well
    return plan


def words(sidecar: Path) -> tuple[str, ...]:
    facts = facts_of_packet(sidecar.read_bytes())
    assert facts.keyword_paths == (), "no path of ours is left"
    return facts.keywords


def with_words(sidecar: Path, *flat: str) -> None:
    """Write a sidecar with flat words, as Bridge, darktable and others do (generated)."""
    text = new_sidecar([("x",)]).decode()
    start, end = text.index("   <lr:hierarchicalSubject>"), text.index("</lr:hierarchicalSubject>\n") + 26
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in flat)
    sidecar.write_text((text[:start] + text[end:]).replace("<rdf:li>x</rdf:li>", items))
    assert words(sidecar) == flat


MINE = ("sea", "keeper", "Duplicates")


def test_the_users_words_stay_when_a_photo_is_untagged(folder, home):
    with_words(folder / "a.xmp", *MINE)
    tag(folder, home)
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == MINE
    assert words(folder / "b.xmp") == (), "of that sidecar every word was ours"


def test_the_users_words_stay_when_a_photo_gets_another_role_and_is_untagged_then(folder, home):
    with_words(folder / "a.xmp", *MINE)
    tag(folder, home, keeper=PHOTO)
    tag(folder, home, keeper=OTHER)
    facts = facts_of_packet((folder / "a.xmp").read_bytes())
    assert facts.keyword_paths == (("Safelight", "Duplicates", f"duplicate of {OTHER}"),)
    assert set(facts.keywords) == {*MINE, "Safelight", f"duplicate of {OTHER}"}
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == MINE


def test_what_was_ours_goes_where_the_user_had_no_such_word(folder, home):
    with_words(folder / "a.xmp", "sea")
    tag(folder, home, keeper=PHOTO)
    tag(folder, home, keeper=OTHER)
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == ("sea",)


def test_a_word_that_came_after_an_undo_is_the_users(folder, home):
    with_words(folder / "a.xmp", "sea")
    tag(folder, home)
    undo(home)
    with_words(folder / "a.xmp", "sea", "keeper")
    tag(folder, home)
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == ("sea", "keeper")


def test_a_renamed_photo_is_known_by_its_id(folder, home):
    with_words(folder / "a.xmp", *MINE)
    tag(folder, home)
    away = folder.parent / "elsewhere"
    folder.rename(away)
    tag(away, home, untag=True)
    assert words(away / "a.xmp") == MINE


def test_both_sidecars_of_a_photo_keep_what_either_had(folder, home):
    with_words(folder / "a.xmp", *MINE)
    with_words(folder / "a.CR2.xmp", "sea")
    tag(folder, home)
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == MINE
    assert {"sea"} <= set(words(folder / "a.CR2.xmp")) <= set(MINE)


@pytest.mark.parametrize("lost", ["gone", "damaged"])
def test_without_the_journal_a_stale_word_is_better_than_a_lost_one(folder, home, lost):
    with_words(folder / "a.xmp", *MINE)
    tag(folder, home, keeper=OTHER)
    if lost == "gone":
        shutil.rmtree(home)
    else:
        (run,) = (home / "journal").glob("*.jsonl")
        run.write_text(run.read_text().replace('"before": "', '"before": "0'))
    tag(folder, home, untag=True)
    assert words(folder / "a.xmp") == (*MINE, "Safelight"), "but whose `duplicate of b.CR2` is, that says itself"
