"""What the JSON files of a Google Takeout say: of a photo, of an album, or nothing that concerns photos.

Told by content, never by name, which Google translates: a photo's JSON has photoTakenTime, an album's a title alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from importers.base import Facts

MAX_JSON_BYTES = 4 << 20
"""Larger ones are no photo's: a sidecar takes about a thousand bytes, each person or comment a few more."""

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What Google knows of a photo.

    Attributes:
        title: The name that the photo was uploaded under, whole.
        facts: Capture time in UTC, place, people, caption, favorite.
        url: Of the photo at Google Photos.
        trashed: Whether it lay in the bin.
    """

    title: str | None
    facts: Facts
    url: str | None = None
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Album:
    """An album, by its real name; the folder's may be cut."""

    title: str


def read_json(data: bytes) -> Sidecar | Album | None:
    """Read a JSON file; None where it is neither a photo's nor an album's, or is damaged.

    Source: exports of 2016 to 2025; samples takeout/.
    """
    if len(data) > MAX_JSON_BYTES:
        return None
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    fields = _fields(found)
    if "photoTakenTime" in fields:
        return _sidecar(fields)
    # Exports of up to 2018 wrap an album's fields.
    title = _text((_fields(fields.get("albumData")) or fields).get("title"))
    return Album(title) if title else None


def _sidecar(fields: Fields) -> Sidecar:
    latitude, longitude = _place(fields.get("geoData")) or _place(fields.get("geoDataExif")) or (None, None)
    return Sidecar(
        title=_text(fields.get("title")),
        facts=Facts(
            taken_at=_time(_fields(fields.get("photoTakenTime")).get("timestamp")),
            latitude=latitude,
            longitude=longitude,
            caption=_text(fields.get("description")),
            people=_people(fields.get("people")),
            favorite=fields.get("favorited") is True,
        ),
        url=_text(fields.get("url")),
        trashed=fields.get("trashed") is True,
    )


def _fields(value: object) -> Fields:
    return cast("Fields", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Return a text that has something in it; half a character, which no database takes, is replaced."""
    if not isinstance(value, str):
        return None
    return value.strip().encode("utf-8", "replace").decode() or None


def _time(value: object) -> datetime | None:
    """Read seconds since 1970, UTC; 0 is what is written where no time is known."""
    try:
        seconds = int(cast("str", value))
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _place(value: object) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees; 0, 0 means that there is no place."""
    fields = _fields(value)
    latitude, longitude = fields.get("latitude"), fields.get("longitude")
    if not (isinstance(latitude, int | float) and isinstance(longitude, int | float)):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (latitude == 0 and longitude == 0):
        return None
    return (float(latitude), float(longitude)) if math.isfinite(latitude + longitude) else None


def _people(value: object) -> tuple[str, ...]:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    names = (_text(_fields(entry).get("name")) for entry in entries)
    return tuple(dict.fromkeys(name for name in names if name))
