"""What is told to launchd and systemd, and in which order."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safelight import autostart
from safelight.errors import SafelightError

ODD = 'Photo data, 100% "mine" $HOME'


class Recorder:
    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, command) -> int:
        self.commands.append(tuple(command))
        return self.code


@pytest.fixture(autouse=True)
def _no_xdg(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


def test_the_launchd_agent_runs_this_python_on_this_library(tmp_path):
    service = autostart.service(tmp_path / ODD, platform="darwin", user_home=tmp_path)
    assert service.file == tmp_path / "Library/LaunchAgents/org.safelight.helper.plist"
    agent = plistlib.loads(service.content)
    assert agent["Label"] == "org.safelight.helper"
    assert agent["ProgramArguments"] == [sys.executable, "-P", "-m", "safelight", "serve"]
    assert agent["EnvironmentVariables"] == {"SAFELIGHT_HOME": str(tmp_path / ODD)}
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert Path(agent["StandardErrorPath"]).parent == service.log_folder
    assert agent["Umask"] == 0o077
    recorder = Recorder()
    autostart.install(service, recorder)
    assert service.log_folder.is_dir(), "launchd starts nothing that it cannot log for"
    assert service.file.read_bytes() == service.content
    assert [command[:2] for command in recorder.commands] == [("launchctl", "bootout"), ("launchctl", "bootstrap")]
    assert autostart.is_installed(service, Recorder())
    assert not autostart.is_installed(service, Recorder(113))
    assert autostart.remove(service, recorder)
    assert not service.file.exists()
    assert not autostart.remove(service, recorder)


def test_the_systemd_unit_says_the_same(tmp_path):
    service = autostart.service(tmp_path / ODD, platform="linux", user_home=tmp_path)
    assert service.file == tmp_path / ".config/systemd/user/safelight.service"
    text = service.content.decode()
    assert f'ExecStart="{sys.executable}" "-P" "-m" "safelight" "serve"' in text
    assert f'Environment="SAFELIGHT_HOME={tmp_path}/Photo data, 100%% \\"mine\\" $$HOME"' in text
    assert f"StandardError=append:{service.log_folder}/helper.log" in text
    assert "Restart=on-failure" in text
    assert "WantedBy=default.target" in text
    recorder = Recorder()
    autostart.install(service, recorder)
    assert service.log_folder.is_dir()
    assert recorder.commands[-1] == ("systemctl", "--user", "enable", "--now", "safelight.service")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_itself_understands_the_unit(tmp_path):
    service = autostart.service(tmp_path / "home", platform="linux", user_home=tmp_path)
    autostart.install(service, Recorder())
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(service.file)], capture_output=True, text=True
    )
    assert "safelight.service" not in checked.stderr, checked.stderr


@pytest.mark.skipif(shutil.which("plutil") is None, reason="plutil is part of macOS")
def test_macos_itself_understands_the_agent(tmp_path):
    service = autostart.service(tmp_path, platform="darwin", user_home=tmp_path)
    autostart.install(service, Recorder())
    assert subprocess.run(["plutil", "-lint", str(service.file)], check=False).returncode == 0


def test_a_system_that_does_not_take_it_up_is_said(tmp_path):
    service = autostart.service(tmp_path, platform="linux", user_home=tmp_path)
    with pytest.raises(SafelightError, match="daemon-reload"):
        autostart.install(service, Recorder(1))


def test_other_systems_are_told_what_to_do(tmp_path):
    with pytest.raises(SafelightError, match="safelight serve"):
        autostart.service(tmp_path, platform="win32", user_home=tmp_path)
