"""The ledger of a recovery: names given once, on the disk when they must be, and no log left behind."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import threading

from preview_folders import fingerprint

from safelight.recover.ledger import FILE_NAME, Ledger, Outcome, Row
from safelight.recover.names import Name
from safelight.recover.shift import Crew


def test_the_same_name_many_times_in_one_folder(tmp_path):
    """--flat on cards that count from 0001 again and again: numbering must not try all numbers each time."""
    with Ledger(tmp_path, "r") as ledger:
        asked: list[str] = []
        ledger._db.set_trace_callback(asked.append)
        given = {ledger.give_name(Name("", "IMG_0001", ".JPG")) for _ in range(1000)}
        assert len(given) == 1000
        assert len(asked) < 10 * 1000, "all numbers each time would be half a million"


def test_the_ledger_keeps_its_lock_while_its_log_is_synced_and_leaves_no_log(tmp_path):
    """Closing any other descriptor of a database's file would let go of SQLite's lock on it."""
    other = f"import sqlite3; sqlite3.connect({str(tmp_path / FILE_NAME)!r}, timeout=0).execute('SELECT * FROM names')"
    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.sync(ledger.commit())
        assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size > 0
        refused = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "database is locked" in refused.stderr
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME}
    assert subprocess.run([sys.executable, "-c", other], check=False).returncode == 0


def test_the_ledger_is_synced_through_what_may_write_and_in_a_dry_run_not_at_all(tmp_path, monkeypatch):
    """SMB flushes nothing through what is open for reading; and a dry run may be of what can only be read."""
    modes = []

    def sync(file):
        if stat.S_ISREG(os.fstat(file).st_mode):
            modes.append(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE)

    monkeypatch.setattr(os, "fsync", sync)
    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.sync(ledger.commit())
        monkeypatch.setattr(os, "getpid", lambda: 1)  # as in a child, which syncs the database's own file as well
        ledger.sync(ledger.commit())
    assert modes == [os.O_RDWR] * 3
    with Ledger(tmp_path, "r", dry_run=True) as ledger:
        ledger.sync(ledger.commit())
    assert len(modes) == 3


def test_what_one_process_has_waited_for_no_other_waits_for(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    monkeypatch.setattr("safelight.recover.shift.can_fork", lambda: True)  # a thread of another test may be ending
    with Ledger(tmp_path, "r") as ledger:
        early = ledger.commit()
        ledger.give_name(Name("", "a", ".JPG"))
        names = ledger.commit()
        with Crew(lambda commits: ((ledger.sync(commit), list(synced)) for commit in commits), 1) as crew:
            _, theirs = crew.start([early]).result()  # before their first batch: all that is committed by then
        files = tmp_path / f"{FILE_NAME}-wal", tmp_path / FILE_NAME, tmp_path
        assert theirs == [file.stat().st_ino for file in files]
        ledger.sync(names)
        assert not synced
        ledger.give_name(Name("", "b", ".JPG"))
        ledger.sync(ledger.commit())
        assert synced


def test_the_ledger_ends_while_the_report_is_still_written(tmp_path, monkeypatch):
    from safelight.recover import report

    monkeypatch.setattr(report, "_ROWS_A_PAGE", 2)  # the last page is full: nothing says that no row is left
    rows = [Row(key, f"/p/{key}.JPG", f"{key}.JPG", "current", Outcome.RECOVERED) for key in "abcd"]
    with Ledger(tmp_path, "r") as ledger:
        for row in rows:
            ledger.plan(row)
        ledger.commit()
        report.write(tmp_path, ledger, 0)
        ledger.end()  # once more does no harm
    reports = {"recovery-report.html", "recovery-report-2.html", report.TABLE}
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, *reports}
    assert (tmp_path / FILE_NAME).read_bytes()[18:20] == b"\1\1"  # a plain file to SQLite, and not one with a log
    assert len((tmp_path / report.TABLE).read_text().splitlines()) == 5
    with Ledger(tmp_path, "r") as ledger:
        assert [*ledger.rows()] == rows


def test_the_ledger_ends_where_no_thread_can_be_started(tmp_path, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with Ledger(tmp_path, "r") as ledger:
        ledger.give_name(Name("", "a", ".JPG"))
        ledger.commit()
        monkeypatch.setattr(threading.Thread, "start", refuse)
        ledger.end()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_new_ledger_is_on_the_disk_itself_before_a_photo_is_written_without_a_child(tmp_path):
    """SQLite throws the log away of a database whose own file a power cut has emptied."""
    out, copy = tmp_path / "out", tmp_path / "copy"
    out.mkdir()
    with Ledger(out, "r") as ledger:
        ledger.plan(Row("k", "/p/a.JPG", "a.JPG", "current", Outcome.PLANNED))
        ledger.sync(ledger.commit())
        copy.mkdir()
        (copy / FILE_NAME).write_bytes((out / FILE_NAME).read_bytes())
    with Ledger(copy, "r") as ledger:
        assert ledger.unfinished() == ["a.JPG"]


def test_what_a_kill_leaves_in_the_log_is_known_to_a_dry_run_which_leaves_it_alone(tmp_path):
    row = Row("k", "/p/a.JPG", "a.JPG", "current", Outcome.PLANNED)
    (tmp_path / "at work").mkdir()
    with Ledger(tmp_path / "at work", "r") as ledger:
        ledger.plan(row)
        ledger.commit()
        shutil.copytree(tmp_path / "at work", tmp_path / "killed")
    before = fingerprint(tmp_path / "killed")
    with Ledger(tmp_path / "killed", "r", dry_run=True) as ledger:
        assert ledger.find(["k"]) == {"k": row}
    assert fingerprint(tmp_path / "killed") == before
    with Ledger(tmp_path / "killed", "r") as ledger:
        assert ledger.unfinished() == ["a.JPG"]
