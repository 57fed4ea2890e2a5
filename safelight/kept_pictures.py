"""Pictures as files in a folder of ours, readable by this user alone, never more than so many bytes of them."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

SENT_BYTES = 2 << 30
_KEEP = 0.8  # of the limit, once it is passed
_SETTLE_BYTES = 32 << 20  # written between two looks at how much there is


class KeptPictures:
    """Pictures by name. All methods are for any thread, and any process."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Open the folder.

        Args:
            folder: Made where absent; where it cannot be, there is nothing in it.
            limit_bytes: How much may be kept; the longest unused go first.

        Writes: `folder`.
        """
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._folder, self._limit_bytes = folder, limit_bytes
        self._lock = threading.Lock()
        self._unsettled = _SETTLE_BYTES  # what an earlier process left is looked at with the first picture

    def path(self, name: str) -> Path:
        """Return where the picture of this name lies, if it is kept."""
        return self._folder / name[:2] / f"{name}.jpg"

    def read(self, name: str) -> bytes | None:
        """Return a picture that is used now; None where it is not kept."""
        path = self.path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def keep(self, name: str, data: bytes) -> None:
        """Keep a picture, whole or not at all; those unused for longest may go.

        Raises:
            OSError: It cannot be written.

        Writes: the folder.
        """
        path = self.path(name)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        with self._lock:
            self._unsettled += len(data)
            if self._unsettled < _SETTLE_BYTES:
                return
            self._unsettled = 0
        self.settle()

    def settle(self) -> None:
        """Delete what was not used for longest, where there is too much.

        Writes: the folder.
        """
        files: list[tuple[float, int, str]] = []
        for folder in os.scandir(self._folder):
            for entry in os.scandir(folder.path):
                status = entry.stat()
                files.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        if total <= self._limit_bytes:
            return
        for _, size, path in sorted(files):
            with suppress(OSError):
                Path(path).unlink()
            total -= size
            if total <= _KEEP * self._limit_bytes:
                break


@cache
def sent_pictures(home: Path) -> KeptPictures:
    """Return the pictures that Lightroom has sent of photos which nobody else can show, named by their content.

    Writes: sent/ in our own data folder.
    """
    return KeptPictures(home / "sent", SENT_BYTES)
