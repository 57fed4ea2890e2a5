"""Suggested keywords: the user's own first, then everyday words that are in no other spelling among them.

A keyword is suggested where the photo stands out for it as search judges it (see indexer.calibrate), so that a
suggestion and a hit of a search mean the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from indexer.calibrate import PROMPT, Calibration, calibrate
from indexer.catalog import Model
from indexer.matrix import Matrix
from indexer.subjects import SUBJECTS
from safelight.bridge.errors import BridgeError
from safelight.bridge.known import Known
from safelight.bridge.question import Ref
from safelight.service import Library

MAX_KEYWORDS = 20_000
A_PHOTO = 8
"""Suggestions for one photo at most; people read them one by one."""
_ARTICLE = re.compile(r"^(a|an|the|some) ", re.IGNORECASE)
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword with those that it lies under, outermost first."""

    steps: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    new: bool = False

    @property
    def name(self) -> str:
        """What it is called itself."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A keyword that a photo stands out for; `clarity` ranks the suggestions for one photo."""

    keyword: Keyword
    clarity: float


_SEEN: dict[tuple[str, str], NDArray[np.float32]] = {}
"""The vectors of the keywords that were asked for, by model and name; all threads of the helper share them."""


class Suggester:
    """Suggests keywords."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def suggest(
        self, refs: Sequence[Ref], keywords: Sequence[Keyword], catalog: str
    ) -> tuple[dict[Ref, list[Suggestion]], list[Ref]]:
        """Suggest keywords for photos; returns them by photo, and the photos that are not indexed.

        Raises:
            BridgeError: Nothing is indexed with this model.
            IndexerError: The model failed.
        """
        library = self._library
        model = next((m for m in library.catalog.models() if m.name == library.model_name), None)
        if model is None:
            raise BridgeError("not_indexed", "nothing is indexed yet with this model; choose Index This Catalog first")
        offered = list(_offered(keywords))
        texts = self._embed(model, [keyword.name for keyword in offered])
        calibration = self._calibration(model)
        known = Known(library, catalog)
        found: dict[Ref, list[Suggestion]] = {}
        missing: list[Ref] = []
        for ref in refs:
            content_id = known.content(ref)
            vector = None if content_id is None else library.catalog.vector(model, content_id)
            if vector is None:
                missing.append(ref)
                continue
            found[ref] = _best(offered, texts, vector, calibration)
        return found, missing

    def _calibration(self, model: Model) -> Calibration:
        catalog = self._library.catalog
        matrix = Matrix.open(catalog.home, catalog.db, model.id)
        return calibrate(catalog, model, matrix, self._library.embed_texts)

    def _embed(self, model: Model, names: Sequence[str]) -> NDArray[np.float32]:
        """Embed keywords, put into PROMPT: float32 (K, D), L2 norm 1."""
        new = list(dict.fromkeys(name for name in names if (model.space, name) not in _SEEN))
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            for name, vector in zip(batch, self._library.embed_texts([PROMPT.format(n) for n in batch]), strict=True):
                _SEEN[model.space, name] = vector
        return np.stack([_SEEN[model.space, name] for name in names])


def read_keywords(value: object) -> list[Keyword]:
    """Read [{"steps": [...], "synonyms": [...]}].

    Raises:
        BridgeError: It is something else, or too long.
    """
    if value is None or value == {}:
        return []
    if not isinstance(value, list):
        raise BridgeError("bad_request", "keywords must come as a list")
    items = cast("list[object]", value)
    if len(items) > MAX_KEYWORDS:
        raise BridgeError("too_many", f"at most {MAX_KEYWORDS:,} keywords at a time")
    return [_read(item) for item in items]


def _read(item: object) -> Keyword:
    given: Mapping[str, object] = cast("Mapping[str, object]", item) if isinstance(item, Mapping) else {}
    steps, synonyms = (_names(given.get(key)) for key in ("steps", "synonyms"))
    if not steps:
        raise BridgeError("bad_request", "a keyword must be an object with `steps`, its names from the outermost in")
    return Keyword(steps, synonyms)


def _names(value: object) -> tuple[str, ...]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str) and item.strip() and len(item) <= 200)


def _offered(own: Sequence[Keyword]) -> Iterator[Keyword]:
    """Yield the user's keywords that say something in words, then subjects that are in no spelling among them."""
    spelt: set[str] = set()
    for keyword in own:
        spelt |= {spelling(name) for name in (keyword.name, *keyword.synonyms)}
        if any(letter.isalpha() for letter in keyword.name) and keyword.steps[0] != "Safelight":
            yield keyword
    for subject in SUBJECTS:
        name = _ARTICLE.sub("", subject)
        if spelling(name) not in spelt:
            spelt.add(spelling(name))
            yield Keyword((name,), new=True)


def spelling(name: str) -> str:
    """Reduce a keyword to what its spellings share: case, accents' encoding, blanks, hyphens and a plural's s go."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"(?<=\w\w)e?s$", "", re.sub(r"[\W_]+", "", folded))


def _best(
    offered: Sequence[Keyword], texts: NDArray[np.float32], vector: NDArray[np.float32], calibration: Calibration
) -> list[Suggestion]:
    scores = texts @ vector  # (K,)
    clarity = calibration.clarity(np.repeat(vector[None], len(scores), 0), scores)
    order: list[int] = np.argsort(-clarity)[:A_PHOTO].tolist()
    return [Suggestion(offered[i], float(clarity[i])) for i in order if clarity[i] >= calibration.levels.shown]
