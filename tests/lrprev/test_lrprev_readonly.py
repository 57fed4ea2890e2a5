"""Databases of others: read as they are at this moment, and not one byte or file beside them changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lrprev import LrprevError, open_readonly
from lrprev.readonly import StillChangingError, has_pending_changes

Fingerprint = Callable[[Path], dict[str, tuple[str, int]]]
NEEDED = {"photos": ("id", "name")}


def names(path: Path, **options: bool) -> list[str]:
    with open_readonly(path, NEEDED, **options) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM photos ORDER BY id")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database in rollback-journal mode, in a folder whose name would break a careless URI."""
    folder = tmp_path / "Mum & Dad? 100%#1"
    folder.mkdir()
    path = folder / "a b.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE photos (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO photos (name) VALUES ('first')")
    return path


def killed_while_writing(path: Path, statements: str) -> None:
    """Run a writer that dies, as Lightroom does in a power cut, with its last transaction on disk but not finished."""
    script = f"import os, sqlite3\nc = sqlite3.connect({str(path)!r}, isolation_level=None)\n{statements}\nos._exit(9)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9


def test_nothing_pending_is_read_in_place(database: Path, fingerprint: Fingerprint) -> None:
    before = fingerprint(database.parent)
    assert names(database) == ["first"]
    assert fingerprint(database.parent) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_read_only_folder_is_no_obstacle(database: Path) -> None:
    database.parent.chmod(0o555)
    try:
        assert names(database) == ["first"]
    finally:
        database.parent.chmod(0o755)


def test_wal_mode_without_wal_leaves_no_shm(database: Path, fingerprint: Fingerprint) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    before = fingerprint(database.parent)
    assert names(database) == ["first"]
    assert fingerprint(database.parent) == before
    assert list(before) == [database.name]


def test_rows_that_are_only_in_the_wal_are_seen(database: Path, fingerprint: Fingerprint) -> None:
    insert = "c.execute(\"INSERT INTO photos (name) VALUES ('in the wal')\")"
    killed_while_writing(database, f"c.execute('PRAGMA journal_mode = WAL')\n{insert}")
    before = fingerprint(database.parent)
    assert {"a b.db", "a b.db-wal", "a b.db-shm"} == set(before)
    assert names(database) == ["first", "in the wal"]
    assert fingerprint(database.parent) == before


def test_a_hot_journal_is_rolled_back_in_a_copy(database: Path, fingerprint: Fingerprint) -> None:
    # A cache of one page makes SQLite write unfinished changes into the main file, which only the journal can undo.
    killed_while_writing(
        database,
        "c.execute('PRAGMA cache_size = 1')\nc.execute('BEGIN')\n"
        "c.executemany('INSERT INTO photos (name) VALUES (?)', [('half' * 500,)] * 200)",
    )
    before = fingerprint(database.parent)
    assert set(before) == {"a b.db", "a b.db-journal"}
    assert names(database) == ["first"]
    assert fingerprint(database.parent) == before


def test_a_finished_journal_is_read_in_place(database: Path, fingerprint: Fingerprint) -> None:
    Path(f"{database}-journal").write_bytes(bytes(512))
    assert not has_pending_changes(database)
    before = fingerprint(database.parent)
    assert names(database) == ["first"]
    assert fingerprint(database.parent) == before


def test_in_use_reads_a_copy_that_stays_as_it_was(database: Path) -> None:
    with open_readonly(database, NEEDED, in_use=True) as connection:
        with closing(sqlite3.connect(database)) as writer, writer:
            writer.execute("DELETE FROM photos")
        assert connection.execute("SELECT count(*) FROM photos").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM photos")


def test_a_database_that_never_holds_still_is_an_error(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrprev import readonly

    copyfile = shutil.copyfile

    def copy_while_it_grows(source: Path, target: Path) -> None:
        copyfile(source, target)
        with Path(source).open("ab") as stream:
            stream.write(b"more")

    monkeypatch.setattr(readonly, "_PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(shutil, "copyfile", copy_while_it_grows)
    with pytest.raises(StillChangingError, match="close Lightroom"):
        names(database, in_use=True)


def test_a_wal_that_grows_while_it_is_copied_is_no_obstacle(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightroom at work: each file that is copied finds the -wal longer than before, and nothing is torn."""

    copyfile = shutil.copyfile
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO photos (name) VALUES ('before')")

        def copy_while_lightroom_writes(source: Path | str, target: Path | str) -> None:
            writer.execute("INSERT INTO photos (name) VALUES ('during')")
            copyfile(source, target)

        monkeypatch.setattr(shutil, "copyfile", copy_while_lightroom_writes)
        assert names(database) == ["first", "before", "during", "during"]


def test_a_wal_written_back_while_it_is_copied_is_copied_again(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    copyfile = shutil.copyfile
    checkpoints = iter(["PRAGMA wal_checkpoint(RESTART)", "INSERT INTO photos (name) VALUES ('after')"])
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO photos (name) VALUES ('before')")

        def copy_then_write_back(source: Path | str, target: Path | str) -> None:
            copyfile(source, target)
            for statement in checkpoints:
                writer.execute(statement)

        monkeypatch.setattr(shutil, "copyfile", copy_then_write_back)
        assert names(database) == ["first", "before", "after"]


@pytest.mark.parametrize("in_use", [False, True])
def test_a_missing_database_is_an_os_error_and_is_not_created(tmp_path: Path, in_use: bool) -> None:
    with pytest.raises(FileNotFoundError):
        names(tmp_path / "x.db", in_use=in_use)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("in_use", [False, True])
@pytest.mark.parametrize("content", [b"", b"no database at all" * 300, b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_database_is_an_error(tmp_path: Path, content: bytes, in_use: bool) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(LrprevError, match="x.db"):
        names(path, in_use=in_use)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE photos (id)",
        "CREATE VIEW photos AS SELECT 1 AS id, 'x' AS name",
        "CREATE TABLE photos (id, name AS (zeroblob(1000000000)))",
    ],
)
def test_a_missing_column_is_an_error_and_a_computed_one_counts_as_missing(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(schema)
    with pytest.raises(LrprevError, match=r"x\.db to have photos\(id, name\)"):
        names(path)


def test_real_catalogs_are_read_in_place(samples: Path, fingerprint: Fingerprint) -> None:
    for folder in (samples / "lightroom5", samples / "lightroom-lrcat-only"):
        before = fingerprint(folder)
        for catalog in folder.glob("*.lrcat"):
            with open_readonly(catalog, {"Adobe_images": ("id_local", "rootFile")}) as connection:
                assert connection.execute("SELECT count(*) FROM Adobe_images").fetchone()[0] >= 3
        assert fingerprint(folder) == before
