"""Libraries in every state that may be met: read, or refused in one line that says what to do; never touched."""

from __future__ import annotations

import logging
import plistlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from lightroom_catalogs import fingerprint
from photos_libraries import change, copied, preview

from importers import apple_photos, apple_photos_clone, apple_photos_library
from importers.apple_photos import ApplePhotosSource
from importers.apple_photos_reader import _Log
from importers.base import ImporterError, Mark, Options, Photo
from importers.extras import how_to_add, upgrade

pytestmark = pytest.mark.skipif(find_spec("osxphotos") is None, reason="reads Photos libraries: the extra `photos`")
CHECKOUT = Path(__file__).parents[2]
EVERYTHING = Options(include=frozenset(Mark))
ADELAIDE = "3DD2C897-F19E-4CA6-8C22-B027D5A71907"  # the original is in iCloud only
PUMPKINS3 = "1EB2B765-0765-43BA-A90C-0D0580E6172C"
DATABASE = Path("database") / "Photos.sqlite"


@pytest.fixture
def library(samples: Path, tmp_path: Path) -> Path:
    return copied(samples, tmp_path)


def read(library: Path) -> dict[str, Photo]:
    return {photo.key.decode(): photo for photo in ApplePhotosSource(library, EVERYTHING).photos()}


def read_once_it_holds_still(library: Path) -> dict[str, Photo]:
    """The same where another process writes: on a busy machine it may do so faster than anybody copies."""
    for _ in range(100):
        try:
            return read(library)
        except ImporterError as error:
            if "is written to all the time" not in str(error):
                raise
    raise AssertionError("it never held still")


def refusal(library: Path) -> str:
    """The one line that a library is refused with, on opening or on reading."""
    with pytest.raises(ImporterError) as error:
        list(ApplePhotosSource(library).photos())
    assert "\n" not in str(error.value)
    return str(error.value)


# What is no library


def test_an_empty_folder(tmp_path: Path) -> None:
    library = tmp_path / "X.photoslibrary"
    library.mkdir()
    assert ApplePhotosSource.recognise(library)
    assert refusal(library) == (f"{library} is an empty folder, not a library of Photos; copy the library again, whole")


def test_a_library_without_its_database(library: Path) -> None:
    shutil.rmtree(library / "database")
    assert refusal(library) == (
        f"{library} has no database in it (database/Photos.sqlite); copy the library again, whole, or index the"
        f" pictures in it as a folder: {library / 'originals'}"
    )


@pytest.mark.parametrize(
    ("name", "program"),
    [("X.photolibrary", "iPhoto"), ("X.migratedphotolibrary", "iPhoto"), ("X.aplibrary", "Aperture")],
)
def test_libraries_of_older_programs(tmp_path: Path, name: str, program: str) -> None:
    library = tmp_path / name
    library.mkdir()
    assert ApplePhotosSource.recognise(library)
    assert refusal(library) == (
        f"{library} is a library of {program}, which is not read; open it once in Photos, which turns it into a"
        " .photoslibrary, and index that one"
    )


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "X.photoslibrary").endswith("X.photoslibrary cannot be read: no such file or directory")


def test_without_the_extra(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple_photos, "find_spec", lambda name: None)
    assert refusal(library) == f"reading a Photos library needs the extra `photos`; {how_to_add('photos')}"


