"""What Photos recognised in pictures and calls the places they were taken at, from its search index.

osxphotos reads that index as well, but makes a record of nine fields of each of its terms, of which there are some
twenty a photo: that takes longer than all else it does. Here five kinds of terms are read. An index that is laid out
in a way not known here, and the one that macOS 27 has instead (leo.sqlite), are left to osxphotos.

Source: psi.sqlite of a real library (macOS 15.4): `groups` are terms, `assets` photos, `ga` says which has which. The
numbers of the kinds are those that osxphotos found out.
"""

from __future__ import annotations

import re
import sqlite3
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

INDEX = "database/search/psi.sqlite"

_PLACEHOLDER = re.compile(r"PG[A-Za-z0-9]+SearchableText")  # keys that stand for words, "PGPlaceParkSearchableText"
_UUID = struct.Struct("<qq")


class _Kinds(NamedTuple):
    """The numbers of the terms that are read."""

    label: int
    place: int
    city: int
    state: int
    country: int


_SINCE_PHOTOS_8 = _Kinds(label=1500, place=1, city=5, state=10, country=12)
_BEFORE = _Kinds(label=2024, place=1, city=7, state=10, country=12)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the index has of one photo.

    Attributes:
        labels: "Beach", "Dog"; sorted.
        place: "Blue Lagoon, Grindavik, Iceland"; None where it names neither city nor country.
    """

    labels: tuple[str, ...] = ()
    place: str | None = None


_NONE = Terms()
_NOWHERE = [""]


class SearchIndex:
    """A search index, read whole: some hundred bytes a photo."""

    def __init__(self, database: Path) -> None:
        """Read a copy of psi.sqlite.

        Raises:
            sqlite3.Error, struct.error, TypeError, AttributeError: It is not laid out as known here.
        """
        self._terms: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._kinds = _SINCE_PHOTOS_8
        with closing(sqlite3.connect(database)) as connection:
            groups = dict(_groups(connection))
            uuids = dict(_assets(connection))
            for asset, group in connection.execute("SELECT assetid, groupid FROM ga ORDER BY rowid"):
                if (term := groups.get(group)) is not None and asset in uuids:
                    self._terms[uuids[asset]].append(term)

    def for_photos(self, version: int) -> None:
        """Say of which version of Photos the library is: the kinds have other numbers since Photos 8."""
        self._kinds = _SINCE_PHOTOS_8 if version >= 8 else _BEFORE

    def terms(self, uuid: str) -> Terms:
        """Return the terms of a photo."""
        found = self._terms.get(uuid)
        if found is None:
            return _NONE
        names: dict[int, list[str]] = {}
        for number, text in sorted(found):
            names.setdefault(number, []).append(text)
        kinds = self._kinds
        city, state, country = (names.get(number, _NOWHERE)[0] for number in (kinds.city, kinds.state, kinds.country))
        return Terms(tuple(names.get(kinds.label, ())), place_name(names.get(kinds.place, ()), city, state, country))


def terms_of(photo: Any) -> Terms:
    """Return the terms of a photo that osxphotos has read the index for; `Any` is its PhotoInfo."""
    found = photo.search_info  # None before Photos 5
    if not found:
        return _NONE
    return Terms(tuple(found.labels), place_name(found.place_names, found.city, found.state, found.country))


def place_name(names: Iterable[str], city: str, state: str, country: str) -> str | None:
    """Name a place, the narrowest first; None where neither city nor country is known."""
    if not (city or country):
        return None
    return ", ".join(dict.fromkeys(name for name in (*names, city, state, country) if name))


def _groups(connection: sqlite3.Connection) -> Iterator[tuple[int, tuple[int, str]]]:
    numbers = ", ".join(map(str, {*_SINCE_PHOTOS_8, *_BEFORE}))
    query = f"SELECT rowid, category, content_string FROM groups WHERE category IN ({numbers})"
    for row, number, content in connection.execute(query):
        text = unicodedata.normalize("NFC", content.replace("\0", ""))
        if not _PLACEHOLDER.fullmatch(text):
            yield row, (number, text)


def _assets(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    for row, first, second in connection.execute("SELECT rowid, uuid_0, uuid_1 FROM assets"):
        digits = _UUID.pack(first, second).hex().upper()
        yield row, f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
