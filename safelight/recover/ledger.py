"""What a recovery has done, in OUT/.safelight-recovery.sqlite: names given out, photos recovered, what was lost.

Names are committed before the files are written, so that whatever lies under a name that was given out is ours, and a
run that was killed goes on where it stopped. Only this file grows with the number of photos; nothing is kept in memory.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from lrprev import open_readonly
from safelight.durable import sync_folder
from safelight.errors import SafelightError
from safelight.recover.commits import Commits
from safelight.recover.names import Name, same_file_key

FILE_NAME = ".safelight-recovery.sqlite"
_PAGE_BYTES = 16 * 1024  # a photo's row holds a thumbnail of some 5 kB: 4 kB of page cost twice as many writes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS recipe (text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS names (key TEXT PRIMARY KEY, given INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS photos (
    key TEXT PRIMARY KEY, original TEXT NOT NULL, path TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL,
    width INTEGER, height INTEGER, full_width INTEGER, full_height INTEGER, size_bytes INTEGER,
    note TEXT NOT NULL, details TEXT NOT NULL, thumbnail BLOB, written_run INTEGER
);
CREATE TEMPORARY TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMPORARY TABLE met (key TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
"""


class Outcome(StrEnum):
    """How a photo's row ends a run."""

    PLANNED = "planned"  # the name is given out, the file not yet written
    RECOVERED = "recovered"
    SALVAGED = "salvaged"  # recovered from a damaged preview
    LEFT_OUT = "left out"  # smaller than asked for
    MISSING = "missing"  # the catalog has it, but no preview is stored
    FAILED = "failed"  # a preview is stored, but nothing whole is in it


IS_THERE = (Outcome.RECOVERED, Outcome.SALVAGED)
IN_VAIN = (Outcome.FAILED, Outcome.LEFT_OUT)
"""Each run tries these again."""
LOST = (Outcome.MISSING, Outcome.FAILED)
THUMBNAIL_EDGE = 200
"""A picture whose long edge is shorter is a thumbnail, unless the whole photo is no larger."""


class Row(NamedTuple):
    """One photo.

    Attributes:
        key: Names the photo across runs.
        original: The path of the original as the catalog has it, or the preview's own name.
        path: The recovered file's name, relative to OUT; given out before there is a file, and kept if there is none.
        state: current, stale, orphan, unknown or missing.
        width: Pixels, upright.
        full_width: Of the whole edited photo.
        note: What people should know, in a sentence.
        details: What exactly was found, for those who look into it; of a planned photo, what to say where it is lost.
        written_run: The run that wrote the file.
    """

    key: str
    original: str
    path: str
    state: str
    outcome: Outcome
    width: int | None = None
    height: int | None = None
    full_width: int | None = None
    full_height: int | None = None
    size_bytes: int | None = None
    note: str = ""
    details: str = ""
    thumbnail: bytes | None = None
    written_run: int | None = None

    def plain(self) -> tuple[object, ...]:
        """Return plain values, which row_of takes back: they cross from process to process ten times as fast."""
        return (*self[:_OUTCOME], self.outcome.value, *self[_OUTCOME + 1 :])

    @property
    def is_there(self) -> bool:
        """Whether there is a recovered file."""
        return self.outcome in IS_THERE

    @property
    def is_full_size(self) -> bool:
        """Whether it is as large as the whole edited photo was."""
        return (self.width or 0) >= (self.full_width or 0) > 0

    @property
    def is_thumbnail(self) -> bool:
        """Whether there is a recovered file, but one too small to be of much use."""
        edge = max(self.width or 0, self.height or 0)
        return self.is_there and 0 < edge < THUMBNAIL_EDGE and not self.is_full_size


_NAMES = Row._fields
_COLUMNS = ", ".join(_NAMES)
_OUTCOME = _NAMES.index("outcome")
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}  # to call the class takes ten times as long
_PUT = f"INSERT OR REPLACE INTO photos ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"
_IS_FULL_SIZE = "outcome IN ('recovered', 'salvaged') AND width >= full_width AND full_width > 0"
_IS_THUMBNAIL = (
    f"outcome IN ('recovered', 'salvaged') AND max(width, height) < {THUMBNAIL_EDGE}"
    " AND (coalesce(full_width, 0) = 0 OR width < full_width)"
)


def row_of(values: Sequence[Any]) -> Row:
    """Make a row of what the database holds, or Row.plain has given."""
    cells = list(values)
    cells[_OUTCOME] = _OUTCOMES[cells[_OUTCOME]]
    return Row._make(cells)


