"""A search as the API takes it -> a query and filters of the engine. Nothing that was sent is ever taken for a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from indexer.errors import QueryError
from indexer.filters import Filters
from indexer.query import PHOTO_ID, Query, Term, clean, query_of, terms_of
from safelight.server.shapes import FiltersIn, SearchIn, TermIn

_NOWHERE = "/a folder that is no longer known"
_OPTION = re.compile(r"^--(\w+) ")


def query(asked: SearchIn) -> Query:
    """Read what is asked for.

    Raises:
        QueryError: There is nothing to look for.
    """
    # What looks like a file's name is words here; only ids name pictures.
    typed = [Term(t.value, t.weight, t.is_picture and bool(PHOTO_ID.fullmatch(t.value))) for t in terms_of(asked.words)]
    given = [_term(term) for term in asked.terms]
    pictures = [Term(name, 1.0, is_picture=True) for name in asked.like]
    pictures += [Term(name, -1.0, is_picture=True) for name in asked.unlike]
    return query_of([*typed, *given, *pictures])


def _term(term: TermIn) -> Term:
    text = clean(term.text or "")
    if bool(text) == bool(term.picture):
        raise QueryError("each term has either `text` or `picture`")
    if not term.weight:
        raise QueryError("the weight of a term is 0; leave the term out")
    return Term(text or term.picture or "", term.weight, is_picture=not text)


def filters(asked: FiltersIn, folder_of: Callable[[str], Path | None]) -> Filters:
    """Read the filters.

    Args:
        folder_of: Finds a folder by the id that it was given.

    Raises:
        QueryError: One cannot be understood.
    """
    if any(name in (".", "..", "~") for name in _clean(asked.folder)):
        raise QueryError("a folder is named by its bare name, or by its id from /api/v1/facets")
    known = [str(path) for name in asked.folder_id if (path := folder_of(name)) is not None]
    # An id that names no folder with photos is a folder without photos.
    folders = [_NOWHERE] if asked.folder_id and not (known or asked.folder) else known
    try:
        return _filters(asked, folders)
    except QueryError as error:  # its names are those of options, and nobody has typed any here
        raise QueryError(_OPTION.sub(r"\1: ", str(error))) from error


def reason(said: str) -> str:
    """Say why nothing was found to who has named folders by ids."""
    gone = "the folder that is asked for holds no photos any more; take that filter away"
    return said.replace(f'none lies in a folder "{_NOWHERE}"', gone)


def _filters(asked: FiltersIn, folders: Sequence[str]) -> Filters:
    return Filters(
        since=asked.since,
        until=asked.until,
        source=_clean(asked.source),
        folder=[*_clean(asked.folder), *folders],
        camera=_clean(asked.camera),
        near=asked.near,
        place=_clean(asked.place),
        text=_clean(asked.text),
        format=_clean(asked.format),
        person=_clean(asked.person),
        album=_clean(asked.album),
        keyword=_clean(asked.keyword),
        label=_clean(asked.label),
        media=_clean(asked.media),
        favorite=asked.favorite,
        rating=asked.rating,
    )


def _clean(names: Sequence[str]) -> list[str]:
    return [clean(name) for name in names]
