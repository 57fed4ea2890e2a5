"""Looking at a library where nothing can be written: a full disk, a write-protected one; with and without a log."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from safelight_command import Safelight
from small_disk import small_disk

from indexer.catalog import FILE_NAME, Catalog
from indexer.errors import CatalogError
from indexer.opening import open_as_it_stands

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
MODEL = Path(__file__).resolve().parents[1] / "data" / "shapes-clip"

# A process that has the catalog open, has changed it, and waits to be told that it may end, or is killed.
WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("UPDATE photo SET title = 'from the log'")
print(flush=True)
sys.stdin.read()
"""


def indexed(photos: Path, home: Path) -> None:
    photos.mkdir()
    for name in ("cat.jpg", "dahlia.jpg", "bricks.jpg"):
        shutil.copy(DEMO / name, photos)
    assert safelight_at(home)("index", str(photos)).returncode == 0


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    """A data folder with three photos indexed, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    indexed(folder / "photos", folder / "home")
    return folder / "home"


@pytest.fixture
def home(made_once, tmp_path):
    """A data folder on a disk of its own, with three photos indexed that no test changes."""
    with small_disk(tmp_path / "disk", "8m") as disk:
        yield shutil.copytree(made_once, disk / "home")


@pytest.fixture
def home_of_own(tmp_path):
    """The same with photos of the test's own."""
    with small_disk(tmp_path / "disk", "8m") as disk:
        indexed(tmp_path / "photos", disk / "home")
        yield disk / "home"


def safelight_at(home: Path) -> Safelight:
    made = Safelight(home, forked=True)
    made.env["SAFELIGHT_MODEL"] = str(MODEL)
    return made


def fill(home: Path) -> None:
    try:
        with (home.parent / "filling").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError:
        pass


def protect(home: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(home.parent)], check=True)


@contextmanager
def unwritable(home: Path, kind: str):
    """Make the disk full, or write-protect it."""
    if kind == "full":
        fill(home)
        yield
    else:
        protect(home, "ro")
        yield
        protect(home, "rw")


@contextmanager
def writer(home: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home / FILE_NAME)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"\n"
    try:
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def kill(process: subprocess.Popen) -> None:
    """Leave its log, and what belongs to it, behind."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def answers(home: Path) -> list:
    """All that reading commands say, but whether a place is at hand: on a busy machine it may answer too late."""
    safelight = safelight_at(home)
    found = safelight.records("search", "a red circle", "--all")
    first = found[0]["id"]
    said = [
        found,
        safelight.records("similar", first),
        safelight.records("search", "--source", "folder"),
        safelight.records("show", first),
        safelight.records("status"),
    ]
    for record in (record for records in said for record in records):
        for place in (record, *record.get("places", ())):
            place.pop("state", None)
    return said


def hashes(home: Path) -> dict[str, str]:
    """What is kept, but for what SQLite makes anew whenever it opens it."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm") and path.stat().st_size
    }


@pytest.mark.parametrize("kind", ["full", "protected"])
def test_what_was_indexed_is_found_as_ever(home, kind):
    expected, before = answers(home), hashes(home)
    assert len(expected[0]) == len(expected[2]) == 3
    with unwritable(home, kind):
        assert answers(home) == expected
        assert hashes(home) == before


@pytest.mark.parametrize("kind", ["full", "protected"])
@pytest.mark.parametrize("left", ["all", "the log alone"])
def test_the_log_of_a_killed_process_is_read(home, kind, left):
    with writer(home) as process:
        kill(process)
    assert (home / f"{FILE_NAME}-wal").stat().st_size
    if left == "the log alone":
        (home / f"{FILE_NAME}-shm").unlink()
    before = hashes(home)
    with unwritable(home, kind):
        said = answers(home)
        assert said[3][0]["title"] == "from the log"
        if kind == "protected":  # on a full disk SQLite may take the log over into the catalog
            assert hashes(home) == before
            said = safelight_at(home)("index", str(DEMO), code=2)
            assert len(said.stderr.splitlines()) == 1
    if kind == "full":
        (home.parent / "filling").unlink()
    db = sqlite3.connect(home / FILE_NAME)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT DISTINCT title FROM photo").fetchall() == [("from the log",)]
    db.close()


