"""Times as cameras and programs write them into metadata -> datetime; what cannot be read is None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_OLDEST_YEAR = 1826  # of the oldest photograph there is
_DATE = r"(\d{4})[:\-/. ](\d{1,2})[:\-/. ](\d{1,2})"
_CLOCK = r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?"
_CAMERA_TIME = re.compile(_DATE + _CLOCK)
_WRITTEN_TIME = re.compile(rf"{_DATE}(?:{_CLOCK}(?:[.,](\d+))?\s*(\S+)?)?")


def camera_time(text: str | None) -> datetime | None:
    """Read "2009:03:24 14:05:01"; dashes, a T and a missing second are seen in the wild, zeros mean unknown.

    Raises:
        ValueError: There is no such day or time.
    """
    match = _CAMERA_TIME.match(text or "")
    return _time(*match.groups()) if match else None


def written_time(text: str | None) -> datetime | None:
    """Read ISO 8601 as XMP has it, "2012-05-06T10:11:12.34+02:00", or EXIF's form; a day alone is its midnight.

    A year or a month alone says too little. Never raises.
    """
    match = _WRITTEN_TIME.fullmatch((text or "").strip())
    if not match:
        return None
    try:
        time = _time(*match.groups()[:6])
    except ValueError:
        return None
    return time and time.replace(microsecond=microsecond(match[7]), tzinfo=zone(match[8]))


def microsecond(digits: str | None) -> int:
    """Read the digits of a fraction of a second: "25" is a quarter."""
    match = re.match(r"[0-9]{1,6}", digits or "")
    return int(match[0].ljust(6, "0")) if match else 0


def zone(text: str | None) -> timezone | None:
    """Read "+02:00"."""
    if text in ("Z", "UTC"):
        return UTC
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", text or "")
    if not match:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset > timedelta(hours=14):
        return None
    return timezone(-offset if match[1] == "-" else offset)


def _time(*parts: str | None) -> datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    if year < _OLDEST_YEAR:
        return None
    return datetime(year, month, day, hour, minute, min(second, 59))
