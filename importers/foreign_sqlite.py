"""Reading a database that its owner may change at any moment, without leaving a trace beside it.

Where nothing is pending the file is read in place, which costs nothing but sees no change coming. So each piece of
reading is checked afterwards: if a file was written to meanwhile, what was read is thrown away, a copy of one moment is
made, and the reading goes on from there. A lock file needs no look: a crash leaves one behind, and a program that is
only open does no harm. How a database is opened without a trace stands in lrprev/readonly.py.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from importers.errors import DamagedError, ImporterError
from lrprev import LrprevError, open_readonly
from lrprev.readonly import StillChangingError, has_pending_changes

_T = TypeVar("_T")
_Stamps = list[tuple[int, int] | None]

_MAGIC = b"SQLite format 3\0"
_SUFFIXES = ("", "-wal", "-journal")
_SETTLED_NS = 2_000_000_000
"""A file written to more recently may change once more without a new time: FAT counts in steps of two seconds."""

_decoded = partial(str, encoding="utf-8", errors="replace")
"""Reads a text; one that is no UTF-8 must not cost the others. No function of ours: there are thousands of texts."""


class ForeignDatabase:
    """Someone else's SQLite database, open for reading. A context manager, for one thread."""

    def __init__(self, path: Path, *, rescues: bool = False) -> None:
        """Name the database.

        Args:
            rescues: Read what is left of one that is damaged, where it must be copied, too.
        """
        self._rescues = rescues
        self.path = path.resolve()  # SQLite, too, keeps the -wal beside what a link points to
        self._files = [Path(f"{self.path}{suffix}") for suffix in _SUFFIXES]
        self._open = ExitStack()
        self._stamps: _Stamps | None = None  # None once a copy is read, which nobody else changes

    def __enter__(self) -> ForeignDatabase:
        self._connect(copy=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def read(self, piece: Callable[[sqlite3.Connection], _T]) -> _T:
        """Read one piece, all from one moment. Two pieces may be from two moments, the second one later.

        Args:
            piece: Fetches all that it wants and keeps no cursor; it may be called twice, with another connection.

        Raises:
            ImporterError: The database is damaged or gone, or never holds still.
        """
        try:
            result = piece(self._connection)
        except sqlite3.Error as error:
            if not self._is_stale():
                raise self._damaged(error) from error
        else:
            if not self._is_stale():
                return result
        self._connect(copy=True)
        return self.read(piece)

    def _connect(self, *, copy: bool) -> None:
        self._open.close()
        try:
            self._stamps = None if copy else self._settled_stamps()
            with self.path.open("rb") as stream:
                if stream.read(len(_MAGIC)) != _MAGIC:
                    raise DamagedError(f"{self.path} is no database: it is damaged, or not what its name says")
            opened = open_readonly(self.path, {}, in_use=self._stamps is None, rescues=self._rescues)
            connection = self._open.enter_context(opened)
        except StillChangingError as error:
            raise ImporterError(
                f"{self.path} is written to all the time; close the program that it belongs to and try again"
            ) from error
        except LrprevError as error:
            raise self._damaged(error.got) from error
        except OSError as error:
            raise self._unreadable(error) from error
        connection.text_factory = _decoded
        self._connection = connection

    def _settled_stamps(self) -> _Stamps | None:
        """Return what tells whether the files change from now on; None where they must not be read in place."""
        stamps = self._take_stamps()
        newest_ns = max(stamp[1] for stamp in stamps if stamp)
        if has_pending_changes(self.path) or abs(time.time_ns() - newest_ns) < _SETTLED_NS:
            return None
        return stamps

    def _is_stale(self) -> bool:
        """Tell whether a file was written to since it was opened in place; a drive that went away counts as well."""
        try:
            return self._stamps is not None and self._take_stamps() != self._stamps
        except OSError:
            return True

    def _take_stamps(self) -> _Stamps:
        main, *pending = self._files
        return [_stamp(main), *(_stamp(file) if file.exists() else None for file in pending)]

    def _damaged(self, why: object) -> DamagedError:
        return DamagedError(
            f"{self.path} is damaged ({why}); open it with its own program, which may repair it, or take a backup of it"
        )

    def _unreadable(self, error: OSError) -> ImporterError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            import tempfile

            return ImporterError(
                f"{self.path} is in use, and {tempfile.gettempdir()} has no room for a copy of it; free some, or name"
                " another folder in TMPDIR"
            )
        kind = DamagedError if error.errno == errno.EIO else ImporterError  # EIO: its drive is failing
        return kind(f"{self.path} cannot be read: {error.strerror or error}")


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns
