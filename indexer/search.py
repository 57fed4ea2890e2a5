"""Query and filters -> ranked photos, or the plain statement that nothing here is like it.

Photos rank by cosine, exactly, over all vectors; nothing is approximated. Every answer is joined with the catalog, so
what is stale elsewhere never shows. The same content at several places is one hit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import xxhash
from numpy.typing import NDArray

from indexer.calibrate import PROMPT, Calibration, calibrate
from indexer.catalog import Catalog, Model
from indexer.columns import Columns
from indexer.drives import is_away, place_path
from indexer.errors import QueryError
from indexer.filters import Filters, kept_contents, prepare
from indexer.matrix import Matrix
from indexer.no_match import why_none_passes
from indexer.query import PHOTO_ID, Query, Term

CANDIDATES = 512
"""How many of the nearest photos are judged at least; four times as many as are asked for, where that is more."""

COLUMNS_AFTER = 2
"""So many answers to filters of dates and sources come from SQL before it pays to read them all; see columns.py."""

Vectors = NDArray[np.float32]
_EVERYTHING = Filters()


class Embedder(Protocol):
    """The model, loaded when first asked; a search for photos that are in the catalog never asks."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32 (N, D), L2 norm 1."""
        ...

    def embed_file(self, path: Path) -> Vectors:
        """Embed the picture in a file: float32 (D,), L2 norm 1; IndexerError or ImporterError where it cannot be."""
        ...


FindPicture = Callable[[str], tuple[Vectors, int | None]]
"""Takes how a query names a picture; returns its vector, float32 (D,), and its content where the catalog knows it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo lies.

    Attributes:
        photo_id: The public id.
        path: None where its source names no file.
        state: "here"; "missing", gone from a place that can be reached; "offline", its drive or library is not there.
            As the last run found it.
        passes: Whether it passes the filters that were asked for.
    """

    photo_id: str
    path: Path | None
    name: str
    source: str
    root: Path
    state: str
    passes: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """One content that passes the filters.

    Attributes:
        place: The best place to show: passing the filters, at hand if any is.
        others: Every other place with the same content.
        taken_at: By the camera's clock; None where only the file's own date is known.
    """

    place: Place
    others: tuple[Place, ...]
    taken_at: str | None


@dataclass(frozen=True, slots=True)
class Hit(Found):
    """One content that answers a query.

    Attributes:
        score: The cosine to the query, -1 to 1; comparable within one answer, not between models.
        clarity: How far it stands out for these words (see calibrate.py); None where the query shows a picture.
    """

    score: float
    clarity: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found.

    Attributes:
        hits: Best first.
        nearest: The photo that came nearest, found or not.
        needed: The clarity that the clearest photo had to reach; None where there is no cut.
        reason: Why there are no hits, in one line; "" where there are.
    """

    hits: tuple[Hit, ...]
    nearest: Hit | None
    needed: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as vectors.

    Attributes:
        ranking: float32 (D,), what photos are ranked by.
        judged: float32 (D,), what decides whether they are an answer at all: the wanted words, put into PROMPT; None
            where a picture is wanted.
        shown: Contents that the query itself shows; they are no answer.
    """

    ranking: Vectors
    judged: Vectors | None
    shown: tuple[int, ...]


