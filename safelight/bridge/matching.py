"""Questions -> the photos of one Lightroom catalog, and what living collections lack or have too much."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from indexer.errors import QueryError
from indexer.filters import Filters
from indexer.query import parse
from safelight.bridge.errors import BridgeError
from safelight.bridge.known import SOURCE, Known, RefSet
from safelight.bridge.paths import Comparison, nfc, spellings
from safelight.bridge.question import MAX_PHOTOS, Question, Ref
from safelight.service import Library

if TYPE_CHECKING:
    from indexer.search import Answer

PAGE_LEAST = 64
PAGE_MOST = 8192
"""Contents in a page of an answer: 2 MB of JSON at most."""
_A_PHOTO = "2" * 12  # the form of an id: which photo it is does not matter


@dataclass(frozen=True, slots=True)
class Match:
    """A photo that answers, as Lightroom can find it.

    Attributes:
        uuid: Lightroom's own; None where only the file is known, through another source.
        path: The original's; None where it is not on this machine.
        score: The cosine; comparable within one answer only.
        any_case: Whether Lightroom's photo may have the path in another case: no other file can be meant.
    """

    uuid: str | None
    path: str | None
    name: str
    score: float
    any_case: bool = False

    @property
    def ref(self) -> Ref:
        """The photo alone."""
        return Ref(self.uuid, self.path)

    def record(self) -> dict[str, Any]:
        """Return it for JSON; `spellings` is the path with its accents written in the other ways."""
        return {
            **named(self.ref, any_case=self.any_case),
            "name": self.name,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class Matches:
    """What a question found, best first.

    Attributes:
        reason: Why nothing was found.
        next: Of a page, where the next one begins; None where there is none.
    """

    photos: tuple[Match, ...]
    reason: str
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to change so that exactly the photos that match carry the token."""

    add: tuple[Match, ...]
    remove: tuple[Ref, ...]
    matching: int


def find(library: Library, question: Question, catalog: str, within: Sequence[Ref] | None = None) -> Matches:
    """Answer a question with photos of the catalog at path `catalog`.

    Args:
        within: Only photos of these; None means all.

    Raises:
        BridgeError: A photo that the question names is not indexed, or the question cannot be understood.
        IndexerError: The model or the index failed.
        SafelightError: Nothing is indexed.
    """
    known = Known(library, catalog)
    wanted = question.limit if within is None else None
    answer = _ask(library, known, question, wanted or max(1, _photos(library)))
    photos = list(_places(library, _ranked(answer), question, catalog))
    if within is not None:
        scope = RefSet(within, Comparison((ref.path for ref in within), (match.path for match in photos)))
        photos = [match for match in photos if scope.has(match.ref)][: question.limit]
    chosen = _spelt(known, photos)
    return Matches(chosen, answer.reason or ("" if chosen else "none of the photos that match is among these"))


def page(library: Library, question: Question, catalog: str, offset: int) -> Matches:
    """Answer a question with a limit in pages: with the photos from rank `offset` on; raises what find() raises.

    The first page has as many contents as the limit, and each further one as many as all before it, so that a catalog
    that has few of the photos in the index is not asked about all of them, and is not sent thousands of small answers.
    """
    known = Known(library, catalog)
    end = offset + min(max(question.limit or 0, offset, PAGE_LEAST), PAGE_MOST)
    answer = _ask(library, known, question, end)
    photos = _spelt(known, _places(library, _ranked(answer)[offset:], question, catalog))
    last = len(answer.hits) < end or (question.everything and end >= MAX_PHOTOS)
    return Matches(photos, answer.reason, None if last else end)


