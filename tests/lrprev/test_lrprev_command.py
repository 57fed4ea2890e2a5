"""`python -m lrprev`: inspect, extract, exit codes, and what the package may import."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lrprev
from lrprev.__main__ import main

UUID, DIGEST = "0A1B2C3D-0000-4000-8000-00000000AAAA", "0123456789abcdef0123456789abcdef"


@pytest.fixture
def preview(tmp_path: Path, generated: bytes, place: Callable[..., Path]) -> Path:
    return place(tmp_path / "Previews.lrdata", generated)


def test_inspecting_a_real_file_shows_its_levels_and_state(
    real_previews: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(real_previews[0])]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["state", "current"] in lines
    assert ["profile", "AdobeRGB"] in lines
    assert ["7", "4272", "2848", "1534040", "697984", "sure"] in lines


def test_columns_are_aligned(preview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(preview)])
    table = capsys.readouterr().out.split("  level ")[1].splitlines()[1:]
    assert len(table) == 3
    assert len({line.index("sure") for line in table}) == 1


def test_json_says_the_same(preview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(preview), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["uuid"], shown["digest"], shown["state"]) == (UUID, DIGEST, "unknown")
    assert [(level["number"], level["width"]) for level in shown["levels"]] == [(1, 60), (2, 120), (3, 240)]


def test_a_folder_is_listed_a_line_each(lightroom5: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(lightroom5)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("current ") for line in lines[1:])


def test_extracting_writes_the_largest_level_as_it_is_stored(preview: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert main([str(preview), "-x", "-o", str(out)]) == 0
    (path,) = out.iterdir()
    assert path.name == f"{UUID}-{DIGEST}_240x160.jpg"
    assert path.read_bytes() == lrprev.read_preview(preview).levels[-1].read()


def test_extracting_one_level_or_all(preview: Path, tmp_path: Path) -> None:
    assert main([str(preview), "-x", "-o", str(tmp_path / "one"), "--level", "2"]) == 0
    assert [path.name[-10:] for path in (tmp_path / "one").iterdir()] == ["120x80.jpg"]
    assert main([str(preview), "-x", "-o", str(tmp_path / "all"), "--all"]) == 0
    assert len(list((tmp_path / "all").iterdir())) == 3
    assert main([str(preview), "-x", "-o", str(tmp_path / "none"), "--level", "9"]) == 2


def test_extracting_never_overwrites(preview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(preview), "-x", "-o", str(tmp_path)])
    (path,) = tmp_path.glob("*.jpg")
    path.write_bytes(b"mine")
    assert main([str(preview), "-x", "-o", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert f"{path} is there already, and stays as it is" in out
    assert "Errno" not in out
    assert path.read_bytes() == b"mine"


def test_extracting_all_writes_what_is_missing(
    preview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    main([str(preview), "-x", "--level", "1", "-o", str(out)])
    capsys.readouterr()
    assert main([str(preview), "-x", "--all", "-o", str(out)]) == 1
    assert len(list(out.iterdir())) == 3
    assert capsys.readouterr().out.count("is there already") == 1
    assert main([str(preview), "-x", "--all", "-o", str(out)]) == 2
    assert capsys.readouterr().out.count("is there already") == 3


def test_a_level_that_is_not_stored_is_told_with_those_that_are(
    preview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(preview), "-x", "--level", "77", "-o", str(tmp_path)]) == 2
    assert "no level 77 is stored; there are: 1, 2, 3" in capsys.readouterr().out


def test_the_folder_of_a_catalog_is_listed_with_what_its_previews_are(
    lightroom5: Path, generated: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lightroom5, tmp_path / "lr" / lightroom5.name)
    (tmp_path / "lr" / "Lightroom 5 Catalog.lrcat").write_bytes(b"not looked at")
    (tmp_path / "lr" / "rescued").mkdir()
    (tmp_path / "lr" / "rescued" / "f001.bin").write_bytes(generated)
    assert main([str(tmp_path / "lr")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["state", "current", "current", "current", "unknown"]


def test_errors_of_the_system_come_in_words(preview: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.lrprev")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/absent.lrprev: No such file or directory\n"
    (tmp_path / "file").write_bytes(b"")
    assert main([str(preview), "-x", "-o", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().out
    assert "problem    file exists" in said
    assert "Errno" not in said


def test_a_damaged_file_is_partial_and_says_so(
    preview: Path, generated: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preview.write_bytes(generated[:-100])
    assert main([str(preview), "-x", "-o", str(tmp_path)]) == 1
    assert "level 3 (240x160) is damaged" in capsys.readouterr().out
    assert [path.name[-10:] for path in tmp_path.glob("*.jpg")] == ["120x80.jpg"]


def test_damage_inside_a_picture_is_found_when_extracting(preview: Path, generated: bytes, tmp_path: Path) -> None:
    preview.write_bytes(generated[:-3000] + bytes(2000) + generated[-1000:])
    assert main([str(preview)]) == 0  # headers only
    assert main([str(preview), "-x", "-o", str(tmp_path)]) == 1
    assert [path.name[-10:] for path in tmp_path.glob("*.jpg")] == ["120x80.jpg"]


def test_an_odd_field_of_a_header_is_told(preview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preview.write_bytes(preview.read_bytes().replace(b'"final"', b"1234567"))
    for what in (preview, preview.parents[2]):
        assert main([str(what)]) == 1
        assert "problem    quality = 1234567" in capsys.readouterr().out


@pytest.mark.parametrize("named", ["Lib Smart Previews.lrdata", "."])
def test_smart_previews_are_listed_and_copied(tmp_path: Path, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    uuid = "0A1B2C3D-0000-4000-8000-00000000AAAA"
    dng = tmp_path / "lib/Lib Smart Previews.lrdata/0/0A1B" / f"{uuid}.dng"
    dng.parent.mkdir(parents=True)
    dng.write_bytes(b"II*\0 a DNG")
    arguments = [str(tmp_path / "lib" / named), "-x", "-o", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert f"{uuid}.dng" in capsys.readouterr().out
    assert (tmp_path / "out" / f"{uuid}.dng").read_bytes() == dng.read_bytes()
    assert main([*arguments, "--json"]) == 2  # it is there already, and nothing else was to be done
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["state"], json.loads(line)["uuid"]) == ("smart", uuid)


def test_errors_are_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junk = tmp_path / "junk.lrprev"
    junk.write_bytes(b"no preview")
    (tmp_path / "empty").mkdir()
    for path in (junk, tmp_path / "missing", tmp_path / "empty"):
        assert main([str(path)]) == 2
        error = capsys.readouterr().err
        assert str(path) in error
        assert error.count("\n") == 1


def test_a_folder_with_one_damaged_preview_is_partial(
    preview: Path, generated: bytes, place: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place(preview.parents[2], b"AgHg but no more", digest="f" * 32)
    assert main([str(preview.parents[2])]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 4  # a head, two previews, a problem


def test_a_closed_pipe_is_no_error(lightroom5: Path) -> None:
    command = [sys.executable, "-m", "lrprev", str(lightroom5)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_nothing_but_the_standard_library_is_imported() -> None:
    imported: set[str] = set()
    for path in Path(lrprev.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"lrprev"}
