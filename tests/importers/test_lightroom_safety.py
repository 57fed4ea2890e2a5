"""Catalogs in every state that Lightroom, a crash or a dead drive leaves them in: read, and never touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from lightroom_catalogs import LIGHTROOM_5, LIGHTROOM_13, CatalogWriter, pack, settle, untouched, xmp_packet

from importers import foreign_sqlite
from importers.base import ImporterError
from importers.lightroom import open_catalog
from lrprev import readonly

VERSIONS = (LIGHTROOM_5, LIGHTROOM_13)  # rollback journal, write-ahead log


def ratings(path: Path) -> list[int | None]:
    with open_catalog(path) as catalog:
        return [photo.rating for photo in catalog.photos()]


@contextmanager
def only_in_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a copy is made."""

    def refuse(*_: object) -> None:
        raise AssertionError("a copy was made")

    with monkeypatch.context() as patch:
        patch.setattr(readonly, "copy_database", refuse)
        yield


@pytest.fixture(params=VERSIONS)
def catalog(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A catalog of two photos with 3 stars, closed hours ago, in a folder whose name would break a careless URI."""
    folder = tmp_path / "Mum & Dad? 100%#1"
    folder.mkdir()
    path = folder / "Our Photos.lrcat"
    with CatalogWriter(path, request.param) as writer:
        for number in (1, 2):
            writer.xmp(writer.photo(f"IMG_{number}.CR2", rating=3.0), xmp_packet())
    return path


def killed_while_writing(path: Path, *statements: str) -> None:
    """Run a writer that dies as Lightroom does in a power cut."""
    script = "import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    script += "\n".join(f"c.execute({statement!r}).fetchall()" for statement in statements) + "\nos._exit(9)"
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == 9


def test_a_closed_catalog_is_read_in_place(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with untouched(catalog.parent), only_in_place(monkeypatch):
        assert ratings(catalog) == [3, 3]


def test_a_stale_lock_is_no_obstacle(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(f"{catalog}.lock").write_text("C:\\Program Files\\Adobe\\Adobe Lightroom Classic\\Lightroom.exe\n4711\n")
    with untouched(catalog.parent), only_in_place(monkeypatch):
        assert ratings(catalog) == [3, 3]


def test_rows_that_are_only_in_the_wal_are_seen(catalog: Path) -> None:
    killed_while_writing(catalog, "PRAGMA journal_mode = WAL", "UPDATE Adobe_images SET rating = 5.0")
    assert {path.name for path in catalog.parent.iterdir()} == {
        "Our Photos.lrcat",
        "Our Photos.lrcat-wal",
        "Our Photos.lrcat-shm",
    }
    with untouched(catalog.parent):
        assert ratings(catalog) == [5, 5]


def test_one_copy_is_enough_while_lightroom_goes_on(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_while_writing(catalog, "PRAGMA journal_mode = WAL", "UPDATE Adobe_images SET rating = 5.0")
    for file in catalog.parent.iterdir():
        settle(file)
    copies: list[Path] = []
    copy = readonly.copy_database
    monkeypatch.setattr(readonly, "copy_database", lambda path, folder: copies.append(path) or copy(path, folder))
    with open_catalog(catalog) as opened:
        with closing(sqlite3.connect(catalog)) as lightroom, lightroom:
            lightroom.execute("UPDATE Adobe_images SET rating = 1.0")
        assert [photo.rating for photo in opened.photos()] == [5, 5]
    assert copies == [catalog]


def test_a_hot_journal_is_rolled_back_in_a_copy(catalog: Path) -> None:
    # A cache of one page makes SQLite write the unfinished change into the main file: only the journal can undo it.
    filler = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
    killed_while_writing(
        catalog,
        "PRAGMA journal_mode = DELETE",
        "PRAGMA cache_size = 1",
        "BEGIN",
        "UPDATE Adobe_images SET rating = 1.0",
        f"INSERT INTO AgLibraryIPTC (image, caption) {filler} SELECT i, hex(zeroblob(2000)) FROM n",
    )
    assert {path.name for path in catalog.parent.iterdir()} == {"Our Photos.lrcat", "Our Photos.lrcat-journal"}
    with pytest.raises(sqlite3.OperationalError), closing(_opened_plainly(catalog, "mode=ro")) as plain:
        plain.execute("SELECT count(*) FROM Adobe_images").fetchone()  # the case is real: SQLite itself gives up
    with untouched(catalog.parent):
        assert ratings(catalog) == [3, 3]


def _opened_plainly(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?{options}", uri=True)


def test_a_plain_read_would_have_left_a_trace(catalog: Path) -> None:
    """What is avoided here is real: read-only mode alone creates -wal and -shm beside a catalog of Classic."""
    with closing(_opened_plainly(catalog, "mode=ro")) as plain:
        wal = plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        plain.execute("SELECT count(*) FROM Adobe_images").fetchone()
        names = {path.name for path in catalog.parent.iterdir()}
    assert (names != {catalog.name}) == wal


def test_a_folder_without_write_permission_is_no_obstacle(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="safelight-test-"))
    try:
        copy = Path(shutil.copy2(catalog, folder))
        copy.chmod(0o444)
        folder.chmod(0o555)
        with untouched(folder), only_in_place(monkeypatch):
            assert _as_nobody(lambda: ratings(copy) == [3, 3])
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def _as_nobody(check: object) -> bool:
    """Run a check in a forked process without root's right to write anywhere."""
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os._exit(0 if check() else 1)  # type: ignore[operator]
        except BaseException:
            os._exit(2)
    return os.waitpid(pid, 0)[1] == 0


def test_a_catalog_without_read_permission_is_an_error(catalog: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="safelight-test-"))
    try:
        folder.chmod(0o755)
        copy = Path(shutil.copy2(catalog, folder))
        copy.chmod(0)

        def refused() -> bool:
            try:
                ratings(copy)
            except ImporterError as error:
                return str(error) == f"{copy} cannot be read: Permission denied"
            return False

        assert _as_nobody(refused)
    finally:
        shutil.rmtree(folder)