class Search:
    """Searches one model's vectors; belongs to the thread that opened the catalog."""

    def __init__(
        self, catalog: Catalog, model: Model, embedder: Embedder, find_picture: FindPicture | None = None
    ) -> None:
        """Prepare.

        Args:
            find_picture: What finds the pictures that queries name; without it, they are photo ids and paths of files.
        """
        self._catalog = catalog
        self._model = model
        self._embedder = embedder
        self._find_picture = find_picture or self._picture
        self._opened: tuple[tuple[int, int], Matrix] | None = None
        self._calibration: Calibration | None = None
        self._kept: tuple[Filters, NDArray[np.bool_]] | None = None  # people change the words more than the filters
        self._columns: Columns | None = None
        self._answered_by_sql = 0
        prepare(catalog.db)

    def similar(self, target: str, filters: Filters = _EVERYTHING, limit: int = 20) -> Answer:
        """Find photos that look like a photo of the library, by id, or like the picture in a file.

        The photo itself and its byte-identical copies are no answer. There is no cut: something is always nearest.
        """
        return self.run(Query((Term(target, is_picture=True),)), filters, limit)

    def run(self, query: Query, filters: Filters = _EVERYTHING, limit: int = 20, *, show_all: bool = False) -> Answer:
        """Answer a query.

        Args:
            query: See query.parse.
            filters: Which photos may answer.
            limit: Hits at most.
            show_all: Show what lies below the cut, too.

        Raises:
            QueryError: A photo or file that the query names is not there, or the terms cancel each other out.
            IndexerError: The model or the vectors cannot be read.

        Writes: the model's calibration, where it was out of date.
        """
        matrix = self._matrix()
        if not len(matrix):
            return Answer((), None, None, "nothing is indexed yet for this model; run `safelight index FOLDER` first")
        asked = self._ask(query)
        keep = self._keep(matrix, filters, asked.shown)
        photos = len(matrix) if keep is None else int(keep.sum())
        if not photos:
            return Answer((), None, None, self._no_candidate(filters))
        ids, scores = matrix.top(asked.ranking, max(CANDIDATES, 4 * limit), keep)
        if asked.judged is None:
            hits = self._hits(ids, scores, None, filters, limit)
            return Answer(hits, hits[0] if hits else None, None, "" if hits else "there are no other photos")

        calibration = self._calibration or calibrate(self._catalog, self._model, matrix, self._embedder.embed_texts)
        self._calibration = calibration
        clarity = peak = _clarity(matrix, calibration, asked.judged, ids)
        if query.unwanted:  # the clearest need not be among those far from what is unwanted
            peak = _clarity(matrix, calibration, asked.judged, matrix.top(asked.judged, CANDIDATES, keep)[0])
        needed = calibration.levels.found(photos)
        shows = clarity >= (calibration.levels.shown if peak.max() >= needed else np.inf)
        if show_all:
            shows[:] = True
        nearest = next(iter(self._hits(ids[:limit], scores, clarity, filters, 1)), None)
        hits = self._hits(ids[shows], scores[shows], clarity[shows], filters, limit)
        return Answer(hits, nearest, needed, "" if hits else _nothing(query, filters, nearest))

    def _no_candidate(self, filters: Filters) -> str:
        return why_none_passes(self._catalog.db, filters) if filters else "there are no other photos"

    def _matrix(self) -> Matrix:
        """Return the vectors as they stand; where the catalog has changed since, only what is new is read."""
        db, home = self._catalog.db, self._catalog.home
        (others,) = db.execute("PRAGMA data_version").fetchone()
        version = (others, db.total_changes)
        if self._opened is not None and self._opened[0] == version:
            return self._opened[1]
        matrix = None if self._opened is None else self._opened[1]
        if matrix is None or not matrix.grow(home, db, self._model.id):
            matrix = Matrix.open(home, db, self._model.id)
        self._opened = (version, matrix)
        self._kept = self._columns = None
        self._answered_by_sql = 0
        if self._calibration is not None and not self._calibration.fits(matrix):
            self._calibration = None
        return matrix

    def _ask(self, query: Query) -> _Asked:
        """Turn a query into vectors: the sum of its terms, each a unit vector times its weight, scaled to length 1.

        A sum, because a photo's score is then the weighted sum of its scores for the terms: an unwanted term takes away
        exactly what makes a photo like it, and the part that all texts of a model share cancels between the two.
        """
        by_words = not any(term.is_picture for term in query.wanted)
        texts = [term.value for term in query.terms if not term.is_picture]
        prompts = [PROMPT.format(term.value) for term in query.wanted] if by_words else []
        embedded = self._embedder.embed_texts(texts + prompts) if texts else np.empty((0, self._model.dim), np.float32)
        of_text = iter(embedded)
        vectors: list[Vectors] = []
        shown: list[int] = []
        for term in query.terms:
            if term.is_picture:
                vector, content_id = self._find_picture(term.value)
                shown += [] if content_id is None else [content_id]
            else:
                vector = next(of_text)
            vectors.append(vector)
        judged = _sum(list(of_text), [term.weight for term in query.wanted]) if by_words else None
        return _Asked(_sum(vectors, [term.weight for term in query.terms]), judged, tuple(shown))

    def _picture(self, value: str) -> tuple[Vectors, int | None]:
        """Return the vector of a photo id or a file, and its content if the catalog knows it."""
        path = Path(value).expanduser()
        if PHOTO_ID.fullmatch(value) and not path.exists():
            return photo_vector(self._catalog, self._model, value.lower())
        content_id = self._content_of(path)
        vector = None if content_id is None else self._catalog.vector(self._model, content_id)
        if vector is None:
            if path.is_dir():
                raise QueryError(f"{value} is a folder; give a picture's path, or a photo's id")
            if not path.is_file():
                raise QueryError(f"there is no file {value}; give a picture's path, or a photo's id")
            vector = self._embedder.embed_file(path)
        return vector, content_id

    def _content_of(self, path: Path) -> int | None:
        """Recognise a file by its bytes; one that cannot be reached, by its path."""
        try:
            if not path.is_file():
                raise FileNotFoundError  # a pipe would wait for ever, a device never end
            with path.open("rb") as file:
                digest = xxhash.xxh3_128()
                while block := file.read(1 << 20):
                    digest.update(block)
            row = self._catalog.db.execute("SELECT id FROM content WHERE hash = ?", (digest.digest(),)).fetchone()
        except OSError:
            row = self._catalog.db.execute(
                "SELECT content_id FROM photo WHERE path = ? AND content_id IS NOT NULL",
                (os.fsencode(path.absolute()),),
            ).fetchone()
        return row and row[0]

    def _keep(self, matrix: Matrix, filters: Filters, without: Sequence[int]) -> NDArray[np.bool_] | None:
        """Return which rows may answer: bool (N,), or None for all."""
        keep = self._passing(matrix, filters) if filters else None
        if without:
            others = ~np.isin(matrix.content_ids, without)
            keep = others if keep is None else keep & others
        return keep

    def _passing(self, matrix: Matrix, filters: Filters) -> NDArray[np.bool_]:
        """Return which rows pass the filters: bool (N,); kept for the next query with the same filters."""
        if self._kept is None or self._kept[0] != filters:
            ask = self._ask_columns if filters.are_dates_and_sources else self._ask_sql
            self._kept = (filters, ask(matrix, filters))
        return self._kept[1]

    def _ask_columns(self, matrix: Matrix, filters: Filters) -> NDArray[np.bool_]:
        """Answer from memory, once a process has filtered so often that reading everything pays."""
        if self._columns is None and self._answered_by_sql < COLUMNS_AFTER:
            self._answered_by_sql += 1
            return self._ask_sql(matrix, filters)
        self._columns = self._columns or Columns.read(self._catalog.db, matrix.content_ids)
        return self._columns.passing(filters)

    def _ask_sql(self, matrix: Matrix, filters: Filters) -> NDArray[np.bool_]:
        ids = matrix.content_ids
        passes = np.zeros(int(ids.max(initial=0)) + 1, np.bool_)
        kept = kept_contents(self._catalog.db, filters)
        passes[kept[kept < len(passes)]] = True
        return passes[ids]

    def _hits(
        self, ids: NDArray[np.int64], scores: Vectors, clarity: Vectors | None, filters: Filters, limit: int
    ) -> tuple[Hit, ...]:
        """Join ranked contents with the catalog; those that no photo shows any more are passed over."""
        hits: list[Hit] = []
        at = 0
        while len(hits) < limit and at < len(ids):
            batch = ids[at : at + limit]
            places = places_of(self._catalog, batch.tolist(), filters)
            for i, content_id in enumerate(batch.tolist(), start=at):
                if (found := places.get(content_id)) and len(hits) < limit:
                    (place, taken_at), *others = found
                    clear = None if clarity is None else float(clarity[i])
                    hits.append(Hit(place, tuple(p for p, _ in others), taken_at, float(scores[i]), clear))
            at += len(batch)
        return tuple(hits)


