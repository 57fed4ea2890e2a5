"""Files that are renamed, moved, copied, changed or gone between two runs: each photo keeps its id."""

import itertools
import os
import shutil
from pathlib import Path

import pytest
from indexing_runs import outcomes, paint, write_xmp

from safelight.errors import SafelightError
from safelight.pruning import plan_prune, prune


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


def test_all_photos_of_a_folder_moved_to_another_keep_their_ids(index, photos, tmp_path):
    index(photos)
    before = set(index.ids().values())
    (tmp_path / "new").mkdir()
    for file in [*photos.rglob("*.png"), *photos.glob("*.jpg")]:
        file.rename(tmp_path / "new" / file.name)
    assert outcomes(index(tmp_path / "new")) == {"unchanged": 6}
    assert set(index.ids().values()) == before
