"""How a run over a source ended, counted."""

from __future__ import annotations

from dataclasses import dataclass, fields

from importers.base import Outcome


@dataclass(slots=True)
class Tally:
    """How the photos of a run ended; each is counted once."""

    indexed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    missing: int = 0
    embedded: int = 0  # pictures that the model saw; fewer than `indexed` where bytes were known already
    interrupted: bool = False

    def count(self, outcome: Outcome) -> None:
        """Add one photo."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    @property
    def photos(self) -> int:
        """Photos that were met."""
        return self.indexed + self.unchanged + self.skipped + self.failed

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))
