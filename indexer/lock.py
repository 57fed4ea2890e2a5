"""A lock that one process holds at a time and the system frees when that process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from indexer.errors import IndexerError


class LockedError(IndexerError):
    """Another process holds the lock; the message says which and what it is doing."""


def holder_of(path: Path) -> int | None:
    """Return the process that holds a lock, as its file says; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        words = os.read(descriptor, 200).split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
    finally:
        os.close(descriptor)
    return None


class ProcessLock:
    """An exclusive lock on a file; the file says who holds it and why, for people."""

    def __init__(self, path: Path, purpose: str) -> None:
        """Take the lock.

        Args:
            path: The lock file, created where absent and never removed (removing it would free it under others).
            purpose: What the holder is doing: "indexing photos".

        Raises:
            LockedError: Another process holds it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 200).decode("utf-8", "replace").strip() or "another process"
            os.close(self._file)
            raise LockedError(f"{holder} is using {path.parent}; wait for it to finish, or stop it") from error
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"process {os.getpid()} ({purpose})\n".encode(), 0)

    def release(self) -> None:
        """Free the lock."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> ProcessLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