def test_what_another_process_writes_is_read_while_the_disk_is_full(home):
    with writer(home):
        fill(home)
        assert answers(home)[3][0]["title"] == "from the log"


@pytest.mark.parametrize("kind", ["full", "protected"])
def test_the_doctor_and_what_prune_would_do_need_nothing_written(home_of_own, tmp_path, kind):
    home, safelight = home_of_own, safelight_at(home_of_own)
    (tmp_path / "photos" / "cat.jpg").unlink()
    safelight("index")
    plan, sound = safelight.records("prune"), safelight.records("doctor", code=1)
    assert (plan[0]["event"], plan[-1]) == ("forget", {"event": "plan", "photos": 1, "contents": 1})
    with unwritable(home, kind):
        assert safelight.records("prune") == plan
        checks = safelight.records("doctor", code=1)
    assert [check["name"] for check in checks] == [check["name"] for check in sound]
    says = {check["name"]: check["says"] for check in checks}
    assert "cannot be written" in says["data folder"]
    assert says["catalog"] == next(check["says"] for check in sound if check["name"] == "catalog")


def test_writing_commands_still_say_in_a_line_what_is_wrong(home):
    safelight = safelight_at(home)
    with unwritable(home, "protected"):
        for arguments in (("index", str(DEMO)), ("prune", "--yes")):
            said = safelight(*arguments, code=2)
            assert len(said.stderr.splitlines()) == 1
            assert "Traceback" not in said.stderr


def test_a_catalog_of_an_older_safelight_is_refused_in_a_line(home):
    db = sqlite3.connect(home / FILE_NAME)
    db.execute("DELETE FROM migration WHERE name = (SELECT max(name) FROM migration)")
    db.commit()
    db.close()
    with unwritable(home, "protected"):
        said = safelight_at(home)("search", "cat", code=2)
    assert "older Safelight" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_a_catalog_that_is_written_to_while_it_is_read_without_locks_is_told(tmp_path):
    Catalog(tmp_path).close()
    standing = open_as_it_stands(tmp_path / FILE_NAME)
    assert standing.stamps is not None, "no lock keeps writers off"
    writing = Catalog(tmp_path)
    writing.add_root("folder", Path("/photos"), 1)
    writing.close()
    with pytest.raises(CatalogError, match="written to while it was read; ask again"):
        standing.close()
    open_as_it_stands(tmp_path / FILE_NAME).close()


