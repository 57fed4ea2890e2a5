"""Folders that a catalog knows at one place and that now lie at another: `--map D:/Photos=/Volumes/Photos`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_DRIVE_OR_SHARE = re.compile(r"[A-Za-z]:(?=[\\/]|$)|\\\\|//")


class _Move(NamedTuple):
    """One (old, new) pair, the old one as its steps."""

    steps: tuple[str, ...]
    any_case: bool
    new: Path

    def rest(self, stored: Sequence[str]) -> Sequence[str] | None:
        """Return what of a stored path comes after the old beginning; None where it begins otherwise."""
        begins = _fold(stored[: len(self.steps)], any_case=self.any_case) == self.steps
        return stored[len(self.steps) :] if begins else None


class Moves:
    """Where stored paths lead now. Windows' paths are told by their drive or share, and count in any case."""

    def __init__(self, moved: Sequence[tuple[str, str]] = ()) -> None:
        """Take (old, new) beginnings of paths; the longest old one that fits a path counts."""
        self._moves = sorted((_move(old, new) for old, new in moved), key=lambda move: len(move.steps), reverse=True)

    def apply(self, stored_path: str) -> Path | None:
        """Return where a file is now that a catalog has at `stored_path`; None where nothing is known to have moved.

        Args:
            stored_path: With forward slashes, as catalogs have them, those written under Windows included.
        """
        stored = stored_path.split("/")
        for move in self._moves:
            if (rest := move.rest(stored)) is not None:
                return move.new.joinpath(*rest)
        return None


def _move(old: str, new: str) -> _Move:
    of_windows = _DRIVE_OR_SHARE.match(old) is not None
    steps = (old.replace("\\", "/") if of_windows else old).rstrip("/").split("/")
    return _Move(_fold(steps, any_case=of_windows), of_windows, _expanded(new).absolute())


def _expanded(new: str) -> Path:
    """Expand the ~ that shells leave alone after a "="."""
    return Path(new).expanduser() if new == "~" or new.startswith("~/") else Path(new)


def _fold(steps: Sequence[str], *, any_case: bool) -> tuple[str, ...]:
    return tuple(step.casefold() for step in steps) if any_case else tuple(steps)
