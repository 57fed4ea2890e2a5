"""Indexing folders for real: generated pictures, the tiny shapes CLIP, a real catalog."""

import itertools
import os
import shutil
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from indexed_library import ignore
from PIL import Image
from small_disk import small_disk

from indexer.decoders import DecoderPool
from indexer.errors import CatalogError, ModelError
from indexer.events import Progress
from indexer.lock import LockedError, ProcessLock
from safelight.config import Settings
from safelight.errors import SafelightError, UnreadPlacesError
from safelight.indexing import index_paths
from safelight.pruning import plan_prune, prune
from safelight.service import Library
from safelight.status import problems, roots
from safelight.worker import MERGED_TEXTS, ModelThread

UNCHANGED = int(os.environ.get("SAFELIGHT_TEST_UNCHANGED", "1000"))
MODEL = str(Path(__file__).parent.parent / "data" / "shapes-clip")


def paint(path: Path, seed: int, size: tuple[int, int] = (80, 60)) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize(size).save(path)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "2019").mkdir(parents=True)
    for number in range(5):
        paint(folder / "2019" / f"{number}.png", number)
    paint(folder / "top.jpg", 100)
    return folder


class Runner:
    """Runs index_paths on one library and keeps what it was told."""

    def __init__(self, home: Path) -> None:
        self.library = Library(Settings(model=MODEL), home)
        self.remarks: list[str] = []
        self.progress: list[Progress] = []

    def __call__(self, *paths: Path, stop: threading.Event | None = None, retry: bool = False):
        return index_paths(
            self.library,
            [str(path) for path in paths],
            stop=stop or threading.Event(),
            retry=retry,
            on_progress=self.progress.append,
            on_problem=lambda path, outcome, reason: None,
            on_remark=self.remarks.append,
        )

    def ids(self) -> dict[bytes, str]:
        return dict(self.library.catalog.db.execute("SELECT key, public_id FROM photo WHERE state = 'indexed'"))

    def count(self, sql: str) -> int:
        return self.library.catalog.db.execute(f"SELECT count(*) FROM {sql}").fetchone()[0]


@pytest.fixture
def index(tmp_path):
    runner = Runner(tmp_path / "home")
    yield runner
    runner.library.close()


def outcomes(tally) -> dict[str, int]:
    names = ("indexed", "unchanged", "skipped", "failed", "missing", "embedded")
    return {name: getattr(tally, name) for name in names if getattr(tally, name)}


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


def test_a_renamed_file_keeps_its_id_and_is_not_embedded_again(index, photos):
    index(photos)
    before = index.ids()[b"top.jpg"]
    (photos / "top.jpg").rename(photos / "2019" / "renamed.jpg")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert index.ids()[b"2019/renamed.jpg"] == before
    assert index.count("photo") == 6


@pytest.mark.parametrize(
    "names",
    ["010", "101", "0120", "2102", "0129", "210-"],
    ids=["swapped", "swapped", "in a circle", "in a circle", "renumbered", "renumbered downwards"],
)
def test_files_that_took_each_others_names_keep_their_ids(index, photos, names):
    names = [f"{name}.png" for name in names]
    index(photos)
    before = index.ids()
    for name in names[:-1]:
        (photos / "2019" / name).rename(photos / "2019" / f"{name}.aside")
    for name, new in itertools.pairwise(names):
        (photos / "2019" / f"{name}.aside").rename(photos / "2019" / new)
    assert outcomes(index(photos)) == {"unchanged": 6}
    moved = {f"2019/{new}".encode(): before[f"2019/{name}".encode()] for name, new in itertools.pairwise(names)}
    assert {key: index.ids()[key] for key in moved} == moved
    assert outcomes(index(photos)) == {"unchanged": 6}