def test_what_is_damaged_is_not_taken_for_what_is_write_protected(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database, it is a shopping list" * 100)
    with pytest.raises(CatalogError, match=r"cannot open the catalog .*from a backup"):
        Catalog(tmp_path, reading=True)


def test_a_folder_of_nothing_is_looked_at_as_an_empty_library_and_cannot_be_written_to(read_only):
    looked_at = Catalog(read_only, reading=True)
    assert (looked_at.roots(), looked_at.models()) == ([], [])
    looked_at.close()
    assert list(read_only.iterdir()) == []
    with pytest.raises(CatalogError, match="is write-protected|no permission to write"):
        Catalog(read_only)


@pytest.fixture
def home_of_copies(home_of_own):
    """The same with a copy of one photo in another size, and a folder that it lies in."""
    home = home_of_own
    with Image.open(DEMO / "cat.jpg") as cat:
        cat.resize((cat.width // 2, cat.height // 2)).save(home.parents[1] / "photos" / "small.jpg", quality=90)
    safelight_at(home)("index", str(home.parents[1] / "photos"))
    return home


def forget_features(home: Path) -> None:
    """Leave a catalog as a Safelight left it that knew of no features."""
    db = sqlite3.connect(home / FILE_NAME)
    db.execute("DELETE FROM features")
    db.commit()
    db.close()


KEPT = "Nothing of this look could be kept ("


@pytest.mark.parametrize(("kind", "features"), [("full", "there"), ("protected", "lacking")])
def test_duplicates_are_looked_for_where_nothing_can_be_kept(home_of_copies, tmp_path, kind, features):
    home = home_of_copies
    if features == "lacking":
        forget_features(home)
    before = hashes(home)
    photos = str(tmp_path / "photos")
    with unwritable(home, kind):
        safelight = safelight_at(home)
        said = safelight("duplicates", "--json")
        (group,) = map(json.loads, said.stdout.splitlines())
        assert [Path(member["path"]).name for member in group["members"]] == ["cat.jpg", "small.jpg"]
        assert said.stderr.startswith(KEPT)
        assert len(said.stderr.splitlines()) == 1
        report = tmp_path / "report.html"
        said = safelight("duplicates", "report", "-o", str(report))
        assert report.read_text().count("data:image/jpeg") == 2
        assert KEPT in said.stderr
        said = safelight("compare", photos, photos, "--near", "--both", "--paths")
        assert len(said.stdout.splitlines()) == 4
        assert KEPT in said.stderr
        said = safelight("duplicates", "tag", "--to", "xmp", "--all")
        assert "small.jpg" in said.stdout
        said = safelight("duplicates", "decide", "--keep", str(tmp_path / "photos" / "cat.jpg"), code=2)
        assert len(said.stderr.splitlines()) == 1
        assert hashes(home) == before
    if kind == "protected":
        assert KEPT not in safelight("duplicates").stderr


def test_duplicates_are_shown_where_there_is_room_for_some_of_what_was_found(home_of_copies):
    home, safelight = home_of_copies, safelight_at(home_of_copies)
    expected, remarks = safelight("duplicates").stdout, set[str]()
    for left_kb in range(28, 64, 4):
        shutil.rmtree(home / "duplicates")
        db = sqlite3.connect(home / FILE_NAME)
        db.executescript("DELETE FROM looks; DELETE FROM verdict; PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        disk = os.statvfs(home)
        (home.parent / "filling").write_bytes(bytes(disk.f_bavail * disk.f_frsize - left_kb * 1024))
        said = safelight("duplicates")
        assert said.stdout == expected
        remarks |= set(said.stderr.splitlines())
        (home.parent / "filling").unlink()
        (home / "duplicates").mkdir(exist_ok=True)
    assert sum(
        line.startswith(f"Not all of this look could be kept (the disk of {home}/duplicates is full): ")
        for line in remarks
    )
    assert not any(line.startswith("safelight: ") for line in remarks)


@pytest.mark.parametrize("kind", ["full", "protected"])
def test_what_cannot_be_written_is_said_with_the_place_and_what_to_do(home_of_copies, kind):
    home, safelight = home_of_copies, safelight_at(home_of_copies)
    disk = home.parent
    (disk / "before.lrsmcol").write_text("as it was")
    why = f"the disk of {disk} is {'full' if kind == 'full' else 'write-protected'}"
    with unwritable(home, kind):
        for arguments, out in (
            (("duplicates", "report", "-o", str(disk / "report.html")), "report.html"),
            (("lightroom", "smart-collection", "black", "-o", str(disk / "new.lrsmcol")), "new.lrsmcol"),
            (("lightroom", "smart-collection", "black", "-o", str(disk / "before.lrsmcol")), "before.lrsmcol"),
        ):
            said = safelight(*arguments, code=2).stderr.splitlines()[-1]
            assert said == f"safelight: cannot write {disk / out}: {why}; name another place with -o"
        said = safelight("lightroom", "install", "--path", str(disk), code=2).stderr
        assert said == f"safelight: cannot write {disk / 'Safelight.lrplugin'}: {why}; name another --path\n"
        assert (disk / "before.lrsmcol").read_text() == "as it was"


def test_what_was_decided_counts_where_nothing_can_be_kept(home_of_copies, tmp_path):
    home, safelight = home_of_copies, safelight_at(home_of_copies)
    safelight("duplicates", "decide", "--keep", str(tmp_path / "photos" / "small.jpg"))
    with unwritable(home, "protected"):
        assert "you chose it" in safelight("duplicates").stdout


@pytest.mark.parametrize("words", [["duplicates"], ["duplicates", "report", "-o", "x.html"], ["compare", "a", "b"]])
def test_of_an_empty_library_is_said_what_search_says(read_only, words):
    safelight = safelight_at(read_only)
    expected = safelight("search", "cat", code=2).stderr
    assert safelight(*words, code=2).stderr == expected
