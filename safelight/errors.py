"""The error base of the application, and what a run says that was not all for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.tally import Tally


class SafelightError(Exception):
    """Something the user can act on; the message says what was wrong, where, and what to do next, in one line."""


class NothingIndexedError(SafelightError):
    """There are no photos to look among: none was indexed yet, or none with the model in use."""


class UnreadPlacesError(SafelightError):
    """A run could not read some of the places; it read the others to their end.

    Attributes:
        reasons: A line for each of those places.
        tally: How the photos of the run ended.
    """

    def __init__(self, reasons: list[str], tally: Tally) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
        self.tally = tally
