"""Decisions outlive metadata that is written into a file: another content, but the same picture to look at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from indexed_library import DEMO, by_name, duplicates, index, indexed_library
from PIL import Image

from indexer.duplicates.store import Decision
from safelight.duplicates import forget_decisions, record_decision
from safelight.duplicates_said import say
from safelight.pruning import plan_prune, prune


@pytest.fixture
def folder(tmp_path):
    """A photo, a smaller one made of it, and another photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", folder / "cat.jpg")
    shutil.copy(DEMO / "pagoda.jpg", folder / "pagoda.jpg")
    with Image.open(DEMO / "cat.jpg") as cat:
        cat.resize((cat.width // 2, cat.height // 2)).save(folder / "small.jpg", quality=80)
    return folder


@pytest.fixture
def library(tmp_path, folder):
    with indexed_library(folder, tmp_path / "home") as library:
        assert len(duplicates(library)) == 1
        yield library


def with_metadata(path: Path, words: bytes = b"a caption") -> None:
    """Write into a JPEG as programs do that save metadata: another segment before the pixels."""
    jpeg = path.read_bytes()
    path.write_bytes(jpeg[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:])


def id_of(library, name):
    return library.catalog.db.execute("SELECT public_id FROM photo WHERE name = ?", (name,)).fetchone()[0]


def ids(library, *names):
    return [id_of(library, name) for name in names]


def kept(library) -> list[tuple[str, str]]:
    return [(group.members[0].name, group.members[0].reason) for group in duplicates(library)]


@pytest.mark.parametrize("decision", [Decision.DIFFERENT, Decision.IGNORED])
@pytest.mark.parametrize("written", [["cat.jpg"], ["small.jpg"], ["cat.jpg", "small.jpg"]])
def test_what_was_told_apart_stays_apart_however_often_metadata_is_written(library, folder, decision, written):
    record_decision(library.catalog, decision, ids(library, "cat.jpg", "small.jpg"))
    for words in (b"once", b"and again"):
        for name in written:
            with_metadata(folder / name, words)
        index(library, folder)
        assert duplicates(library) == []
    assert forget_decisions(library.catalog, ids(library, "cat.jpg", "small.jpg"))
    assert len(duplicates(library)) == len(duplicates(library)) == 1, "what was forgotten does not come back"


def test_the_chosen_one_stays_chosen(library, folder):
    record_decision(library.catalog, Decision.KEEPER, ids(library, "small.jpg"))
    with_metadata(folder / "small.jpg")
    index(library, folder)
    assert kept(library) == [("small.jpg", "you chose it")]
    record_decision(library.catalog, Decision.KEEPER, ids(library, "cat.jpg"))
    assert kept(library) == [("cat.jpg", "you chose it")], "what was chosen last counts"


def test_of_copies_with_the_same_bytes_the_one_that_was_meant_stays_it(library, folder):
    for name in ("one.jpg", "two.jpg"):
        shutil.copy(folder / "small.jpg", folder / name)
    index(library, folder)
    for name in ("one.jpg", "two.jpg", "small.jpg"):
        record_decision(library.catalog, Decision.KEEPER, ids(library, name))
        with_metadata(folder / name, name.encode())
        index(library, folder)
        assert kept(library) == [(name, "you chose it")]


def test_a_copy_with_other_metadata_is_not_the_one_that_was_chosen(library, folder):
    record_decision(library.catalog, Decision.KEEPER, ids(library, "small.jpg"))
    shutil.copy(folder / "small.jpg", folder / "a copy.jpg")
    with_metadata(folder / "a copy.jpg")
    index(library, folder)
    assert kept(library) == [("small.jpg", "you chose it")]
    (folder / "small.jpg").unlink()
    index(library, folder)
    assert kept(library) == [("a copy.jpg", "you chose it")], "the choice falls to what shows the same"


def test_a_copy_that_was_told_apart_by_its_looks_is_not_asked_about_again(library, folder):
    record_decision(library.catalog, Decision.DIFFERENT, ids(library, "cat.jpg", "small.jpg"))
    shutil.copy(folder / "small.jpg", folder / "a copy.jpg")
    with_metadata(folder / "a copy.jpg")
    index(library, folder)
    ((kind, members),) = by_name(duplicates(library))
    assert (kind, set(members)) == ("same pixels", {"small.jpg", "a copy.jpg"})


def test_copies_that_are_not_to_be_shown_stay_hidden(library, folder):
    for name in ("one.jpg", "two.jpg"):
        shutil.copy(folder / "pagoda.jpg", folder / name)
    index(library, folder)
    names = ("one.jpg", "two.jpg", "pagoda.jpg")
    say(library.catalog, Decision.IGNORED, ids(library, *names))
    shown = len(duplicates(library))
    with_metadata(folder / "one.jpg")
    index(library, folder)
    assert len(duplicates(library)) == shown == 1


def test_a_group_that_the_page_told_apart_stays_so(library, folder):
    say(library.catalog, Decision.DIFFERENT, ids(library, "cat.jpg", "small.jpg"))
    with_metadata(folder / "cat.jpg")
    index(library, folder)
    assert duplicates(library) == []


def test_a_picture_that_really_changed_is_asked_about_again(library, folder):
    record_decision(library.catalog, Decision.DIFFERENT, ids(library, "cat.jpg", "small.jpg"))
    with Image.open(folder / "cat.jpg") as cat:
        cropped = cat.crop((20, 20, cat.width - 20, cat.height - 20))
    cropped.save(folder / "cat.jpg", quality=90)
    index(library, folder)
    ((_, members),) = by_name(duplicates(library))
    assert set(members) == {"cat.jpg", "small.jpg"}


def test_pruning_between_loses_no_decision(library, folder):
    record_decision(library.catalog, Decision.DIFFERENT, ids(library, "cat.jpg", "small.jpg"))
    with_metadata(folder / "cat.jpg")
    (folder / "pagoda.jpg").unlink()
    index(library, folder)
    prune(library, plan_prune(library))
    assert library.catalog.db.execute("SELECT count(*) FROM content").fetchone() == (2,)
    assert duplicates(library) == []
