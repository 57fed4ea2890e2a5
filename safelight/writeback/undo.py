"""Putting back what a run has changed: byte for byte, and never over a later change."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from safelight.durable import sync_folder
from safelight.errors import SafelightError
from safelight.writeback import files, journal
from safelight.writeback.journal import Entry, Run


class Undone(StrEnum):
    """How a file can end when it is put back."""

    RESTORED = "restored"
    REMOVED = "removed"  # it was made by the run
    NOTHING = "unchanged"  # it is as it was: never written, or put back before
    KEPT = "kept"  # somebody has changed it since
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """How an undo went.

    Attributes:
        run: What was undone.
        purpose: What it had been for.
        counts: By outcome; they add up to the files of the run.
    """

    run: str
    purpose: str
    counts: dict[Undone, int]

    @property
    def all_well(self) -> bool:
        """Whether every file is as it was."""
        return not self.counts[Undone.KEPT] and not self.counts[Undone.FAILED]


OnFile = Callable[[Entry, Undone, str], None]
"""Told of each file, how it ended, and why where that was not well."""


def runs(home: Path) -> list[Run]:
    """List what was written back, newest first."""
    return journal.runs(home)


def undo(home: Path, run: str | None = None, *, on_file: OnFile | None = None) -> UndoReport:
    """Put back what a run has changed, and remove the files that it made.

    A file that has been changed since is kept as it is. After a kill in the middle, undoing again goes on.

    Args:
        home: The data folder, which holds the journal.
        run: Its name; None for the newest that has not been undone.
        on_file: Told of each file.

    Raises:
        SafelightError: There is no such run, or its journal is damaged; nothing was changed.
        LockedError: Another process is writing back.

    Writes: the files of the run, and the journal.
    """
    if not journal.folder(home).exists():
        _chosen(home, run)  # says that there is nothing; the lock would make the folder
    with journal.writing(home):
        journal.sweep(home)
        found = _chosen(home, run)
        path = journal.path_of(home, found.run)
        deque(journal.entries(path), maxlen=0)  # all are checked before the first file is touched
        counts = dict.fromkeys(Undone, 0)
        folders: set[Path] = set()
        with journal.Journal(path) as log:
            log.begin_undo()
            for entry in journal.entries(path):
                outcome, reason = _put_back(entry, found.run)
                counts[outcome] += 1
                folders.add(Path(entry.path).resolve().parent)
                if on_file:
                    on_file(entry, outcome, reason)
            for folder in folders:
                sync_folder(folder)
            report = UndoReport(found.run, found.purpose, counts)
            log.end("undone" if report.all_well else "partly undone", {str(key): n for key, n in counts.items()})
    return report


def _chosen(home: Path, run: str | None) -> Run:
    every = journal.runs(home)
    wanted = [one for one in every if (one.run == run if run else one.state in ("applied", "interrupted"))]
    if not wanted:
        if run:
            raise SafelightError(f"there is no run {run}; `safelight undo --list` shows which there are")
        if part := next((one for one in every if one.state == "partly undone"), None):
            raise SafelightError(
                f"run {part.run} was undone, but for files that were changed since or could not be written: `safelight"
                f" undo {part.run}` names them, and tries again"
            )
        raise SafelightError("there is nothing to undo: nothing was written back, or all of it was undone")
    return wanted[0]


def _put_back(entry: Entry, run: str) -> tuple[Undone, str]:
    path = Path(entry.path)
    try:
        if _is_empty(path.parent):
            return Undone.FAILED, "its folder is not there, or empty; is its drive away?"
        content = files.read(path)
        now = None if content is None else files.digest(content)
        if now == entry.before:
            return Undone.NOTHING, ""
        if now != entry.after:
            return Undone.KEPT, "it is gone" if now is None else "it has been changed since"
        files.check_unprotected(path)
        if entry.content is None:
            files.remove(path, entry.after)
            return Undone.REMOVED, ""
        files.replace(path, entry.content, entry.after, journal.temporary(run, entry.number))
        return Undone.RESTORED, ""
    except files.NotOursError as error:
        return Undone.KEPT, str(error)
    except OSError as error:
        return Undone.FAILED, (error.strerror or str(error)).lower()


def _is_empty(folder: Path) -> bool:
    """Tell a folder that is not there, or where a drive is usually shown: no file in it can be called gone."""
    try:
        with os.scandir(folder) as found:
            return next(found, None) is None
    except FileNotFoundError:
        return True
