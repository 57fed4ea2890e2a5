"""Bytes at an offset, from a file or from memory.

Files are read with seek and read and never mapped into memory: Lightroom may shorten a preview while we look at it and
a drive may vanish, which would kill a process that reads a mapping, while reads end in an exception.
"""

from __future__ import annotations

import os
import stat
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from lrprev.errors import LrprevError

Source: TypeAlias = Path | bytes

# Level headers are a few hundred bytes each; a larger buffer would read pictures that nobody asked for.
_BUFFER_BYTES = 1024


def open_source(source: Source) -> BinaryIO:
    """Open a file or bytes for reading; the caller closes it.

    Raises:
        LrprevError: It is not an ordinary file; opening a pipe would wait for ever.
        OSError: The file cannot be opened.
    """
    if isinstance(source, bytes):
        return BytesIO(source)
    _check_ordinary(source.stat(), source)
    return source.open("rb", buffering=_BUFFER_BYTES)


def read_whole(path: Path) -> bytes:
    """Read a file at once.

    Raises:
        LrprevError: It is not an ordinary file.
        OSError: The file cannot be read.
    """
    # One call each to open, look and read: previews are many. O_NONBLOCK keeps a pipe from holding us up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check_ordinary(status, path)
        data = os.read(descriptor, status.st_size)
        while len(data) < status.st_size and (more := os.read(descriptor, status.st_size - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


def _check_ordinary(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise LrprevError(0, "an ordinary file", f"{path.name}, a folder or a device")


def size_bytes(stream: BinaryIO) -> int:
    """Tell how long a stream is."""
    return stream.seek(0, 2)


def read_at(stream: BinaryIO, offset_bytes: int, length_bytes: int, expected: str) -> bytes:
    """Read exactly so many bytes from there.

    Raises:
        LrprevError: The stream ends before; `expected` says what was to be read.
    """
    stream.seek(offset_bytes)
    data = stream.read(length_bytes)
    if len(data) != length_bytes:
        raise LrprevError(offset_bytes, f"{expected} ({length_bytes} bytes)", f"only {len(data)} bytes before the end")
    return data
