"""Writing whole files or none: a temporary file beside the target, then a rename.

Nothing waits for the disk, no more than `cp` does: with an fsync each, writing 500 photos took some three times as long
(1.9 to 2.5 s, 0.7 without). So a power cut may cost the photos of the last seconds; the next run tells by their sizes,
and writes them again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lrprev.layout import EOI

TEMPORARY_SUFFIX = ".safelight-part"


def write_whole(path: Path, pieces: Iterable[bytes | memoryview], mtime: float | None = None) -> int:
    """Write a file so that it is there whole or not at all, whatever ends this process.

    Args:
        path: Where to; what is there is replaced. Its folder exists.
        pieces: The content, in order.
        mtime: Seconds since 1970 for its modification time; None for now.

    Returns:
        The size in bytes.

    Raises:
        OSError: It cannot be written; the temporary file is gone again.

    Writes: the file.
    """
    temporary = path.parent / _temporary_name()
    try:
        with temporary.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
            size_bytes = stream.tell()
            stream.flush()
            if mtime is not None:
                with suppress(OSError, OverflowError):  # a file system that cannot hold 1905 is no reason to lose it
                    os.utime(stream.fileno(), (mtime, mtime))
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return size_bytes


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes have left of files that they were writing into a folder.

    Writes: the folder.
    """
    with suppress(OSError):
        for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
            path.unlink(missing_ok=True)


def _temporary_name() -> str:
    """Name a file that no other thread of any process writes: one may outlive a killed run by a moment."""
    return f".{threading.get_native_id()}{TEMPORARY_SUFFIX}"


def is_whole(path: Path, size_bytes: int) -> bool:
    """Tell whether a file that was written with this size is still there, and not torn by a power cut.

    One that somebody has made shorter since is theirs, and whole: its last bytes still end a JPEG.
    """
    try:
        if path.stat().st_size >= size_bytes:
            return path.is_file()
        with path.open("rb") as stream:
            stream.seek(-len(EOI), os.SEEK_END)
            return stream.read() == EOI
    except OSError:
        return False