def places_of(
    catalog: Catalog, content_ids: Sequence[int], filters: Filters
) -> dict[int, list[tuple[Place, str | None]]]:
    """List the places of each content, with when it was taken: those that pass the filters, those at hand, the oldest.

    The connection must have been prepared; see filters.prepare.
    """
    where, params = filters.where()
    rows = catalog.db.execute(
        f"SELECT photo.content_id, photo.public_id, photo.path, photo.name, root.source, {place_path('photo', 'root')},"
        " CASE photo.taken_from WHEN 'exif' THEN photo.taken_at END,"
        f" CASE WHEN {is_away('photo', 'root')} THEN 'offline' WHEN photo.state = 'missing' THEN 'missing' ELSE 'here'"
        f" END AS place_state, coalesce({where}, 0) AS passes"
        " FROM photo JOIN root ON root.id = photo.root_id"
        " WHERE photo.content_id IN (SELECT value FROM json_each(?)) AND photo.state IN ('indexed', 'missing')"
        " ORDER BY passes DESC, place_state <> 'here', photo.id",
        [*params, json.dumps(list(content_ids))],
    )
    places: dict[int, list[tuple[Place, str | None]]] = {}
    for content_id, photo_id, path, name, source, root, taken_at, state, passes in rows:
        if not passes and content_id not in places:
            continue
        place = Place(photo_id, _path(path), name, source, Path(os.fsdecode(root)), state, bool(passes))
        places.setdefault(content_id, []).append((place, taken_at))
    return places


