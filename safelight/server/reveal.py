"""Show a photo where it lives, on this computer's screen: in its folder, or in the library that it came from.

Where that is comes from our own catalog, by the photo's id; nothing that was sent is ever part of a command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog import Catalog
from safelight.errors import SafelightError
from safelight.status import NoSuchPhotoError

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a photo lives.

    Attributes:
        key: What its library calls it.
        root: The folder or library.
        path: Its own file; None where it has none that can be reached.
    """

    source: str
    key: str
    root: Path
    path: Path | None


Command = list[str]


def whereabouts(catalog: Catalog, photo_id: str) -> Whereabouts:
    """Look up where a photo lives.

    Raises:
        NoSuchPhotoError: There is no such photo.
    """
    row = catalog.db.execute(
        "SELECT r.source, p.key, r.path, p.path FROM photo p JOIN root r ON r.id = p.root_id WHERE p.public_id = ?",
        (photo_id,),
    ).fetchone()
    if row is None:
        raise NoSuchPhotoError(f"there is no photo {photo_id}")
    source, key, root, path = row
    return Whereabouts(
        source, os.fsdecode(key), Path(os.fsdecode(root)), None if path is None else Path(os.fsdecode(path))
    )


def in_folder(photo: Whereabouts, platform: str = sys.platform) -> list[Command]:
    """Commands that show a photo's file in its folder, the best first.

    Raises:
        SafelightError: It has no file here.
    """
    path = _file(photo)
    if platform == "darwin":
        return [["open", "-R", str(path)]]
    if platform == "win32":
        return [["explorer", f"/select,{path}"]]
    # The one call that selects the file too; as a URI, in which a comma cannot end an item of the array.
    show_items = ["org.freedesktop.FileManager1.ShowItems", f"array:string:{path.as_uri()}", "string:"]
    bus = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.FileManager1"]
    return [[*bus, "/org/freedesktop/FileManager1", *show_items], ["xdg-open", str(path.parent)]]


def in_its_program(photo: Whereabouts, platform: str = sys.platform) -> list[Command]:
    """Commands that open a photo: in its library where that can be asked for, else with what the system uses.

    Raises:
        SafelightError: It has no file here.
    """
    if platform == "darwin":
        if photo.source == "photos":
            # The id is an argument of the script, never part of its text.
            script = ["on run argv", 'tell application "Photos" to activate']
            script += ['tell application "Photos" to spotlight media item id (item 1 of argv)', "end run"]
            return [["osascript", *(part for line in script for part in ("-e", line)), photo.key]]
        if photo.source == "lightroom" and photo.root.suffix.lower() == ".lrcat":
            return [["open", "-a", "Adobe Lightroom Classic", str(photo.root)]]
        return [["open", str(_file(photo))]]
    if platform == "win32":
        return [["explorer", str(_file(photo))]]
    return [["xdg-open", str(_file(photo))]]


def run(commands: Sequence[Command]) -> None:
    """Run the first of these commands that works.

    Raises:
        SafelightError: None does.
    """
    for command in commands:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # what it opens outlives the helper
            )
        except OSError:
            continue
        try:
            if process.wait(_PATIENCE_S) == 0 or command[0] == "explorer":  # which always answers 1
                return
        except subprocess.TimeoutExpired:  # it is the viewer itself, and stays open
            return
    raise SafelightError("no program here could show it; copy its path and open it yourself")


def _file(photo: Whereabouts) -> Path:
    if photo.path is None:
        raise SafelightError("this photo has no file of its own here; open it in the library that it came from")
    if not photo.path.exists():
        raise SafelightError(f"{photo.path} is not there now; is its drive connected?")
    return photo.path
