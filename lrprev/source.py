"""Bytes at an offset, from a file or from memory.

Files are read with seek and read and never mapped into memory: Lightroom may shorten a preview while we look at it and
a drive may vanish, which would kill a process that reads a mapping, while reads end in an exception.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from lrprev.errors import LrprevError

Source: TypeAlias = Path | bytes
Peek: TypeAlias = Callable[[int, int], bytes]
"""Offset and length -> the bytes there; fewer where the data end before."""

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


def bytes_of(data: bytes) -> Peek:
    """Look into bytes; as a stream of them it would take twice as long."""
    return lambda offset_bytes, length_bytes: data[offset_bytes : offset_bytes + length_bytes]


def bytes_in(stream: BinaryIO) -> Peek:
    """Look into a stream."""

    def peek(offset_bytes: int, length_bytes: int) -> bytes:
        stream.seek(offset_bytes)
        return stream.read(length_bytes)

    return peek


def size_bytes(stream: BinaryIO) -> int:
    """Tell how long a stream is."""
    return stream.seek(0, 2)


def read_at(peek: Peek, offset_bytes: int, length_bytes: int, expected: str) -> bytes:
    """Read exactly so many bytes from there.

    Raises:
        LrprevError: The data end before; `expected` says what was to be read.
    """
    data = peek(offset_bytes, length_bytes)
    if len(data) != length_bytes:
        raise LrprevError(offset_bytes, f"{expected} ({length_bytes} bytes)", f"only {len(data)} bytes before the end")
    return data
