"""How many commits of a database there were, and how many of them the disk has."""

from __future__ import annotations

from mmap import mmap

_MADE, _ON_DISK = 0, 1


class Commits:
    """Two counts that a process shares with those that are forked from it; each is written at once, as one word.

    Whoever waits for the disk waits for all that was committed by then: batches of which that is true need not.
    """

    def __init__(self) -> None:
        self._counts = memoryview(mmap(-1, 16)).cast("Q")  # memory that forked processes share

    @property
    def made(self) -> int:
        """How many there were."""
        return self._counts[_MADE]

    def make(self) -> int:
        """Count one more; return its number."""
        self._counts[_MADE] += 1
        return self._counts[_MADE]

    def is_on_disk(self, number: int) -> bool:
        """Tell whether the disk is known to have a commit, and all before it."""
        return self._counts[_ON_DISK] >= number

    def put_on_disk(self, number: int) -> None:
        """Note that the disk has a commit, and all before it."""
        self._counts[_ON_DISK] = number
