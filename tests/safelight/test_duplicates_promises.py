"""What docs/duplicates.md promises of a whole library: one decoding, one comparison, decisions that stay."""

from __future__ import annotations

import shutil
import threading

import pytest
from indexed_library import DEMO, by_name, duplicates, ignore, index, indexed_library
from PIL import Image

from indexer.duplicates.features import COMPARABLE, VERSION
from indexer.duplicates.store import Decision, lacking
from safelight import duplicates as looking
from safelight.duplicates import record_decision
from safelight.indexing import index_paths


def smaller(name: str, path, width: int) -> None:
    with Image.open(DEMO / name) as picture:
        picture.resize((width, picture.height * width // picture.width)).save(path, quality=80)


@pytest.fixture
def folder(tmp_path):
    """A photo and a smaller one made of it."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", folder / "cat.jpg")
    smaller("cat.jpg", folder / "small.jpg", 300)
    return folder


@pytest.fixture
def library(tmp_path, folder):
    with indexed_library(folder, tmp_path / "home") as library:
        yield library


def id_of(library, name):
    return library.catalog.db.execute("SELECT public_id FROM photo WHERE name = ?", (name,)).fetchone()[0]


def test_indexing_keeps_all_that_is_needed_so_no_original_is_decoded_again(library, folder, monkeypatch):
    assert lacking(library.catalog.db) == []
    folder.rename(folder.parent / "away")
    monkeypatch.setattr("safelight.features.DecoderPool", None)  # whoever would read a picture fails
    ((kind, members),) = by_name(duplicates(library))
    assert (kind, set(members)) == ("resized", {"cat.jpg", "small.jpg"})


def versions(library):
    return [version for (version,) in library.catalog.db.execute("SELECT version FROM features ORDER BY content_id")]


def test_what_an_older_version_described_is_compared_as_it_is_or_described_anew(library):
    """Compared where that may be; then only what was decided about is read again, as decisions go by equal looks."""
    db = library.catalog.db
    db.execute("UPDATE features SET version = ?", (COMPARABLE,))
    assert lacking(db) == []
    assert [kind for kind, _ in by_name(duplicates(library))] == ["resized"]
    assert versions(library) == [COMPARABLE, COMPARABLE]
    record_decision(library.catalog, Decision.KEEPER, [id_of(library, "cat.jpg")])
    (content_id,) = db.execute("SELECT content_id FROM photo WHERE name = 'cat.jpg'").fetchone()
    assert lacking(db) == [content_id]
    assert [kind for kind, _ in by_name(duplicates(library))] == ["resized"]
    assert sorted(versions(library)) == [COMPARABLE, VERSION]
    db.execute("UPDATE features SET version = ?", (COMPARABLE - 1,))
    assert [kind for kind, _ in by_name(duplicates(library))] == ["resized"]
    assert versions(library) == [VERSION, VERSION]


@pytest.mark.parametrize("preferred", ["folder", "takeout"])
def test_of_two_equal_copies_that_of_the_preferred_source_is_kept(tmp_path, folder, preferred):
    export = tmp_path / "Takeout" / "Google Photos" / "Photos from 2020"
    export.mkdir(parents=True)
    shutil.copy2(folder / "cat.jpg", export / "cat.jpg")
    with indexed_library(folder, tmp_path / "home") as library:
        places = [str(tmp_path / "Takeout")]
        index_paths(library, places, on_progress=ignore, on_problem=ignore, on_remark=ignore, stop=threading.Event())
        sources = library.catalog.db.execute(
            "SELECT source, count(*) FROM photo p JOIN root r ON r.id = p.root_id GROUP BY 1"
        )
        assert dict(sources.fetchall()) == {"folder": 2, "takeout": 1}
        (group,) = duplicates(library, prefer=preferred)
    keeper, other = (member for member in group.members if member.name == "cat.jpg")
    assert keeper.relation == "keeper"
    assert keeper.path == str((folder if preferred == "folder" else export) / "cat.jpg")
    assert "it is from the source you prefer" in keeper.reason
    assert other.relation == "same bytes"


def test_new_photos_cost_comparisons_with_them_only(library, folder, monkeypatch):
    for name in ("pagoda", "espresso", "dahlia"):
        for width in (320, 480):
            smaller(f"{name}.jpg", folder / f"{name}-{width}.jpg", width)
    index(library, folder)
    assert len(duplicates(library)) == 4
    compared = []
    verify = looking.verify

    def watched(one, other, *more):
        compared.append({one.width, other.width})
        return verify(one, other, *more)

    monkeypatch.setattr(looking, "verify", watched)
    duplicates(library)
    assert compared == []
    smaller("cat.jpg", folder / "new.jpg", 211)
    smaller("raccoon.jpg", folder / "other.jpg", 223)
    index(library, folder)
    ((_, members),) = [found for found in by_name(duplicates(library)) if "new.jpg" in found[1]]
    assert set(members) == {"cat.jpg", "small.jpg", "new.jpg"}
    assert compared, "the new one was compared"
    assert all(sizes & {211, 223} for sizes in compared), "with others, and no others with each other"
    assert len(compared) <= 2 * 10


def test_decisions_survive_a_move_to_another_folder_and_another_model(library, folder, tmp_path):
    record_decision(library.catalog, Decision.DIFFERENT, [id_of(library, name) for name in ("cat.jpg", "small.jpg")])
    shutil.copy(DEMO / "dahlia.jpg", folder / "dahlia.jpg")
    smaller("dahlia.jpg", folder / "kept.jpg", 300)
    index(library, folder)
    record_decision(library.catalog, Decision.KEEPER, [id_of(library, "kept.jpg")])

    def look():
        (group,) = duplicates(library)
        assert {member.name for member in group.members} == {"dahlia.jpg", "kept.jpg"}
        assert (group.members[0].name, group.members[0].reason) == ("kept.jpg", "you chose it")

    look()
    shutil.copy(DEMO / "pagoda.jpg", folder)  # an indexed folder that is empty may be a drive that is away
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "2020").mkdir(parents=True)
    for name in ("cat.jpg", "small.jpg", "dahlia.jpg", "kept.jpg"):
        (folder / name).rename(elsewhere / "2020" / name)
    for place in (folder, elsewhere):
        index(library, place)
    look()
    with library.catalog.transaction():  # the next run finds its model to be one that has seen nothing
        library.catalog.db.execute("UPDATE model SET space = 'another'")
    index(library, elsewhere)
    assert len(library.catalog.models()) == 2
    look()
