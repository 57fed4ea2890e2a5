"""A copy of the real Photos library through the whole run: what is embedded, and what a second run looks at."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from lightroom_catalogs import fingerprint
from photos_libraries import change, copied, preview

from importers.base import ImporterError, Mark
from importers.sources import open_source
from indexer.decoders import DecoderPool
from safelight.config import Settings
from safelight.errors import SafelightError
from safelight.indexing import index_paths
from safelight.reading import Wishes
from safelight.service import Library
from safelight.status import photo_record

pytestmark = pytest.mark.skipif(find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`")
MODEL = str(Path(__file__).parent.parent / "data" / "shapes-clip")
TULIPS = "6191423D-8DB8-4D4C-92BE-9BBBA308AAC4"  # edited
PUMPKINS3 = "1EB2B765-0765-43BA-A90C-0D0580E6172C"
EVERYTHING = Wishes(dict.fromkeys(Mark, True))
NOTHING = Wishes(dict.fromkeys(Mark, False))


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that a run hands to a decoder: nothing else opens pictures."""
    files: list[Path] = []
    submit = DecoderPool.submit

    def note(pool: DecoderPool, job) -> None:
        files.append(job.renditions[0].path)
        submit(pool, job)

    monkeypatch.setattr(DecoderPool, "submit", note)
    return files


@pytest.fixture
def photos(samples, tmp_path):
    """The library, copied; and index(), which takes it in."""
    library = copied(samples, tmp_path)
    problems: dict[str, str] = {}
    remarks: list[str] = []

    def index(path: Path = library, wishes: Wishes = EVERYTHING):
        problems.clear()
        remarks.clear()
        return index_paths(
            index.ours,
            [str(path)],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: problems.update({path: reason}),
            on_remark=remarks.append,
            wishes=wishes,
        )

    index.library, index.problems, index.remarks = library, problems, remarks
    with Library(Settings(model=MODEL), tmp_path / "home") as ours:
        index.ours = ours
        yield index


def record(photos, key: str):
    (public_id,) = photos.ours.catalog.db.execute(
        "SELECT public_id FROM photo WHERE key = ?", (key.encode(),)
    ).fetchone()
    return photo_record(photos.ours.catalog, public_id)


def found(photos, **filters: list[str]) -> set[str]:
    answer = photos.ours.search(["something"], show_all=True, limit=100, **filters)
    return {hit.place.name for hit in answer.hits}


def test_a_library_from_the_first_run_to_an_edit(photos, submitted: list[Path]) -> None:
    assert open_source(photos.library).name == "photos"
    before = fingerprint(photos.library)

    tally = photos(wishes=NOTHING)
    assert (tally.indexed, tally.embedded, tally.skipped, tally.failed) == (13, 13, 3, 0)
    assert photos.problems == {
        "Pumpkins4.jpg": "hidden in Apple Photos; --hidden takes it in",
        "wedding_edited.jpg": "recently deleted in Apple Photos; --trashed takes it in",
        "IMG_1064.jpeg": "recently deleted in Apple Photos; --trashed takes it in",
    }
    tally = photos()
    assert (tally.indexed, tally.embedded, tally.unchanged, tally.skipped) == (3, 3, 13, 0)
    assert {path.name.partition("_")[2] for path in submitted} == {"1_105_c.jpeg"}
    assert record(photos, TULIPS)["rendition"] == "105_c"
    assert (photos.remarks, fingerprint(photos.library)) == ([], before)

    submitted.clear()
    tally = photos()
    assert (tally.unchanged, tally.embedded, tally.photos, submitted) == (16, 0, 16, [])

    change(
        photos.library,
        "UPDATE ZKEYWORD SET ZTITLE = 'Children' WHERE ZTITLE = 'Kids'",
        f"UPDATE ZASSET SET ZFAVORITE = 1 WHERE ZUUID = '{PUMPKINS3}'",
    )
    tally = photos()
    assert (tally.unchanged, tally.embedded, submitted) == (16, 0, [])
    assert record(photos, PUMPKINS3)["keywords"] == ["Children"]
    assert record(photos, PUMPKINS3)["favorite"]

    shutil.copy(preview(photos.library, PUMPKINS3), preview(photos.library, TULIPS))
    tally = photos()
    assert (tally.unchanged, tally.embedded) == (15, 1)
    assert submitted == [preview(photos.library, TULIPS)]


