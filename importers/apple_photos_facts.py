"""What osxphotos knows of one photo, as Facts and Marks; `Any` here is its PhotoInfo, which has no typed interface."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from importers.base import Exposure, Facts, Mark, Steps
from importers.names import device_name

_UNKNOWN_PERSON = "_UNKNOWN_"
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""What osxphotos says where the database has no date, or one that is none."""

Places = dict[tuple[float | None, float | None], str | None]
"""Latitude and longitude -> name, of the places that had to be unpacked."""

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
    marks = {
        Mark.HIDDEN: photo.hidden,
        Mark.SHARED: photo.shared,
        Mark.TRASHED: photo.intrash,
        Mark.BURST: unpicked,
        Mark.SYNDICATED: photo.syndicated and not photo.saved_to_library,
    }
    return frozenset(mark for mark, is_set in marks.items() if is_set)


def facts_of(photo: Any, places: Places) -> Facts:
    """Read what Photos knows; the original's file and Photos' analysis of the media are not looked at.

    Args:
        places: Kept from photo to photo.
    """
    exif = photo.exif_info  # None before Photos 5
    latitude, longitude = photo.location
    return Facts(
        taken_at=None if photo.date == _NO_DATE else photo.date,
        latitude=latitude,
        longitude=longitude,
        camera=device_name(exif.camera_make, exif.camera_model) if exif else None,
        lens=(exif.lens_model or None) if exif else None,
        title=photo.title or None,
        caption=photo.description or None,
        keywords=tuple(sorted(photo.keywords)),
        people=tuple(name for name in photo.persons if name and name != _UNKNOWN_PERSON),
        albums=tuple(sorted(_steps(album) for album in photo.album_info if album.title)),
        labels=tuple(photo.labels),
        place=_place(photo, places),
        favorite=bool(photo.favorite),
        edited=bool(photo.hasadjustments),
        media=_media(photo),
        exposure=_exposure(exif),
    )


def _place(photo: Any, places: Places) -> str | None:
    """Name the place, from Photos' search index where that knows it: the place itself takes 2 ms to unpack."""
    found = photo.search_info  # None before Photos 5
    if found and (found.city or found.country):
        names = (*found.place_names, found.city, found.state, found.country)
        return ", ".join(dict.fromkeys(name for name in names if name))
    if photo.location not in places:
        place = photo.place
        places[photo.location] = (place.name or place.address_str or None) if place else None
    return places[photo.location]


def _steps(album: Any) -> Steps:
    return (*album.folder_names, album.title)


def _media(photo: Any) -> tuple[str, ...]:
    kinds = [name for name, attribute in _KINDS if getattr(photo, attribute)]
    raw = ["raw"] if photo.has_raw or photo.israw else []
    return ("video" if photo.ismovie else "photo", *kinds, *raw)


def _exposure(exif: Any) -> Exposure:
    if exif is None:
        return Exposure()
    return Exposure(
        seconds=exif.shutter_speed or None,
        aperture=exif.aperture or None,
        iso=exif.iso or None,
        focal_length_mm=exif.focal_length or None,
    )
