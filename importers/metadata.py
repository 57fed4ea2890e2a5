"""EXIF -> Facts. Cameras and programs write it wrongly in every way; what cannot be read is unknown, never an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar, cast

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from importers.base import Facts

T = TypeVar("T")
Tags = Mapping[int, Any]

_TAIL_OF_A_FIRM = """
camera cameras co company computer corp corporation electronics electric gmbh imaging inc international ltd
optical optic techwin tech technologies ag
"""


def facts_of(exif: Image.Exif) -> Facts:
    """Read what EXIF says of a photo; every field that is absent or broken is None.

    Source: CIPA DC-008 (Exif 2.32).
    """
    main: Tags = exif
    photo: Tags = _tolerant(lambda: exif.get_ifd(IFD.Exif)) or {}
    gps: Tags = _tolerant(lambda: exif.get_ifd(IFD.GPSInfo)) or {}
    latitude, longitude = _tolerant(lambda: _position(gps)) or (None, None)
    return Facts(
        taken_at=_tolerant(lambda: _taken_at(main, photo)),
        latitude=latitude,
        longitude=longitude,
        camera=_tolerant(lambda: _device(main.get(Base.Make), main.get(Base.Model))),
        lens=_tolerant(lambda: _device(photo.get(Base.LensMake), photo.get(Base.LensModel))),
        rating=_tolerant(lambda: _rating(main.get(Base.Rating))),
    )


def _tolerant(read: Callable[[], T]) -> T | None:
    """Read one field; Pillow's EXIF parser raises nearly anything on broken bytes."""
    with suppress(Exception):
        return read()
    return None


def _text(value: object) -> str | None:
    """Cut at the first NUL, trim, and drop what is then empty or only a placeholder of dashes."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    text = " ".join(value.split("\0", 1)[0].split())
    return text if text.strip("-. ") else None


def _taken_at(main: Tags, photo: Tags) -> datetime | None:
    """Return the capture time; the file's own time stands in where a camera wrote no other."""
    candidates = (
        (photo, Base.DateTimeOriginal, Base.OffsetTimeOriginal, Base.SubsecTimeOriginal),
        (photo, Base.DateTimeDigitized, Base.OffsetTimeDigitized, Base.SubsecTimeDigitized),
        (main, Base.DateTime, Base.OffsetTime, Base.SubsecTime),
    )
    for tags, time, offset, fraction in candidates:
        taken = _tolerant(lambda tags=tags, time=time: _time(_text(tags.get(time))))
        if taken is None:
            continue
        zone = _zone(_text(photo.get(offset)))
        digits = re.match(r"\d{1,6}", _text(photo.get(fraction)) or "")
        microsecond = int(digits[0].ljust(6, "0")) if digits else 0
        return taken.replace(microsecond=microsecond, tzinfo=zone)
    return None


def _time(text: str | None) -> datetime | None:
    """Parse "2009:03:24 14:05:01"; dashes, a T and a missing second are seen in the wild, zeros mean unknown."""
    match = re.match(r"(\d{4})[:\-/. ](\d{1,2})[:\-/. ](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?", text or "")
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    if year < 1826:  # the oldest photograph there is
        return None
    return datetime(year, month, day, hour, minute, min(second, 59))


def _zone(text: str | None) -> timezone | None:
    """Parse "+02:00"."""
    if text in ("Z", "UTC"):
        return UTC
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", text or "")
    if not match:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset > timedelta(hours=14):
        return None
    return timezone(-offset if match[1] == "-" else offset)


def _position(gps: Tags) -> tuple[float, float] | None:
    """Return latitude and longitude in signed degrees, or None where either is absent, broken or 0/0."""
    latitude = _degrees(gps.get(GPS.GPSLatitude), _text(gps.get(GPS.GPSLatitudeRef)), "NS")
    longitude = _degrees(gps.get(GPS.GPSLongitude), _text(gps.get(GPS.GPSLongitudeRef)), "EW")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    if latitude == 0 and longitude == 0:
        return None  # what a receiver without a fix writes; no photo library is off the coast of Ghana
    return latitude, longitude


def _degrees(value: Any, reference: str | None, directions: str) -> float | None:
    """Turn degrees, minutes, seconds and a direction ("N") into signed degrees; no direction means positive."""
    if value is None:
        return None
    parts = [float(part) for part in cast("tuple[Any, ...]", value if isinstance(value, tuple) else (value,))][:3]
    degrees = math.fsum(part / 60**power for power, part in enumerate(parts))
    if not parts or not math.isfinite(degrees):
        return None
    return -degrees if (reference or "")[:1].upper() == directions[1] else degrees


def _device(make: object, model: object) -> str | None:
    """Name a camera or lens as people do: "Canon EOS 5D", "KODAK CX7530", "Konica Minolta DiMAGE Z3"."""
    maker, name = _text(make), _text(model)
    if not maker or not name:
        return name or maker
    words = re.findall(r"[\w&-]+", maker)
    if any(name.lower().startswith(word.lower()) for word in words):
        return name
    while len(words) > 1 and words[-1].lower() in _TAIL_OF_A_FIRM.split():
        words.pop()
    return " ".join([*words, name])


def _rating(value: object) -> int | None:
    """Return 1 to 5 stars; 0 is what cameras write for "not rated"."""
    return value if isinstance(value, int) and 1 <= value <= 5 else None