class Ledger:
    """The ledger of an output folder; a context manager, for one thread and those processes forked from it that sync.

    Attributes:
        out: The output folder.
        run: The number of this run.
        has_changed: Whether this run had any news.
    """

    def __init__(self, out: Path, recipe: str, *, anew: bool = False, dry_run: bool = False) -> None:
        """Open the ledger, creating it where absent.

        Args:
            out: The output folder.
            recipe: The options that decide names and pixels, as text.
            anew: Forget what was recovered here before; its files may be replaced.
            dry_run: Work on a copy in memory.

        Raises:
            SafelightError: The folder was recovered with another recipe, or cannot be written.

        Writes: the ledger, unless it is a dry run.
        """
        self.out = out
        self._anew = anew
        self._dry_run = dry_run
        self.has_changed = anew
        is_new = not (out / FILE_NAME).exists()
        self._db = _in_memory(out / FILE_NAME) if dry_run else _on_disk(out / FILE_NAME)
        self._pending: list[Row] = []
        self._pid = os.getpid()
        self._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new ledger, and of no other
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # one recovery at a time
        self._has_log = False
        self._is_unsynced = is_new  # without its own file, the log is nothing to SQLite
        self._has_synced_file = False  # of this process alone
        self._commits = Commits()
        self._ending: threading.Thread | None = None
        self._waits = not is_new  # a new ledger has nothing to lose before it is synced for the first time
        if is_new or anew:
            self._start_log()
        self._db.executescript(f"BEGIN; {_SCHEMA}")  # what is made here is committed with the first names
        if anew:
            for table in ("recipe", "names", "photos"):
                self._db.execute(f"DELETE FROM {table}")
        before = self._db.execute("SELECT text FROM recipe").fetchone()
        if before and before[0] != recipe:
            self._db.close()
            raise SafelightError(
                f"{out} was recovered {_with(before[0])}, and now it would be {_with(recipe)}; choose another folder, "
                "or --overwrite to write everything in it anew"
            )
        if not before:
            self._db.execute("INSERT INTO recipe VALUES (?)", (recipe,))
        self.run = 1 + (self._db.execute("SELECT max(written_run) FROM photos").fetchone()[0] or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ending:
            self._ending.join()
        elif self._has_log:
            self._end_log()
        self._db.close()

    def save(self) -> None:
        """Put everything so far into the ledger's own file, and empty the log; the less is left to do at the end.

        Each sync has given the log a piece of the disk of its own. A file system that tells its disk at once what it
        needs no more (`discard`) takes a millisecond or two for each.

        Writes: the ledger.
        """
        self.commit()  # SQLite refuses within a transaction
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def end(self) -> None:
        """Begin to put all into the ledger's own file and to remove the log; nothing can be asked or written any more.

        That is waiting for the disk, several times, so a thread does it; leaving the context waits for that.

        Writes: the ledger.
        """
        if self._has_log and self._ending is None:
            ending = threading.Thread(target=self._end_log)
            with suppress(RuntimeError):  # this user may have no more threads: then leaving the context does it
                ending.start()
                self._ending = ending

    def commit(self) -> int:
        """Make everything so far survive a kill; what shall survive a power cut needs sync().

        Returns:
            Its number, for sync().

        Writes: the ledger.
        """
        self._put()
        self._db.commit()
        if not self._waits:
            self._wait()
        return self._commits.make()

    def sync(self, commit: int) -> None:
        """Wait until the disk has a commit; to be called by a child of this process, which may wait.

        Writes: nothing new.
        """
        if self._dry_run or self._commits.is_on_disk(commit):
            return
        made = self._commits.made
        names = [f"{FILE_NAME}-wal"]
        if os.getpid() == self._pid:  # closing the database's own file here would let go of SQLite's lock on it
            if self._is_unsynced:
                self.commit()
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self._is_unsynced = False
        elif not self._has_synced_file:  # once: for what SQLite puts there later, it waits itself
            names.append(FILE_NAME)
            self._has_synced_file = True
        for name in names:
            # To be written, although nothing is: some network drives flush nothing through what is open for reading.
            with suppress(FileNotFoundError), (self.out / name).open("r+b") as stream:
                os.fsync(stream.fileno())
        if FILE_NAME in names:
            sync_folder(self.out)  # as SQLite does where it waits: the log's name is new
        self._commits.put_on_disk(made)

    def find(self, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of these photos that have one."""
        self._put()
        query = f"SELECT {_COLUMNS} FROM photos WHERE key IN (SELECT value FROM json_each(?))"
        return {row[0]: row_of(row) for row in self._db.execute(query, (json.dumps(keys),))}

    def plan(self, row: Row) -> None:
        """Write what shall become of a photo."""
        self.has_changed = True
        self._pending.append(row)

    def record(self, row: Row, before: Row | None) -> None:
        """Write how a photo stands now, if that is news, and that this run has seen it."""
        if row != before:
            self.plan(row)
        if row.written_run != self.run:  # of the others their own rows tell
            self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (row.key,))

    def has_met(self, row: Row) -> bool:
        """Tell whether this run has recorded a photo before."""
        if row.written_run == self.run:
            return True
        return self._db.execute("SELECT 1 FROM seen WHERE key = ?", (row.key,)).fetchone() is not None

    def meet(self, digests: Sequence[tuple[str, str]]) -> None:
        """Note with which render this run has come across photos; the first one of each stays."""
        self._db.executemany("INSERT OR IGNORE INTO met VALUES (?, ?)", digests)

    def met(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the renders that were noted of these photos, by the photo's key."""
        query = "SELECT key, digest FROM met WHERE key IN (SELECT value FROM json_each(?))"
        return dict(self._db.execute(query, (json.dumps(keys),)))

    def give_name(self, name: Name) -> str:
        """Return a path for a new file that no other photo has, in any case or Unicode form, and no file on disk."""
        self._start_log()
        key = same_file_key(name.path())
        given = self._db.execute("SELECT given FROM names WHERE key = ?", (key,)).fetchone()
        number = given[0] + 1 if given else 1
        while self._is_taken(name.path(number), given_out=number > 1):
            number += 1
        self._db.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (key, number))
        if number > 1:
            self._db.execute("INSERT INTO names VALUES (?, 1)", (same_file_key(name.path(number)),))
        return name.path(number)

    def rows(self, *, thumbnails: bool = True) -> Iterator[Row]:
        """Yield every row, those that need a look first, then by path."""
        self._put()
        columns = _COLUMNS if thumbnails else _COLUMNS.replace("thumbnail", "NULL")
        good = f"outcome = 'recovered' AND NOT ({_IS_THUMBNAIL})"
        order = f"{good}, {_IS_THUMBNAIL}, outcome = 'left out', outcome = 'salvaged', original, path"
        for row in self._db.execute(f"SELECT {columns} FROM photos ORDER BY {order}"):
            yield row_of(row)

    def counts(self) -> dict[tuple[str, Outcome, bool], int]:
        """Count the photos that this run saw, by state, outcome and whether it wrote them."""
        self._put()
        rows = self._db.execute(
            "SELECT state, outcome, written_run IS ?1, count(*) FROM photos"
            " WHERE written_run IS ?1 OR key IN (SELECT key FROM seen) GROUP BY 1, 2, 3",
            (self.run,),
        )
        return {(state, Outcome(outcome), bool(written)): count for state, outcome, written, count in rows}

    def totals(self) -> dict[tuple[str, Outcome], int]:
        """Count all photos of all runs, by state and outcome."""
        self._put()
        rows = self._db.execute("SELECT state, outcome, count(*) FROM photos GROUP BY 1, 2")
        return {(state, Outcome(outcome)): count for state, outcome, count in rows}

    def count_sizes(self, *, of_this_run: bool) -> tuple[int, int]:
        """Count the recovered photos that are as large as the whole edited photo was, and those that are thumbnails."""
        self._put()
        query = f"SELECT coalesce(sum({_IS_FULL_SIZE}), 0), coalesce(sum({_IS_THUMBNAIL}), 0) FROM photos"
        if not of_this_run:
            return self._db.execute(query).fetchone()
        seen = f"{query} WHERE written_run IS ? OR key IN (SELECT key FROM seen)"
        return self._db.execute(seen, (self.run,)).fetchone()

    def unfinished(self) -> list[str]:
        """Return the paths whose files may have been half written when a run was killed: planned, or tried again."""
        query = "SELECT path FROM photos WHERE outcome IN ('planned', 'failed', 'left out')"
        return [row[0] for row in self._db.execute(query)]

    def _start_log(self) -> None:
        """Let SQLite keep changes in a log beside the ledger, which a commit need not wait for: sync() does.

        Not before there is something to write: a run that has nothing to do leaves no trace.
        """
        if not self._has_log:
            self._has_log = True
            self._db.commit()
            self._db.execute(f"PRAGMA synchronous = {'NORMAL' if self._waits else 'OFF'}")
            self._db.execute("PRAGMA journal_mode = WAL")
            if self._waits:
                self._wait()

    def _wait(self) -> None:
        """Have SQLite wait for the disk, from now on, where it must lest the ledger be damaged."""
        self._waits = True
        self._db.execute("PRAGMA synchronous = NORMAL")

    def _end_log(self) -> None:
        with suppress(sqlite3.Error):  # then the next run finds the log, and goes on from there
            self._db.rollback()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # All is on the disk now. What is left changes a few bytes of one sector, which need no second copy.
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA journal_mode = DELETE")

    def _put(self) -> None:
        """Write the rows that were recorded since."""
        if self._pending:
            self._start_log()
        self._db.executemany(_PUT, self._pending)
        self._pending.clear()

    def _is_taken(self, path: str, *, given_out: bool) -> bool:
        if given_out and self._db.execute("SELECT 1 FROM names WHERE key = ?", (same_file_key(path),)).fetchone():
            return True
        return not self._anew and os.path.lexists(os.path.join(self.out, path))  # noqa: PTH118  # thousands of times


def _with(recipe: str) -> str:
    return f"with {recipe}" if recipe.startswith("--") else "without options"


def _on_disk(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=5, check_same_thread=False)  # its last thread is another one


def _in_memory(file: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:")
    if file.is_file():
        with open_readonly(file, {}) as source:
            source.backup(memory)
    return memory
