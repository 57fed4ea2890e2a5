"""What two sets of photos have in common, by the exact bytes of the originals.

An original whose bytes were never read (a RAW file behind a Lightroom preview) is read now, but only if a file of the
same length lies in the other set: otherwise its bytes cannot be there.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import xxhash

from importers.sources import SOURCES
from indexer.catalog import Catalog, Root
from indexer.home import nothing_indexed
from indexer.spellings import paths_of
from safelight.errors import SafelightError
from safelight.status import EXACT_HASH

_CHUNK_BYTES = 4 << 20
_FROM = "FROM photo p JOIN root r ON r.id = p.root_id"


class Side(StrEnum):
    """Where a photo is."""

    ONLY_A = "only in A"
    ONLY_B = "only in B"
    BOTH = "in both"
    ALIKE = "alike in both"  # other bytes, but a near-duplicate of a photo in the other set
    UNKNOWN = "unknown"  # its original is not on this machine and was never read: it may be in the other set, too


@dataclass(frozen=True, slots=True)
class Compared:
    """One photo of either set."""

    photo_id: str
    path: str | None
    name: str
    source: str
    side: Side


@dataclass(slots=True)
class _Photo:
    row_id: int
    public_id: str
    path: str | None
    name: str
    source: str
    exact: bytes | None
    size_bytes: int | None


def compare(catalog: Catalog, a: str, b: str, alike: Iterable[Collection[str]] = ()) -> Iterator[Compared]:
    """Yield every photo of A, then those of B that are not the same bytes as one of A.

    Args:
        catalog: Both sets are in it.
        a: An indexed place, a folder in one or around some, or a kind of source: "takeout", "photos".
        b: Likewise.
        alike: Groups of near-duplicates by photo id, as safelight.duplicates finds them.

    Raises:
        SafelightError: One of them is nothing that was indexed.

    Writes: the hashes that had to be read, into our own catalog, where anything can be written.
    """
    ours, theirs = _photos(catalog, a), _photos(catalog, b)
    _read_what_may_match(catalog, ours, theirs)
    in_a, in_b = ({photo.exact for photo in side if photo.exact} for side in (ours, theirs))
    groups = list(alike)
    near_b, near_a = _near(groups, theirs), _near(groups, ours)
    for photo in ours:
        yield _compared(photo, _side(photo, in_b, near_b, Side.ONLY_A, Side.UNKNOWN if theirs else Side.ONLY_A))
    for photo in theirs:
        if photo.exact not in in_a:
            yield _compared(photo, _side(photo, in_a, near_a, Side.ONLY_B, Side.UNKNOWN if ours else Side.ONLY_B))


def _near(groups: Iterable[Collection[str]], photos: Iterable[_Photo]) -> set[str]:
    """Return the ids of all photos that are in a group with one of these."""
    ids = {photo.public_id for photo in photos}
    return {member for group in groups if not ids.isdisjoint(group) for member in group}


def _side(photo: _Photo, others: set[bytes], near: set[str], alone: Side, unread: Side) -> Side:
    """Tell where a photo is; of a length that no file in the other set has, it need not be read to be alone.

    Args:
        unread: What is said of one whose bytes nobody knows: in an empty set it cannot be.
    """
    if photo.exact in others:
        return Side.BOTH
    if photo.public_id in near:
        return Side.ALIKE
    return unread if photo.exact is None and photo.size_bytes is None else alone


def _compared(photo: _Photo, side: Side) -> Compared:
    return Compared(photo.public_id, photo.path, photo.name, photo.source, side)


def _photos(catalog: Catalog, which: str) -> list[_Photo]:
    """List the photos of a place, a folder or a kind of source, each with its exact hash where that is known.

    A file that several places know, a folder and the Lightroom catalog in it, is listed once: as one of them has read
    its bytes.
    """
    where, params = _condition(catalog, which)
    rows = catalog.db.execute(
        f"SELECT p.root_id, p.id, p.public_id, p.path, p.name, r.source, {EXACT_HASH} AS exact,"
        f" CASE WHEN c.hash = {EXACT_HASH} THEN c.size_bytes END"
        f" {_FROM} LEFT JOIN content c ON c.id = p.content_id"
        f" WHERE p.state = 'indexed' AND ({where}) ORDER BY p.path, exact IS NULL, p.name",
        params,
    )
    knows: dict[bytes, int] = {}
    photos = [
        _Photo(i, public, path and os.fsdecode(path), *rest)
        for root, i, public, path, *rest in rows
        if path is None or knows.setdefault(path, root) == root  # virtual copies share a path within one catalog
    ]
    for photo in photos:
        if photo.size_bytes is None:
            photo.size_bytes = _size(photo.path)
    return photos


def _condition(catalog: Catalog, which: str) -> tuple[str, list[object]]:
    """Return what picks the photos, as SQL: a path stands for every place at and below it, and for what is in it.

    The innermost place around a path is the one that knows what is in it: a library, not the folder that it lies in.
    """
    roots = catalog.roots()
    if which in {root.source for root in roots}:
        return "r.source = ?", [which]
    named = Path(which).expanduser()
    path = named.resolve() if ".." in named.parts else named.absolute()  # which leaves ".." as it is
    paths = [Path(os.fsdecode(one)) for one in paths_of(path)]
    below = [root.id for root in roots if any(root.path.is_relative_to(one) for one in paths)]
    where, params = [f"r.id IN ({', '.join('?' * len(below))})"], list[object](below)
    for one in paths:
        around = (root for root in roots if one.is_relative_to(root.path))
        root = max(around, key=lambda root: len(root.path.parts), default=None)
        if root is not None and root.path != one:
            start = os.fsencode(one)
            where.append("r.id = ? AND (p.path = ? OR p.path >= ? AND p.path < ?)")
            params += [root.id, start, start + b"/", start + b"0"]
    condition = " OR ".join(where)
    # A folder in a place may be mistyped, or newer than the last run: all photos would be missing in it.
    if not below and not catalog.db.execute(f"SELECT 1 {_FROM} WHERE {condition} LIMIT 1", params).fetchone():
        raise SafelightError(_why_unknown(which, path, roots))
    return condition, params


def _why_unknown(which: str, path: Path, roots: Sequence[Root]) -> str:
    known = ", ".join(f"{root.path} ({root.source})" for root in roots)
    if not known:
        return nothing_indexed()
    if path.exists():
        return f'{which} is not indexed; `safelight index "{which}"` reads it first. Indexed are: {known}'
    if which in {source.name for source in SOURCES}:
        return f"no place of the kind {which} is indexed; there are: {known}"
    return f"{which} is neither an indexed place nor a kind of source; there are: {known}"


def _read_what_may_match(catalog: Catalog, ours: list[_Photo], theirs: list[_Photo]) -> None:
    read: list[tuple[bytes, int]] = []
    for photos, others in ((ours, theirs), (theirs, ours)):
        sizes = {other.size_bytes for other in others} - {None}
        for photo in photos:
            if photo.exact is None and photo.path and photo.size_bytes in sizes:
                photo.exact = _digest(photo.path)
                if photo.exact:
                    read.append((photo.exact, photo.row_id))
    if catalog.keeps_nothing or not read:
        return
    with catalog.transaction():
        catalog.db.executemany("UPDATE photo SET original_hash = ? WHERE id = ?", read)


def _size(path: str | None) -> int | None:
    try:
        return Path(path).stat().st_size if path else None
    except OSError:
        return None


def _digest(path: str) -> bytes | None:
    hasher = xxhash.xxh3_128()
    try:
        with Path(path).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                hasher.update(chunk)
    except OSError:
        return None
    return hasher.digest()
