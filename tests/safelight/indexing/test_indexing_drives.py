"""Places that are away, drives that are unplugged, and others in their place: nothing is called missing for it."""

import os
import shutil
from pathlib import Path

import pytest
from indexing_runs import Drive, outcomes, paint

from safelight.pruning import plan_prune
from safelight.status import roots


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
