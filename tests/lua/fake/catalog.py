"""LrCatalog, LrCollection, LrCollectionSet, LrFolder and LrKeyword: what their methods do."""

from __future__ import annotations

from typing import Any

from lua.fake.keys import COLLECTION_READS_FORBIDDEN_WHEN_NEW
from lua.fake.marshal import is_table, plain, text, to_lua
from lua.fake.searching import HangError, compile_description, matching
from lua.fake.state import Collection, Keyword


class CatalogCalls:
    def __init__(self, lightroom: Any) -> None:
        self._lr = lightroom
        self.scans: list[str] = []
        self.refused_keywords: set[str] = set()  # that Lightroom will not make
        self.keywords_need_read_access = False
        own = {f"LrCatalog:{name}": getattr(self, name) for name in _CATALOG}
        folder = {f"LrFolder:{name}": getattr(self, f"folder_{name}") for name in ("getName", "getPath", "getPhotos")}
        keyword = {f"LrKeyword:{name}": self._keyword(name) for name in _KEYWORD}
        shared = {
            f"{kind}:{name}": self._collection(name)
            for kind in ("LrCollection", "LrCollectionSet")
            for name in _COLLECTION
        }
        self.calls = own | folder | keyword | shared

    @property
    def _catalog(self) -> Any:
        return self._lr.catalog

    def _lua(self, value: Any) -> Any:
        return to_lua(self._lr.runtime, value)

    # LrCatalog: reading

    def getPath(self) -> Any:  # noqa: N802
        return self._lua(self._catalog.path)

    def findPhotoByUuid(self, _self: Any, uuid: str) -> Any:  # noqa: N802
        return self._catalog.by_uuid.get(text(uuid))

    def findPhotoByPath(self, _self: Any, path: str, case_sensitive: Any = None) -> Any:  # noqa: N802
        if not isinstance(path, str):
            self._lr.violation("findPhotoByPath wants a string")
        return self._catalog.by_path.get(text(path))

    def findPhotos(self, _self: Any, arguments: Any) -> Any:  # noqa: N802
        self._no_gate("findPhotos")
        wanted = plain(arguments)
        if not isinstance(wanted, dict) or not isinstance(wanted.get("searchDesc"), dict | list):
            self._lr.violation("findPhotos wants { searchDesc = ... }")
        try:
            return self._lua(matching(self._catalog, wanted["searchDesc"], self._lr.toolkit_id, self._lr.fields))
        except HangError as error:
            self._lr.violation(str(error))

    def _no_gate(self, call: str) -> None:
        if self._lr.gates.inside():
            self._lr.violation(f"{call} inside write access: on Windows both wait for each other")

    def getAllPhotos(self, _self: Any) -> Any:  # noqa: N802
        self._no_gate("getAllPhotos")
        self.scans.append("getAllPhotos")
        return self._lua(list(self._catalog.photos))

    def getTargetPhotos(self, _self: Any) -> Any:  # noqa: N802
        self._no_gate("getTargetPhotos")
        return self._lua(sorted(self._catalog.selected) or self._visible())  # as they stand, the active one anywhere

    def getTargetPhoto(self, _self: Any) -> Any:  # noqa: N802
        return self._catalog.selected[0] if self._catalog.selected else None

    def getMultipleSelectedOrAllPhotos(self, _self: Any) -> Any:  # noqa: N802
        selected = self._catalog.selected
        return self._lua(selected if len(selected) > 1 else self._visible())

    def _visible(self) -> list[int]:
        shown: list[int] = []
        for source in self._catalog.sources:
            shown += list(self._catalog.photos) if source == "kAllPhotos" else self._photos_in(source)
        return shown

    def _photos_in(self, source: Any) -> list[int]:
        if isinstance(source, str):  # a folder
            return [p.id for p in self._catalog.photos.values() if p.path.startswith(source.rstrip("/") + "/")]
        return self.photos_of(self._catalog.collections[source])

    def photos_of(self, collection: Collection) -> list[int]:
        if collection.description is None:
            return list(collection.photos)
        return matching(self._catalog, collection.description, self._lr.toolkit_id, self._lr.fields)

    def getActiveSources(self, _self: Any) -> Any:  # noqa: N802
        def shape(source: Any) -> Any:
            if source == "kAllPhotos":
                return source
            if isinstance(source, str):
                return ["LrFolder", source]
            return [_kind(self._catalog.collections[source]), source]

        return self._lua([shape(source) for source in self._catalog.sources])

    def setActiveSources(self, _self: Any, sources: Any) -> None:  # noqa: N802
        if self._lr.gates.inside():
            self._lr.violation("setActiveSources inside write access")
        self._catalog.sources = list(plain(sources)) if is_table(sources) else [sources]

    def setSelectedPhotos(self, _self: Any, active: int, others: Any) -> None:  # noqa: N802
        self._catalog.selected = [active, *(i for i in plain(others) or [] if i != active)]

    def getChildCollections(self, _self: Any) -> Any:  # noqa: N802
        return self._children(None, sets=False)

    def getChildCollectionSets(self, _self: Any) -> Any:  # noqa: N802
        return self._children(None, sets=True)

    def _children(self, parent: int | None, *, sets: bool) -> Any:
        found = [c for c in self._catalog.collections.values() if c.parent == parent and c.is_set == sets]
        return self._lua([[_kind(c), c.id] for c in found])

    def getFolders(self, _self: Any) -> Any:  # noqa: N802
        return self._lua(self._catalog.root_folders())

    def getKeywords(self, _self: Any) -> Any:  # noqa: N802
        return self._lua([k.id for k in self._catalog.keywords.values() if k.parent is None])

    # LrCatalog: writing

    def createCollectionSet(self, _self: Any, name: str, parent: Any = None, prior: Any = None) -> Any:  # noqa: N802
        return self._create("createCollectionSet", name, parent, prior, is_set=True)

    def createCollection(self, _self: Any, name: str, parent: Any = None, prior: Any = None) -> Any:  # noqa: N802
        return self._create("createCollection", name, parent, prior)

    def createSmartCollection(  # noqa: N802
        self, _self: Any, name: str, description: Any = None, parent: Any = None, prior: Any = None
    ) -> Any:
        return self._create("createSmartCollection", name, parent, prior, description=self._checked(description))

    def _checked(self, description: Any) -> Any:
        wanted = plain(description)
        try:
            compile_description(wanted, self._catalog, self._lr.toolkit_id, self._lr.fields)
        except HangError as error:
            self._lr.violation(str(error))
        return wanted

    def _create(self, call: str, name: str, parent: Any, prior: Any, **how: Any) -> Any:
        self._lr.gates.need(call)
        if not isinstance(name, str) or not name:
            self._lr.violation(f"{call} wants a name")
        if parent is not None and not self._catalog.collections[parent].is_set:
            self._lr.violation(f"{call}: the parent is no set")
        same = [c for c in self._catalog.collections.values() if (c.name, c.parent) == (text(name), parent)]
        if same:
            return same[0].id if prior else None
        new = Collection(self._catalog.next_id(), text(name), parent, born_in=self._lr.gates.serial, **how)
        self._catalog.set_key(self._catalog.collections, new.id, new)
        return new.id

    def createKeyword(  # noqa: N802
        self, _self: Any, name: str, synonyms: Any = None, include: Any = None, parent: Any = None, existing: Any = None
    ) -> Any:
        self._lr.gates.need("createKeyword")
        if not is_table(synonyms) or not isinstance(include, bool):
            self._lr.violation("createKeyword wants (name, synonyms table, boolean, parent, boolean)")
        keywords = self._catalog.keywords.values()
        same = [k for k in keywords if k.parent == parent and k.name.casefold() == text(name).casefold()]
        if same:
            return same[0].id if existing else None  # with its own synonyms
        if text(name) in self.refused_keywords:
            return None
        new = Keyword(self._catalog.next_id(), text(name), parent, plain(synonyms) or [], born_in=self._lr.gates.serial)
        self._catalog.set_key(self._catalog.keywords, new.id, new)
        return new.id

    # LrFolder

    def folder_getName(self, path: str) -> Any:  # noqa: N802
        return path.rstrip("/").rsplit("/", 1)[-1]

    def folder_getPath(self, path: str) -> Any:  # noqa: N802
        return path

    def folder_getPhotos(self, path: str, children: Any = None) -> Any:  # noqa: N802
        if not isinstance(children, bool):
            self._lr.violation("LrFolder:getPhotos wants a boolean: whether those of subfolders are wanted")
        found = self._photos_in(text(path))
        inside = [i for i in found if self._catalog.photos[i].path.rsplit("/", 1)[0] == text(path).rstrip("/")]
        return self._lua(found if children else inside)

    # LrCollection, LrCollectionSet

    def _collection(self, name: str) -> Any:
        def run(identifier: int, *arguments: Any) -> Any:
            collection = self._catalog.collections.get(identifier)
            if collection is None:
                raise RuntimeError("the collection is no longer there")
            new = self._lr.gates.inside() and collection.born_in == self._lr.gates.serial
            if new and name in COLLECTION_READS_FORBIDDEN_WHEN_NEW:
                self._lr.violation(
                    "Can't get collection information after creating collection inside the same withWriteAccessDo"
                )
            return getattr(self, f"collection_{name}")(collection, *arguments)

        return run

    def collection_getName(self, c: Collection) -> Any:  # noqa: N802
        return self._lua(c.name)

    def collection_getParent(self, c: Collection) -> Any:  # noqa: N802
        return None if c.parent is None else self._lua(["LrCollectionSet", c.parent])

    def collection_getPhotos(self, c: Collection) -> Any:  # noqa: N802
        return self._lua(self.photos_of(c))

    def collection_isSmartCollection(self, c: Collection) -> bool:  # noqa: N802
        return c.description is not None

    def collection_getSearchDescription(self, c: Collection) -> Any:  # noqa: N802
        return self._lua(c.description)

    def collection_setSearchDescription(self, c: Collection, description: Any) -> None:  # noqa: N802
        self._lr.gates.need("setSearchDescription")
        if c.description is None:
            raise RuntimeError("this is no smart collection")
        self._catalog.set(c, "description", self._checked(description))

    def collection_setName(self, c: Collection, name: str) -> None:  # noqa: N802
        self._lr.gates.need("setName")
        self._catalog.set(c, "name", text(name))

    def _no_smart(self, c: Collection, call: str, photos: Any = ()) -> None:
        self._lr.gates.need(call, photos=len(photos))
        if c.description is not None or c.is_set:
            raise RuntimeError(f"{call}: not possible with a smart collection or a set")

    def collection_addPhotos(self, c: Collection, photos: Any) -> None:  # noqa: N802
        self._no_smart(c, "addPhotos", plain(photos))
        self._catalog.set(c, "photos", [*c.photos, *(i for i in plain(photos) if i not in set(c.photos))])

    def collection_removePhotos(self, c: Collection, photos: Any) -> None:  # noqa: N802
        self._no_smart(c, "removePhotos", plain(photos))
        gone = set(plain(photos))
        self._catalog.set(c, "photos", [i for i in c.photos if i not in gone])

    def collection_removeAllPhotos(self, c: Collection) -> None:  # noqa: N802
        self._no_smart(c, "removeAllPhotos")
        self._catalog.set(c, "photos", [])

    def collection_delete(self, c: Collection) -> None:
        self._lr.gates.need("delete")
        if any(other.parent == c.id for other in self._catalog.collections.values()):
            raise RuntimeError("the set is not empty")
        self._catalog.set_key(self._catalog.collections, c.id, None)

    def collection_getChildCollections(self, c: Collection) -> Any:  # noqa: N802
        return self._children(c.id, sets=False)

    def collection_getChildCollectionSets(self, c: Collection) -> Any:  # noqa: N802
        return self._children(c.id, sets=True)

    # LrKeyword

    def _keyword(self, name: str) -> Any:
        def run(identifier: int, *arguments: Any) -> Any:
            keyword = self._catalog.keywords[identifier]
            reads = name.startswith("get")
            if reads and self._lr.gates.inside() and keyword.born_in == self._lr.gates.serial:
                self._lr.violation(f"{name} of a keyword that was made in the same write access")
            if name in ("getName", "getChildren") and self.keywords_need_read_access:
                raise RuntimeError(f"LrKeyword:{name} must be called within read access")
            if name == "getName":
                return self._lua(keyword.name)
            if name == "getParent":
                return keyword.parent
            if name == "getChildren":
                return self._lua([k.id for k in self._catalog.keywords.values() if k.parent == identifier])
            if name == "getSynonyms":
                return self._lua(keyword.synonyms)
            if name == "getAttributes":
                return self._lua(
                    {"keywordName": keyword.name} | ({"keywordType": keyword.kind} if keyword.kind else {})
                )
            if name == "getPhotos":
                return self._lua([p.id for p in self._catalog.photos.values() if identifier in p.keywords])
            self._lr.gates.need("setAttributes")
            return None

        return run


def _kind(collection: Collection) -> str:
    return "LrCollectionSet" if collection.is_set else "LrCollection"


_CATALOG = [
    "getPath", "findPhotoByUuid", "findPhotoByPath", "findPhotos", "getAllPhotos", "getTargetPhotos", "getTargetPhoto",
    "getMultipleSelectedOrAllPhotos", "getActiveSources", "setActiveSources", "setSelectedPhotos",
    "getChildCollections", "getChildCollectionSets", "getKeywords", "getFolders", "createCollectionSet",
    "createCollection", "createSmartCollection", "createKeyword",
]  # fmt: skip
_COLLECTION = [
    "getName", "getParent", "getPhotos", "isSmartCollection", "getSearchDescription", "setSearchDescription",
    "setName", "addPhotos", "removePhotos", "removeAllPhotos", "delete", "getChildCollections",
    "getChildCollectionSets",
]  # fmt: skip
_KEYWORD = ["getName", "getParent", "getChildren", "getSynonyms", "getAttributes", "getPhotos", "setAttributes"]
