"""Keywords and collections: what many photos point to."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from importers.lightroom_cells import flag, integer, text
from importers.lightroom_keywords import Keyword, KeywordTree
from importers.lightroom_schema import COLLECTION, KEYWORD, Schema


class Shared(NamedTuple):
    """The keyword tree, and of each of the user's collections its name after those of the sets it lies in."""

    keywords: KeywordTree
    collections: Mapping[int, tuple[str, ...]]


class Links(NamedTuple):
    """The ids of what a run of photos points to, by image_id."""

    keywords: Mapping[int, list[int]]
    collections: Mapping[int, list[int]]


def read_shared(connection: sqlite3.Connection, schema: Schema) -> Shared:
    """Read all keywords and collections: thousands, where there are hundred thousands of photos."""
    return Shared(KeywordTree(dict(_keywords(connection, schema))), _collections(connection, schema))


def read_links(connection: sqlite3.Connection, schema: Schema, first_id: int, last_id: int) -> Links:
    """Read what the photos from one image_id to another point to."""

    def read(table: str, column: str) -> dict[int, list[int]]:
        links: dict[int, list[int]] = defaultdict(list)
        if schema.has(table, "id_local", "image", column):
            query = f"SELECT image, {column} FROM {table} WHERE image BETWEEN ? AND ? ORDER BY id_local"
            for image, target in connection.execute(query, (first_id, last_id)):
                if (image_id := integer(image)) is not None and (key := integer(target)) is not None:
                    links[image_id].append(key)
        return links

    return Links(read("AgLibraryKeywordImage", "tag"), read("AgLibraryCollectionImage", "collection"))


def _keywords(connection: sqlite3.Connection, schema: Schema) -> Iterator[tuple[int, Keyword]]:
    synonyms: dict[int, list[str]] = defaultdict(list)
    for key, name in connection.execute(schema.select("AgLibraryKeywordSynonym", ("keyword", "name"))):
        if (keyword_id := integer(key)) is not None and text(name):
            synonyms[keyword_id].append(name)
    for key, name, parent, on_export, with_parents, with_synonyms in connection.execute(
        schema.select("AgLibraryKeyword", KEYWORD)
    ):
        if (keyword_id := integer(key)) is not None:
            yield (
                keyword_id,
                Keyword(
                    text(name),
                    integer(parent),
                    on_export=flag(on_export, default=True),
                    with_parents=flag(with_parents, default=True),
                    with_synonyms=flag(with_synonyms, default=True),
                    synonyms=tuple(synonyms.get(keyword_id, ())),
                ),
            )


def _collections(connection: sqlite3.Connection, schema: Schema) -> dict[int, tuple[str, ...]]:
    """Return the collections that the user made; the quick collection and the like are Lightroom's own."""
    found: dict[int, tuple[str | None, int | None]] = {}
    own: set[int] = set()
    for key, name, parent, system_only in connection.execute(schema.select("AgLibraryCollection", COLLECTION)):
        if (collection_id := integer(key)) is not None:
            found[collection_id] = text(name), integer(parent)
            if flag(system_only, default=False):
                own.add(collection_id)
    return {key: tuple(_names_above(found, key))[::-1] for key in found if key not in own}


def _names_above(found: Mapping[int, tuple[str | None, int | None]], key: int | None) -> Iterator[str]:
    """Yield a collection's name and those of its sets, innermost first; a loop in a damaged catalog ends it."""
    met: set[int] = set()
    while key is not None and key in found and key not in met:
        met.add(key)
        name, key = found[key]
        if name:
            yield name