def test_what_lies_beside_a_photo_is_named_as_it_is_called_now(index, photos):
    folder = photos / "2019"
    for number in range(2):
        write_xmp(folder / f"{number}.xmp", "bee" * (1 + number))

    def rename(name, new):
        for suffix in (".png", ".xmp"):
            (folder / f"{name}{suffix}").rename(folder / f"{new}{suffix}")

    def beside():
        rows = index.library.catalog.db.execute(
            "SELECT photo.key, part.name, part.path, tag.path FROM photo"
            " JOIN part ON part.photo_id = photo.id JOIN tag ON tag.photo_id = photo.id"
        )
        return {key: (name, os.fsdecode(path), keyword) for key, name, path, keyword in rows}

    index(photos)
    rename(0, "aside")
    rename(1, 0)
    rename("aside", 1)
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert beside() == {
        b"2019/0.png": ("0.xmp", str(folder / "0.xmp"), "beebee"),
        b"2019/1.png": ("1.xmp", str(folder / "1.xmp"), "bee"),
    }
    rename(0, "new")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert beside()[b"2019/new.png"] == ("new.xmp", str(folder / "new.xmp"), "beebee")


def test_a_file_renamed_over_another_is_that_photo_and_the_other_is_missing(index, photos):
    index(photos)
    before = index.ids()[b"2019/1.png"]
    (photos / "2019" / "1.png").rename(photos / "2019" / "0.png")
    assert outcomes(index(photos)) == {"unchanged": 5, "missing": 1}
    assert index.ids()[b"2019/0.png"] == before


def test_a_drive_that_numbers_its_files_anew_leaves_photos_what_they_are(index, photos):
    """As FAT does whenever it is mounted; and the frames of a burst have one size, and one time of two seconds."""
    burst = [photos / "2019" / f"{name}.bmp" for name in "ab"]
    for number, path in enumerate(burst):
        paint(path, 50 + number)
    data = [path.read_bytes() for path in burst]

    def look_alike():
        for path, content in zip(burst, data, strict=True):
            path.write_bytes(content)
            os.utime(path, ns=(10**18, 10**18))

    look_alike()
    index(photos)
    shown = "SELECT key, public_id, content_id FROM photo ORDER BY key"
    before = index.library.catalog.db.execute(shown).fetchall()
    numbers = [path.stat().st_ino for path in burst]
    burst[0].rename(photos / "aside")
    burst[1].rename(burst[0])
    (photos / "aside").rename(burst[1])
    look_alike()
    assert [path.stat().st_ino for path in burst] == numbers[::-1]
    index(photos)
    assert index.library.catalog.db.execute(shown).fetchall() == before


def test_a_link_that_leads_elsewhere_now_takes_no_other_links_photo(index, photos, tmp_path):
    (tmp_path / "store").mkdir()
    for number in range(2):
        paint(tmp_path / "store" / f"{number}.png", 300 + number)
        (photos / f"link-{number}.png").symlink_to(tmp_path / "store" / f"{number}.png")
    index(photos)
    before = index.ids()
    (photos / "link-1.png").unlink()
    (photos / "link-1.png").symlink_to(tmp_path / "store" / "0.png")
    index(photos)
    assert outcomes(index(photos)) == {"unchanged": 8}
    assert index.ids() == before
    assert index.count("(SELECT DISTINCT content_id FROM photo WHERE CAST(key AS TEXT) LIKE 'link-%')") == 1


def test_a_folder_renamed_is_recognised_whole(index, photos):
    index(photos)
    before = sorted(index.ids().values())
    (photos / "2019").rename(photos / "2019 Norway")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert sorted(index.ids().values()) == before


def test_a_folder_renamed_with_a_link_in_its_old_place_is_recognised(index, photos):
    """As on a disk that does not tell upper from lower case: the old name still leads to the file."""
    index(photos)
    before = sorted(index.ids().values())
    (photos / "2019").rename(photos / "2019 Norway")
    (photos / "2019").symlink_to("2019 Norway")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert sorted(index.ids().values()) == before
    assert b"2019 Norway/0.png" in index.ids()


def test_a_hard_link_is_a_second_place_not_a_rename(index, photos):
    index(photos)
    (photos / "linked.jpg").hardlink_to(photos / "top.jpg")
    assert outcomes(index(photos)) == {"indexed": 1, "unchanged": 6}
    assert index.count("photo") == 7


def test_a_file_moved_from_another_disk_is_recognised_by_its_bytes(index, photos):
    index(photos)
    before = index.ids()[b"top.jpg"]
    (photos / "moved.jpg").write_bytes((photos / "top.jpg").read_bytes())
    (photos / "top.jpg").unlink()
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert index.ids()[b"moved.jpg"] == before


