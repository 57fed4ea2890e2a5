"""What holds for all files of the plug-in: they load, their texts are complete, nothing reaches around Lightroom."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lua.fake.lightroom import read_dictionary
from lua.real_helper import CHECKOUT, PLUGIN

OURS = [path for path in sorted(PLUGIN.glob("*.lua")) if path.name != "dkjson.lua"]
TEXT = re.compile(r'"(\$\$\$/[\w/]+)=((?:[^"\\]|\\.)*)"')


def texts() -> dict[str, str]:
    """Every text in the code, by its key."""
    found: dict[str, str] = {}
    for path in OURS:
        for key, shown in TEXT.findall(path.read_text("utf-8")):
            assert found.get(key, shown) == shown, f"{key} has two defaults"
            found[key] = shown
    return found


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_dictionaries_are_complete(language):
    dictionary = read_dictionary(PLUGIN / f"TranslatedStrings_{language}.txt")
    assert dictionary.keys() == texts().keys()
    for key, shown in texts().items():
        assert sorted(re.findall(r"\^\d", dictionary[key])) == sorted(re.findall(r"\^\d", shown)), key
        if language == "en":
            assert dictionary[key] == shown


def test_german_is_not_english():
    dictionary = read_dictionary(PLUGIN / "TranslatedStrings_de.txt")
    same = [key for key, shown in texts().items() if dictionary[key] == shown]
    assert {key.rsplit("/", 1)[-1] for key in same} == {"Live", "Name", "Step"}


def test_every_text_goes_through_loc():
    """A literal "$$$/" that nobody translates would be shown as it stands."""
    for path in OURS:
        for line in path.read_text("utf-8").splitlines():
            for found in re.finditer(r'"\$\$\$/', line):
                before = line[: found.start()].rstrip()
                assert before.endswith(("LOC", "LOC(", "INSTALL =", "(")) or before == "", f"{path.name}: {line}"


def test_only_one_file_touches_the_catalog():
    calls = re.compile(
        r":(withWriteAccessDo|withPrivateWriteAccessDo|findPhotos?|findPhotoBy\w+|getAllPhotos|getTargetPhotos?|batchGet\w+"
        r"|getRawMetadata|setRawMetadata|setPropertyForPlugin|addKeyword|addPhotos|removePhotos|createKeyword|getPhotos"
        r"|createCollection\w*|createSmartCollection|setActiveSources|requestJpegThumbnail)\b"
    )
    assert {path.name for path in OURS if calls.search(path.read_text("utf-8"))} == {"Catalog.lua"}


def test_only_app_and_the_manager_import_the_sdk():
    using = {path.name for path in OURS if re.search(r"\bimport\s*[\"'(]", path.read_text("utf-8"))}
    assert using == {"App.lua", "PluginInfo.lua"}


def test_menu_scripts_are_thin_and_all_there(lightroom):
    lightroom.load(PLUGIN)
    scripts = lightroom.menu_scripts()
    assert scripts == {path.name for path in PLUGIN.glob("Menu*.lua")}
    assert all(len((PLUGIN / script).read_text().splitlines()) == 1 for script in scripts)


def test_the_menus_are_translated(lightroom):
    lightroom.load(PLUGIN, "de")
    titles = [item["title"] for item in lightroom.info["LrLibraryMenuItems"]]
    assert "Mit Wörtern suchen..." in titles
    assert len(titles) == 13


def test_every_command_is_reached_from_every_module(lightroom):
    """The Library menu is there in the Library module only."""
    lightroom.load(PLUGIN)
    assert lightroom.info["LrExportMenuItems"] == lightroom.info["LrLibraryMenuItems"]


def test_what_is_one_is_called_one():
    """Each text that counts things has another for one of them, in both languages."""
    counting = {key for key, shown in texts().items() if re.search(r"\^\d (of the )?[a-z]{3,}s\b", shown)}
    counting -= {"$$$/Safelight/Problem/Like", "$$$/Safelight/Said/Turned"}  # thirty photos always, never one degree
    counting -= {key for key in counting if key.endswith("One")}
    assert "$$$/Safelight/Preview/Found" in counting
    for language in ("en", "de"):
        dictionary = read_dictionary(PLUGIN / f"TranslatedStrings_{language}.txt")
        for key in counting:
            assert dictionary[f"{key}One"] != dictionary[key], key


def test_the_section_in_the_plugin_manager_starts_nothing(lightroom):
    lightroom.load(PLUGIN)
    for _ in range(3):
        assert lightroom.open_manager()["title"] == "Safelight"
    assert len(lightroom.scheduler.tasks) == 1, "the one that Init.lua began"
    assert lightroom.around.executed == []


def test_a_plugin_that_is_loaded_anew_takes_over_from_itself(lightroom):
    lightroom.load(PLUGIN)
    for seconds in (1, 70):
        lightroom.sdk["forget_modules"]()
        lightroom.run_script("Init.lua")
        lightroom.wait(seconds)
    assert len(lightroom.scheduler.tasks) == 1


def test_the_versions_are_one():
    import safelight
    from safelight.bridge.install import TOOLKIT_ID, inspect

    assert inspect(PLUGIN).version == safelight.__version__
    assert f'App.VERSION = "{safelight.__version__}"' in (PLUGIN / "App.lua").read_text()
    assert all(TOOLKIT_ID in (PLUGIN / name).read_text() for name in ("Info.lua", "Rules.lua", "Catalog.lua"))


def test_the_protocols_are_one():
    from safelight.bridge.service import PROTOCOL

    assert f"Helper.PROTOCOL = {PROTOCOL}\n" in (PLUGIN / "Helper.lua").read_text()


needs_luacheck = pytest.mark.skipif(shutil.which("luacheck") is None, reason="no luacheck; tools/setup-lua.sh")


@needs_luacheck
def test_luacheck_finds_nothing():
    done = subprocess.run(["luacheck", "-q", str(PLUGIN)], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@needs_luacheck
@pytest.mark.parametrize(
    "code",
    ["return os.getenv('HOME')", "os.execute('x')", "return package.path", "loadstring('x')()", "setfenv(1, {})",
     "collectgarbage()", "coroutine.yield()", "counter = 1", "return dofile"],
)  # fmt: skip
def test_luacheck_bites(tmp_path: Path, code: str):
    (tmp_path / "x.lua").write_text(code + "\n")
    done = subprocess.run(
        ["luacheck", "-q", "--config", str(CHECKOUT / ".luacheckrc"), str(tmp_path / "x.lua")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
