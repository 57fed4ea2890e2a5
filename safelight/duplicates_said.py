"""What the user said about groups of duplicates: to be shown with them, changed, and put back as it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from indexer.catalog import Catalog
from indexer.duplicates.store import Decision, decide, decisions_among, forget_among
from safelight.errors import SafelightError

MOST_APART = 500
"""Different pictures of which can be said at once that no two belong together: 124,750 pairs."""


@dataclass(frozen=True, slots=True)
class Said:
    """One decision.

    Attributes:
        photos: The one to keep; else those of which no two belong together: two or more, or twice the same for the
            copies of one file.
    """

    decision: Decision
    photos: tuple[str, ...]


def say(catalog: Catalog, decision: Decision, photos: Sequence[str], keeper: str | None = None) -> list[Said]:
    """Record what is so about a group, in place of all that was said within it; returns what that was.

    Args:
        photos: Public ids of the group.
        keeper: The one to keep, where that is what is said.

    Raises:
        SafelightError: There is no such photo, or they are one file.

    Writes: the catalog.
    """
    hashes = _hashes(catalog, photos)
    if decision is Decision.KEEPER:
        if keeper not in hashes:
            raise SafelightError("the photo to keep has to be one of the group")
        pairs = [(hashes[keeper], keeper.encode())]  # of copies of one file the very one
    else:
        counts = Counter(hashes.values())
        _refuse_too_many(len(counts))
        pairs = list(combinations(sorted(counts), 2))
        if decision is Decision.IGNORED:  # copies of one file cannot be told apart, but nobody need see them again
            pairs += [(content, content) for content, copies in counts.items() if copies > 1]
        if not pairs:
            raise SafelightError("these are copies of one file, byte for byte; there is nothing to tell apart")
    before = _said(catalog, hashes)
    with catalog.transaction():
        forget_among(catalog.db, hashes.values())
        decide(catalog.db, decision, pairs)
    return before


def put_back(catalog: Catalog, photos: Sequence[str], before: Sequence[Said]) -> None:
    """Make what was said within a group what `say` returned; nothing: forget it.

    Raises:
        SafelightError: There is no such photo, or `before` speaks of photos outside of the group.

    Writes: the catalog.
    """
    hashes = _hashes(catalog, photos)
    for one in before:
        is_keeper = one.decision is Decision.KEEPER
        if any(photo not in hashes for photo in one.photos) or (len(one.photos) == 1) != is_keeper:
            raise SafelightError("what is put back has to be about photos of the group, one to keep or several apart")
        _refuse_too_many(len(one.photos))
    with catalog.transaction():
        forget_among(catalog.db, hashes.values())
        for one in before:
            if one.decision is Decision.KEEPER:
                pairs = [(hashes[one.photos[0]], one.photos[0].encode())]
            else:
                pairs = list(combinations([hashes[photo] for photo in one.photos], 2))
            decide(catalog.db, one.decision, pairs)


def _refuse_too_many(pictures: int) -> None:
    if pictures > MOST_APART:
        raise SafelightError(
            f"these are {pictures:,} different pictures, and no more than {MOST_APART} can be told apart at once;"
            " choose the one to keep instead"
        )


def _said(catalog: Catalog, hashes: dict[str, bytes]) -> list[Said]:
    photo_of = {content: photo for photo, content in reversed(hashes.items())}
    said: list[Said] = []
    apart: dict[Decision, list[tuple[bytes, bytes]]] = {}
    for decision, one, other in decisions_among(catalog.db, hashes.values()):
        if decision is Decision.KEEPER:
            meant = other.decode()
            said.append(Said(decision, (meant if meant in hashes else photo_of[one],)))
        else:
            apart.setdefault(decision, []).append((one, other))
    for decision, pairs in apart.items():
        said += [Said(decision, tuple(photo_of[content] for content in some)) for some in _joined(pairs)]
    return said


def _joined(pairs: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, ...]]:
    """Name pairs of which every two are one by what they are made of: a group that was told apart, in one entry."""
    copies = [pair for pair in pairs if pair[0] == pair[1]]
    others = [pair for pair in pairs if pair[0] != pair[1]]
    contents = sorted({content for pair in others for content in pair})
    is_whole = len(others) == len(contents) * (len(contents) - 1) // 2
    return [*copies, *([tuple(contents)] if is_whole and contents else others)]


def _hashes(catalog: Catalog, photos: Sequence[str]) -> dict[str, bytes]:
    rows = catalog.db.execute(
        "SELECT p.public_id, c.hash FROM photo p JOIN content c ON c.id = p.content_id"
        " WHERE p.public_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(photos)),),
    )
    found = dict(rows.fetchall())
    for photo in photos:
        if photo not in found:
            raise SafelightError(f"there is no photo {photo} any more; look for duplicates again")
    return {photo: found[photo] for photo in photos}


class AllSaid:
    """Everything that was said, as it stands now."""

    def __init__(self, catalog: Catalog) -> None:
        self._chosen: dict[int, str] = {}
        self._apart: dict[tuple[int, int], Decision] = {}
        for kind, one, meant, other in catalog.db.execute(
            "SELECT d.kind, a.id, d.other, b.id FROM decision d JOIN content a ON a.hash = d.hash"
            " LEFT JOIN content b ON b.hash = d.other"
        ):
            if kind == Decision.KEEPER:
                self._chosen[one] = meant.decode()
            elif other is not None:
                self._apart[min(one, other), max(one, other)] = Decision(kind)
        self._contents: dict[str, int] = dict(
            catalog.db.execute(
                "SELECT public_id, content_id FROM photo WHERE content_id IN (SELECT id FROM content"
                " WHERE hash IN (SELECT hash FROM decision UNION SELECT other FROM decision))"
            ).fetchall()
        )

    def of(self, photos: Sequence[str]) -> tuple[Decision | None, str | None]:
        """Return what was said of a group, and which photo was chosen to be kept."""
        contents = [self._contents.get(photo) for photo in photos]
        first = contents[0]
        others = set(contents) - {first} or {first}  # a pair of a content with itself: its copies
        kinds = {
            None if first is None or other is None else self._apart.get((min(first, other), max(first, other)))
            for other in others
        }
        if len(kinds) == 1 and (kind := kinds.pop()) is not None:
            return kind, None
        chosen = {photo: content for photo, content in zip(photos, contents, strict=True) if content in self._chosen}
        if not chosen:
            return None, None
        meant = next((photo for photo, content in chosen.items() if self._chosen[content] == photo), None)
        return Decision.KEEPER, meant or next(iter(chosen))
