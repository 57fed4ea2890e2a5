"""The process that reads a Photos library: the only one that osxphotos is loaded into.

Run by importers.apple_photos_process as `python -m importers.apple_photos_reader SETTINGS`. osxphotos holds all that it
knows of a library in memory, 12 KB a photo, so this is a process of its own, which ends once it has written down what
it found: lines of JSON on its standard output, of the shapes

    {"count": N}
    {"key": ..., ...}                             a photo, see importers.apple_photos_wire; N of them
    {"end": [remark, ...]}  or  {"error": kind, "detail": text}

It loads osxphotos, which takes a second, and then waits for a byte on its standard input, which says that the databases
have been copied. The same is its lifeline to who started it: when that closes, it removes its folder and ends.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import sqlite3
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from importers.apple_photos_facts import FactsReader
from importers.apple_photos_search import INDEX, SearchIndex
from importers.apple_photos_translate import Assets, LibraryGoneError, Translator
from importers.apple_photos_wire import encode
from importers.base import Mark, Options

_ROWS_A_WRITE = 64
_REMOVALS, _PAUSE_S = 50, 0.02
_ending = threading.Lock()  # held by who takes the folder away, to the end of the process


def main() -> None:
    """Read one library and write its photos; see above."""
    settings = json.loads(sys.argv[1])
    # Whatever osxphotos and the packages it brings print must not come between the lines.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    library, clone = Path(settings["library"]), Path(settings["clone"])
    options = Options(include=frozenset(map(Mark, settings["include"])), originals=settings["originals"])
    gc.disable()  # what osxphotos builds up stays until the end: looking through it over and over costs a seventh more
    folder = Path(settings["folder"])
    last = _read(library, clone, options, out, folder)
    _ending.acquire()  # a reading that fails because its folder was taken away must not end the taking
    shutil.rmtree(folder, ignore_errors=True)  # its room may be needed while the photos are embedded
    out.write(json.dumps(last).encode("ascii") + b"\n")
    out.close()
    os._exit(0)  # to take a million objects apart in good order would take its time


def _end_with_parent(folder: Path) -> None:
    if not os.read(0, 1):
        _ending.acquire()
        # Under another name first: what the reading makes in it meanwhile would keep it from being removed.
        aside = folder.with_name(f"{folder.name}-ended")
        with suppress(OSError):
            folder.rename(aside)
        for _ in range(_REMOVALS):  # a file that was just being made when its folder was renamed still comes into it
            shutil.rmtree(aside, ignore_errors=True)
            if not aside.exists():
                break
            time.sleep(_PAUSE_S)
        os._exit(1)


def _read(library: Path, clone: Path, options: Options, out: BinaryIO, folder: Path) -> dict[str, Any]:
    """Write all but the last line, and return that."""
    try:
        import osxphotos
    except ImportError as error:
        return {"error": "missing", "detail": str(error)}
    _end_with_parent(folder)  # or go on, where there is something to read
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    log = _Log()
    logging.getLogger("osxphotos").handlers = [log]
    logging.getLogger("osxphotos").propagate = False
    index = _take_index(clone)
    try:
        database = osxphotos.PhotosDB(dbfile=str(clone), library_path=str(library))
        assets = Assets(database)
    except Exception as error:  # the database is sound, so it is laid out in a way that osxphotos does not know
        return {"error": "unknown", "detail": f"{type(error).__name__}: {error}", "version": osxphotos.__version__}
    translator = Translator(library, options, database.photos_version >= 5, FactsReader(database, index))
    try:
        _write(out, translator, assets)
    except LibraryGoneError:
        return {"error": "gone", "detail": ""}
    return {"end": [*log.remarks(), *translator.remarks()]}


def _take_index(clone: Path) -> SearchIndex | None:
    """Read the search index, and take it out of osxphotos' way; None where that has to read it."""
    if not (clone / INDEX).is_file():
        return None
    try:
        index = SearchIndex(clone / INDEX)
    except (sqlite3.Error, struct.error, TypeError, AttributeError):
        return None
    (clone / INDEX).unlink()
    return index


def _write(out: BinaryIO, translator: Translator, assets: Assets) -> None:
    out.write(json.dumps({"count": len(assets.photos)}).encode("ascii") + b"\n")
    out.flush()
    for number, photo in enumerate(assets.photos):
        out.write(encode(translator.row(photo, assets)))
        if number % _ROWS_A_WRITE == 0:
            out.flush()


class _Log(logging.Handler):
    """Keeps what osxphotos says of a library that is newer than itself; the rest is for its developers."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._newer = False

    def emit(self, record: logging.LogRecord) -> None:
        self._newer |= "unknown db / model version" in record.getMessage().lower()

    def remarks(self) -> list[str]:
        newer = "This library is newer than the installed osxphotos, and some of it may have been left out."
        return [newer] if self._newer else []


if __name__ == "__main__":
    main()
