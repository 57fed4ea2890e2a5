"""Reading a database that its owner may change at any moment, without leaving a trace beside it.

Where nothing is pending the file is read in place, which costs nothing and cannot see changes coming. So each piece of
reading is checked afterwards: if the files changed meanwhile, it is thrown away, a copy of one moment is made, and the
reading goes on from there. How a database is opened without a trace stands in lrprev/readonly.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from importers.base import ImporterError
from lrprev import LrprevError, open_readonly
from lrprev.readonly import has_pending_changes

_T = TypeVar("_T")
_MAGIC = b"SQLite format 3\0"
_SUFFIXES = ("", "-wal", "-journal")


class ForeignDatabase:
    """Someone else's SQLite database, open for reading. A context manager, for one thread."""

    def __init__(self, path: Path, *, in_use: bool = False) -> None:
        """Name the database.

        Args:
            path: Its file.
            in_use: Whether its owner seems to be at work; then a copy is read from the start.
        """
        self.path = path.resolve()  # SQLite, too, keeps the -wal beside what a link points to
        self._in_use = in_use
        self._open = ExitStack()

    def __enter__(self) -> ForeignDatabase:
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def read(self, piece: Callable[[sqlite3.Connection], _T]) -> _T:
        """Read one piece, all from one moment: run `piece`, which fetches all it wants and keeps no cursor.

        Raises:
            ImporterError: The database is damaged, gone, or never holds still.
        """
        try:
            result = piece(self._connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not self._changed():
                raise self._damaged(error) from error
        else:
            if not self._changed():
                return result
        self._in_use = True
        self._connect()
        return self.read(piece)

    def _connect(self) -> None:
        self._open.close()
        self._stamps = self._take_stamps()
        try:
            with self.path.open("rb") as stream:
                head = stream.read(len(_MAGIC))
            if head != _MAGIC:
                raise ImporterError(f"{self.path} is no database; it may be damaged, or not what its name says")
            self._in_use = self._in_use or has_pending_changes(self.path)
            self._connection = self._open.enter_context(open_readonly(self.path, {}, in_use=self._in_use))
        except LrprevError as error:
            raise self._damaged(error.got) from error
        except OSError as error:
            raise ImporterError(f"{self.path} cannot be read: {error.strerror or error}") from error

    def _changed(self) -> bool:
        return not self._in_use and self._take_stamps() != self._stamps

    def _take_stamps(self) -> list[tuple[int, int] | None]:
        return [_stamp(Path(f"{self.path}{suffix}")) for suffix in _SUFFIXES]

    def _damaged(self, why: object) -> ImporterError:
        return ImporterError(f"{self.path} cannot be read: {why}")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
