"""Put the plug-in where Lightroom looks for it, and see how it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import safelight
from indexer.home import why_not_written
from safelight.errors import SafelightError

NAME = "Safelight.lrplugin"
TOOLKIT_ID = "org.safelight.lightroom"
SETTINGS = "installed.json"
"""Beside Info.lua: where our data folder is and how the helper is started, which Lua cannot find out by itself."""
_LAST = "lightroom_plugin.json"  # in our data folder: where the plug-in was put


@dataclass(frozen=True, slots=True)
class Installed:
    """The plug-in as it lies in a folder; `version` is None where it is somebody else's."""

    folder: Path
    version: str | None
    linked: bool = False


def plugin_source() -> Path:
    """Return the plug-in that came with this Safelight.

    Raises:
        SafelightError: It did not come along.
    """
    package = Path(safelight.__file__).parent
    for folder in (package / "lightroom_plugin" / NAME, package.parent / "lightroom-plugin" / NAME):
        if (folder / "Info.lua").is_file():
            return folder
    raise SafelightError("the Lightroom plug-in did not come with this installation; install Safelight again")


def modules_folder() -> Path | None:
    """Return the folder whose plug-ins Lightroom loads by itself; None where there is no Lightroom."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Adobe" / "Lightroom" / "Modules"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "Adobe" / "Lightroom" / "Modules"
    return None


def install(home: Path, into: Path | None = None) -> Installed:
    """Copy the plug-in into Lightroom's folder, or into `into`, in place of an older one.

    Raises:
        SafelightError: There is no such folder, something else lies there, or it cannot be written.

    Writes: Lightroom's folder for plug-ins, or `into`; a note of it in our own data folder.
    """
    folder = into or modules_folder()
    if folder is None:
        raise SafelightError("there is no Lightroom on this system; name a folder with --path and add it there by hand")
    target = folder.expanduser().absolute() / NAME
    if (target.exists() or target.is_symlink()) and inspect(target).version is None:
        raise SafelightError(f"{target} is something else than our plug-in; move it away first")
    source = plugin_source()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".safelight-") as temporary:
            fresh = Path(temporary) / NAME
            _copy(source, fresh)
            settings = {"home": str(home), "command": helper_command()}
            (fresh / SETTINGS).write_text(json.dumps(settings, indent=1), "utf-8")
            if target.is_symlink():
                target.unlink()
            elif target.exists():
                target.rename(Path(temporary) / "old")
            fresh.rename(target)
    except OSError as error:
        why = why_not_written(target, error)
        raise SafelightError(f"cannot write {target}: {why}; name another --path") from error
    _remember(home, target)
    return inspect(target)


def _copy(source: Path, fresh: Path) -> None:
    """Copy a folder; ends at the first file that cannot be, where shutil.copytree makes a list of all of them."""
    for file in (found for found in source.rglob("*") if found.is_file()):
        copy = fresh / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)


def _remember(home: Path, target: Path) -> None:
    """Note where the plug-in was put last: it may be a folder that nobody would look into."""
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        (home / _LAST).write_text(json.dumps({"folder": str(target)}), "utf-8")


def inspect(folder: Path) -> Installed:
    """Read the version of the plug-in in `folder`; what is not ours has none."""
    try:
        text = (folder / "Info.lua").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return Installed(folder, None)
    numbers = re.search(r"major\s*=\s*(\d+),\s*minor\s*=\s*(\d+),\s*revision\s*=\s*(\d+)", text)
    if TOOLKIT_ID not in text or numbers is None:
        return Installed(folder, None)
    return Installed(folder, ".".join(numbers.groups()), folder.is_symlink())


def installed(home: Path) -> Installed | None:
    """Return the plug-in that lies in Lightroom's own folder, or where it was put last; None where there is none."""
    folder = modules_folder()
    last: list[Path] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        last = [Path(json.loads((home / _LAST).read_text("utf-8"))["folder"])]
    places = [folder / NAME, *last] if folder else last
    return next((inspect(target) for target in places if target.exists()), None)


def helper_command() -> list[str]:
    """Return how to start the helper from anywhere: absolute, because Lightroom knows no PATH."""
    script = Path(sys.argv[0]).absolute() if sys.argv[0] else Path()
    beside = Path(sys.executable).parent / ("safelight.exe" if sys.platform == "win32" else "safelight")
    chosen = script if script.name.startswith("safelight") and script.is_file() else beside
    start = [str(chosen)] if chosen.is_file() else [sys.executable, "-m", "safelight"]
    return [*start, "serve", "--background"]
