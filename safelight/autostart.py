"""Start the helper when the user logs in: a launchd agent on macOS, a systemd user unit on Linux."""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.home import why_not_written
from safelight.errors import SafelightError

LABEL = "org.safelight.helper"
UNIT = "safelight.service"

Run = Callable[[Sequence[str]], int]
"""Runs a command; returns its exit code."""


@dataclass(frozen=True, slots=True)
class Service:
    """How the helper is started at login on this system.

    Attributes:
        file: What says so to the system.
        content: What stands in it.
        log_folder: Made before the file is, as launchd does not start what it cannot log for.
        install: Commands that make the system take it up, in order.
        remove: Commands that make the system let go of it.
        check: A command that succeeds while it is taken up.
    """

    file: Path
    content: bytes
    log_folder: Path
    install: tuple[tuple[str, ...], ...]
    remove: tuple[tuple[str, ...], ...]
    check: tuple[str, ...]


def service(home: Path, *, platform: str = sys.platform, user_home: Path | None = None) -> Service:
    """Describe the service for this system.

    Args:
        home: Safelight's data folder; the helper that is started uses it.

    Raises:
        SafelightError: There is no such service on this system.

    Source: launchd.plist(5); systemd.service(5), systemd.exec(5).
    """
    user_home = user_home or Path.home()
    command = [sys.executable, "-P", "-m", "safelight", "serve"]
    if platform == "darwin":
        return _launchd(command, home, user_home)
    if platform == "linux":
        return _systemd(command, home, user_home)
    raise SafelightError("starting the helper at login is built for macOS and Linux; here, run `safelight serve`")


def install(wanted: Service, run: Run | None = None) -> None:
    """Start the helper now and at each login.

    Raises:
        SafelightError: The file cannot be written, or the system does not take it up.

    Writes: the service's file and its log folder.
    """
    run = run or _run
    try:
        wanted.log_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted.file.parent.mkdir(parents=True, exist_ok=True)
        wanted.file.write_bytes(wanted.content)
    except OSError as error:
        raise SafelightError(f"cannot write {wanted.file}: {why_not_written(wanted.file, error)}") from error
    for command in wanted.remove:
        run(command)  # an older one, if any
    for command in wanted.install:
        if code := run(command):
            why = f"`{' '.join(command)}` failed with exit code {code}"
            raise SafelightError(f"{wanted.file} is written, but {why}; try again in a desktop session of your own")


def remove(wanted: Service, run: Run | None = None) -> bool:
    """Stop starting the helper at login, and end it; tells whether there was anything to remove.

    Writes: removes the service's file.
    """
    run = run or _run
    was_there = wanted.file.exists()
    for command in wanted.remove:
        run(command)
    wanted.file.unlink(missing_ok=True)
    return was_there


def is_installed(wanted: Service, run: Run | None = None) -> bool:
    """Tell whether the system starts the helper at login."""
    return wanted.file.exists() and (run or _run)(wanted.check) == 0


def _run(command: Sequence[str]) -> int:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode
    except FileNotFoundError:
        return 127


def _launchd(command: list[str], home: Path, user_home: Path) -> Service:
    logs = user_home / "Library" / "Logs" / "Safelight"
    file = user_home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    agent = {
        "Label": LABEL,
        "ProgramArguments": command,
        "EnvironmentVariables": {"SAFELIGHT_HOME": str(home)},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},  # after a crash, not after `safelight stop`
        "ThrottleInterval": 30,
        "ProcessType": "Interactive",  # else macOS throttles it while the user waits
        "Umask": 0o077,
        "StandardOutPath": str(logs / "helper.log"),
        "StandardErrorPath": str(logs / "helper.log"),
    }
    domain = f"gui/{os.getuid()}"
    return Service(
        file,
        plistlib.dumps(agent),
        logs,
        install=(("launchctl", "bootstrap", domain, str(file)),),
        remove=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
        check=("launchctl", "print", f"{domain}/{LABEL}"),
    )


_UNIT_TEXT = """\
[Unit]
Description=Safelight: find photos by meaning

[Service]
ExecStart={command}
Environment={home}
Restart=on-failure
RestartSec=30
TimeoutStopSec=10
UMask=0077
StandardOutput=append:{log}
StandardError=append:{log}

[Install]
WantedBy=default.target
"""


def _systemd(command: list[str], home: Path, user_home: Path) -> Service:
    config = Path(os.environ.get("XDG_CONFIG_HOME") or user_home / ".config")
    logs = Path(os.environ.get("XDG_STATE_HOME") or user_home / ".local" / "state") / "safelight"
    text = _UNIT_TEXT.format(
        command=" ".join(_quoted(part) for part in command),
        home=_quoted(f"SAFELIGHT_HOME={home}"),
        log=str(logs / "helper.log").replace("%", "%%"),
    )
    manage = ("systemctl", "--user")
    return Service(
        config / "systemd" / "user" / UNIT,
        text.encode(),
        logs,
        install=((*manage, "daemon-reload"), (*manage, "enable", "--now", UNIT)),
        remove=((*manage, "disable", "--now", UNIT),),
        check=(*manage, "is-enabled", "--quiet", UNIT),
    )


def _quoted(text: str) -> str:
    """Quote for a unit file: % and $ are the unit's own, and so are quotes and backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