def test_with_an_extra_that_does_not_load(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    (broken / "osxphotos").mkdir(parents=True)
    (broken / "osxphotos" / "__init__.py").write_text("import no_such_module")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    assert refusal(library) == (
        f"reading a Photos library needs the extra `photos` (No module named 'no_such_module'); {how_to_add('photos')}"
    )


def test_without_full_disk_access(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENERATED: what macOS answers to an app that may not read the library."""

    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(apple_photos_library.sys, "platform", "darwin")
    monkeypatch.setattr(apple_photos_library.os, "scandir", refuse)
    monkeypatch.setenv("TERM_PROGRAM", "Apple_Terminal")
    with pytest.raises(ImporterError, match="macOS does not let Terminal read .*; switch on Terminal under System"):
        ApplePhotosSource(library)


# Databases


def make_newer(library: Path) -> None:
    """GENERATED: give the database a version that nobody knows."""
    with closing(sqlite3.connect(library / DATABASE)) as connection, connection:
        (metadata,) = connection.execute("SELECT Z_PLIST FROM Z_METADATA").fetchone()
        newer = plistlib.dumps(plistlib.loads(metadata) | {"PLModelVersion": 99999}, fmt=plistlib.FMT_BINARY)
        connection.execute("UPDATE Z_METADATA SET Z_PLIST = ?", (newer,))


def test_a_database_of_a_future_version(library: Path) -> None:
    make_newer(library)
    change(library, "ALTER TABLE ZASSET RENAME TO ZFUTUREASSET")
    message = refusal(library)
    assert message.startswith("osxphotos ")
    assert f" does not know how the database of {library} is laid out (OperationalError: no such table: " in message
    assert message.endswith(f"; upgrade osxphotos: {upgrade('osxphotos')}")


def test_a_version_that_osxphotos_only_guesses_at_is_told(library: Path) -> None:
    osxphotos = pytest.importorskip("osxphotos")
    make_newer(library)
    log = _Log()
    logging.getLogger("osxphotos").addHandler(log)
    try:
        assert log.remarks() == []
        osxphotos.photosdb.photosdb_utils.get_photos_version_from_model(str(library / DATABASE))
        assert log.remarks() == [
            "This library is newer than the installed osxphotos, and some of it may have been left out."
        ]
    finally:
        logging.getLogger("osxphotos").removeHandler(log)


def test_a_damaged_database(library: Path) -> None:
    change(library)
    whole = (library / DATABASE).read_bytes()
    (library / DATABASE).write_bytes(whole[: len(whole) // 2])
    before = fingerprint(library)
    message = refusal(library)
    assert message.startswith(f"the database of {library} is damaged (")
    assert message.endswith("or take a backup of it")
    (library / DATABASE).write_bytes(b"no database at all, but as long as a page of one" * 100)
    assert "is damaged (file is not a database)" in refusal(library)
    assert fingerprint(library).keys() == before.keys()


def test_a_damaged_search_index_costs_the_labels_only(library: Path) -> None:
    (library / "database" / "search" / "psi.sqlite").write_bytes(b"no database" * 1000)
    source = ApplePhotosSource(library, EVERYTHING)
    photos = list(source.photos())
    assert len(photos) == 16
    assert not any(photo.facts.labels for photo in photos)
    (remark,) = source.remarks
    assert "psi.sqlite cannot be read (" in remark
    assert remark.endswith("; Apple's labels are left out.")


def test_without_room_for_a_copy(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(library)._replace(free=3_000_000)
    monkeypatch.setattr(apple_photos_clone.shutil, "disk_usage", lambda path: usage)
    assert re.fullmatch(
        f"reading {library} needs [0-9]+ MB for a copy of its database, and {tempfile.gettempdir()} has 3 MB free; free"
        " some, or name another folder in TMPDIR",
        refusal(library),
    )


WRITER = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = WAL")
for turn in range(10**9):
    c.execute("UPDATE ZASSET SET ZFAVORITE = ?", (turn % 2,))
    if turn == 0:
        print("writing", flush=True)
    time.sleep(0.005)
"""


def test_a_library_that_another_process_keeps_writing_to(library: Path) -> None:
    """All photos are marked and unmarked together: no reading may show both, and none may harm the library."""
    change(library)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(library / DATABASE)], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout
            writer.stdout.readline()
            for _ in range(2):
                found = [photo.facts.favorite for photo in read_once_it_holds_still(library).values()]
                assert (len(found), len(set(found))) == (16, 1)
            assert writer.poll() is None
        finally:
            writer.kill()
    with closing(sqlite3.connect(library / DATABASE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_torn_copy_is_made_again(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[Path] = []
    copy = apple_photos_clone.copy_database

    def tear_the_first(path: Path, folder: Path) -> Path:
        made = copy(path, folder)
        if not copies:
            made.write_bytes(made.read_bytes()[:100_000])
        copies.append(made)
        return made

    monkeypatch.setattr(apple_photos_clone, "copy_database", tear_the_first)
    assert len(read(library)) == 16
    assert [made.name for made in copies] == ["Photos.sqlite", "Photos.sqlite", "photos.db", "psi.sqlite"]


# Pictures


def test_a_missing_folder_of_previews(library: Path) -> None:
    shutil.rmtree(library / "resources" / "derivatives")
    source = ApplePhotosSource(library, EVERYTHING)
    photos = {photo.key.decode(): photo for photo in source.photos()}
    assert photos[PUMPKINS3].renditions[0].kind == "original"
    assert photos[ADELAIDE].problem == (
        "neither a preview nor the original is on this computer; open the photo once in Photos, then index again"
    )
    assert sum(photo.problem is None for photo in photos.values()) == 8  # those whose originals are here
    assert source.remarks == [
        f"{library / 'resources/derivatives'}, where Photos keeps its previews, is missing; originals were read where"
        " they are here."
    ]


def test_empty_previews(library: Path) -> None:
    for key in (ADELAIDE, PUMPKINS3):
        preview(library, key).write_bytes(b"")
    photos = read(library)
    assert [rendition.kind for rendition in photos[ADELAIDE].renditions] == ["4_5005_c"]
    assert [rendition.kind for rendition in photos[PUMPKINS3].renditions] == ["original", "4_5005_c"]
    preview(library, ADELAIDE, "4_5005_c").write_bytes(b"")
    photo = read(library)[ADELAIDE]
    assert (photo.renditions, photo.stamp) == ((), None)
    assert photo.problem == (
        "its previews are empty files, and the original is not on this computer; open the photo once in Photos, then"
        " index again"
    )


def test_a_library_that_goes_away_is_not_called_empty(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = apple_photos.clone_databases

    def clone_and_unplug(library: Path, copy: Path) -> list[str]:
        remarks = clone(library, copy)
        shutil.rmtree(library)
        return remarks

    monkeypatch.setattr(apple_photos, "clone_databases", clone_and_unplug)
    assert refusal(library) == f"{library} went away while it was being read; was its drive unplugged?"


READ_ONLY = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
if touch "$1/x" 2>/dev/null; then exit 77; fi
"$2" -c 'import sys
from pathlib import Path
from importers.apple_photos import ApplePhotosSource
print(len(list(ApplePhotosSource(Path(sys.argv[1])).photos())))' "$1"
"""


def test_a_read_only_volume(library: Path) -> None:
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(library), sys.executable]
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("a read-only volume can be made by root on Linux only")
    result = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    if "mount:" in result.stderr:
        pytest.skip(f"no read-only volume can be made here: {result.stderr.strip()}")
    assert (result.returncode, result.stdout) == (0, "16\n"), result.stderr
