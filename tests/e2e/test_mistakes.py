"""What goes wrong for somebody new, each with its line and exit code: real processes, the tests' own small model."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from safelight_command import Safelight
from small_disk import small_disk

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "assets" / "demo"
MODEL = str(ROOT / "tests" / "data" / "shapes-clip")


def home_at(folder: Path) -> Safelight:
    safelight = Safelight(folder, forked=True)
    safelight.env["SAFELIGHT_MODEL"] = MODEL
    return safelight


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A library of three pictures."""
    folder = tmp_path_factory.mktemp("demo") / "photos"
    folder.mkdir()
    for name in ("cat.jpg", *sorted(path.name for path in DEMO.glob("b*.jpg"))[:2]):
        shutil.copy(DEMO / name, folder)
    safelight = home_at(tmp_path_factory.mktemp("home"))
    safelight("index", str(folder))
    safelight.photos = folder
    return safelight


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", ""),
        ("index", str(DEMO), ""),
        ("similar", ""),
        ("show", ""),
        ("search", "cat", "--like", ""),
        ("compare", "", str(DEMO)),
        ("prune", "--forget", "", "--yes"),
        ("recover", "", "-o", "out"),
        ("recover", str(DEMO), "-o", ""),
        ("lightroom", "report", ""),
    ],
)
def test_an_empty_argument_is_not_the_current_folder(demo, tmp_path, arguments):
    shutil.copy(DEMO / "cat.jpg", tmp_path)
    said = demo(*arguments, code=2, cwd=tmp_path)
    assert said.stdout == ""
    assert said.stderr.endswith(" is empty; name a file or a folder (`.` is the current one)\n")
    assert len(said.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cat.jpg"]
    assert [record["path"] for record in demo.records("status") if record["kind"] == "root"] == [str(demo.photos)]


@pytest.mark.parametrize("how", ["--paths", "-0"])
def test_json_and_paths_exclude_each_other(demo, how):
    for command in (("search", "cat"), ("similar", str(DEMO / "cat.jpg")), ("compare", "folder", "folder")):
        assert "choose one" in demo(*command, "--json", how, code=2).stderr


def test_photos_without_a_file_are_counted_where_paths_are_asked_for(samples, tmp_path):
    safelight = home_at(tmp_path / "home")
    shutil.copytree(samples / "lightroom5", tmp_path / "lightroom5")
    safelight("index", str(tmp_path / "lightroom5" / "Lightroom 5 Catalog.lrcat"))
    for how in ("--paths", "-0"):
        said = safelight("search", "--source", "lightroom", how, code=1)
        assert (said.stdout, said.stderr) == ("", "3 of these have no file on this computer now\n")
        said = safelight("compare", "lightroom", "lightroom", "--both", how, code=1)
    safelight("index", str(DEMO / "cat.jpg"))
    said = safelight("search", "--since", "1990", "--paths")
    assert said.stdout == f"{DEMO / 'cat.jpg'}\n"
    assert said.stderr == "3 of these have no file on this computer now\n"


def test_looking_makes_no_library_where_its_drive_is_away(tmp_path):
    safelight = home_at(tmp_path / "drive" / "home")
    assert f"Nothing is indexed yet in {tmp_path}/drive/home;" in safelight("status").stdout
    assert f"nothing is indexed yet in {tmp_path}/drive/home;" in safelight("search", "cat", code=2).stderr
    safelight("show", str(DEMO / "cat.jpg"), code=2)
    assert not (tmp_path / "drive").exists()


def test_a_broken_place_spoils_no_other_and_stays_unlisted(tmp_path):
    safelight = home_at(tmp_path / "home")
    bad, cut, fine = tmp_path / "bad.lrcat", tmp_path / "takeout-20240101T000000Z-001.zip", tmp_path / "fine"
    bad.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with zipfile.ZipFile(cut, "w") as file:
        file.write(DEMO / "cat.jpg", "Takeout/Google Photos/Photos from 2024/cat.jpg")
    cut.write_bytes(cut.read_bytes()[:-60])
    fine.mkdir()
    shutil.copy(DEMO / "cat.jpg", fine)
    said = safelight("index", str(bad), str(fine), str(cut), code=2)
    assert said.stdout.startswith("1 indexed")
    errors = [line for line in said.stderr.splitlines() if line.startswith("safelight: ")]
    assert len(errors) == 2
    assert "bad.lrcat" in errors[0]
    assert cut.name in errors[1]
    assert "There are no pictures" not in said.stderr
    assert [record["path"] for record in safelight.records("status") if record["kind"] == "root"] == [str(fine)]
    events = safelight.records("index", str(bad), str(fine), code=2)
    assert events[-1] == {
        "event": "done", "indexed": 0, "unchanged": 1, "skipped": 0, "failed": 0, "missing": 0,
    }  # fmt: skip
    said = safelight("index", str(fine), str(tmp_path / "misspelt"), code=2)
    assert (said.stdout, len(said.stderr.splitlines())) == ("", 1), "said before anything is done"


def test_a_known_place_that_breaks_is_shown_as_such_until_it_is_mended(samples, tmp_path):
    safelight = home_at(tmp_path / "home")
    shutil.copytree(samples / "lightroom5", tmp_path / "lightroom5")
    catalog = tmp_path / "lightroom5" / "Lightroom 5 Catalog.lrcat"
    fine = tmp_path / "fine"
    fine.mkdir()
    shutil.copy(DEMO / "cat.jpg", fine)
    safelight("index", str(catalog), str(fine))
    whole = catalog.read_bytes()
    catalog.write_bytes(b"SQLite format 3\0" + bytes(5000))
    said = safelight("index", code=2)
    assert said.stdout.startswith("0 indexed, 1 unchanged")

    def states():
        return {record["path"]: record["state"] for record in safelight.records("status") if record["kind"] == "root"}

    assert states() == {str(catalog): "unreadable", str(fine): "online"}
    (problem,) = safelight.records("status", "--problems")
    assert (problem["id"], problem["path"], problem["state"]) == (None, str(catalog), "unreadable")
    assert f'`safelight prune --forget "{catalog}"`' in problem["reason"]
    assert "prune --forget" in safelight("status", "--problems").stdout
    catalog.write_bytes(whole)
    safelight("index")
    assert states()[str(catalog)] == "online"
    assert safelight.records("status", "--problems") == []


EARLY, LATE = (0.0, 0.03, 0.1, 0.2), (0.01, 0.06, 0.15, 0.3)


@pytest.mark.parametrize(
    ("arguments", "waits_s"),
    [
        (("status",), EARLY),
        (("search", "cat", "--all"), EARLY + LATE),
        (("index",), LATE),
        (("model", "list"), EARLY),
        (("--version",), LATE),
    ],
)
def test_ctrl_c_ends_every_command_without_a_traceback_from_the_first_moment(demo, arguments, waits_s):
    # Says when the first handler is set: before that there is but Python's own start.
    loads = (
        "import signal, sys\nreal = signal.signal\n"
        "def told(*how):\n    signal.signal = real\n    real(*how)\n    print('.', flush=True)\n"
        "signal.signal = told\nfrom safelight.cli import main\nmain()"
    )
    for wait_s in waits_s:
        process = subprocess.Popen(
            [sys.executable, "-c", loads, *arguments],
            env=demo.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout.read(1) == "."
        time.sleep(wait_s)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
        assert "Traceback" not in said, (wait_s, said)
        assert process.returncode in (0, 130), (wait_s, process.returncode, said)
        is_told = said.endswith("\nsafelight: interrupted\n") or "Finishing the batch at hand" in said
        assert is_told or process.returncode == 0, (wait_s, said)


def test_a_smart_collection_hints_at_no_option_that_it_has_not(demo, tmp_path):
    found = demo("lightroom", "smart-collection", "qwzx vbnq", "-o", str(tmp_path / "d.lrsmcol"), code=1)
    assert found.stderr.strip()
    assert "--all" not in found.stderr
    assert "--all shows more" in demo("search", "qwzx vbnq", code=1).stderr


def test_what_was_moved_away_is_seen_without_an_index_run(tmp_path):
    safelight = home_at(tmp_path / "home")
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    shutil.copy(DEMO / "cat.jpg", here)
    shutil.copy(DEMO / "cat.jpg", there)
    shutil.copy(DEMO / "pagoda.jpg", here)
    safelight("index", str(here), str(there))
    everything = ("search", "--source", "folder")

    def states():
        paths = {Path(hit["path"]): hit["state"] for hit in safelight.records(*everything)}
        return {path.name: (state, path.parent) for path, state in paths.items()}

    (here / "pagoda.jpg").unlink()
    assert states()["pagoda.jpg"] == ("missing", here)
    there.rename(tmp_path / "away")
    assert states()["cat.jpg"] == ("here", here)
    here.rename(tmp_path / "away too")
    assert states()["cat.jpg"][0] == "offline"
    assert {hit["state"] for hit in safelight.records("search", "cat", "--all")} == {"offline"}
    assert "offline" in safelight("search", "cat", "--all").stdout
    said = safelight("search", "cat", "--all", "--paths", code=1)
    assert (said.stdout, "no file on this computer now" in said.stderr) == ("", True)
    assert {record["state"] for record in safelight.records("status") if record["kind"] == "root"} == {"offline"}
    photo = safelight.records("search", "cat", "--all")[0]["id"]
    assert {place["state"] for place in safelight.records("show", photo)[0]["places"]} == {"offline"}
    (tmp_path / "away").rename(there)
    assert states()["cat.jpg"] == ("here", there), "the place at hand comes first"


def test_the_list_of_commands_has_whole_sentences(demo):
    for arguments in ((), ("lightroom",), ("model",)):
        assert "..." not in demo(*arguments, "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize("flags", [(), ("--overwrite",)])
def test_a_report_into_no_folder_is_refused_before_photos_are_compared(tmp_path, flags):
    page = str(tmp_path / "nowhere" / "x.html")
    said = home_at(tmp_path / "empty")("duplicates", "report", "-o", page, *flags, code=2)
    todo = "make it, or name another place with -o"
    assert said.stderr == f"safelight: there is no folder {tmp_path}/nowhere; {todo}\n"


def test_small_things_are_said_alike(demo, tmp_path):
    unlike = [demo("show", name, code=2).stderr for name in ("abc", "bcdfghjkmnpq")]
    assert unlike[0].replace("abc", "*") == unlike[1].replace("bcdfghjkmnpq", "*")
    photo = demo.records("search", "cat", "--all")[0]["id"]
    assert demo.records("show", photo.upper())[0]["id"] == photo
    assert demo("similar", photo.upper()).stdout == demo("similar", photo).stdout
    fresh = Safelight(tmp_path / "fresh")
    fresh.env |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    assert fresh("model", "list").stdout.splitlines()[0].endswith("\tdefault, not downloaded")
    assert not (tmp_path / "fresh").exists(), "looking makes no library"
    for arguments in (("index", str(DEMO)), ("model", "fetch", "siglip2-base")):
        said = fresh(*arguments, code=2)
        assert "is about 1,540 MB to download" in said.stderr
        assert "--yes" in said.stderr
    for path in (Path(__file__), tmp_path / "nowhere"):
        assert "download" not in fresh("index", str(path), code=2).stderr, "not for what cannot be read anyway"
    assert fresh("status", "--problems").stderr.startswith("No problems")
    fresh.env["SAFELIGHT_RESULTS"] = "7"
    override = "But SAFELIGHT_RESULTS is set to 7, and wins where it is.\n"
    file = tmp_path / "fresh" / "config.toml"
    said = fresh("config", "set", "results", "03")
    assert (said.stdout, said.stderr) == ("", f"results is now 3, set in {file}.\n{override}")
    said = fresh("config", "unset", "results")
    assert (said.stdout, said.stderr) == ("", f"results is now 12, its default; {file} no longer sets it.\n{override}")
    said = fresh("config", "set", "model", "starter")
    assert said.stdout == ""
    assert said.stderr.startswith("Searches now use starter.")
    assert said.stderr.endswith(f"It is set in {file}.\n")
    fresh.env["SAFELIGHT_ENGINE"] = "foo"
    said = fresh("status", code=2).stderr
    assert said == "safelight: SAFELIGHT_ENGINE: `engine` must be auto, mlx or onnx, not 'foo'\n"
    assert "from 0 to 256" in demo("config", "set", "workers", "99999", code=2).stderr


def test_a_place_goes_by_the_name_of_a_link_to_it(tmp_path):
    safelight = home_at(tmp_path / "home")
    (tmp_path / "real").mkdir()
    shutil.copy(DEMO / "cat.jpg", tmp_path / "real")
    (tmp_path / "Holiday").symlink_to("real")
    safelight("index", "Holiday", cwd=tmp_path)
    for arguments in (("search", "--folder", "Holiday"), ("search", "cat", "--all", "--folder", "Holiday")):
        said = safelight(*arguments, "--paths", cwd=tmp_path)
        assert said.stdout == f"{tmp_path}/real/cat.jpg\n"


def test_a_pipe_and_a_device_are_no_pictures_and_are_not_waited_for(demo, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        assert demo("similar", str(path), code=2).stderr.startswith(f"safelight: there is no file {path}; give")


def test_an_archive_that_is_no_takeout_is_said_so(tmp_path):
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(DEMO / "cat.jpg", "cat.jpg")
    said = home_at(tmp_path / "home")("index", str(archive), code=2).stderr
    assert said.startswith(f"safelight: {archive} holds no Google Takeout, the one archive that is read; unpack it")
    archive.write_bytes(archive.read_bytes()[:-100])
    said = home_at(tmp_path / "home")("index", str(archive), code=2).stderr
    assert said == f"safelight: {archive} is damaged or not whole; download it again\n"


def test_a_library_emptied_by_prune_is_as_a_new_one(tmp_path):
    safelight = home_at(tmp_path / "home")
    new = safelight("search", "cat", code=2).stderr
    for arguments in (("index",), ("search", "--since", "2019"), ("compare", "takeout", "photos")):
        assert safelight(*arguments, code=2).stderr == new
    safelight("index", str(DEMO / "cat.jpg"))
    safelight("prune", "--forget", str(DEMO / "cat.jpg"), "--yes")
    assert safelight("search", "cat", code=2).stderr == new


def test_a_damaged_catalog_is_one_line(tmp_path):
    safelight = home_at(tmp_path)
    safelight("index", str(DEMO / "cat.jpg"))
    catalog = tmp_path / "library.sqlite"
    with catalog.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (catalog.stat().st_size - 4096))
    for arguments in (("search", "cat"), ("status",), ("index",)):
        said = safelight(*arguments, code=2)
        assert str(catalog) in said.stderr
        assert "from a backup" in said.stderr
        assert len(said.stderr.splitlines()) == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_fault(demo, closed):
    command = f'"$0" -m safelight status {closed}'
    said = subprocess.run(
        ["sh", "-c", command, sys.executable], env=demo.env, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_a_name_that_the_locale_cannot_write_is_escaped(tmp_path):
    safelight = home_at(tmp_path / "home")
    shutil.copy(DEMO / "cat.jpg", tmp_path / "Kätzchen.jpg")
    safelight("index", str(tmp_path / "Kätzchen.jpg"))
    ascii_only = safelight.env | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "safelight", "search", "--source", "folder"]
    said = subprocess.run(command, env=ascii_only, capture_output=True, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"K\\xe4tzchen.jpg" in said.stdout


def test_indexing_goes_on_where_nobody_reads_its_progress(tmp_path):
    safelight = home_at(tmp_path)
    command = [sys.executable, "-m", "safelight", "index", str(DEMO), "--json"]
    process = subprocess.Popen(command, env=safelight.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
    (root, *_) = safelight.records("status")
    assert root["indexed"] == len(list(DEMO.glob("*.jpg")))


def test_a_full_disk_is_named_by_every_command_that_writes(tmp_path):
    with small_disk(tmp_path / "small", "4m") as home:
        safelight = home_at(home)
        safelight("index", str(DEMO / "cat.jpg"))
        try:
            with (home / "filling").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass
        for arguments in (("index",), ("prune", "--yes"), ("duplicates", "decide", "--keep", str(DEMO / "cat.jpg"))):
            said = safelight(*arguments, code=2)
            assert "is full" in said.stderr
            assert len(said.stderr.splitlines()) == 1
