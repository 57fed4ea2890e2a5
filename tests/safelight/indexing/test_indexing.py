"""Indexing folders for real: generated pictures, the tiny shapes CLIP, a real catalog."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from indexed_library import ignore
from indexing_runs import MODEL, outcomes, paint, write_xmp

from indexer.errors import ModelError
from indexer.events import Progress
from indexer.lock import LockedError, ProcessLock
from safelight.config import Settings
from safelight.errors import SafelightError, UnreadPlacesError
from safelight.indexing import index_paths
from safelight.pruning import plan_prune, prune
from safelight.service import Library
from safelight.status import problems, roots

UNCHANGED = int(os.environ.get("SAFELIGHT_TEST_UNCHANGED", "1000"))


def test_a_second_run_does_nothing_and_reads_no_file(index, photos):
    assert outcomes(index(photos)) == {"indexed": 6, "embedded": 6}
    target = photos / "top.jpg"
    stat = target.stat()
    with target.open("r+b") as file:  # other bytes under the same name, size, time and inode: only a reader could tell
        file.write(b"x" * stat.st_size)
    os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert index.count("photo") == 6


def test_a_run_over_many_unchanged_files_reads_none_of_them(index, tmp_path):
    """All but the first hold a letter, which whoever read one would see; the catalog knows size, time and inode."""
    folder = tmp_path / "many"
    folder.mkdir()
    paint(folder / "0.jpg", 1)
    index(folder)
    catalog = index.library.catalog
    found = catalog.db.execute("SELECT * FROM photo")
    photo = dict(zip([column for column, *_ in found.description], found.fetchone(), strict=True))
    with catalog.transaction():
        for number in range(1, UNCHANGED):
            path = folder / f"{number}.jpg"
            path.write_bytes(b"dear all")
            stat = path.stat()
            changed = {"id": None, "public_id": f"{number:012}", "key": path.name.encode(), "path": os.fsencode(path)}
            changed |= {"size_bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "inode": stat.st_ino}
            row = photo | changed
            places = ", ".join(f":{column}" for column in row)
            catalog.db.execute(f"INSERT INTO photo ({', '.join(row)}) VALUES ({places})", row)
    assert outcomes(index(folder)) == {"unchanged": UNCHANGED}
    os.utime(folder / "1.jpg", (1, 1))
    assert outcomes(index(folder)) == {"unchanged": UNCHANGED - 1, "skipped": 1}, "one that is read is seen to be none"


def test_without_a_path_everything_known_is_looked_at_again(index, photos):
    index(photos)
    paint(photos / "new.png", 200)
    assert outcomes(index()) == {"indexed": 1, "unchanged": 6, "embedded": 1}


def test_progress_ends_with_what_was_met(index, photos):
    """What has no suffix is counted ahead unopened."""
    (photos / "README").write_text("no picture")
    index(photos)
    assert [event for event in index.progress if event.stage == "indexing"][-1] == Progress("indexing", 6, 6, True)


def test_a_path_named_twice_is_counted_once(index, photos):
    assert outcomes(index(photos / "2019" / "0.png", photos, photos, photos / "2019")) == {"indexed": 6, "embedded": 6}


def test_what_was_passed_over_is_said(index, photos, tmp_path):
    for name in ("Old.photoslibrary", "Old.cocatalog"):
        (photos / name).mkdir()
        paint(photos / name / "inside.png", 900)
    (tmp_path / "empty").mkdir()
    assert outcomes(index(photos)) == {"indexed": 6, "embedded": 6}
    assert [remark for remark in index.remarks if "Old.cocatalog" in remark and "another program" in remark]
    assert [remark for remark in index.remarks if f'safelight index "{photos}/Old.photoslibrary"' in remark]
    index(tmp_path / "empty")
    assert index.remarks[-1] == f"There are no pictures in {tmp_path / 'empty'}."
    described = tmp_path / "Takeout" / "Google Photos" / "Photos from 2020" / "a.jpg.json"
    described.parent.mkdir(parents=True)
    described.write_text('{"title": "a.jpg", "photoTakenTime": {"timestamp": "1577836800"}}', "utf-8")
    index(photos, tmp_path / "Takeout")
    assert [line for line in index.remarks if line.startswith(f"{tmp_path / 'Takeout'}: 1 photo or video is described")]
    assert all(str(tmp_path) in line for line in index.remarks), "of several places, each line says which it means"


def test_a_folder_of_libraries_alone_names_them_in_one_line_and_is_no_place(index, tmp_path):
    mine, yours = (tmp_path / "pictures" / f"{name}.photoslibrary" for name in ("Mine", "Yours"))
    mine.mkdir(parents=True)
    index(tmp_path / "pictures")
    begins = f"There are no loose pictures in {tmp_path / 'pictures'}; it holds"
    assert index.remarks == [f'{begins} 1 library, read on its own: safelight index "{mine}"']
    assert index.library.catalog.roots() == []
    yours.mkdir()
    index(tmp_path / "pictures")
    assert index.remarks[-1].startswith(f"{begins} 2 libraries, each read on its own: safelight index ")
    paint(tmp_path / "pictures" / "loose.png", 1)
    index(tmp_path / "pictures")
    assert [root.path for root in index.library.catalog.roots()] == [tmp_path / "pictures"]


def test_nothing_known_and_no_path_is_a_clear_line(index):
    with pytest.raises(SafelightError, match="nothing is indexed yet"):
        index()


def test_the_same_bytes_at_two_paths_are_embedded_once(index, photos):
    shutil.copy(photos / "top.jpg", photos / "copy.jpg")
    assert outcomes(index(photos)) == {"indexed": 7, "embedded": 6}
    shutil.copy(photos / "top.jpg", photos / "later.jpg")
    assert outcomes(index(photos)) == {"indexed": 1, "unchanged": 7}
    assert (index.count("photo"), index.count("embedding")) == (8, 6)


def test_part_of_a_root_is_the_same_photos(index, photos):
    index(photos)
    paint(photos / "2019" / "new.png", 500)
    (photos / "top.jpg").unlink()
    assert outcomes(index(photos / "2019")) == {"indexed": 1, "unchanged": 5, "embedded": 1}
    assert index.count("root") == 1
    assert index.count("photo WHERE state = 'missing'") == 0, "what lies outside the part was not looked for"


def test_a_root_above_takes_over_what_is_known_below(index, photos):
    index(photos / "2019")
    assert outcomes(index(photos)) == {"indexed": 1, "unchanged": 5, "embedded": 1}
    assert [root.path for root in index.library.catalog.roots()] == [photos]


def test_broken_pictures_are_counted_with_their_reason_and_not_tried_again(index, photos):
    (photos / "empty.jpg").touch()
    (photos / "cut.jpg").write_bytes((photos / "top.jpg").read_bytes()[:400])
    first = index(photos)
    assert (first.indexed, first.skipped + first.failed) == (6, 2)
    second = index(photos)
    assert (second.unchanged, second.skipped, second.failed) == (6, first.skipped, first.failed)
    found = {Path(problem.path).name: problem.reason for problem in problems(index.library.catalog)}
    assert set(found) == {"empty.jpg", "cut.jpg"}
    assert all(found.values())
    paint(photos / "cut.jpg", 600)
    assert index(photos).indexed == 1, "a mended file is read again"


def test_a_file_that_may_not_be_read_is_tried_again_once_it_may(index, photos):
    target = photos / "top.jpg"
    target.chmod(0)
    if os.access(target, os.R_OK):
        # Permissions do not bind root; a pipe in the place of the file cannot be read by anyone.
        target.chmod(0o644)
        aside = photos.parent / "aside.jpg"
        target.rename(aside)
        os.mkfifo(target)
        assert outcomes(index(photos)) == {"indexed": 5, "skipped": 1, "embedded": 5}
        target.unlink()
        aside.rename(target)
    else:
        assert outcomes(index(photos)) == {"indexed": 5, "failed": 1, "embedded": 5}
        target.chmod(0o644)
    assert outcomes(index(photos)) == {"indexed": 1, "unchanged": 5, "embedded": 1}


def test_a_folder_that_may_not_be_listed_is_a_problem_until_it_may(index, photos, monkeypatch):
    """GENERATED: what the system answers to others than root."""
    index(photos)
    scandir = os.scandir

    def refuse(path):
        if os.fsencode(path).rstrip(b"/").endswith(b"/2019"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert outcomes(index(photos)) == {"unchanged": 1}
    assert index.remarks[-1].endswith("2019 cannot be read (permission denied); what is known there is kept.")

    def unread():
        found = problems(index.library.catalog)
        return [(problem.id, problem.path, problem.state, problem.reason) for problem in found]

    assert unread() == [(None, str(photos / "2019"), "unreadable", "permission denied")]
    assert [root.state for root in roots(index.library.catalog)] == ["online"]
    index(photos / "top.jpg")
    assert len(unread()) == 1, "a look elsewhere says nothing of it"
    with pytest.raises(UnreadPlacesError):
        index(photos / "2019")
    assert len(unread()) == 1
    monkeypatch.undo()
    index(photos / "2019")
    assert unread() == []


def test_two_models_side_by_side_lose_nothing(index, photos, tmp_path):
    index(photos)
    other = tmp_path / "other-model"
    shutil.copytree(MODEL, other)
    with (other / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write("\n")  # other bytes, so a model of its own as far as anyone can tell
    home = index.library.home
    catalog = index.library.catalog
    with catalog.transaction():
        catalog.db.execute("UPDATE features SET data = zeroblob(length(data))")
        catalog.db.execute("DELETE FROM features WHERE content_id = (SELECT min(content_id) FROM features)")
    second = Library(Settings(model=str(other)), home)
    tally = index_paths(
        second, [str(photos)], stop=threading.Event(), on_progress=print, on_problem=print, on_remark=print
    )
    assert outcomes(tally) == {"indexed": 6, "embedded": 6}
    second.close()
    assert index.count("embedding") == 12
    described = "SELECT count(*), sum(data = zeroblob(length(data))) FROM features"
    found = catalog.db.execute(described).fetchone()
    assert found == (6, 5), "what pictures look like is computed once, whatever models see them, and where it is lost"
    assert outcomes(index(photos)) == {"unchanged": 6}


def test_a_model_that_cannot_read_words_is_told_before_anything_is_read(photos, tmp_path):
    folder = shutil.copytree(MODEL, tmp_path / "model")
    (folder / "tokenizer.json").write_text('{"version": "1.0"')
    with (
        Library(Settings(model=str(folder)), tmp_path / "home") as library,
        pytest.raises(ModelError, match="tokenizer"),
    ):
        index_paths(
            library, [str(photos)], on_progress=ignore, on_problem=ignore, on_remark=ignore, stop=threading.Event()
        )
    with Library(Settings(), tmp_path / "home") as library:
        assert library.catalog.db.execute("SELECT count(*) FROM photo").fetchone() == (0,)
        assert library.catalog.models() == []


def test_one_run_at_a_time(index, photos):
    with ProcessLock(index.library.home / "index.lock", "indexing photos"), pytest.raises(LockedError) as error:
        index(photos)
    assert f"process {os.getpid()} (indexing photos)" in str(error.value)


def test_the_originals_stay_as_they_are(index, photos):
    def state():
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in photos.rglob("*") if path.is_file()}

    before = state()
    index(photos)
    index.library.search(["a red circle"], show_all=True)
    assert state() == before


def test_a_place_without_photos_can_be_forgotten_by_any_spelling(index, photos, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    index(tmp_path / "empty")
    monkeypatch.chdir(photos)
    plan = plan_prune(index.library, forget=Path("../empty"))
    assert (plan.photos, len(plan.roots)) == ([], 1)
    prune(index.library, plan)
    assert index.library.catalog.roots() == []


def test_a_folder_of_previews_says_what_to_do(index, tmp_path):
    (tmp_path / "X Previews.lrdata").mkdir()
    with pytest.raises(SafelightError, match=r"\.lrcat file beside it, or .* `safelight recover`"):
        index(tmp_path / "X Previews.lrdata")


def test_a_sidecar_that_comes_changes_and_goes_is_followed_without_embedding(index, photos):
    def keywords():
        rows = index.library.catalog.db.execute("SELECT path FROM tag WHERE kind = 'keyword' ORDER BY path")
        return [word for (word,) in rows]

    index(photos)
    sidecar = photos / "top.xmp"
    write_xmp(sidecar, "bee", "wasp")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert keywords() == ["bee", "wasp"]
    (role,) = index.library.catalog.db.execute("SELECT role || ' ' || name FROM part").fetchone()
    assert role == "sidecar top.xmp"
    write_xmp(sidecar, "hornet")
    assert outcomes(index(photos / "top.jpg")) == {"unchanged": 1}
    assert keywords() == ["hornet"]
    sidecar.unlink()
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert keywords() == []
