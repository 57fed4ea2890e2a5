"""Writing whole files or none: a temporary file beside the target, fsync, rename."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".safelight-part"


def write_whole(path: Path, pieces: Iterable[bytes | memoryview], mtime: float | None = None) -> int:
    """Write a file so that it is there whole or not at all, even after a power cut.

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
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            if mtime is not None:
                with suppress(OSError, OverflowError):  # a file system that cannot hold 1905 is no reason to lose it
                    os.utime(stream.fileno(), (mtime, mtime))
            os.fsync(stream.fileno())
            size_bytes = stream.tell()
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return size_bytes
