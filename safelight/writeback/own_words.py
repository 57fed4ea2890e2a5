"""Which flat keywords of a photo are the user's own: those that its sidecar had before our first keyword.

A path below `Safelight|Duplicates` is ours wherever it stands. A word alone may be anybody's: "keeper" is one that
photographers use. The journal has the sidecar as it was; what it does not tell of stays, as a stale word is better than
a lost one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from importers.base import Steps
from importers.xmp import facts_of_packet
from safelight.errors import SafelightError
from safelight.writeback import journal
from safelight.writeback.duplicates import is_ours


class OwnWords:
    """Tells which words stay when paths are removed; reads the journal when it is first asked."""

    def __init__(self, home: Path, photo_ids: Collection[str]) -> None:
        self._home, self._photo_ids = home, frozenset(photo_ids)
        self._before: dict[str, frozenset[str]] | None = None

    def staying(self, photo_id: str, remove: Iterable[Steps], below: Steps) -> tuple[str, ...]:
        """Return the words in paths to be removed that stay, as they are or may be the user's own.

        Args:
            remove: Paths of ours.
            below: What all of ours begin with.
        """
        words = dict.fromkeys(word for steps in remove for word in steps)
        if not words:
            return ()
        if self._before is None:
            self._before = _words_before(self._home, self._photo_ids, below)
        before = self._before.get(photo_id)
        return tuple(word for word in words if (not is_ours(word) if before is None else word in before))


def _words_before(home: Path, photo_ids: frozenset[str], below: Steps) -> dict[str, frozenset[str]]:
    """Return of each photo that the journal knows the flat words that were there before ours, in all its sidecars."""
    by_sidecar: dict[tuple[str, str], frozenset[str]] = {}
    try:
        for entry in journal.history(home, photo_ids):
            facts = None if entry.content is None else facts_of_packet(entry.content)
            if facts is None:
                by_sidecar[entry.photo_id, entry.path] = frozenset()
            elif not any(steps[: len(below)] == below for steps in facts.keyword_paths):
                by_sidecar[entry.photo_id, entry.path] = frozenset(facts.keywords)
    except SafelightError:
        return {}  # a damaged journal tells nothing
    before: dict[str, frozenset[str]] = {}
    for (photo_id, _), words in by_sidecar.items():
        before[photo_id] = before.get(photo_id, frozenset()) | words
    return before
