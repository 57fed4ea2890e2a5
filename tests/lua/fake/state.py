"""What a catalog holds, and the log that takes a block of writes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Photo:
    id: int
    uuid: str
    path: str
    master: int | None = None
    copy_name: str = ""
    rating: int | None = None
    pick: int = 0
    color: str = "none"
    captured: str | None = None
    title: str = ""
    caption: str = ""
    is_video: bool = False
    available: bool = True
    jpeg: bytes | None = None
    keywords: set[int] = field(default_factory=set)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return self.path.rsplit("\\" if self.path[1:3] == ":\\" else "/", 1)[-1]


@dataclass
class Collection:
    """A collection, a smart one where it has a description, or a set."""

    id: int
    name: str
    parent: int | None
    is_set: bool = False
    description: Any = None
    photos: list[int] = field(default_factory=list)
    born_in: int | None = None


@dataclass
class Keyword:
    id: int
    name: str
    parent: int | None
    synonyms: list[str] = field(default_factory=list)
    kind: str | None = None
    born_in: int | None = None


class Catalog:
    """The tables, changed only through do(), so that a block can be rolled back and undone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.photos: dict[int, Photo] = {}
        self.by_uuid: dict[str, int] = {}
        self.by_path: dict[str, int] = {}
        self.collections: dict[int, Collection] = {}
        self.keywords: dict[int, Keyword] = {}
        self.selected: list[int] = []
        self.sources: list[Any] = ["kAllPhotos"]
        self.undo_log: list[Callable[[], None]] = []
        self._last_id = 1000

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_photo(self, uuid: str, path: str, **fields: Any) -> Photo:
        photo = Photo(self.next_id(), uuid, path, **fields)
        self.photos[photo.id] = photo
        self.by_uuid[uuid] = photo.id
        if photo.master is None:
            self.by_path[path] = photo.id
        return photo

    def add_keyword(self, name: str, parent: Keyword | None = None, **fields: Any) -> Keyword:
        keyword = Keyword(self.next_id(), name, parent and parent.id, **fields)
        self.keywords[keyword.id] = keyword
        return keyword

    def root_folders(self) -> list[str]:
        """The folders that all photos lie in, none inside another."""
        folders = sorted({photo.path.rpartition("/")[0] for photo in self.photos.values()})
        roots: list[str] = []
        for folder in folders:
            if not roots or not folder.startswith(roots[-1] + "/"):
                roots.append(folder)
        return roots

    def do(self, change: Callable[[], None], undo: Callable[[], None]) -> None:
        change()
        self.undo_log.append(undo)

    def set(self, thing: Any, name: str, value: Any) -> None:
        before = getattr(thing, name)
        self.do(lambda: setattr(thing, name, value), lambda: setattr(thing, name, before))

    def set_key(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Set or, with None, remove."""
        before = table.get(key)

        def put(what: Any) -> None:
            if what is None:
                table.pop(key, None)
            else:
                table[key] = what

        self.do(lambda: put(value), lambda: put(before))

    def roll_back(self) -> None:
        while self.undo_log:
            self.undo_log.pop()()

    # For tests

    def find_collection(self, *names: str) -> Collection | None:
        parent: int | None = None
        found: Collection | None = None
        for name in names:
            found = next((c for c in self.collections.values() if (c.name, c.parent) == (name, parent)), None)
            if found is None:
                return None
            parent = found.id
        return found
