"""Doing what a plan says: each change ends in exactly one counted outcome, and each written file can be undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from safelight.durable import sync_folder
from safelight.writeback import files, journal
from safelight.writeback.plan import Change, Plan, check_writable
from safelight.writeback.xmp_edit import edited, new_sidecar


class Outcome(StrEnum):
    """How a change can end."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"  # it is so already
    SKIPPED = "skipped"  # the file is not as it was when this was planned, or not one that is written to
    FAILED = "failed"  # the disk is full, write-protected, gone


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went.

    Attributes:
        run: What undoes it; None where nothing was written.
        counts: By outcome; they add up to the plan's changes, unless it was interrupted.
        swept: Files that an earlier run had left when it was killed, now gone.
        interrupted: Whether it was asked to stop before its end.
    """

    run: str | None
    counts: dict[Outcome, int]
    swept: int
    interrupted: bool

    @property
    def all_well(self) -> bool:
        """Whether nothing was skipped or failed."""
        return not self.counts[Outcome.SKIPPED] and not self.counts[Outcome.FAILED]


OnChange = Callable[[Change, Outcome, str], None]
"""Told of each change, how it ended, and why where that was not well."""


def apply(plan: Plan, home: Path, *, stop: threading.Event | None = None, on_change: OnChange | None = None) -> Report:
    """Write what a plan says.

    A file is written whole or not at all, after what it held has been made durable in the journal. A file that is not
    as it was when the plan was made is skipped.

    Args:
        plan: What to do.
        home: The data folder, which holds the journal.
        stop: Set it to end after the file at hand.
        on_change: Told of each change.

    Raises:
        SafelightError: The target cannot be written to yet, or the journal cannot be written.
        LockedError: Another process is writing back.

    Writes: the files that the plan names, and the journal.
    """
    for target in {change.target for change in plan.changes}:
        check_writable(target)
    counts = dict.fromkeys(Outcome, 0)
    with journal.writing(home):
        swept = journal.sweep(home)
        with _Writer(plan.purpose, home) as writer:
            for change in plan.changes:
                if stop and stop.is_set():
                    break
                outcome, reason = writer.write(change)
                counts[outcome] += 1
                if on_change:
                    on_change(change, outcome, reason)
            writer.end(counts)
    return Report(writer.run, counts, swept, sum(counts.values()) < len(plan.changes))


class _Writer:
    """Writes changes of one run; the journal begins with the first of them."""

    def __init__(self, purpose: str, home: Path) -> None:
        self._purpose, self._home = purpose, home
        self._journal: journal.Journal | None = None
        self._number = 0
        self._folders: set[Path] = set()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._journal:
            self._journal.close()

    @property
    def run(self) -> str | None:
        return self._journal.run if self._journal else None

    def write(self, change: Change) -> tuple[Outcome, str]:
        """Make one change; tell how it ended, and why."""
        try:
            return (Outcome.WRITTEN if self._write(change) else Outcome.UNCHANGED), ""
        except files.NotOursError as error:
            return Outcome.SKIPPED, str(error)
        except OSError as error:
            return Outcome.FAILED, (error.strerror or str(error)).lower()

    def end(self, counts: dict[Outcome, int]) -> None:
        if self._journal:
            for folder in self._folders:
                sync_folder(folder)
            self._journal.end("applied", {str(outcome): count for outcome, count in counts.items()})

    def _write(self, change: Change) -> bool:
        if change.path is None or not change.path.lower().endswith(".xmp") or "\0" in change.path:
            raise files.NotOursError("it is no XMP sidecar; nothing else is ever written to")
        path = Path(change.path)
        content = files.read(path)
        if content is None and not (change.picture and Path(change.picture).is_file()):
            raise files.NotOursError(
                "its photo is not there any more"
            )  # perhaps its drive: then this is not its folder
        now = None if content is None else files.digest(content)
        result = (
            new_sidecar(change.add)
            if content is None
            else edited(content, change.add, change.remove, frozenset(change.staying))
        )
        if result == content:
            return False
        if now != change.before:
            raise files.NotOursError("it has changed since this was planned; plan again")
        if content is not None:
            files.check_unprotected(path)
        if self._journal is None:
            self._journal = journal.new_journal(self._home)
            self._journal.begin(self._purpose)
        entry = journal.Entry(self._number, change.photo_id, change.path, content, files.digest(result))
        self._journal.about_to_write(entry)
        self._number += 1
        files.replace(path, result, now, journal.temporary(self._journal.run, entry.number))
        self._folders.add(path.resolve().parent)
        return True
