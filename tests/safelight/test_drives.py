"""Drives that are mounted inside an indexed folder, and unplugged: real mounts where root may, else numbers."""

import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_disk import small_disk

from indexer.catalog import Catalog
from indexer.drives import mounts
from indexer.filters import Filters, prepare
from indexer.newest import newest
from safelight import at_hand
from safelight.at_hand import looked_at
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.pruning import plan_prune, prune
from safelight.service import Library
from safelight.status import find_photo, photo_record, problems, roots

MODEL = str(Path(__file__).parent.parent / "data" / "shapes-clip")


def paint(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((80, 60)).save(path)


class Indexed:
    """A library over one folder, and what its runs said."""

    def __init__(self, home: Path) -> None:
        self.library = Library(Settings(model=MODEL, workers=1), home)
        self.remarks: list[str] = []

    def __call__(self, *paths: Path) -> dict[str, int]:
        self.remarks.clear()
        tally = index_paths(
            self.library,
            [str(path) for path in paths],
            stop=threading.Event(),
            on_progress=lambda event: None,
            on_problem=lambda path, outcome, reason: None,
            on_remark=self.remarks.append,
        )
        names = ("indexed", "unchanged", "skipped", "failed", "missing", "embedded")
        return {name: getattr(tally, name) for name in names if getattr(tally, name)}

    def rows(self) -> dict[bytes, tuple[str, str]]:
        """Public id and state by key."""
        found = self.library.catalog.db.execute("SELECT key, public_id, state FROM photo")
        return {key: (public_id, state) for key, public_id, state in found}

    def states(self) -> dict[str, str]:
        """What a search shows: state by name."""
        prepare(self.library.catalog.db)
        found = looked_at(newest(self.library.catalog, Filters(source=("folder",)), 100))
        return {place.name: place.state for one in found for place in (one.place, *one.others)}

    def shown(self, path: Path) -> str:
        """What `show` says of a file."""
        catalog = self.library.catalog
        return photo_record(catalog, find_photo(catalog, str(path)))["places"][0]["state"]

    def offered(self, forget: Path | None = None) -> int:
        return len(plan_prune(self.library, forget).photos)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Let a place answer as late as it likes: on a busy machine a second is soon over, and it would count as away."""
    monkeypatch.setattr(at_hand.away, "__defaults__", (600.0,))


@pytest.fixture
def index(tmp_path):
    made = Indexed(tmp_path / "home")
    yield made
    made.library.close()


@pytest.fixture
def photos(tmp_path):
    """Two photos, beside a folder for a drive."""
    folder = tmp_path / "photos"
    for number in range(2):
        paint(folder / f"{number}.png", number)
    (folder / "External").mkdir()
    return folder


class Drive:
    """A drive of three photos that can be plugged in anywhere, several times."""

    def __init__(self, disk: Path, seed: int) -> None:
        self.disk = disk
        for number in range(3):
            paint(disk / "2019" / f"{seed + number}.png", seed + number)

    @contextmanager
    def plugged_in(self, where: Path):
        subprocess.run(["mount", "--bind", str(self.disk), str(where)], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(where)], check=True)


@pytest.fixture
def drive(tmp_path):
    with small_disk(tmp_path / "drive", "8m") as disk:
        yield Drive(disk, 100)


@pytest.mark.parametrize("left", ["an empty folder", "nothing", "a stray file"])
def test_an_unplugged_drive_inside_a_folder_is_away_and_comes_back_unread(index, photos, drive, left):
    with drive.plugged_in(photos / "External"):
        assert index(photos) == {"indexed": 5, "embedded": 5}
        before = index.rows()
    if left == "nothing":
        (photos / "External").rmdir()
    elif left == "a stray file":
        (photos / "External" / ".DS_Store").touch()
    assert index(photos) == {"unchanged": 2}
    assert index.rows() == before, "nothing was touched"
    assert len(index.remarks) == 1
    assert str(photos / "External") in index.remarks[0]
    assert "is its drive plugged in?" in index.remarks[0]
    assert {name: state for name, state in index.states().items() if state != "here"} == {
        f"{number}.png": "offline" for number in (100, 101, 102)
    }
    assert index.shown(photos / "External" / "2019" / "100.png") == "offline"
    (problem,) = problems(index.library.catalog)
    assert (problem.path, problem.state) == (str(photos / "External"), "offline")
    assert not problem.reason.startswith(str(photos)), "its path is said already"
    counted = [(root.path, root.state, root.indexed) for root in roots(index.library.catalog)]
    assert counted == [(str(photos), "online", 2), (str(photos / "External"), "offline", 3)]
    assert index.offered() == 0
    assert index(photos / "External") == {}, "asked for alone, it is known, too"
    assert "is its drive plugged in?" in index.remarks[0]
    (photos / "External").mkdir(exist_ok=True)
    with drive.plugged_in(photos / "External"):
        assert index(photos) == {"unchanged": 5}
        assert (index.rows(), index.remarks) == (before, [])
        assert set(index.states().values()) == {"here"}
        assert list(problems(index.library.catalog)) == []
        assert [root.indexed for root in roots(index.library.catalog)] == [5]


def test_what_was_deleted_on_a_drive_is_missing_and_not_offered_while_it_is_away(index, photos, drive):
    with drive.plugged_in(photos / "External"):
        index(photos)
        (photos / "External" / "2019" / "100.png").unlink()
        assert index(photos) == {"unchanged": 4, "missing": 1}
        assert index.offered() == 1
    index(photos)
    assert index.offered() == 0


def test_the_user_can_say_that_a_drive_is_gone_for_good(index, photos, drive):
    with drive.plugged_in(photos / "External"):
        index(photos)
    index(photos)
    assert index.offered(photos / "External") == 3
    prune(index.library, plan_prune(index.library, photos / "External"))
    assert (len(index.rows()), mounts(index.library.catalog.db)) == (2, [])
    assert index(photos) == {"unchanged": 2}
    assert index.remarks == []
    assert list(problems(index.library.catalog)) == []


def test_another_drive_in_its_place_is_not_taken_for_it(index, photos, drive, tmp_path):
    with drive.plugged_in(photos / "External"):
        index(photos)
        before = index.rows()
    with small_disk(tmp_path / "another", "8m") as disk, Drive(disk, 200).plugged_in(photos / "External"):
        for _ in range(2):
            assert index(photos) == {"unchanged": 2}
            assert "holds none of the photos" in index.remarks[0]
            assert index.rows() == before
            assert index.offered() == 0
        assert index.states()["100.png"] == "offline"


def test_a_copy_of_a_photo_on_an_unplugged_drive_is_another_photo(index, photos, drive):
    with drive.plugged_in(photos / "External"):
        index(photos)
        before = index.rows()
        shutil.copy2(photos / "External" / "2019" / "100.png", photos / "copy.png")
    assert index(photos) == {"indexed": 1, "unchanged": 2}
    assert {key: row for key, row in index.rows().items() if key != b"copy.png"} == before


def test_a_drive_of_its_own_that_a_folder_around_takes_over_stays_away(index, photos, drive):
    with drive.plugged_in(photos / "External"):
        assert index(photos / "External") == {"indexed": 3, "embedded": 3}
    assert index(photos) == {"indexed": 2, "embedded": 2}
    assert {state for _, state in index.rows().values()} == {"indexed"}
    with drive.plugged_in(photos / "External"):
        assert index(photos) == {"unchanged": 5}


def test_a_part_below_a_drive_is_remembered_as_on_it(index, photos, drive):
    index(photos)
    with drive.plugged_in(photos / "External"):
        assert index(photos / "External" / "2019") == {"indexed": 3, "embedded": 3}
    assert [mount.key for mount in mounts(index.library.catalog.db)] == [b"External"]
    assert index(photos) == {"unchanged": 2}


def test_a_link_to_a_drive_is_away_with_it(index, photos, drive, tmp_path):
    (tmp_path / "mnt").mkdir()
    (photos / "Link").symlink_to(tmp_path / "mnt" / "2019")
    with drive.plugged_in(tmp_path / "mnt"):
        assert index(photos) == {"indexed": 5, "embedded": 5}
    assert index(photos) == {"unchanged": 2}
    assert (len(index.remarks), index.offered()) == (1, 0)
    with drive.plugged_in(tmp_path / "mnt"):
        assert index(photos) == {"unchanged": 5}


# Where nothing can be mounted: a folder of the same disk, said to have been on another.


@pytest.fixture
def numbered(index, photos):
    """The library of a folder with three photos in a part that is said to have been another drive."""
    for number in range(3):
        paint(photos / "External" / f"{number + 100}.png", number + 100)
    assert index(photos) == {"indexed": 5, "embedded": 5}
    say_mounted(index.library.catalog)
    return index


def say_mounted(catalog: Catalog) -> None:
    with catalog.transaction():
        catalog.db.execute("INSERT INTO mount SELECT id, ?, device + 1, 'online' FROM root", (b"External",))


def test_a_number_alone_says_nothing(numbered, photos):
    """Of a folder that was copied to the disk around it, or a computer that was started again."""
    assert numbered(photos) == {"unchanged": 5}
    assert mounts(numbered.library.catalog.db) == []
    shutil.rmtree(photos / "External")
    assert numbered(photos) == {"unchanged": 2, "missing": 3}
    assert numbered.offered() == 3


def test_one_known_photo_is_enough_to_know_a_drive(numbered, photos):
    for number in (100, 101):
        (photos / "External" / f"{number}.png").unlink()
    assert numbered(photos) == {"unchanged": 3, "missing": 2}


def test_a_tree_that_was_on_another_drive_and_is_gone_is_away(numbered, photos):
    shutil.move(photos / "External", photos.parent / "unplugged")
    assert numbered(photos) == {"unchanged": 2}
    assert (len(numbered.remarks), numbered.offered(), numbered.offered(photos / "External")) == (1, 0, 3)
    assert {state for name, state in numbered.states().items() if len(name) > 5} == {"offline"}
    shutil.move(photos.parent / "unplugged", photos / "External")
    assert numbered(photos) == {"unchanged": 5}


def test_a_folder_that_was_on_the_same_disk_is_missing(index, photos):
    paint(photos / "2019" / "100.png", 100)
    index(photos)
    shutil.rmtree(photos / "2019")
    assert index(photos) == {"unchanged": 2, "missing": 1}
