"""LrPhoto and the batch reads of LrCatalog."""

from __future__ import annotations

from typing import Any

from lua.fake.keys import FORMATTED_KEYS, LABELS, RAW_KEYS, SETTABLE_RAW_KEYS
from lua.fake.marshal import from_bytes, plain, text, to_lua
from lua.fake.state import Photo

MAX_BYTES = 511


class PhotoCalls:
    def __init__(self, lightroom: Any) -> None:
        self._lr = lightroom
        self.thumbnail_seconds = 1.0
        self.slow: set[str] = set()  # UUIDs of photos whose thumbnails take minutes
        self._waiting: int | None = None
        self._requests = 0
        self.thumbnails: list[tuple[str, str]] = []
        self.calls = {f"LrPhoto:{name}": getattr(self, name) for name in _PHOTO}
        self.calls |= {f"LrCatalog:{name}": getattr(self, name) for name in _BATCH}

    def _photo(self, identifier: int) -> Photo:
        return self._lr.catalog.photos[identifier]

    def _lua(self, value: Any) -> Any:
        return to_lua(self._lr.runtime, value)

    def getRawMetadata(self, photo: int, key: str) -> Any:  # noqa: N802
        return self._lua(self._raw(self._photo(photo), key))

    def getFormattedMetadata(self, photo: int, key: str) -> Any:  # noqa: N802
        return self._lua(self._formatted(self._photo(photo), key))

    def batchGetRawMetadata(self, _self: Any, photos: Any, keys: Any) -> Any:  # noqa: N802
        wanted = plain(keys)
        return self._lua([{key: self._raw(self._photo(i), key) for key in wanted} for i in plain(photos) or []])

    def batchGetFormattedMetadata(self, _self: Any, photos: Any, keys: Any) -> Any:  # noqa: N802
        wanted = plain(keys)
        return self._lua([{key: self._formatted(self._photo(i), key) for key in wanted} for i in plain(photos) or []])

    def _raw(self, photo: Photo, key: str) -> Any:
        if key not in RAW_KEYS:
            self._lr.violation(f"unknown raw metadata key {key!r}: the whole call fails")
        values = {
            "path": photo.path,
            "uuid": photo.uuid,
            "isVirtualCopy": photo.master is not None,
            "isVideo": photo.is_video,
            "fileFormat": "VIDEO" if photo.is_video else "JPG",
            "rating": photo.rating,
            "pickStatus": photo.pick,
            "colorNameForLabel": "grey" if photo.color == "none" else photo.color,
            "dateTimeOriginalISO8601": photo.captured,
            "keywords": sorted(photo.keywords),
        }
        if key not in values:
            self._lr.violation(f"the fake does not know the raw metadata key {key!r} yet")
        return values[key]

    def _formatted(self, photo: Photo, key: str) -> Any:
        if key not in FORMATTED_KEYS:
            self._lr.violation(f"unknown formatted metadata key {key!r}: the whole call fails")
        names = [self._lr.catalog.keywords[k].name for k in sorted(photo.keywords)]
        return {
            "fileName": photo.file_name,
            "copyName": photo.copy_name,
            "folderName": photo.path.rsplit("/", 2)[-2],
            "title": photo.title,
            "caption": photo.caption,
            "keywordTags": ", ".join(names),
            "rating": photo.rating,
            "label": photo.color,
        }[key]

    def setRawMetadata(self, photo: int, key: str, value: Any) -> None:  # noqa: N802
        self._lr.gates.need("setRawMetadata", photos=1)
        if key not in SETTABLE_RAW_KEYS:
            self._lr.violation(f"setRawMetadata: unknown key {key!r}")
        if key == "pickStatus" and value not in (-1, 0, 1):
            self._lr.violation(f"pickStatus {value!r}")
        if key == "colorNameForLabel" and value not in LABELS:
            self._lr.violation(f"there is no label {value!r}")
        name = {"pickStatus": "pick", "colorNameForLabel": "color"}.get(key, key)
        self._lr.catalog.set(self._photo(photo), name, plain(value))

    def checkPhotoAvailability(self, photo: int) -> bool:  # noqa: N802
        return self._photo(photo).available

    def addKeyword(self, photo: int, keyword: int) -> None:  # noqa: N802
        self._lr.gates.need("addKeyword", photos=1)
        if keyword not in self._lr.catalog.keywords:
            self._lr.violation("addKeyword wants a keyword object")
        it = self._photo(photo)
        self._lr.catalog.set(it, "keywords", it.keywords | {keyword})

    def removeKeyword(self, photo: int, keyword: int) -> None:  # noqa: N802
        self._lr.gates.need("removeKeyword", photos=1)
        it = self._photo(photo)
        self._lr.catalog.set(it, "keywords", it.keywords - {keyword})

    # Plug-in fields

    def _field(self, name: str) -> str:
        if name not in self._lr.fields:
            self._lr.violation(f"the metadata provider declares no field {name!r}")
        return name

    def getPropertyForPlugin(self, photo: int, plugin: Any, field: str, *_version_and_no_throw: Any) -> Any:  # noqa: N802
        if plugin not in ("PLUGIN", self._lr.toolkit_id):
            self._lr.violation("getPropertyForPlugin wants _PLUGIN or the plug-in's id")
        return self._lua(self._photo(photo).properties.get(self._field(field)))

    def setPropertyForPlugin(self, photo: int, plugin: Any, field: str, value: Any = None) -> None:  # noqa: N802
        self._lr.gates.need("setPropertyForPlugin", private=True, photos=1)
        if plugin != "PLUGIN":
            self._lr.violation("setPropertyForPlugin wants _PLUGIN")
        if value is not None and not isinstance(value, str):
            self._lr.violation(f"setPropertyForPlugin wants a string, not {value!r}")
        declared = self._lr.fields[self._field(field)]
        if value is not None and declared.get("searchable") and len(value.encode("latin-1")) > MAX_BYTES:
            self._lr.violation(f"{field}: a searchable value has more than {MAX_BYTES} bytes")
        allowed = [v["value"] for v in declared.get("values") or []]
        if declared.get("dataType") == "enum" and value is not None and text(value) not in allowed:
            self._lr.violation(f"{field}: {value!r} is none of {allowed}")
        new = None if value is None else text(value)
        self._lr.catalog.set_key(self._photo(photo).properties, field, new)

    def batchGetPropertyForPlugin(self, _self: Any, photos: Any, plugin: Any, fields: Any) -> Any:  # noqa: N802
        if plugin != self._lr.toolkit_id:
            self._lr.violation("batchGetPropertyForPlugin wants the plug-in's id as a string: Lightroom would hang")
        wanted = [self._field(name) for name in plain(fields)]
        rows = []
        for i in plain(photos) or []:
            has = self._photo(i).properties
            rows.append({name: has[name] for name in wanted if name in has})
        return self._lua(rows)

    # Thumbnails

    def requestJpegThumbnail(self, photo: int, width: Any, height: Any) -> int:  # noqa: N802
        self._lr.scheduler.check_pending()
        self._requests += 1
        number = self._requests
        if self._waiting is not None and self._lr.sdk["is_thumbnail_held"](self._waiting):
            self._lr.note("two thumbnails were asked for at once: in the real one both time out")
            self._lr.scheduler.events.clear()
            return number
        self._waiting = number
        it = self._photo(photo)

        def deliver() -> None:
            self._waiting = None if self._waiting == number else self._waiting
            jpeg = None if it.jpeg is None else from_bytes(it.jpeg)
            arrived = self._lr.sdk["deliver_thumbnail"](number, jpeg, None if jpeg else "no preview")
            self.thumbnails.append((it.uuid, "delivered" if arrived else "cancelled: nobody kept the handle"))

        seconds = 300.0 if it.uuid in self.slow else self.thumbnail_seconds
        self._lr.scheduler.events.append((self._lr.scheduler.now + seconds, deliver))
        return number


_PHOTO = [
    "getRawMetadata", "getFormattedMetadata", "setRawMetadata", "checkPhotoAvailability", "addKeyword",
    "removeKeyword", "getPropertyForPlugin", "setPropertyForPlugin", "requestJpegThumbnail",
]  # fmt: skip
_BATCH = ("batchGetRawMetadata", "batchGetFormattedMetadata", "batchGetPropertyForPlugin")
