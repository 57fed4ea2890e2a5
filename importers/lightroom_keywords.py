"""The keyword tree of a Lightroom catalog, and what a photo that carries one of them is tagged with on export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple


class Keyword(NamedTuple):
    """A keyword as the user set it up; the root of the tree has no name.

    Attributes:
        on_export: Whether it may leave the catalog.
        with_parents: Whether the keywords that it lies under go along.
        with_synonyms: Whether its synonyms go along.
    """

    name: str | None
    parent: int | None
    on_export: bool = True
    with_parents: bool = True
    with_synonyms: bool = True
    synonyms: tuple[str, ...] = ()


class KeywordTree:
    """All keywords of a catalog by their id. Loops and lost parents end a branch."""

    def __init__(self, keywords: Mapping[int, Keyword]) -> None:
        self._keywords = keywords
        self._written: dict[tuple[int, bool], _Written | None] = {}  # many photos have the same
        self.has_private = not all(keyword.on_export for keyword in keywords.values())

    def flat(self, ids: Iterable[int], *, private: bool = False) -> tuple[str, ...]:
        """Return what Lightroom writes as dc:subject for a photo with these keywords, each once.

        Args:
            ids: Of the photo's keywords.
            private: Whether those that it never writes are to be among them.
        """
        written = filter(None, (self._writing(keyword_id, private) for keyword_id in ids))
        return tuple(dict.fromkeys(name for one in written for name in one.names))

    def paths(self, ids: Iterable[int], *, private: bool = False) -> tuple[tuple[str, ...], ...]:
        """Return what Lightroom writes as lr:hierarchicalSubject, each keyword with those above it, outermost first.

        Args: see flat().
        """
        written = filter(None, (self._writing(keyword_id, private) for keyword_id in ids))
        return tuple(dict.fromkeys(one.path for one in written))

    def _writing(self, keyword_id: int, private: bool) -> _Written | None:
        """Return how a keyword is written; None where it is not."""
        key = keyword_id, private
        if key not in self._written:
            branch = list(self._branch(keyword_id))
            if private:
                branch = [keyword._replace(on_export=True) for keyword in branch]
            self._written[key] = _written(branch) if branch and branch[0].on_export else None
        return self._written[key]

    def _branch(self, keyword_id: int) -> Iterator[Keyword]:
        """Yield a keyword and the ones above it, the root left out."""
        met: set[int] = set()
        next_id: int | None = keyword_id
        while next_id is not None and next_id not in met and (keyword := self._keywords.get(next_id)) and keyword.name:
            met.add(next_id)
            yield keyword
            next_id = keyword.parent


class _Written(NamedTuple):
    """What is written for one keyword: flat, and as its path."""

    names: tuple[str, ...]
    path: tuple[str, ...]


def _written(branch: list[Keyword]) -> _Written:
    flat = branch if branch[0].with_parents else branch[:1]
    return _Written(
        tuple(name for keyword in flat for name in _exported(keyword)),
        tuple(keyword.name for keyword in reversed(branch) if keyword.name and keyword.on_export),
    )


def _exported(keyword: Keyword) -> tuple[str, ...]:
    if not keyword.on_export or not keyword.name:
        return ()
    return (keyword.name, *keyword.synonyms) if keyword.with_synonyms else (keyword.name,)