def test_a_changed_file_is_embedded_again_and_only_that(index, photos):
    index(photos)
    before = index.ids()[b"top.jpg"]
    paint(photos / "top.jpg", 300, (90, 60))
    assert outcomes(index(photos)) == {"indexed": 1, "unchanged": 5, "embedded": 1}
    assert index.ids()[b"top.jpg"] == before


def test_a_touched_file_is_read_but_not_embedded(index, photos):
    index(photos)
    os.utime(photos / "top.jpg", (1, 1))
    assert outcomes(index(photos)) == {"unchanged": 6}


def test_a_vanished_file_is_marked_and_its_vector_kept_until_pruned(index, photos):
    index(photos)
    (photos / "top.jpg").unlink()
    assert outcomes(index(photos)) == {"unchanged": 5, "missing": 1}
    assert outcomes(index(photos)) == {"unchanged": 5, "missing": 1}, "it stays missing, and counted"
    assert index.count("embedding") == 6
    plan = plan_prune(index.library)
    assert [Path(path).name for _, path in plan.photos] == ["top.jpg"]
    assert index.count("photo") == 6, "a plan changes nothing"
    prune(index.library, plan)
    assert (index.count("photo"), index.count("embedding"), index.count("content")) == (5, 5, 5)
    assert index.count("outbox WHERE op = 'delete'") == 1


def test_a_file_that_comes_back_is_unchanged(index, photos, tmp_path):
    index(photos)
    before = index.ids()[b"top.jpg"]
    (photos / "top.jpg").rename(tmp_path / "aside.jpg")
    index(photos)
    (tmp_path / "aside.jpg").rename(photos / "top.jpg")
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert index.ids()[b"top.jpg"] == before


def test_pruning_one_copy_keeps_the_vector_that_the_other_needs(index, photos):
    shutil.copy(photos / "top.jpg", photos / "copy.jpg")
    index(photos)
    (photos / "copy.jpg").unlink()
    index(photos)
    prune(index.library, plan_prune(index.library))
    assert (index.count("photo"), index.count("embedding")) == (6, 6)


