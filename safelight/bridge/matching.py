"""Questions -> the photos of one Lightroom catalog, and what living collections lack or have too much."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import QueryError
from indexer.filters import Filters
from safelight.bridge.errors import BridgeError
from safelight.bridge.question import Question, Ref
from safelight.service import Library

SOURCE = "lightroom"


@dataclass(frozen=True, slots=True)
class Match:
    """A photo that answers, as Lightroom can find it.

    Attributes:
        uuid: Lightroom's own; None where only the file is known, through another source.
        path: The original's; None where it is not on this machine.
        score: The cosine; comparable within one answer only.
    """

    uuid: str | None
    path: str | None
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Matches:
    """What a question found, best first; `reason` says why nothing did."""

    photos: tuple[Match, ...]
    reason: str


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
    wanted = question.limit if within is None else None
    try:
        answer = library.search(
            question.words,
            like=[photo_id_of(library, ref, catalog) for ref in question.like],
            unlike=[photo_id_of(library, ref, catalog) for ref in question.unlike],
            since=question.since,
            until=question.until,
            limit=wanted or max(1, _photos(library)),
            show_all=question.everything,
        )
    except QueryError as error:
        raise BridgeError("not_indexed" if "not been read" in str(error) else "bad_request", str(error)) from error
    filters = Filters(since=question.since, until=question.until)
    ranked = [(hit.place.photo_id, hit.score) for hit in answer.hits]
    photos: Iterable[Match] = _places(library, ranked, filters, catalog)
    if within is not None:
        scope = RefSet(within)
        photos = (match for match in photos if scope.has(match))
    chosen = tuple(photos)[: question.limit if within is not None else None]
    return Matches(chosen, answer.reason or ("" if chosen else "none of the photos that match is among these"))


def difference(library: Library, question: Question, catalog: str, carriers: Sequence[Ref]) -> Difference:
    """Compare who carries a token with who should; raises what find() raises."""
    found = find(library, question, catalog)
    carrying = RefSet(carriers)
    wanted = RefSet([Ref(match.uuid, match.path) for match in found.photos])
    return Difference(
        add=tuple(match for match in found.photos if not carrying.has(match)),
        remove=tuple(ref for ref in carriers if not wanted.has(ref)),
        matching=len(found.photos),
    )


def unknown(library: Library, refs: Sequence[Ref], catalog: str) -> list[Ref]:
    """List those of `refs` that the model in use has no vector of."""
    return [ref for ref in refs if not _row_of(library, ref, catalog, embedded=True)]


def photo_id_of(library: Library, ref: Ref, catalog: str, *, embedded: bool = True) -> str:
    """Return our id of a photo.

    Args:
        embedded: Only where the model in use has its vector.

    Raises:
        BridgeError: It is not indexed.
    """
    row = _row_of(library, ref, catalog, embedded=embedded)
    if row is None:
        name = Path(ref.path).name if ref.path else ref.uuid
        raise BridgeError("not_indexed", f"{name} has not been indexed yet; choose Index This Catalog first")
    return row[0]


def content_of(library: Library, ref: Ref, catalog: str) -> int | None:
    """Return the content id of a photo that has a vector; None where it is not indexed."""
    row = _row_of(library, ref, catalog, embedded=True)
    return row and row[1]


class RefSet:
    """A set of photos, asked by UUID first, else by path."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        self._uuids: set[str] = set()
        self._paths: set[str] = set()  # of all
        self._bare: set[str] = set()  # of those without a UUID
        for ref in refs:
            if ref.uuid is not None:
                self._uuids.add(ref.uuid)
            if ref.path is not None:
                self._paths.add(nfc(ref.path))
                if ref.uuid is None:
                    self._bare.add(nfc(ref.path))

    def has(self, ref: Ref | Match) -> bool:
        """Tell whether a photo is in here; two UUIDs settle it, and only where one lacks it do paths count."""
        if ref.uuid is not None and ref.uuid in self._uuids:
            return True
        if ref.path is None:
            return False
        return nfc(ref.path) in (self._paths if ref.uuid is None else self._bare)


def nfc(path: str) -> str:
    """Write a path as it is compared: one encoding of accents, one kind of slash."""
    return unicodedata.normalize("NFC", path).replace("\\", "/")


def _photos(library: Library) -> int:
    (count,) = library.catalog.db.execute("SELECT count(*) FROM content").fetchone()
    return count


def _row_of(library: Library, ref: Ref, catalog: str, *, embedded: bool) -> tuple[str, int] | None:
    """Find (public id, content id) of a photo: by UUID in its catalog, else by its path anywhere."""
    model = next((m for m in library.catalog.models() if m.name == library.model_name), None)
    if model is None:
        raise BridgeError("not_indexed", "nothing is indexed yet with this model; choose Index This Catalog first")
    has_vector = " AND EXISTS (SELECT 1 FROM embedding e WHERE e.model_id = ? AND e.content_id = photo.content_id)"
    extra, params = (has_vector, [model.id]) if embedded else ("", [])
    db = library.catalog.db
    if ref.uuid is not None:
        row = db.execute(
            "SELECT photo.public_id, photo.content_id FROM photo JOIN root ON root.id = photo.root_id"
            f" WHERE root.source = ? AND root.path = ? AND photo.key = ?{extra}",
            [SOURCE, os.fsencode(catalog), ref.uuid.encode(), *params],
        ).fetchone()
        if row is not None:
            return row
    if ref.path is None:
        return None
    forms = {os.fsencode(unicodedata.normalize(form, ref.path)) for form in ("NFC", "NFD")} | {os.fsencode(ref.path)}
    return db.execute(
        f"SELECT public_id, content_id FROM photo WHERE path IN ({', '.join('?' * len(forms))})"
        f" AND content_id IS NOT NULL{extra} ORDER BY id LIMIT 1",
        [*forms, *params],
    ).fetchone()


def _places(library: Library, ranked: Sequence[tuple[str, float]], filters: Filters, catalog: str) -> Iterator[Match]:
    """Yield every place in Lightroom of the ranked photos: copies with the same bytes belong to a collection, too."""
    where, params = filters.where()
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
