"""The command line as people and programs use it: real processes, the starter model, the demo's pictures."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safelight_command import Safelight

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "assets" / "demo"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library") / "photos"
    shutil.copytree(DEMO, folder)
    (folder / "copies").mkdir()
    shutil.copy(DEMO / "cat.jpg", folder / "copies" / "copy.jpg")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture(scope="module")
def safelight(photos, tmp_path_factory):
    """An indexed library."""
    safelight = Safelight(tmp_path_factory.mktemp("home"), forked=True)
    events = safelight.records("index", str(photos), "--model", "starter")
    pictures = len(list(DEMO.glob("*.jpg")))
    assert events[-1] == {
        "event": "done", "indexed": pictures + 1, "unchanged": 0, "skipped": 0, "failed": 1, "missing": 0,
    }  # fmt: skip
    assert [Path(event["path"]).name for event in events if event["event"] == "problem"] == ["empty.jpg"]
    return safelight


def test_a_search_prints_one_object_a_photo_best_first(safelight):
    hits = safelight.records("search", "cat", "-n", "5")
    assert {"id", "path", "score", "source"} <= hits[0].keys()
    assert (hits[0]["source"], hits[0]["state"]) == ("folder", "here")
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert len(hits[0]["also_at"]) == 1, "the copy is a place of the same photo, not a second hit"


def test_the_samples_are_found_by_what_they_show(samples, tmp_path):
    safelight = Safelight(tmp_path, forked=True)
    safelight("index", str(samples / "images" / "words"), "--model", "starter")
    right = {
        "cat": ("cat", "kitty"),
        "bee": ("bee",),
        "books": ("books",),
        "cake": ("cake",),
        "boats on a lake": ("boats",),
        "photo camera": ("camera",),
        "lens": ("lens",),
    }
    for words, names in right.items():
        first = safelight.records("search", words, "-n", "1")[0]
        assert any(name in Path(first["path"]).name for name in names), (words, first)
    assert "nothing here looks like" in safelight("search", "helicopter", code=1).stderr


def test_exit_codes_are_those_of_grep(safelight):
    safelight("search", "cat")
    nothing = safelight("search", "cat", "--since", "2199", code=1)
    assert (nothing.stdout, nothing.stderr) == ("", "no photo passes these filters: none is from 2199 or later\n")
    wrong = safelight("search", "cat", "--since", "soon", code=2)
    assert wrong.stdout == ""
    assert len(wrong.stderr.splitlines()) == 1


def test_a_folder_is_not_what_similar_takes(safelight, photos):
    said = safelight("similar", str(photos), code=2).stderr
    assert said == f"safelight: {photos} is a folder; give a picture's path, or a photo's id\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said_by_us(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o000)
    said = Safelight(tmp_path / "home")("index", str(tmp_path / "closed"), "--model", "starter", code=2).stderr
    assert said.splitlines()[-1] == f"safelight: {tmp_path / 'closed'} cannot be read: permission denied"
    assert "Usage" not in said


def test_a_wrong_value_of_a_setting_is_said_plainly(safelight):
    said = safelight("config", "set", "results", "abc", code=2).stderr
    assert said == "safelight: `results` must be a whole number from 1 up (answers a search shows)\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", "/nowhere/at/all"),
        ("index", str(DEMO), "--model", "no-such-model"),
        ("search",),
        ("search", "-beach"),
        ("similar", "/nowhere/at/all.jpg"),
        ("similar", str(ROOT / "README.md")),
        ("show", "zzzzzzzzzzzz"),
        ("model", "use", "no-such-model"),
        ("model", "path", "/nowhere"),
        ("config", "set", "colour", "red"),
        ("frobnicate",),
    ],
)
def test_every_mistake_is_a_clear_line_and_exit_code_2(safelight, arguments):
    mistake = safelight(*arguments, code=2)
    assert mistake.stdout == ""
    assert mistake.stderr.strip()


def test_a_word_with_a_minus_is_a_word_not_options(safelight):
    plain = safelight.records("search", "animal", "--all", "-n", "20")
    without = safelight.records("search", "animal", "-cat", "--all", "-n", "20")
    cat = safelight.records("search", "cat", "-n", "1")[0]["id"]
    rank = {name: [hit["id"] for hit in hits].index(cat) for name, hits in (("plain", plain), ("without", without))}
    assert rank["without"] > rank["plain"]


def test_paths_come_as_bytes_ended_by_newline_or_nul(safelight, photos):
    lines = safelight("search", "cat", "--paths", "-n", "1").stdout
    assert lines.endswith("\n")
    assert Path(lines.rstrip("\n")).is_file()
    raw = safelight("search", "cat", "-0", "-n", "1", text=False).stdout
    assert raw == os.fsencode(lines.rstrip("\n")) + b"\0"


def test_similar_by_id_and_by_file_agree_and_leave_out_the_photo_itself(safelight, photos):
    cat = safelight.records("search", "cat", "-n", "1")[0]
    by_id = safelight.records("similar", cat["id"], "-n", "3")
    by_file = safelight.records("similar", cat["path"], "-n", "3")
    assert [hit["id"] for hit in by_id] == [hit["id"] for hit in by_file]
    assert cat["id"] not in {hit["id"] for hit in by_id}


def test_show_knows_every_place(safelight):
    cat = safelight.records("search", "cat", "-n", "1")[0]
    record = safelight.records("show", cat["id"])[0]
    assert len(record["places"]) == 2
    assert record["models"] == ["starter"]
    assert record["taken_at"] == cat["taken_at"]
    assert (record["taken_from"] == "metadata") == (record["taken_at"] is not None)
    assert record["taken_at"] or record["file_date"]
    shown = safelight("show", cat["id"]).stdout.splitlines()
    assert [line.split()[:2] for line in shown if line.endswith(("/cat.jpg", "/copy.jpg"))] == [["in", "folder"]] * 2


def test_filters_without_words_list_what_passes_the_newest_first(safelight, photos):
    listed = safelight.records("search", "--source", "folder", "-n", "30")
    assert len(listed) == len(list(DEMO.glob("*.jpg"))), "copies are one photo here, too"
    assert all("score" not in photo for photo in listed)
    dates = [safelight.records("show", photo["id"])[0] for photo in listed[:4]]
    dates = [record["taken_at"] or record["file_date"] for record in dates]
    assert dates == sorted(dates, reverse=True)
    assert safelight("search", "--folder", "copies", "--paths").stdout == f"{photos}/copies/copy.jpg\n"
    beside = photos.parent  # where there is no such folder, so that its bare name is meant
    assert safelight("search", "--folder", "copies/", "--paths", cwd=beside).stdout == f"{photos}/copies/copy.jpg\n"
    assert safelight("search", "--folder", "copies/", "--paths", cwd=photos).stdout == f"{photos}/copies/copy.jpg\n"
    assert safelight("search", "--folder", "/copies/", "--paths", code=1, cwd=beside).stdout == ""
    assert safelight("search", "--favorite", code=1).stderr == "no photo passes these filters: none is a favorite\n"


def test_show_takes_a_file(safelight, photos):
    by_file = safelight.records("show", str(photos / "copies" / "copy.jpg"))[0]
    assert by_file["places"][0]["path"] == str(photos / "copies" / "copy.jpg")
    assert by_file == safelight.records("show", by_file["id"])[0]
    assert "is not indexed" in safelight("show", str(photos / "notes.txt"), code=2).stderr
    assert "copies is a folder; give a picture's path" in safelight("show", str(photos / "copies"), code=2).stderr


def test_show_says_why_a_photo_could_not_be_read(safelight, photos):
    assert safelight("show", str(photos / "empty.jpg")).stdout.endswith(
        "/empty.jpg  (failed: the file is empty (0 bytes))\n"
    )


def test_status_names_places_models_and_problems(safelight, photos):
    status = safelight.records("status")
    assert [record["path"] for record in status if record["kind"] == "root"] == [str(photos)]
    assert [record["name"] for record in status if record["kind"] == "model" and record["active"]] == ["starter"]
    problem = safelight.records("status", "--problems")
    assert [(Path(p["path"]).name, p["state"]) for p in problem] == [("empty.jpg", "failed")]
    assert problem[0]["reason"]


def test_the_doctor_finds_this_installation_sound(safelight):
    checks = {check["name"]: check for check in safelight.records("doctor")}
    assert {"packages", "engine", "model", "catalog", "data folder"} <= checks.keys()
    assert all(check["ok"] for check in checks.values()), checks


def test_photos_and_the_pictures_on_them_are_told_apart(safelight):
    pictures = len(list(DEMO.glob("*.jpg")))
    (model,) = (record for record in safelight.records("status") if record["kind"] == "model")
    assert model["vectors"] == pictures
    says = {check["name"]: check["says"] for check in safelight.records("doctor")}
    assert f"{pictures + 1} photos indexed, which are {pictures} different pictures" in says["catalog"]
    assert f"the vectors of {pictures} different pictures" in says["index starter"]


def test_the_doctor_tells_that_the_data_folder_cannot_be_written_and_goes_on(read_only):
    doctor = Safelight(read_only / "home", forked=True)
    checks = {check["name"]: check for check in doctor.records("doctor", code=1)}
    assert [name for name, check in checks.items() if not check["ok"]] == ["data folder", "model"]
    assert re.search(r"cannot be written: (the disk of|no permission)", checks["data folder"]["says"])
    assert {"safelight", "packages", "engine", "RAW files"} <= checks.keys()
    assert checks["catalog"]["says"].startswith("nothing is indexed yet")


def test_the_doctor_rebuilds_what_is_derived(safelight, tmp_path):
    home = Path(safelight.env["SAFELIGHT_HOME"])
    shutil.rmtree(home / "chroma")
    shutil.rmtree(home / "vectors")
    before = safelight.records("search", "cat")
    rebuilt = safelight.records("doctor", "--rebuild")[0]
    assert rebuilt["name"] == "rebuilt"
    assert f"the exact index and Chroma of starter ({len(before)}" in rebuilt["says"]
    assert (home / "chroma").is_dir()
    assert (home / "vectors").is_dir()
    assert safelight.records("search", "cat") == before


def test_a_folder_of_chroma_that_cannot_be_made_is_a_line_and_photos_are_indexed(tmp_path):
    safelight = Safelight(tmp_path / "home", forked=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "chroma").symlink_to(tmp_path / "away")
    said = safelight("index", str(DEMO / "cat.jpg"), "--model", "starter")
    assert said.stdout == "1 indexed.\n"
    assert "searching works without it" in said.stderr
    assert safelight.records("search", "cat", "--model", "starter")


def test_the_reader_of_a_pipe_may_go_away(safelight):
    command = 'set -o pipefail; "$0" -m safelight search animal --all -n 12 --json | head -c 1'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable], env=safelight.env, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("how", ["--json", "--paths"])
def test_an_output_that_cannot_be_written_is_one_line(safelight, how):
    command = [sys.executable, "-m", "safelight", "search", "cat", how]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, env=safelight.env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("safelight: the disk is full")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_pictures_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    said = Safelight(tmp_path / "home", forked=True)("index", str(tmp_path / "empty"), "--model", "starter")
    assert (said.stdout, said.stderr) == ("0 indexed.\n", f"There are no pictures in {tmp_path / 'empty'}.\n")


def test_no_colour_and_no_tables_in_a_pipe(safelight):
    out = safelight("search", "cat").stdout
    assert "\x1b" not in out
    assert out.count("\t") >= 3


def test_a_terminal_gets_a_table(safelight):
    terminal, child = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "safelight", "search", "cat"],
        env=safelight.env | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=child,
        stderr=child,
        stdin=child,
        timeout=600,
        check=True,
    )
    os.close(child)
    out = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "score" in out
    assert "photo" in out


def test_without_a_model_here_and_no_hub_the_way_out_is_said(tmp_path):
    safelight = Safelight(tmp_path)
    safelight.env |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    error = safelight("index", str(DEMO), code=2).stderr
    assert "siglip2-base" in error
    assert "--model starter" in error
    assert len(error.splitlines()) == 1


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nsys.argv = ['safelight', 'search', '--help']\n"
        "try:\n    from safelight.cli import main; main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'PIL', 'rich', 'chromadb_rust_bindings', 'onnxruntime', 'onnx', 'transformers', 'sqlite3',"
        " 'mlx', 'fastapi', 'starlette', 'uvicorn', 'pydantic'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_search_imports_nothing_of_the_web(safelight, photos):
    safelight("index", str(photos))
    code = (
        "import sys\nfrom safelight.cli import main\nsys.argv = ['safelight', 'search', 'cat']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=safelight.env, capture_output=True, text=True, check=True)
    *found, imported = done.stdout.splitlines()
    assert found
    assert imported == "[]"


def test_indexing_and_searching_never_import_torch(safelight, photos):
    code = (
        "import sys\nfrom safelight.cli import main\n"
        "for arguments in (['index', sys.argv[1]], ['search', 'cat']):\n"
        "    sys.argv = ['safelight', *arguments]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(photos)], env=safelight.env, capture_output=True, check=True)


def test_no_library_counts_its_users(tmp_path):
    """Nothing leaves this computer: ONNX Runtime queues events below ~/.cache unless it is told not to."""
    safelight = Safelight(tmp_path / "home")
    safelight.env = {key: value for key, value in safelight.env.items() if key != "CI"} | {"HOME": str(tmp_path)}
    safelight("index", str(DEMO), "--model", "starter")
    safelight("search", "cat")
    left = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert left <= {"home"}, sorted(str(path) for path in tmp_path.rglob("*") if "home" not in path.parts)[:10]


def test_fetching_the_starter_is_no_mistake(safelight):
    assert "needs no download" in safelight("model", "fetch", "starter").stdout


def test_a_damaged_settings_file_is_named(tmp_path):
    safelight = Safelight(tmp_path)
    (tmp_path / "config.toml").write_text("model = [unclosed")
    for arguments in (("config", "unset", "results"), ("search", "cat")):
        assert "config.toml" in safelight(*arguments, code=2).stderr


def test_version():
    done = subprocess.run([sys.executable, "-m", "safelight", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "safelight, version 0.1.0"
