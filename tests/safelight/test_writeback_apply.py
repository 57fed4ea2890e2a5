"""Applying and undoing plans: changed files skipped, each outcome counted, undone byte for byte, later changes kept."""

import json
import os
import stat
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from small_disk import small_disk

from indexer.lock import LockedError
from safelight.errors import SafelightError
from safelight.writeback import Change, Group, Member, Plan, Target, apply, journal, plan_xmp, runs, undo, wishes
from safelight.writeback.apply import Outcome
from safelight.writeback.undo import Undone
from safelight.writeback.xmp_edit import new_sidecar

MINE = new_sidecar([("mine",)])


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def photos(tmp_path):
    """Three RAW files, two of them with a sidecar."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.CR2", "b.CR2", "c.CR2"):
        (folder / name).write_bytes(name.encode() * 100)
    (folder / "b.xmp").write_bytes(MINE)
    (folder / "c.CR2.xmp").write_bytes(MINE)
    return folder


def plan(folder) -> Plan:
    keeper, *others = (Member(f"id-{path.name}", path.name, str(path)) for path in sorted(folder.glob("*.CR2")))
    return plan_xmp("tag duplicates", wishes([Group(keeper, tuple(others))]), folder.parent / "home")


def everything(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def counts(report) -> dict[str, int]:
    return {str(outcome): count for outcome, count in report.counts.items() if count}


# Apply


def test_what_is_planned_is_written_and_originals_are_not(photos, home):
    before = everything(photos)
    told = []
    report = apply(
        plan(photos), home, on_change=lambda change, outcome, why: told.append((change.photo_id, outcome, why))
    )
    assert counts(report) == {"written": 3}
    assert report.all_well
    assert told == [(f"id-{name}.CR2", Outcome.WRITTEN, "") for name in "abc"]
    after = everything(photos)
    assert sorted(after) == ["a.CR2", "a.xmp", "b.CR2", "b.xmp", "c.CR2", "c.CR2.xmp"]
    assert all(after[name] == before[name] for name in before if name.endswith(".CR2"))
    assert b"Safelight|Duplicates|keeper" in after["a.xmp"]
    assert b"<rdf:li>mine</rdf:li>" in after["b.xmp"]
    assert b"Safelight|Duplicates|duplicate of a.CR2" in after["c.CR2.xmp"]


def test_a_second_run_has_nothing_to_do(photos, home):
    apply(plan(photos), home)
    again = plan(photos)
    assert (again.changes, again.unchanged) == ((), 3)
    assert apply(again, home).run is None
    assert len(runs(home)) == 1


def test_the_same_plan_again_changes_nothing(photos, home):
    once = plan(photos)
    apply(once, home)
    after = everything(photos)
    report = apply(once, home)
    assert counts(report) == {"unchanged": 3}
    assert report.run is None
    assert everything(photos) == after


def test_a_file_changed_between_plan_and_apply_is_skipped(photos, home):
    planned = plan(photos)
    changed = MINE.replace(b"mine", b"yours")
    (photos / "b.xmp").write_bytes(changed)
    (photos / "a.xmp").write_bytes(MINE)
    (photos / "c.CR2.xmp").unlink()
    told = []
    report = apply(planned, home, on_change=lambda change, outcome, why: told.append(why))
    assert counts(report) == {"skipped": 3}
    assert all("changed since" in why for why in told)
    assert (photos / "b.xmp").read_bytes() == changed
    assert (photos / "a.xmp").read_bytes() == MINE
    assert not (photos / "c.CR2.xmp").exists()


def test_a_file_that_became_unreadable_is_left_as_it_is(photos, home):
    planned = plan(photos)
    (photos / "b.xmp").write_bytes(b"<x:xmpmeta")
    report = apply(planned, home)
    assert counts(report) == {"written": 2, "skipped": 1}
    assert (photos / "b.xmp").read_bytes() == b"<x:xmpmeta"


def test_nothing_but_sidecars_is_written_whatever_a_plan_says(photos, home):
    before = everything(photos)
    forged = [replace(plan(photos).changes[0], path=str(photos / "a.CR2")), replace(plan(photos).changes[0], path=None)]
    report = apply(Plan("forged", tuple(forged)), home)
    assert counts(report) == {"skipped": 2}
    assert everything(photos) == before


def test_no_sidecar_is_made_where_the_photo_is_not(photos, home):
    planned = plan(photos)
    (photos / "a.CR2").unlink()  # or its drive is away, and this is the folder that it is usually shown in
    told = []
    report = apply(planned, home, on_change=lambda change, outcome, why: told.append(why))
    assert counts(report) == {"written": 2, "skipped": 1}
    assert told[0] == "its photo is not there any more"
    assert not (photos / "a.xmp").exists()


def test_other_targets_say_what_can_be_done_instead(home):
    for target, instead in (
        (
            Target.LIGHTROOM,
            "the plug-in tags duplicates, with Library > Plug-in Extras > Find Near-Duplicates .*--to xmp",
        ),
        (Target.PHOTOS, "does not write keywords into Apple Photos yet; .*--to xmp"),
    ):
        with pytest.raises(SafelightError, match=instead):
            apply(Plan("tag", (Change(target, "a", None, None, "1", None, ()),)), home)
    assert not home.exists()


def test_mode_and_attributes_stay_and_a_links_target_is_replaced(photos, home, tmp_path):
    real = tmp_path / "elsewhere.xmp"
    real.write_bytes(MINE)
    real.chmod(0o640)
    labelled = False
    with suppress(OSError, AttributeError):  # not every file system has any
        os.setxattr(real, "user.label", b"red")
        labelled = True
    (photos / "b.xmp").unlink()
    (photos / "b.xmp").symlink_to(real)
    apply(plan(photos), home)
    assert (photos / "b.xmp").is_symlink()
    assert b"duplicate of" in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    if labelled:
        assert os.getxattr(real, "user.label") == b"red"
    undo(home)
    assert (photos / "b.xmp").is_symlink()
    assert real.read_bytes() == MINE


def test_where_python_knows_no_attributes_the_systems_copy_keeps_them(photos, home, monkeypatch):
    """macOS: os has no listxattr there."""
    monkeypatch.delattr(os, "listxattr", raising=False)
    before = everything(photos)
    (photos / "b.xmp").chmod(0o604)
    assert counts(apply(plan(photos), home)) == {"written": 3}
    assert stat.S_IMODE((photos / "b.xmp").stat().st_mode) == 0o604
    undo(home)
    assert everything(photos) == before


def test_write_protection_is_respected(photos, home):
    planned = plan(photos)
    (photos / "b.xmp").chmod(0o444)
    assert counts(apply(planned, home)) == {"written": 2, "skipped": 1}
    assert (photos / "b.xmp").read_bytes() == MINE
    (left,) = plan(photos).left_out
    assert "b.xmp is left alone: it is write-protected" in left.reason
    (photos / "c.CR2.xmp").chmod(0o444)
    assert counts(undo(home)) == {"removed": 1, "kept": 1}


def test_a_pipe_in_a_sidecars_place_holds_nobody_up(photos, home):
    planned = plan(photos)
    (photos / "b.xmp").unlink()
    os.mkfifo(photos / "b.xmp")
    assert counts(apply(planned, home)) == {"written": 2, "skipped": 1}


def test_stopping_ends_after_the_file_at_hand(photos, home):
    stop = threading.Event()
    report = apply(plan(photos), home, stop=stop, on_change=lambda *_: stop.set())
    assert report.interrupted
    assert counts(report) == {"written": 1}
    undo(home)
    assert not (photos / "a.xmp").exists()


# Disks (need the right to mount)


@pytest.fixture(name="small_disk")
def small_disk_fixture(tmp_path):
    with small_disk(tmp_path / "disk", "100k") as folder:
        yield folder


def test_a_full_disk_is_an_outcome_of_each_file_and_costs_none(small_disk, home):
    for name in ("a.CR2", "b.CR2"):
        (small_disk / name).write_bytes(b"raw")
    (small_disk / "b.xmp").write_bytes(MINE)
    planned = plan(small_disk)
    with (small_disk / "filling").open("wb") as file, pytest.raises(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))
    before = everything(small_disk)
    told = []
    report = apply(planned, home, on_change=lambda change, outcome, why: told.append(why))
    assert counts(report) == {"failed": 2}
    assert all("no space" in why for why in told)
    assert everything(small_disk) == before
    (small_disk / "filling").unlink()
    assert counts(apply(plan(small_disk), home)) == {"written": 2}


def test_a_write_protected_disk_is_an_outcome(small_disk, home):
    for name in ("a.CR2", "b.CR2"):
        (small_disk / name).write_bytes(b"raw")
    (small_disk / "b.xmp").write_bytes(MINE)
    planned = plan(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    told = []
    report = apply(planned, home, on_change=lambda change, outcome, why: told.append(why))
    assert counts(report) == {"failed": 2}
    assert all("read-only" in why for why in told)


def test_without_a_journal_nothing_is_written(photos, small_disk):
    with (small_disk / "filling").open("wb") as file, pytest.raises(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))
    before = everything(photos)
    with pytest.raises(SafelightError, match="the journal .* cannot be written .no space"):
        apply(plan(photos), small_disk)
    assert everything(photos) == before
    assert runs(small_disk) == []


# Undo


def test_undo_gives_back_every_byte_and_removes_what_was_made(photos, home):
    before = everything(photos)
    report = apply(plan(photos), home)
    undone = undo(home, report.run)
    assert everything(photos) == before
    assert counts(undone) == {"restored": 2, "removed": 1}
    assert undone.all_well
    assert [run.state for run in runs(home)] == ["undone"]


def test_undo_takes_the_newest_run_that_stands(photos, home):
    states = [everything(photos)]
    for keeper in ("a.CR2", "b.CR2", "c.CR2"):
        names = sorted(("a.CR2", "b.CR2", "c.CR2"), key=lambda name: name != keeper)
        members = [Member(name, name, str(photos / name)) for name in names]
        apply(plan_xmp("tag", wishes([Group(members[0], tuple(members[1:]))]), home), home)
        states.append(everything(photos))
    assert len({run.run for run in runs(home)}) == 3
    for state in reversed(states[:-1]):
        undo(home)
        assert everything(photos) == state
    with pytest.raises(SafelightError, match="nothing to undo"):
        undo(home)


def test_undo_keeps_later_changes(photos, home):
    apply(plan(photos), home)
    later = (photos / "b.xmp").read_bytes().replace(b"mine", b"later")
    (photos / "b.xmp").write_bytes(later)
    (photos / "a.xmp").unlink()
    told = {}
    undone = undo(home, on_file=lambda entry, outcome, why: told.update({Path(entry.path).name: (outcome, why)}))
    assert told == {
        "a.xmp": (Undone.NOTHING, ""),  # it was made by the run, and is gone
        "b.xmp": (Undone.KEPT, "it has been changed since"),
        "c.CR2.xmp": (Undone.RESTORED, ""),
    }
    assert (photos / "b.xmp").read_bytes() == later
    assert not undone.all_well
    assert [run.state for run in runs(home)] == ["partly undone"]
    with pytest.raises(SafelightError, match=f"`safelight undo {undone.run}` names them, and tries again"):
        undo(home)


@pytest.mark.parametrize("mount_point", ["gone", "empty"])
def test_undo_of_a_drive_that_is_away_can_be_tried_again(photos, home, mount_point):
    before = everything(photos)
    report = apply(plan(photos), home)
    away = photos.rename(photos.with_name("unplugged"))
    if mount_point == "empty":
        photos.mkdir()
    assert counts(undo(home, report.run)) == {"failed": 3}
    assert runs(home)[0].state == "partly undone"
    if mount_point == "empty":
        photos.rmdir()
    away.rename(photos)
    assert counts(undo(home, report.run)) == {"removed": 1, "restored": 2}
    assert everything(photos) == before


def test_undo_makes_no_file_anew_that_the_user_has_removed(photos, home):
    apply(plan(photos), home)
    (photos / "b.xmp").unlink()
    assert counts(undo(home)) == {"removed": 1, "restored": 1, "kept": 1}
    assert not (photos / "b.xmp").exists()


def test_undoing_again_changes_nothing(photos, home):
    before = everything(photos)
    report = apply(plan(photos), home)
    undo(home, report.run)
    assert counts(undo(home, report.run)) == {"unchanged": 3}
    assert everything(photos) == before


def test_a_run_that_is_not_there(home):
    with pytest.raises(SafelightError, match="no run 2020"):
        undo(home, "2020")
    with pytest.raises(SafelightError, match="nothing to undo"):
        undo(home)
    assert runs(home) == []


def test_a_damaged_journal_changes_nothing(photos, home):
    report = apply(plan(photos), home)
    path = journal.folder(home) / f"{report.run}.jsonl"
    lines = path.read_text().splitlines()
    line = json.loads(lines[2])
    line["content"] = line["content"][:-8]
    path.write_text("\n".join([*lines[:2], json.dumps(line), *lines[3:]]) + "\n")
    after = everything(photos)
    with pytest.raises(SafelightError, match=r"damaged at .*b\.xmp"):
        undo(home)
    assert everything(photos) == after


def test_a_line_that_a_kill_has_cut_is_passed_over(photos, home):
    report = apply(plan(photos), home)
    path = journal.folder(home) / f"{report.run}.jsonl"
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b'\n{"n": 3, "photo": "x", "pa')
    assert runs(home)[0].state == "interrupted"
    assert counts(undo(home)) == {"removed": 1, "restored": 2}


def test_leftovers_of_a_killed_run_are_swept(photos, home):
    report = apply(plan(photos), home)
    path = journal.folder(home) / f"{report.run}.jsonl"
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b"\n")  # as if it had been killed
    left = photos / journal.temporary(path.stem, 1)
    left.write_bytes(b"half")
    (photos / ".safelight-other.part").write_bytes(b"not ours")
    again = apply(plan(photos), home)
    assert again.swept == 1
    assert not left.exists()
    assert (photos / ".safelight-other.part").exists()
    assert runs(home)[0].state == "interrupted"
    undo(home)
    assert not (photos / "a.xmp").exists()


def test_a_journal_of_a_later_version_changes_nothing(photos, home):
    report = apply(plan(photos), home)
    path = journal.folder(home) / f"{report.run}.jsonl"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(SafelightError, match="later Safelight"):
        undo(home)
    assert (photos / "a.xmp").exists()


def test_one_process_writes_back_at_a_time(photos, home):
    planned = plan(photos)
    with journal.writing(home):
        for act in (lambda: apply(planned, home), lambda: undo(home)):
            with pytest.raises(LockedError, match="writing back"):
                act()
    assert not (photos / "a.xmp").exists()
