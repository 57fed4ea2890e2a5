"""Someone else's SQLite database, opened so that nothing beside it changes: no -wal, no -shm, no journal, no lock.

Three ways that look safe are not (all seen with SQLite 3.40 and later):
    mode=ro alone creates empty -wal and -shm files beside a database in WAL mode, and rewrites a -shm that is there.
    mode=ro on a database with a hot journal fails, because recovery would have to write.
    immutable=1 touches nothing, but does not see what a -wal or a hot journal holds.
So: immutable=1 in place where nothing is pending, and otherwise a temporary copy, where SQLite may recover at will.

Source: sqlite.org/wal.html ("Read-Only Databases"), sqlite.org/lockingv3.html ("Hot Journals"), sqlite.org/uri.html.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Collection, Generator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from lrprev.errors import LrprevError

_PAUSES_SECONDS = (0.0, 0.1, 0.5, 1.0, 2.0)  # before each attempt to copy: Lightroom writes in bursts
_PENDING_SUFFIXES = ("-wal", "-journal")
_WAL_HEADER_BYTES = 32


class StillChangingError(LrprevError):
    """A database changed during each attempt to copy it."""


@contextmanager
def open_readonly(
    path: Path, needed: Mapping[str, Collection[str]], *, in_use: bool = False, rescues: bool = False
) -> Generator[sqlite3.Connection]:
    """Open a database for reading and check that it has the tables and columns that are needed.

    Args:
        path: The database's file.
        needed: Column names by table name.
        in_use: Whether its owner may be writing at this moment; then a copy is read, which cannot change underfoot.
        rescues: Take a copy that is damaged, too; in place, damage shows only when it is read.

    Yields:
        A connection for use in this thread.

    Raises:
        LrprevError: It is not a sound database, or lacks a table or column, or changes too fast to be copied.
        OSError: It cannot be read, or there is no room for the copy.
    """
    path.stat()  # a database that is not there is an OSError, and not an unsound one
    if not in_use and not has_pending_changes(path):
        with _open_in_place(path) as connection:
            check_columns(connection, path, needed)
            yield connection
        return
    import tempfile  # seldom needed, and slow to import

    with tempfile.TemporaryDirectory(prefix="lrprev-") as folder:
        copy = copy_database(path, Path(folder))
        with _open_copy(copy, path, rescues=rescues) as connection:
            check_columns(connection, path, needed)
            yield connection


def has_pending_changes(path: Path) -> bool:
    """Tell whether a database has a -wal or a hot journal: changes that are not in its main file.

    A journal whose first byte is 0 is finished with (SQLite's "persist" mode leaves it so).
    """
    wal, journal = (Path(f"{path}{suffix}") for suffix in _PENDING_SUFFIXES)
    with suppress(FileNotFoundError):
        if wal.stat().st_size > 0:
            return True
    with suppress(FileNotFoundError), journal.open("rb") as stream:
        return stream.read(1) not in (b"", b"\0")
    return False


def check_columns(connection: sqlite3.Connection, path: Path, needed: Mapping[str, Collection[str]]) -> None:
    """Check that tables (not views) with these columns exist.

    Raises:
        LrprevError: One is missing, or the file is no database.
    """
    with database_errors(path):
        found = columns_of(connection, needed)
        for table, columns in needed.items():
            missing = [column for column in columns if column not in found[table]]
            if missing:
                raise LrprevError(0, f"{path.name} to have {table}({', '.join(columns)})", f"no {', '.join(missing)}")


def columns_of(connection: sqlite3.Connection, tables: Collection[str]) -> dict[str, frozenset[str]]:
    """Tell the columns of some tables (not views); none of a table that is not there."""
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {
        table: frozenset(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if table in there)
        for table in tables
    }


@contextmanager
def database_errors(path: Path) -> Generator[None]:
    """Turn SQLite's errors about a database's content into LrprevError."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise LrprevError(0, f"{path.name} to be a sound database", str(error)) from error


@contextmanager
def _open_in_place(path: Path) -> Generator[sqlite3.Connection]:
    # A "?" or "#" in a folder's name would end the path. (urllib.parse takes long to import.)
    name = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    uri = f"file:{name}?mode=ro&immutable=1"
    with database_errors(path):
        connection = sqlite3.connect(uri, uri=True)
    with closing(connection):
        _distrust(connection)
        if _is_cut(path):
            connection.execute("PRAGMA writable_schema = ON")  # SQLite refuses to look into it otherwise
        yield connection


def _is_cut(path: Path) -> bool:
    """Tell a database that is shorter than it says, as a copy that stopped half-way is.

    Source: sqlite.org/fileformat2.html, section 1.3 (page size at byte 16, pages at byte 28).
    """
    with path.open("rb") as stream:
        page_bytes, pages = struct.unpack(">16xH10xI", stream.read(32).ljust(32, b"\0"))
    return path.stat().st_size < pages * (page_bytes if page_bytes > 1 else 65536)


@contextmanager
def _open_copy(copy: Path, path: Path, *, rescues: bool) -> Generator[sqlite3.Connection]:
    with database_errors(path):
        connection = sqlite3.connect(copy)
    with closing(connection):
        _distrust(connection)
        if rescues and _is_cut(copy):
            connection.execute("PRAGMA writable_schema = ON")  # as in place
        with database_errors(path):
            verdict = "ok" if rescues else connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            connection.execute("PRAGMA query_only = ON")
        if verdict != "ok":
            raise LrprevError(0, f"{path.name} to be a sound database", verdict)
        yield connection


def _distrust(connection: sqlite3.Connection) -> None:
    """Keep a hostile schema from calling functions with side effects."""
    connection.execute("PRAGMA trusted_schema = OFF")


def copy_database(path: Path, folder: Path) -> Path:
    """Copy a database with what is pending for it, all from one moment; never its -shm, which SQLite rebuilds.

    Returns:
        The copy, whose content nobody has checked.

    Raises:
        StillChangingError: Its owner writes to it all the time.
        OSError: It cannot be read, or there is no room.

    Writes: the copy.
    """
    import shutil  # seldom needed, and slow to import

    for pause_seconds in _PAUSES_SECONDS:
        time.sleep(pause_seconds)
        before = _moment(path)
        copy = folder / path.name
        # The main file first: a -wal only grows until it is written back, so it has all that the copy lacks.
        shutil.copyfile(path, copy)
        for suffix in _PENDING_SUFFIXES:
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        if before == _moment(path):
            return copy
    raise StillChangingError(
        0, f"{path.name} to hold still while it is copied", "changes each time; close Lightroom and retry"
    )


def _moment(path: Path) -> tuple[object, ...]:
    """Return what stays the same for as long as a copy of the files, made one after the other, is consistent.

    A -wal may grow meanwhile: its frames carry checksums, and a half one at its end counts for nothing. When it is
    written back, the main file changes; when it starts over, its header does.

    Source: sqlite.org/fileformat2.html, section 4 ("The Write-Ahead Log").
    """
    wal, journal = (Path(f"{path}{suffix}") for suffix in _PENDING_SUFFIXES)
    header: bytes | None = None
    with suppress(FileNotFoundError), wal.open("rb") as stream:
        header = stream.read(_WAL_HEADER_BYTES)
    return _stamp(path), header, _stamp(journal)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime_ns
