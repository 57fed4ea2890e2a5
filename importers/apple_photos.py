"""A library of Apple Photos, read where it is; on macOS as well as on Linux, and with Photos open.

What is read, and how it is held that nothing in a library changes: docs/apple-photos.md.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from importers.apple_photos_clone import clone_databases
from importers.apple_photos_library import check_library, is_library, system_library, why_unreadable
from importers.apple_photos_process import ReaderProcess
from importers.apple_photos_wire import decode
from importers.base import ImporterError, Known, Options, Photo
from importers.extras import how_to_add
from importers.opened import OpenedPlace

__all__ = ["ApplePhotosSource", "system_library"]

_PLAIN = Options()


class ApplePhotosSource(OpenedPlace):
    """A .photoslibrary. Keys are the UUIDs that Photos gives its assets; see Source for the attributes."""

    name: ClassVar[str] = "photos"
    keys_are_paths: ClassVar[bool] = False

    def __init__(self, path: Path, options: Options = _PLAIN) -> None:
        """Open a library.

        Raises:
            ImporterError: It is no library that can be read, or osxphotos is not installed.
        """
        super().__init__(path, why_unreadable)
        check_library(self.root)
        if find_spec("osxphotos") is None:
            raise ImporterError(f"reading a Photos library needs the extra `photos`; {how_to_add('photos')}")
        self._options = options
        self._total: int | None = None
        self._is_counted = threading.Event()

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is a library of Photos, or of iPhoto or Aperture, which are then refused."""
        return is_library(path)

    def count(self) -> Iterator[int]:
        """Yield the number of photos once photos() knows it."""
        self._is_counted.wait()
        if self._total is not None:
            yield self._total

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every asset once, in the order of the UUIDs, those left out with a problem that says why.

        Args:
            known: Not needed: no file of the library is opened but its databases.

        Raises:
            ImporterError: The database cannot be read; the library went away on the way.
        """
        self.remarks, self._total = [], None
        self._is_counted.clear()
        try:
            with tempfile.TemporaryDirectory(prefix="safelight-photos-", ignore_cleanup_errors=True) as name:
                folder, clone = Path(name), Path(name) / "clone.photoslibrary"
                with ReaderProcess(self.root, clone, folder, self._options) as process:
                    self.remarks = clone_databases(self.root, clone)
                    yield from self._photos(process)
        finally:
            self._is_counted.set()

    def _photos(self, process: ReaderProcess) -> Iterator[Photo]:
        for row in process.rows():
            if "key" in row:
                yield decode(row)
            elif "count" in row:
                self._total = row["count"]
                self._is_counted.set()
            else:
                self.remarks += row["end"]
