"""Installing the plug-in where Lightroom looks for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from safelight import __version__
from safelight.bridge import Bridge
from safelight.bridge import install as plugin
from safelight.errors import SafelightError


def test_the_plugin_is_installed_updated_and_inspected(tmp_path):
    done = plugin.install(tmp_path / "home", tmp_path / "Modules")
    assert (done.folder, done.version) == (tmp_path / "Modules" / "Safelight.lrplugin", "0.1.0")
    settings = json.loads((done.folder / "installed.json").read_text())
    assert settings["home"] == str(tmp_path / "home")
    assert Path(settings["command"][0]).is_file()
    assert settings["command"][-2:] == ["serve", "--background"]
    (done.folder / "Info.lua").write_text((done.folder / "Info.lua").read_text().replace("minor = 1", "minor = 0"))
    assert plugin.inspect(done.folder).version == "0.0.0"
    assert plugin.install(tmp_path / "home", tmp_path / "Modules").version == "0.1.0"
    assert [path.name for path in (tmp_path / "Modules").iterdir()] == ["Safelight.lrplugin"]


def test_what_is_not_ours_is_left_alone(tmp_path):
    folder = tmp_path / "Safelight.lrplugin"
    folder.mkdir()
    (folder / "Info.lua").write_text("return { LrToolkitIdentifier = 'com.other' }")
    with pytest.raises(SafelightError, match="something else than our plug-in"):
        plugin.install(tmp_path / "home", tmp_path)
    assert [path.name for path in folder.iterdir()] == ["Info.lua"]


def test_where_there_is_no_lightroom_a_path_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SafelightError, match="--path"):
        plugin.install(tmp_path)


@pytest.mark.parametrize(
    ("platform", "appdata", "folder"),
    [
        ("darwin", None, "home/Library/Application Support/Adobe/Lightroom/Modules"),
        ("win32", "roaming", "roaming/Adobe/Lightroom/Modules"),
        ("win32", None, "home/AppData/Roaming/Adobe/Lightroom/Modules"),
        ("linux", None, None),
    ],
)
def test_where_lightroom_looks_for_plugins(tmp_path, monkeypatch, platform, appdata, folder):
    """Source: Lightroom SDK Programmers Guide, where plug-ins are installed."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("APPDATA", raising=False)
    if appdata:
        monkeypatch.setenv("APPDATA", str(tmp_path / appdata))
    assert plugin.modules_folder() == (folder and tmp_path / folder)


def test_doctor_speaks_of_the_plugin(library, tmp_path, monkeypatch):
    from safelight.doctor import examine

    def said() -> tuple[bool, str]:
        (check,) = [check for check in examine(library) if check.name == "Lightroom"]
        return check.ok, check.says

    monkeypatch.setattr("safelight.bridge.install.modules_folder", lambda: tmp_path)
    assert said() == (True, "the plug-in is not installed; `safelight lightroom install` does it")
    folder = plugin.install(library.home).folder
    ok, says = said()
    assert ok
    assert "not heard of yet" in says
    (folder / "Info.lua").write_text((folder / "Info.lua").read_text().replace("minor = 1", "minor = 0"))
    ok, says = said()
    assert not ok
    assert "safelight lightroom install" in says
    shutil.rmtree(folder)
    for version, fits in ((__version__, True), ("0.0.9", False)):
        with Bridge(library) as bridge:
            bridge.hello({"protocol": 1, "plugin": version, "catalog": "/c/Family.lrcat", "lightroom": "14.3"})
        ok, says = said()
        assert ok is fits
        assert f"plug-in {version} in a folder of your own" in says
