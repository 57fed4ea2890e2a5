"""Files that only this user may read: written whole or not at all, and believed only where they are what we wrote."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_MOST_BYTES = 65_536


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, in one step.

    Writes: `path`.
    """
    # mkstemp makes it 0600 whatever the umask; a rename replaces a link instead of following it.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_private(path: Path) -> str | None:
    """Read such a file; None where there is none, or one that somebody else can have written or read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if not stat.S_ISREG(status.st_mode) or not is_ours or status.st_size > _MOST_BYTES:
            return None
        return os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Make a folder that its owner alone may enter, or make an existing one so.

    Raises:
        OSError: It cannot be made, or belongs to somebody else.

    Writes: `path`.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if stat.S_IMODE(path.stat().st_mode) != 0o700:
        path.chmod(0o700)