def test_forgetting_a_root_leaves_the_others(index, photos, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(photos / "top.jpg", other / "top.jpg")
    paint(other / "own.png", 400)
    index(photos, other)
    prune(index.library, plan_prune(index.library, forget=other))
    assert [root.path for root in index.library.catalog.roots()] == [photos]
    assert (index.count("photo"), index.count("embedding")) == (6, 6)
    with pytest.raises(SafelightError, match="is not an indexed place"):
        plan_prune(index.library, forget=tmp_path)


def test_a_vanished_root_is_offline_and_nothing_is_touched(index, photos, tmp_path):
    index(photos)
    photos.rename(tmp_path / "unplugged")
    assert outcomes(index(photos)) == {}
    assert "is not there" in index.remarks[-1]
    photos.mkdir()  # as a mount point stays when its drive is gone
    assert outcomes(index(photos)) == {}
    photos.rmdir()
    assert [root.state for root in index.library.catalog.roots()] == ["offline"]
    assert index.count("photo WHERE state = 'indexed'") == 6
    assert plan_prune(index.library).photos == [], "what lies on an absent drive is never pruned"
    (tmp_path / "unplugged").rename(photos)
    assert outcomes(index(photos)) == {"unchanged": 6}
    assert [root.state for root in index.library.catalog.roots()] == ["online"]


class Drive:
    """A file system of its own that can be unplugged, as root may make one."""

    def __init__(self, mount: Path) -> None:
        self.mount, self.is_in = mount, False
        mount.mkdir()
        self.plug_in()

    def plug_in(self) -> None:
        """Plug in an empty drive."""
        if subprocess.run(["mount", "-t", "tmpfs", "none", self.mount], capture_output=True, check=False).returncode:
            pytest.skip("only root may mount the drive that this unplugs")
        self.is_in = True

    def unplug(self) -> None:
        if self.is_in:
            subprocess.run(["umount", self.mount], check=True)
            self.is_in = False


@pytest.fixture
def drive(photos, tmp_path):
    """A drive with the six photos on it."""
    made = Drive(tmp_path / "drive")
    try:
        shutil.copytree(photos, made.mount, dirs_exist_ok=True)
        yield made
    finally:
        made.unplug()


def test_an_empty_mount_point_is_an_unplugged_drive(index, drive):
    index(drive.mount)
    drive.unplug()
    assert outcomes(index(drive.mount)) == {}
    assert "is not there" in index.remarks[-1]
    assert index.count("photo WHERE state = 'indexed'") == 6


def test_a_copy_of_a_photo_on_an_unplugged_drive_is_another_photo(index, drive, tmp_path):
    index(drive.mount)
    before = index.ids()
    (tmp_path / "backup").mkdir()
    shutil.copy(drive.mount / "top.jpg", tmp_path / "backup")
    drive.unplug()
    index(tmp_path / "backup")  # whether or not a run met the drive away before
    assert {Path(root.path).name: root.indexed for root in roots(index.library.catalog)} == {"backup": 1, "drive": 6}
    index()
    shutil.copy(tmp_path / "backup" / "top.jpg", tmp_path / "backup" / "again.jpg")
    index(tmp_path / "backup")
    assert {Path(root.path).name: root.indexed for root in roots(index.library.catalog)} == {"backup": 2, "drive": 6}
    drive_ids = index.library.catalog.db.execute(
        "SELECT p.key, p.public_id FROM photo p JOIN root r ON r.id = p.root_id WHERE r.path = ?",
        (os.fsencode(drive.mount),),
    )
    assert dict(drive_ids) == before


def test_a_path_that_leads_out_of_a_place_is_not_in_it(index, photos, tmp_path):
    (photos / "other").mkdir()
    paint(photos / "other" / "1.png", 300)
    index(photos / "2019")
    for path in (photos / "2019").iterdir():
        path.rename(tmp_path / path.name)  # its mount point is left
    assert outcomes(index(photos / "2019" / ".." / "other")) == {"indexed": 1, "embedded": 1}


def test_all_photos_of_a_folder_moved_to_another_keep_their_ids(index, photos, tmp_path):
    index(photos)
    before = set(index.ids().values())
    (tmp_path / "new").mkdir()
    for file in [*photos.rglob("*.png"), *photos.glob("*.jpg")]:
        file.rename(tmp_path / "new" / file.name)
    assert outcomes(index(tmp_path / "new")) == {"unchanged": 6}
    assert set(index.ids().values()) == before


@pytest.mark.parametrize("stray", [".DS_Store", "Read me.txt"])
def test_a_stray_file_in_a_mount_point_is_no_drive(index, drive, stray):
    index(drive.mount)
    (drive.mount / "top.jpg").unlink()
    index(drive.mount)
    drive.unplug()
    (drive.mount / stray).touch()
    assert outcomes(index(drive.mount)) == {}
    assert "is its drive plugged in?" in index.remarks[-1]
    assert index.count("photo WHERE state = 'indexed'") == 5
    assert [root.state for root in roots(index.library.catalog)] == ["offline"]
    assert plan_prune(index.library).photos == []


@pytest.mark.parametrize("number", ["the same", "another"])
def test_another_drive_at_the_place_of_one_is_told_by_its_photos(index, drive, photos, number):
    index(drive.mount)
    drive.unplug()
    other = Drive(photos.with_name("other"))  # takes the number that is free now
    if number == "the same":
        other.unplug()
    try:
        drive.plug_in()
        paint(drive.mount / "stranger.png", 300)
        assert outcomes(index(drive.mount)) == {}
        assert index.count("photo WHERE state = 'indexed'") == 6
        assert [root.state for root in roots(index.library.catalog)] == ["offline"]
        shutil.copytree(photos, drive.mount, dirs_exist_ok=True)  # it is the right one, whatever its number
        assert [root.state for root in roots(index.library.catalog)] == ["online"]
        assert outcomes(index(drive.mount)) == {"indexed": 1, "unchanged": 6, "embedded": 1}
    finally:
        other.unplug()


def test_a_drive_with_another_number_is_known_by_one_of_its_photos(index, photos):
    """Numbers change when the computer is started again, and those of network drives whenever they like."""
    index(photos)
    index.library.catalog.db.execute("UPDATE root SET device = device + 1")
    shutil.rmtree(photos / "2019")
    assert outcomes(index(photos)) == {"unchanged": 1, "missing": 5}
    assert len(plan_prune(index.library).photos) == 5


def test_a_folder_whose_photos_were_deleted_lacks_them(index, photos):
    index(photos)
    shutil.rmtree(photos / "2019")
    (photos / "top.jpg").unlink()
    (photos / ".DS_Store").touch()
    assert outcomes(index(photos)) == {"missing": 6}
    assert len(plan_prune(index.library).photos) == 6


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


def test_a_stop_keeps_what_is_done(index, photos):
    stop = threading.Event()
    stop.set()
    assert index(photos, stop=stop).interrupted
    assert index(photos).indexed == 6


def embedded_texts(index, monkeypatch, told) -> list[int]:
    """Tell `told` of each call to embed texts before it is made; returns how many texts each one had."""
    counts: list[int] = []
    embed = ModelThread.embed_texts

    def embed_texts(thread, texts):
        counts.append(len(texts))
        told(len(texts))
        return embed(thread, texts)

    monkeypatch.setattr(ModelThread, "embed_texts", embed_texts)
    return counts


def test_a_run_that_is_stopped_ends_without_measuring_what_a_match_looks_like(index, photos, monkeypatch):
    stop = threading.Event()

    def stop_at_the_first_photo(event: Progress) -> None:
        if event.stage == "indexing" and event.done:
            stop.set()

    index.progress = SimpleNamespace(append=stop_at_the_first_photo)
    counts = embedded_texts(index, monkeypatch, lambda count: None)
    assert index(photos, stop=stop).interrupted
    assert index.count("embedding") > 0
    assert index.count("model WHERE calibration IS NOT NULL") == 0
    assert counts == [1], "the words that try a new model, and no others"
    stop.clear()
    index.progress = []
    index(photos)
    assert index.count("model WHERE calibration IS NOT NULL") == 1


def test_a_stop_while_it_is_measured_what_a_match_looks_like_is_heard(index, photos, monkeypatch):
    stop = threading.Event()
    counts = embedded_texts(index, monkeypatch, lambda count: stop.set() if count > 1 else None)
    assert index(photos, stop=stop).interrupted
    assert counts == [1, MERGED_TEXTS], "the part at hand is finished, and no other begun"
    assert (index.count("embedding"), index.count("model WHERE calibration IS NOT NULL")) == (6, 0)
    assert index.remarks == []


def test_what_fails_among_many_answers_ends_the_run(index, tmp_path, monkeypatch):
    """The reader of the progress has gone away, say; the answers that came with the one at hand are not waited for."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.jpg").write_bytes(b"no picture %d" % number)
    results = DecoderPool.results

    def many_at_once(pool, *, wait=False, at_least=1):
        assert pool.outstanding or not wait, "it waits for what nobody owes"
        return results(pool, wait=True, at_least=pool.outstanding) if wait else []

    monkeypatch.setattr(DecoderPool, "results", many_at_once)
    met: list[Progress] = []

    def on_progress(event):
        if event.stage == "indexing" and event.done:
            met.append(event)
            if len(met) == 1:
                raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        index_paths(
            index.library,
            [str(folder)],
            stop=threading.Event(),
            on_progress=on_progress,
            on_problem=ignore,
            on_remark=ignore,
        )


def test_a_full_disk_is_one_clear_error_and_the_catalog_stays_sound(photos, tmp_path):
    with small_disk(tmp_path / "small", "300k") as small:
        for number in range(400):
            paint(photos / f"more-{number}.png", 1000 + number, (16, 12))
        runner = Runner(small / "home")
        with pytest.raises(CatalogError, match="cannot (write|open) the catalog"):
            runner(photos)
        assert runner.library.catalog.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        runner.library.close()


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


def write_xmp(path: Path, *keywords: str) -> None:
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in keywords)
    path.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>'
        f"{items}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )


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
