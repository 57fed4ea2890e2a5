"""Every kind of source there is; the only module that knows them all."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from importers.apple_photos import ApplePhotosSource, system_library
from importers.base import ImporterError, Options, Source
from importers.folder import FolderSource, is_package
from importers.lightroom_source import LightroomSource
from importers.takeout import TakeoutSource

_PLAIN = Options()

SOURCES: tuple[type[Source], ...] = (ApplePhotosSource, LightroomSource, TakeoutSource, FolderSource)
"""In the order in which they are asked; the most particular first."""


PATH_SOURCES = frozenset(source.name for source in SOURCES if source.keys_are_paths)
"""Names of the sources whose photos are known by their paths."""


def place_of(named: str) -> Path:
    """Return the path that a person means; "photos", where no file is called so, is the system's Photos library.

    Raises:
        ImporterError: The Photos library is meant, and there is none, or several.
    """
    path = Path(named).expanduser()
    if ".." in path.parts:  # else it would seem to lie in what it leads out of
        path = path.resolve()
    return system_library() if named == ApplePhotosSource.name and not path.exists() else path


def open_source(path: Path, options: Options = _PLAIN) -> Source:
    """Open whatever place of photos is at `path`.

    Raises:
        ImporterError: There is nothing, or nothing that can be read.
    """
    path = path.expanduser()
    if not path.exists():
        raise ImporterError(f"{path} does not exist; check the spelling, or plug in the drive that holds it")
    for source in SOURCES:
        if source.recognise(path):
            return source(path, options)
    if path.is_dir() and path.suffix.lower() == ".lrdata":
        raise ImporterError(
            f"{path} holds the previews of a Lightroom catalog; index the .lrcat file beside it, or get them as"
            " pictures with `safelight recover`"
        )
    if path.is_dir() and is_package(os.fsencode(path.name)):
        raise ImporterError(f"{path} is the library of another program, which this version does not read")
    if path.suffix.lower() == ".zip" and not zipfile.is_zipfile(path):
        raise ImporterError(f"{path} is damaged or not whole; download it again")
    if path.suffix.lower() in (".zip", ".tgz", ".gz", ".tar"):
        raise ImporterError(f"{path} holds no Google Takeout, the one archive that is read; unpack it, and index that")
    raise ImporterError(f"{path} is neither a folder nor a picture; name a folder of photos, or a picture file")


def is_readable(path: Path) -> bool:
    """Tell whether some source reads what is at `path`."""
    return any(source.recognise(path) for source in SOURCES)