def _ask(library: Library, known: Known, question: Question, limit: int) -> Answer:
    known.expect(ref.path for ref in (*question.like, *question.unlike))
    try:
        return library.search(
            question.words,
            like=[known.photo_id(ref) for ref in question.like],
            unlike=[known.photo_id(ref) for ref in question.unlike],
            since=question.since,
            until=question.until,
            limit=limit,
            show_all=question.everything,
        )
    except QueryError as error:
        said = str(error).removeprefix("--since ").removeprefix("--until ")  # nobody has typed such an option here
        raise BridgeError("not_indexed" if "not been read" in said else "bad_request", said) from error


def _ranked(answer: Answer) -> list[tuple[str, float]]:
    return [(hit.place.photo_id, hit.score) for hit in answer.hits]


def _spelt(known: Known, photos: Iterable[Match]) -> tuple[Match, ...]:
    photos = list(photos)
    known.expect(match.path for match in photos if match.uuid is None)
    return tuple(
        replace(match, any_case=known.any_case(match.path)) if match.uuid is None and match.path is not None else match
        for match in photos
    )


def check(question: Question) -> None:
    """Refuse a question that no photos could ever answer, before it is queued for Lightroom.

    Raises:
        BridgeError: It has nothing to look for, or a date that is none.
    """
    try:
        parse(question.words, [_A_PHOTO for _ in question.like], [_A_PHOTO for _ in question.unlike])
        Filters(since=question.since, until=question.until)
    except QueryError as error:
        raise BridgeError("bad_request", str(error).removeprefix("--")) from error


def difference(library: Library, question: Question, catalog: str, carriers: Sequence[Ref]) -> Difference:
    """Compare who carries a token with who should; raises what find() raises."""
    found = find(library, question, catalog)
    matching = [match.ref for match in found.photos]
    paths = Comparison((ref.path for ref in carriers), (ref.path for ref in matching))
    carrying, wanted = RefSet(carriers, paths), RefSet(matching, paths)
    return Difference(
        add=tuple(match for match in found.photos if not carrying.has(match.ref)),
        remove=tuple(ref for ref in carriers if not wanted.has(ref)),
        matching=len(found.photos),
    )


def named(ref: Ref, *, any_case: bool) -> dict[str, Any]:
    """Name a photo so that Lightroom finds it although its path is written in another way there."""
    others = spellings(ref.path)[1:] if ref.path is not None and ref.uuid is None else []
    return {"uuid": ref.uuid, "path": ref.path, "spellings": others, "any_case": any_case}


def _photos(library: Library) -> int:
    (count,) = library.catalog.db.execute("SELECT count(*) FROM content").fetchone()
    return count


def _places(library: Library, ranked: Sequence[tuple[str, float]], question: Question, catalog: str) -> Iterator[Match]:
    """Yield every place in Lightroom of the ranked photos: copies with the same bytes belong to a collection, too."""
    where, params = Filters(since=question.since, until=question.until).where()
    rows = library.catalog.db.execute(
        "SELECT asked.public_id, photo.key, photo.path, photo.name, root.source, root.path"
        " FROM photo AS asked JOIN photo ON photo.content_id = asked.content_id"
        " JOIN root ON root.id = photo.root_id"
        " WHERE asked.public_id IN (SELECT value FROM json_each(?)) AND photo.state IN ('indexed', 'missing')"
        f" AND {where} ORDER BY root.source <> '{SOURCE}', photo.id",
        [json.dumps([photo_id for photo_id, _ in ranked]), *params],
    )
    by_id: dict[str, list[tuple[str | None, str | None, str]]] = {}
    for photo_id, key, path, name, source, root in rows:
        ours = source == SOURCE and os.fsdecode(root) == catalog
        uuid = key.decode("utf-8", "replace") if ours else None
        by_id.setdefault(photo_id, []).append((uuid, os.fsdecode(path) if path else None, name))
    for photo_id, score in ranked:
        said: set[str] = set()
        for uuid, path, name in by_id.get(photo_id, ()):
            known = path is not None and nfc(path) in said
            if path is not None:
                said.add(nfc(path))
            if uuid is not None or (path is not None and not known):
                yield Match(uuid, path, name, score)