@pytest.mark.parametrize("at_first", ["here", "in iCloud"])
def test_originals_that_icloud_takes_away_and_gives_back_change_nothing(photos, at_first: str) -> None:
    """GENERATED: what "Optimise Mac Storage" does to a library, on the real one."""
    originals = photos.library / "originals"
    away = photos.library.with_name("in iCloud")

    def move(source: Path, target: Path) -> None:
        source.rename(target)
        source.mkdir()

    if at_first == "in iCloud":
        move(originals, away)
    assert photos().indexed == 16
    assert not photos.problems
    for _ in range(2):
        if away.exists():
            originals.rmdir()
            away.rename(originals)
        else:
            move(originals, away)
        assert [place["state"] for place in record(photos, PUMPKINS3)["places"]] == ["indexed"]
        tally = photos()
        assert (tally.unchanged, tally.indexed, tally.missing, tally.failed) == (16, 0, 0, 0)


def test_what_photos_knows_is_found_by(photos) -> None:
    photos()
    assert found(photos, person=["Maria"]) == {"wedding.jpg", "wedding_edited.jpg"}
    assert found(photos, keyword=["wedding"]) == {"wedding.jpg", "wedding_edited.jpg", "Tulips.jpg"}
    assert found(photos, album=["AlbumInFolder"]) == {"wedding.jpg", "IMG_4547.jpg"}
    assert len(found(photos, folder=[str(photos.library)])) == 16, "those whose originals are not in it, too"
    assert len(found(photos, folder=[photos.library.name])) == 16
    for asked, name, meant in (("person", "Marja", "Maria"), ("keyword", "weding", "wedding"), ("album", "Qx", None)):
        reason = photos.ours.search(["something"], **{asked: [name]}).reason
        assert ("did you mean" in reason) == (meant is not None)
        assert meant is None or f'"{meant}"' in reason
    photos(wishes=NOTHING)
    assert found(photos, person=["Maria"]) == {"wedding.jpg"}


def test_an_original_elsewhere_is_the_same_photo(photos, tmp_path: Path) -> None:
    photos()
    folder = tmp_path / "export"
    folder.mkdir()
    shutil.copy(photos.library / "originals" / "1" / f"{PUMPKINS3}.jpeg", folder)
    tally = photos(folder)
    assert (tally.indexed, tally.embedded) == (1, 0)
    assert [place["source"] for place in record(photos, PUMPKINS3)["places"]] == ["photos", "folder"]


def test_a_folder_names_the_library_inside_it(photos) -> None:
    photos(photos.library.parent)
    assert photos.remarks[0].endswith(f'read on its own: safelight index "{photos.library}"')


def test_a_known_library_that_is_closed_to_us_says_which_switch_to_set(photos, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENERATED: what macOS answers once Full Disk Access was taken away."""
    photos()
    scandir = os.scandir

    def refuse(path):
        if Path(path) == photos.library:
            raise PermissionError(1, "Operation not permitted", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("TERM_PROGRAM", "ghostty")
    with pytest.raises(
        SafelightError, match="macOS does not let Ghostty read .*; switch on Ghostty under System Settings"
    ):
        photos()
    assert record(photos, TULIPS)["rendition"] == "105_c"


def test_the_word_photos_means_the_systems_library(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "someone"))
    with pytest.raises(ImporterError, match="Photos library"):
        photos(Path("photos"))
    (tmp_path / "someone" / "Pictures").mkdir(parents=True)
    photos.library.rename(tmp_path / "someone" / "Pictures" / photos.library.name)
    assert photos(Path("photos")).indexed == 16