def photo_vector(catalog: Catalog, model: Model, photo_id: str) -> tuple[Vectors, int]:
    """Return a photo's vector, float32 (D,), L2 norm 1, and its content.

    Raises:
        QueryError: There is no such photo, or the model has not seen it.
    """
    row = catalog.db.execute("SELECT content_id FROM photo WHERE public_id = ?", (photo_id,)).fetchone()
    if row is None:
        raise QueryError(f"there is no photo with the id {photo_id}")
    if row[0] is None or (vector := catalog.vector(model, row[0])) is None:
        raise QueryError(f"the photo {photo_id} has not been read with this model; run `safelight index` again")
    return vector, row[0]


def _clarity(matrix: Matrix, calibration: Calibration, judged: Vectors, ids: NDArray[np.int64]) -> Vectors:
    vectors = matrix.vectors(ids)
    return calibration.clarity(vectors, vectors @ judged)


def _sum(vectors: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    """Add unit vectors, weighted, and scale to length 1: (n, D), (n,) -> (D,)."""
    total = np.asarray(weights, np.float32) @ np.stack(vectors)
    norm = float(np.linalg.norm(total))
    if norm < 1e-3:
        raise QueryError("the terms cancel each other out; leave one out, or change its weight")
    return total / np.float32(norm)


def _path(path: bytes | None) -> Path | None:
    return None if path is None else Path(os.fsdecode(path))


_LONGEST_ECHO = 200


def _nothing(query: Query, filters: Filters, nearest: Hit | None) -> str:
    within = " among the photos that pass the filters" if filters else ""
    hint = f"; the nearest is {nearest.place.name} ({nearest.score:.2f})" if nearest else ""
    asked = str(query)
    asked = asked if len(asked) <= _LONGEST_ECHO else asked[:_LONGEST_ECHO] + "..."
    return f"nothing here looks like {asked}{within}{hint}"
