"""The databases of a Photos library, copied to where reading them leaves no trace.

Read-only is not enough: SQLite creates and rewrites -wal and -shm files beside a database that it only reads.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from importers.apple_photos_library import MAIN_DATABASES, why_unreadable
from importers.base import ImporterError
from lrprev.readonly import StillChangingError, copy_database

_LABELS = ("database/search/psi.sqlite", "database/search/leo.sqlite")
"""What Photos sees in pictures: until macOS 26, and since."""

_ATTEMPTS = 2
_ROOM = 1.5
"""Of the databases' size: for them, and for what is read from them."""


class _DamagedError(Exception):
    """A copy is no sound database; the message is SQLite's."""


def clone_databases(library: Path, clone: Path) -> list[str]:
    """Copy what is read of a library, each database as it was at one moment, and check the copies.

    Args:
        library: The real one.
        clone: Is made, laid out as a library.

    Returns:
        Remarks on what the clone has to do without.

    Raises:
        ImporterError: The main database cannot be read, is damaged, or never holds still; or there is no room.

    Writes: `clone`.
    """
    remarks: list[str] = []
    main = [name for name in MAIN_DATABASES if (library / name).exists()]
    try:
        _check_room(library, clone.parent)
        for name in main:
            _clone(library / name, clone / name)
        for name in _LABELS:
            try:
                _clone(library / name, clone / name)
            except FileNotFoundError:
                continue
            except (StillChangingError, _DamagedError) as error:
                (clone / name).unlink(missing_ok=True)
                why = "it is written to all the time" if isinstance(error, StillChangingError) else error
                remarks.append(f"{library / name} cannot be read ({why}); Apple's labels are left out.")
    except StillChangingError as error:
        raise ImporterError(f"{library} is written to all the time; quit Photos and try again") from error
    except _DamagedError as error:
        raise ImporterError(
            f"the database of {library} is damaged ({error}); repair the library (open it in Photos with Option and"
            " Command held down), or take a backup of it"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ImporterError(_no_room(library, clone.parent)) from error
        raise ImporterError(why_unreadable(library, error)) from error
    return remarks


def _clone(database: Path, copy: Path) -> None:
    """Copy one database; a copy that is damaged is made once more, for it may have been torn."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(_ATTEMPTS):
        copy_database(database, copy.parent)
        try:
            _check(copy)
        except _DamagedError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _check(copy: Path) -> None:
    """Check a copy, and bring what is pending into it.

    Table by table, without the virtual ones: SQLite since 3.44 finds fault with those whose tokenizer only Photos has.
    """
    plain = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'"
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            for (table,) in connection.execute(plain).fetchall():
                name = table.replace('"', '""')
                if (verdict := connection.execute(f'PRAGMA quick_check("{name}")').fetchone()[0]) != "ok":
                    raise _DamagedError(verdict)
    except sqlite3.Error as error:
        raise _DamagedError(str(error)) from error


def _check_room(library: Path, folder: Path) -> None:
    if shutil.disk_usage(folder).free < _needed(library):
        raise OSError(errno.ENOSPC, "no room")


def _needed(library: Path) -> int:
    files = [Path(f"{library / name}{suffix}") for name in (*MAIN_DATABASES, *_LABELS) for suffix in ("", "-wal")]
    return int(_ROOM * sum(file.stat().st_size for file in files if file.is_file()))


def _no_room(library: Path, folder: Path) -> str:
    needed, free = _needed(library) // 10**6 + 1, shutil.disk_usage(folder).free // 10**6
    return (
        f"reading {library} needs {needed:,} MB for a copy of its database, and {tempfile.gettempdir()} has {free:,} MB"
        " free; free some, or name another folder in TMPDIR"
    )
