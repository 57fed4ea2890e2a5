"""EXIF -> Facts. Cameras and programs write it wrongly in every way; what cannot be read is unknown, never an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar, cast

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from importers.base import Exposure, Facts
from importers.clock import camera_time, microsecond, zone
from importers.names import device_name, tidy

T = TypeVar("T")
Tags = Mapping[int, Any]

# What cameras write into every picture, so that it says nothing of this one.
_CAMERA_CAPTIONS = re.compile(
    r"(.* )?digital( still)? camera|sony dsc|exif_jpeg.*|dcim\\.*|samsung|default|untitled", re.I
)


def facts_of(exif: Image.Exif, embedded: Facts | None = None) -> Facts:
    """Read what EXIF says of a photo; every field that is absent or broken is None.

    Source: CIPA DC-008 (Exif 2.32); MWG Guidelines 2.0, 5 (which of several wins).

    Args:
        exif: Of the picture.
        embedded: What the picture's XMP and IPTC say. What people write wins from there, what cameras measure from
            EXIF; but a time that is only the file's own gives way to any other.
    """
    if not exif:
        return embedded or Facts()
    main: Tags = exif
    photo: Tags = _tolerant(lambda: exif.get_ifd(IFD.Exif)) or {}
    gps: Tags = _tolerant(lambda: exif.get_ifd(IFD.GPSInfo)) or {}
    latitude, longitude = _tolerant(lambda: _position(gps)) or (None, None)
    measured = Facts(
        taken_at=_taken_at(photo, photo, "Original") or _taken_at(photo, photo, "Digitized"),
        latitude=latitude,
        longitude=longitude,
        camera=_tolerant(lambda: device_name(main.get(Base.Make), main.get(Base.Model))),
        lens=_tolerant(lambda: device_name(photo.get(Base.LensMake), photo.get(Base.LensModel))),
        exposure=_exposure(photo),
    )
    written = Facts(
        taken_at=_taken_at(main, photo, ""),
        caption=_tolerant(lambda: _caption(main)),
        rating=_tolerant(lambda: _rating(main.get(Base.Rating))),
    )
    return measured.over(embedded or Facts()).over(written)


def _tolerant(read: Callable[[], T]) -> T | None:
    """Read one field; Pillow's EXIF parser raises nearly anything on broken bytes."""
    with suppress(Exception):
        return read()
    return None


def _taken_at(tags: Tags, photo: Tags, which: str) -> datetime | None:
    """Return a time with its fraction and zone.

    Args:
        tags: Where the time is.
        photo: Where its fraction and its zone are.
        which: "Original" and "Digitized" are the camera's; "" is the file's own.
    """
    name = f"DateTime{which}"
    taken = _tolerant(lambda: camera_time(tidy(tags.get(Base[name]))))
    if taken is None:
        return None
    fraction = _tolerant(lambda: tidy(photo.get(Base[f"SubsecTime{which}"])))
    offset = _tolerant(lambda: tidy(photo.get(Base[f"OffsetTime{which}"])))
    return taken.replace(microsecond=microsecond(fraction), tzinfo=zone(offset))


def _position(gps: Tags) -> tuple[float, float] | None:
    """Return latitude and longitude in signed degrees, or None where either is absent, broken or 0/0."""
    latitude = _degrees(gps.get(GPS.GPSLatitude), tidy(gps.get(GPS.GPSLatitudeRef)), "NS")
    longitude = _degrees(gps.get(GPS.GPSLongitude), tidy(gps.get(GPS.GPSLongitudeRef)), "EW")
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


def _caption(main: Tags) -> str | None:
    """Return the description, unless it is what a camera writes into every picture."""
    value: object = main.get(Base.ImageDescription)
    if isinstance(value, str):
        with suppress(UnicodeError):  # Pillow takes text for Latin-1; most programs write UTF-8
            value = value.encode("latin-1").decode("utf-8")
    text = tidy(value)
    if (
        text is None
        or _CAMERA_CAPTIONS.fullmatch(text)
        or text in (tidy(main.get(Base.Make)), tidy(main.get(Base.Model)))
    ):
        return None
    return text


def _exposure(photo: Tags) -> Exposure:
    iso = _number(photo, Base.ISOSpeedRatings)
    if iso == 65_535:  # what fits into the old field
        iso = _number(photo, Base.RecommendedExposureIndex)
    return Exposure(
        seconds=_number(photo, Base.ExposureTime),
        aperture=_number(photo, Base.FNumber),
        iso=iso,
        focal_length_mm=_number(photo, Base.FocalLength),
    )


def _number(tags: Tags, tag: int) -> float | None:
    """Return a positive number; 0 and 1/0 are what cameras write for "unknown"."""

    def read() -> float | None:
        value: Any = tags.get(tag)
        number = float(cast("Any", value[0]) if isinstance(value, tuple) else value)
        return number if math.isfinite(number) and number > 0 else None

    return _tolerant(read)


def _rating(value: object) -> int | None:
    """Return 1 to 5 stars; 0 is what cameras write for "not rated"."""
    return value if isinstance(value, int) and 1 <= value <= 5 else None
