"""The keyword tree of a Lightroom catalog, and what a photo that carries one of them is tagged with on export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keyword:
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

    def flat(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Return what Lightroom writes as dc:subject for a photo with these keywords, each once."""
        names: dict[str, None] = {}
        for keyword_id in ids:
            branch = list(self._branch(keyword_id))
            if not branch or not branch[0].on_export:
                continue
            for keyword in branch if branch[0].with_parents else branch[:1]:
                names |= dict.fromkeys(_exported(keyword))
        return tuple(names)

    def paths(self, ids: Iterable[int]) -> tuple[tuple[str, ...], ...]:
        """Return what Lightroom writes as lr:hierarchicalSubject, each keyword with those above it, outermost first."""
        paths: dict[tuple[str, ...], None] = {}
        for keyword_id in ids:
            branch = list(self._branch(keyword_id))
            if branch and branch[0].on_export:
                paths[tuple(keyword.name for keyword in reversed(branch) if keyword.name and keyword.on_export)] = None
        return tuple(paths)

    def _branch(self, keyword_id: int) -> Iterator[Keyword]:
        """Yield a keyword and the ones above it, the root left out."""
        met: set[int] = set()
        next_id: int | None = keyword_id
        while next_id is not None and next_id not in met and (keyword := self._keywords.get(next_id)) and keyword.name:
            met.add(next_id)
            yield keyword
            next_id = keyword.parent


def _exported(keyword: Keyword) -> tuple[str, ...]:
    if not keyword.on_export or not keyword.name:
        return ()
    return (keyword.name, *keyword.synonyms) if keyword.with_synonyms else (keyword.name,)