def test_a_catalog_that_never_holds_still_is_one_clear_error(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copyfile = shutil.copyfile

    def copy_while_lightroom_writes(source: Path, target: Path) -> None:
        copyfile(source, target)
        with closing(sqlite3.connect(catalog)) as lightroom, lightroom:
            lightroom.execute("UPDATE Adobe_images SET rating = coalesce(rating, 0) + 1")
            lightroom.commit()
            lightroom.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    os.utime(catalog)
    monkeypatch.setattr(readonly, "_PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(shutil, "copyfile", copy_while_lightroom_writes)
    with pytest.raises(ImporterError) as error:
        ratings(catalog)
    assert str(error.value) == (
        f"{catalog} is written to all the time; close the program that it belongs to and try again"
    )


def test_a_full_temporary_folder_is_one_clear_error(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    os.utime(catalog)
    monkeypatch.setattr(shutil, "copyfile", fail)
    with untouched(catalog.parent), pytest.raises(ImporterError, match="has no room for a copy of it; free some"):
        ratings(catalog)


@pytest.mark.parametrize("kept", [0, 1, 15, 16, 99, 100, 1000, 4096, 4097, 0.3, 0.5, 0.9])
def test_a_truncated_catalog_is_one_clear_error(catalog: Path, kept: float) -> None:
    whole = catalog.read_bytes()
    catalog.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    settle(catalog)
    with untouched(catalog.parent), pytest.raises(ImporterError) as error:
        ratings(catalog)
    assert str(catalog) in str(error.value)
    assert "\n" not in str(error.value)


def test_truncated_real_catalogs_are_clear_errors_or_photos(samples: Path, tmp_path: Path) -> None:
    for sample in samples.glob("lightroom*/*.lrcat"):
        whole = sample.read_bytes()
        path = tmp_path / sample.name
        for part in range(1, 10):
            path.write_bytes(whole[: len(whole) * part // 10])
            settle(path)
            with untouched(tmp_path), pytest.raises(ImporterError, match="is damaged"):
                ratings(path)


def test_a_page_of_rubbish_is_a_clear_error_or_harmless(catalog: Path) -> None:
    whole = catalog.read_bytes()
    page = int.from_bytes(whole[16:18], "big")
    failed = 0
    for start in range(page, len(whole), page):
        catalog.write_bytes(whole[:start] + b"\xa5" * page + whole[start + page :])
        settle(catalog)
        with suppress(ImporterError):
            ratings(catalog)
            continue
        failed += 1
        with pytest.raises(ImporterError, match="is damaged"):
            ratings(catalog)
    assert failed > 5


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 a picture" * 99, b"SQLite format 2\0" * 99])
def test_what_is_no_database_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "A.lrcat"
    path.write_bytes(content)
    settle(path)
    with untouched(tmp_path), pytest.raises(ImporterError) as error:
        ratings(path)
    assert str(error.value) == f"{path} is no database: it is damaged, or not what its name says"


def test_another_programs_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (id)")
    settle(path)
    with pytest.raises(ImporterError, match="is no Lightroom catalog that can be read: it lacks Adobe_images, AgLib"):
        ratings(path)


def test_views_in_the_place_of_tables_are_not_run(catalog: Path) -> None:
    with closing(sqlite3.connect(catalog)) as connection:
        connection.execute("ALTER TABLE Adobe_images RENAME TO hidden")
        connection.execute("CREATE VIEW Adobe_images AS SELECT *, zeroblob(999999999) AS pick2 FROM hidden")
    settle(catalog)
    with pytest.raises(ImporterError, match="it lacks Adobe_images"):
        ratings(catalog)


def test_nothing_and_a_folder_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match=r"A\.lrcat cannot be read: No such file or directory"):
        ratings(tmp_path / "A.lrcat")
    with pytest.raises(ImporterError, match="cannot be read: Is a directory"):
        ratings(tmp_path)


def test_a_link_leads_to_the_catalog_and_its_log(catalog: Path, tmp_path: Path) -> None:
    killed_while_writing(catalog, "PRAGMA journal_mode = WAL", "UPDATE Adobe_images SET rating = 5.0")
    link = tmp_path / "link.lrcat"
    link.symlink_to(catalog)
    with untouched(tmp_path):
        assert ratings(link) == [5, 5]


def test_no_copy_stays_behind(catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    os.utime(catalog)  # written to a moment ago: read from a copy
    with open_catalog(catalog) as opened:
        assert len(list(temporary.iterdir())) == 1
        next(opened.photos())
    assert list(temporary.iterdir()) == []
    with pytest.raises(ImporterError):
        catalog.write_bytes(catalog.read_bytes()[:5000])
        ratings(catalog)
    assert list(temporary.iterdir()) == []


def test_a_drive_that_goes_away_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as writer:
        for number in range(600):
            writer.photo(f"IMG_{number}.CR2")
    with open_catalog(path) as catalog:
        photos = catalog.photos()
        next(photos)
        path.unlink()
        with pytest.raises(ImporterError, match=r"A\.lrcat cannot be read: No such file"):
            list(photos)


@pytest.mark.parametrize(
    ("blob", "problem"),
    [
        (b"\0\0", "an XMP blob of 2 bytes"),
        (b"\0\0\0\x10 not zlib at all", "a damaged XMP blob"),
        (b"\0\0\0\x05" + pack(b"<x/>")[4:], "an XMP blob that is not the 5 bytes it says"),
        (b"\0\0\0\x03" + pack(b"<x/>")[4:], "an XMP blob that is not the 3 bytes it says"),
        (pack(b"<x/>")[:-2], "an XMP blob that is not the 4 bytes it says"),
        (b"\xff\xff\xff\xff" + pack(bytes(1000))[4:], "an XMP packet of 4294967295 bytes"),
    ],
)
def test_damaged_metadata_costs_only_itself(tmp_path: Path, blob: bytes, problem: str) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path, LIGHTROOM_13) as writer:
        image = writer.photo(rating=4.0)
        writer.add("Adobe_AdditionalMetadata", image=image, xmp=blob)
    with open_catalog(path) as catalog:
        (photo,) = catalog.photos()
        assert (photo.rating, photo.xmp) == (4, None)
        assert len(catalog.warnings) == 1
        assert catalog.warnings[0].startswith(f"A.lrcat, image {image}: it has {problem}")


def test_huge_metadata_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "A.lrcat"
    with CatalogWriter(path) as writer:
        image = writer.photo()
        writer.add("Adobe_AdditionalMetadata", image=image, xmp=b"<" + bytes(40_000_000))
    with open_catalog(path) as catalog:
        assert [photo.xmp for photo in catalog.photos()] == [None]
        assert catalog.warnings == [
            f"A.lrcat, image {image}: it has 40000001 bytes of XMP, and goes without what only its XMP holds"
        ]


def test_a_fresh_file_is_not_trusted_to_keep_its_time(catalog: Path) -> None:
    """On drives that count in steps of two seconds a second change would not show."""
    with foreign_sqlite.ForeignDatabase(catalog) as database:
        settled = database.read(lambda reader: reader.execute("PRAGMA database_list").fetchone()[2])
    os.utime(catalog)
    with foreign_sqlite.ForeignDatabase(catalog) as database:
        fresh = database.read(lambda reader: reader.execute("PRAGMA database_list").fetchone()[2])
    assert settled == str(catalog)
    assert fresh != str(catalog)
