"""What osxphotos knows of one photo, as Facts and Marks; `Any` here is its PhotoInfo, which has no typed interface."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from importers.apple_photos_search import SearchIndex, terms_of
from importers.base import Exposure, Facts, Mark, Steps
from importers.names import device_name

_UNKNOWN_PERSON = "_UNKNOWN_"
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""What osxphotos says where the database has no date, or one that is none."""


class _Exif(NamedTuple):
    camera_make: str | None
    camera_model: str | None
    lens_model: str | None
    shutter_speed: float | None
    aperture: float | None
    iso: float | None
    focal_length: float | None


_NO_EXIF = _Exif(*[None] * 7)
_EXIF_COLUMNS = ("ZCAMERAMAKE", "ZCAMERAMODEL", "ZLENSMODEL", "ZSHUTTERSPEED", "ZAPERTURE", "ZISO", "ZFOCALLENGTH")
"""Of ZEXTENDEDATTRIBUTES, in the order of _Exif."""

_KINDS = (
    ("live", "live_photo"),
    ("panorama", "panorama"),
    ("portrait", "portrait"),
    ("selfie", "selfie"),
    ("screenshot", "screenshot"),
    ("slow-mo", "slow_mo"),
    ("time-lapse", "time_lapse"),
    ("burst", "burst"),
    ("hdr", "hdr"),
)


def marks_of(photo: Any, *, unpicked: bool) -> frozenset[Mark]:
    """Tell why Photos keeps a photo out of sight.

    Args:
        unpicked: Whether it is a frame of a burst that neither Photos nor the user picked.
    """
    marks: list[Mark] = []
    if photo.hidden:
        marks.append(Mark.HIDDEN)
    if photo.shared:
        marks.append(Mark.SHARED)
    if photo.intrash:
        marks.append(Mark.TRASHED)
    if unpicked:
        marks.append(Mark.BURST)
    if photo.syndicated and not photo.saved_to_library:
        marks.append(Mark.SYNDICATED)
    return frozenset(marks)


class FactsReader:
    """Reads what Photos knows of its photos; the originals' files and Photos' analysis of the media are not looked at.

    What many photos share, the names of their places, albums and cameras, is made once.
    """

    def __init__(self, database: Any, index: SearchIndex | None) -> None:
        """Prepare.

        Args:
            database: A PhotosDB.
            index: The library's search index, where it is not osxphotos that has read it.
        """
        if index is not None:
            index.for_photos(database.photos_version)
        self._index = index
        self._exif = _exif_rows(database)
        self._places: dict[tuple[float | None, float | None], str | None] = {}
        self._albums: dict[str, Steps] = {}

    def facts(self, photo: Any) -> Facts:
        """Read what is known of one photo."""
        exif = self._exif_of(photo)
        terms = terms_of(photo) if self._index is None else self._index.terms(photo.uuid)
        latitude, longitude = photo.location
        return Facts(
            taken_at=photo.date if photo.date != _NO_DATE else _camera_time(photo),
            latitude=latitude,
            longitude=longitude,
            camera=_camera(exif.camera_make, exif.camera_model),
            lens=exif.lens_model or None,
            title=photo.title or None,
            caption=photo.description or None,
            keywords=tuple(sorted(photo.keywords)),
            people=tuple(name for name in photo.persons if name and name != _UNKNOWN_PERSON),
            albums=tuple(sorted(self._steps(album) for album in photo.album_info if album.title)),
            labels=terms.labels,
            place=terms.place or self._place(photo),
            favorite=bool(photo.favorite),
            edited=bool(photo.hasadjustments),
            media=_media(photo),
            exposure=Exposure(
                seconds=exif.shutter_speed or None,
                aperture=exif.aperture or None,
                iso=exif.iso or None,
                focal_length_mm=exif.focal_length or None,
            ),
        )

    def _exif_of(self, photo: Any) -> _Exif:
        if (row := self._exif.get(photo.uuid)) is not None:
            return _Exif(*(row[column] for column in _EXIF_COLUMNS))
        found = photo.exif_info  # None before Photos 5
        return _Exif(*(getattr(found, name) for name in _Exif._fields)) if found else _NO_EXIF

    def _place(self, photo: Any) -> str | None:
        """Name the place where the search index does not: it takes 2 ms to unpack."""
        if photo.location not in self._places:
            place = photo.place
            self._places[photo.location] = (place.name or place.address_str or None) if place else None
        return self._places[photo.location]

    def _steps(self, album: Any) -> Steps:
        if album.uuid not in self._albums:
            self._albums[album.uuid] = (*album.folder_names, album.title)
        return self._albums[album.uuid]


_camera = lru_cache(maxsize=256)(device_name)


def _camera_time(photo: Any) -> datetime | None:
    """Return what Photos read in a photo's EXIF, which it keeps beside its own date since Photos 8."""
    found = photo.exif_info  # None before Photos 5
    return (found.date or None) if found else None


def _exif_rows(database: Any) -> dict[str, dict[str, Any]]:
    """Return what osxphotos has read of each photo's exposure, by its columns; empty where it is kept in another way.

    PhotoInfo.exif_info, which then serves, makes an object of 22 fields and a date for each photo.
    """
    rows = getattr(database, "_db_exifinfo_uuid", None)
    if not isinstance(rows, dict):
        return {}
    found = cast("dict[str, dict[str, Any]]", rows)
    one = next(iter(found.values()), None)
    return found if isinstance(one, dict) and one.keys() >= set(_EXIF_COLUMNS) else {}


def _media(photo: Any) -> tuple[str, ...]:
    kinds = [name for name, attribute in _KINDS if getattr(photo, attribute)]
    raw = ["raw"] if photo.has_raw or photo.israw else []
    return ("video" if photo.ismovie else "photo", *kinds, *raw)
