"""How a place is to be read: asked for once, kept with the place, and asked otherwise again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from importers.base import Mark, Options

LISTINGS = "listings"
"""The folder in the data folder for what sources keep; see Options. It is made anew where it is gone."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for this time; what was not stays as it was.

    Attributes:
        include: Marked photos to take in (True) or to leave out (False).
        originals: Whether originals are decoded although a preview would serve.
        moved: (old, new) beginnings of paths; they join those known.
    """

    include: Mapping[Mark, bool] = field(default_factory=dict[Mark, bool])
    originals: bool | None = None
    moved: tuple[tuple[str, str], ...] = ()

    def over(self, stored: str) -> Options:
        """Return the options of a place: these wishes, and for the rest what is kept of it (JSON)."""
        kept = json.loads(stored)
        include = {Mark(name) for name in kept.get("include", ())} | {m for m, wanted in self.include.items() if wanted}
        include -= {mark for mark, wanted in self.include.items() if not wanted}
        moved = dict(tuple(pair) for pair in kept.get("moved", ())) | dict(self.moved)
        originals = kept.get("originals", False) if self.originals is None else self.originals
        return Options(frozenset(include), originals, tuple(moved.items()))


def pack_wishes(wishes: Wishes) -> dict[str, Any]:
    """Write wishes as what json.dumps takes, for a job that is done by another process."""
    include = {mark.value: wanted for mark, wanted in wishes.include.items()}
    return {"include": include, "originals": wishes.originals, "moved": [list(pair) for pair in wishes.moved]}


def unpack_wishes(packed: Mapping[str, Any]) -> Wishes:
    """Read what pack_wishes wrote; nothing is wished where there is nothing."""
    include = {Mark(name): bool(wanted) for name, wanted in packed.get("include", {}).items()}
    return Wishes(include, packed.get("originals"), tuple((old, new) for old, new in packed.get("moved", ())))


def pack_options(options: Options) -> str:
    """Write options down as Wishes.over reads them; "{}" where nothing is out of the ordinary."""
    kept = {"include": sorted(options.include), "originals": options.originals, "moved": options.moved}
    return json.dumps({name: value for name, value in kept.items() if value})
