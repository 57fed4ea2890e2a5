"""A place of photos that was found, before anything in it is read: what every kind of source begins with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from importers.base import ImporterError


class OpenedPlace:
    """The attributes that every Source has; see there."""

    def __init__(self, path: Path, why: Callable[[Path, OSError], str] | None = None) -> None:
        """Find what is at `path`.

        Args:
            why: Says in a line why a path cannot be read, where a kind of source knows more about it than the system.

        Raises:
            ImporterError: There is nothing, or it is closed to us.
        """
        try:
            self.root = path.resolve(strict=True)
            self.device = self.root.stat().st_dev
            self.folder = self.root if self.root.is_dir() else self.root.parent
        except OSError as error:
            raise ImporterError((why or _why)(path, error)) from error
        except RuntimeError as error:  # what Python before 3.13 says of links in a circle
            raise ImporterError(f"{path} is a link to itself") from error
        self.mounts: dict[bytes, int] = {}
        self.unreadable: dict[bytes, str] = {}
        self.passed_over: list[bytes] = []
        self.remarks: list[str] = []


def _why(path: Path, error: OSError) -> str:
    return f"{path} cannot be opened: {(error.strerror or str(error)).lower()}"
