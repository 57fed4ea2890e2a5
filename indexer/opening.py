"""Opening the catalog's file: to read and to write; where nothing can be written, to read it as it stands.

SQLite's write-ahead log needs a file of 32 kB beside the catalog even for reading: a full disk has no room for it, and
into a write-protected folder it cannot be put. Then, in this order:

- Where that file is there, by a process that has the catalog open or one that was killed, SQLite reads in step with
  whoever writes; without writing into that file, if it must (it then keeps in memory what it needs).
- Where no log is there, nothing has been written that is not in the catalog itself: it is read as a file that does not
  change (`immutable`). SQLite takes no lock for that, so it is looked at afterwards whether it did change.
- Else the log holds what the catalog lacks: both are copied into a folder for temporary files, and read there.

Source: https://www.sqlite.org/wal.html#read_only_databases and https://www.sqlite.org/uri.html
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import CatalogError
from indexer.migrations import migrate, refuse_others

_TRIES = 3
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
_UNWRITABLE_SQLITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)

Stamps = tuple[tuple[int, int, int] | None, ...]


@dataclass(slots=True)
class Standing:
    """A catalog that is read as it stands.

    Attributes:
        stamps: What the files looked like when it was opened, where nothing else keeps writers off.
        copy: The folder that holds the copy which is read.
    """

    db: sqlite3.Connection
    path: Path
    stamps: Stamps | None = None
    copy: Path | None = None

    def keep_in_memory(self, tables: Iterable[str]) -> None:
        """Put copies of tables before them, in memory: what names them reads and writes these."""
        self.db.execute("PRAGMA query_only = OFF")  # it forbids writing to memory, too; the file was opened to read
        for table in tables:
            query = "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?"
            (made,) = self.db.execute(query, (table,)).fetchone()
            self.db.execute(made.replace("CREATE TABLE", "CREATE TEMP TABLE IF NOT EXISTS", 1))
            self.db.execute(f"INSERT OR IGNORE INTO temp.{table} SELECT * FROM main.{table}")

    def close(self) -> None:
        """Close it.

        Raises:
            CatalogError: It was written to meanwhile, so that what was read may be wrong.
        """
        self.db.close()
        if self.copy is not None:
            shutil.rmtree(self.copy, ignore_errors=True)
        if self.stamps is not None and _stamps(self.path)[0] != self.stamps[0]:
            raise CatalogError(f"the catalog {self.path} was written to while it was read; ask again")


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a catalog, creating it and its folder where absent, and bring it up to date.

    Raises:
        OSError: It cannot be created.
        sqlite3.Error: It cannot be opened.
        CatalogError: A newer Safelight wrote it.

    Writes: our own data folder.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Before SQLite does: what it makes may be read by everybody where the folder was made by somebody else.
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if not os.access(path, os.W_OK):  # SQLite would open it all the same, and fail at the first that is written
        raise PermissionError(errno.EACCES, "no permission to write", str(path))
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def open_nothing() -> sqlite3.Connection:
    """Open the catalog of a library that is not there: an empty one, in memory, so that looking makes no folder."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    return db


def is_for_lack_of_writing(error: OSError | sqlite3.Error) -> bool:
    """Tell whether opening failed because nothing can be written, rather than because the catalog is damaged."""
    if isinstance(error, OSError):
        return error.errno in _UNWRITABLE
    code = getattr(error, "sqlite_errorcode", None)  # the low byte is the kind, the next says more
    return isinstance(code, int) and code & 0xFF in _UNWRITABLE_SQLITE


def open_as_it_stands(path: Path) -> Standing | None:
    """Open a catalog without writing anything beside it; None: it cannot be.

    Raises:
        CatalogError: Another Safelight wrote it: a newer one, or an older one, whose catalog would have to be changed.

    Writes: where there is no other way, a copy in a folder for temporary files, until it is closed.
    """
    for how in ("mode=ro", "mode=ro&readonly_shm=1"):
        if _beside(path, "-shm").exists() and (db := _connect(path, how)) is not None:
            return Standing(db, path)
    stamps = _stamps(path)
    if not _has_log(stamps):
        db = _connect(path, "mode=ro&immutable=1")
        return None if db is None else Standing(db, path, stamps)
    return _open_copy(path)


def _connect(path: Path, how: str) -> sqlite3.Connection | None:
    """Connect and try to read."""
    db = None
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", timeout=30, isolation_level=None, uri=True)
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA query_only = ON")
        refuse_others(db)
    except BaseException as error:
        if db is not None:
            db.close()
        if not isinstance(error, sqlite3.Error):
            raise
        return None
    return db


def _open_copy(path: Path) -> Standing | None:
    folder = None
    try:
        for _ in range(_TRIES):
            folder = Path(tempfile.mkdtemp(prefix="safelight-"))
            before = _stamps(path)
            for file in (path, _beside(path, "-wal")):
                shutil.copyfile(file, folder / file.name)
            if _stamps(path) == before and (db := _connect(folder / path.name, "mode=rw")) is not None:
                return Standing(db, path, copy=folder)
            shutil.rmtree(folder, ignore_errors=True)
    except BaseException as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
    return None


def _stamps(path: Path) -> Stamps:
    """Return size, time and inode of the catalog and of its log; None for what is not there."""
    found: list[tuple[int, int, int] | None] = []
    for file in (path, _beside(path, "-wal")):
        status = None
        with suppress(FileNotFoundError):
            status = file.stat()
        found.append(status and (status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(found)


def _has_log(stamps: Stamps) -> bool:
    return stamps[1] is not None and stamps[1][0] > 0


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
