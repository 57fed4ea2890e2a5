"""Libraries of Apple Photos as folders: which is one, where the system's lies, and why one cannot be read."""

from __future__ import annotations

import errno
import os
import plistlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from xml.parsers.expat import ExpatError

from importers.base import ImporterError

_SUFFIX = ".photoslibrary"
_OLDER_SUFFIXES = {".photolibrary": "iPhoto", ".migratedphotolibrary": "iPhoto", ".aplibrary": "Aperture"}

MAIN_DATABASES = ("database/Photos.sqlite", "database/photos.db")
"""Since Photos 5 (macOS 10.15), and before."""

_PREFERENCES = (
    "Library/Group Containers/group.com.apple.photolibraryd.private/Library/Preferences"
    "/group.com.apple.photolibraryd.private.plist",  # macOS 27
    "Library/Containers/com.apple.photolibraryd/Data/Library/Preferences/com.apple.photolibraryd.plist",
)
_USUAL_NAME = f"Photos Library{_SUFFIX}"

_TERMINALS = {
    "Apple_Terminal": "Terminal",
    "iTerm.app": "iTerm",
    "vscode": "Visual Studio Code",
    "WarpTerminal": "Warp",
    "ghostty": "Ghostty",
    "zed": "Zed",
    "WezTerm": "WezTerm",
    "Hyper": "Hyper",
    "Tabby": "Tabby",
    "rio": "Rio",
}
"""What TERM_PROGRAM says -> as the app is called in System Settings."""


def is_library(path: Path) -> bool:
    """Tell whether a folder is a library of Photos, or of the programs before it; looks at names only."""
    with suppress(OSError):
        if path.is_dir() and path.resolve().suffix.lower() in (_SUFFIX, *_OLDER_SUFFIXES):
            return True
        return (path / MAIN_DATABASES[0]).is_file()
    return False


def check_library(library: Path) -> None:
    """Check that a folder holds a library that Photos has written.

    Raises:
        ImporterError: It is empty, another program's, without its database, or closed to us.
    """
    if (older := _OLDER_SUFFIXES.get(library.suffix.lower())) is not None:
        raise ImporterError(
            f"{library} is a library of {older}, which is not read; open it once in Photos, which turns it into a"
            " .photoslibrary, and index that one"
        )
    try:
        is_empty = not any(os.scandir(library))
        has_database = any((library / name).is_file() for name in MAIN_DATABASES)
    except OSError as error:
        raise ImporterError(why_unreadable(library, error)) from error
    if is_empty:
        raise ImporterError(f"{library} is an empty folder, not a library of Photos; copy the library again, whole")
    if not has_database:
        raise ImporterError(
            f"{library} has no database in it (database/Photos.sqlite); copy the library again, whole, or index the"
            f" pictures in it as a folder: {library / 'originals'}"
        )


def system_library(home: Path | None = None) -> Path:
    """Find the library that Photos and the rest of macOS use.

    Args:
        home: The user's folder, where it is not the one of who runs this.

    Raises:
        ImporterError: There is none, or which of several it is cannot be told.

    Source: the key SystemLibraryPath, as osxphotos reads it (macOS 10.15 and later).
    """
    home = home or Path.home()
    for name in _PREFERENCES:
        if (path := _preferred(home / name)) is not None:
            if path.is_dir():
                return path
            raise ImporterError(
                f"your Photos library lies at {path}, which is not there; plug in the drive that holds it"
            )
    pictures = home / "Pictures"
    try:
        found = sorted(path for path in pictures.iterdir() if path.suffix.lower() == _SUFFIX)
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise ImporterError(why_unreadable(pictures, error)) from error
    if not found:
        raise ImporterError(f"there is no Photos library in {pictures}; name yours: safelight index PATH.photoslibrary")
    usual = [path for path in found if path.name == _USUAL_NAME] or found
    if len(usual) > 1:
        names = ", ".join(path.name for path in found)
        raise ImporterError(f"there are several Photos libraries in {pictures} ({names}); name the one to index")
    return usual[0]


def _preferred(preferences: Path) -> Path | None:
    try:
        with preferences.open("rb") as file:
            path = plistlib.load(file).get("SystemLibraryPath")
    except (OSError, ValueError, ExpatError, AttributeError):
        return None  # not there, closed to us, or no longer what it was: the usual folder is looked at next
    return Path(path) if isinstance(path, str) and path else None


def why_unreadable(path: Path, error: OSError, environment: Mapping[str, str] = os.environ) -> str:
    """Say why a library cannot be read and what to do: on macOS usually to allow the terminal to read it."""
    if sys.platform == "darwin" and error.errno in (errno.EPERM, errno.EACCES):
        app = _TERMINALS.get(environment.get("TERM_PROGRAM", ""))
        it = app or "that app"
        return (
            f"macOS does not let {app or 'the app that Safelight runs in (your terminal)'} read {path}; switch on"
            f" {app or 'it'} under System Settings > Privacy & Security > Full Disk Access, quit and reopen {it}, then"
            " try again"
        )
    return f"{path} cannot be read: {(error.strerror or str(error)).lower()}"
