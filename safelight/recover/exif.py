"""What a catalog says of a photo -> an EXIF segment's payload. No thumbnail, no maker note.

Source: CIPA DC-008 (Exif 2.32); TIFF 6.0. Texts are UTF-8, as Lightroom writes them and exiftool reads them.
"""

import math
import struct
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from importers.lightroom_photo import ORIENTATIONS, CatalogPhoto, Position

MAGIC = b"Exif\0\0"
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_SRGB, _UNCALIBRATED = 1, 0xFFFF
_ISO_IS_ELSEWHERE, _RECOMMENDED_INDEX = 0xFFFF, 2
_MAX_LONG = 2**32 - 1
_MAX_DENOMINATOR = 10_000  # of a float, which is no fraction anybody meant
_MAX_TEXT_BYTES = 8000  # keeps the segment under 64 kB; the XMP has the whole text
_INLINE_BYTES = 4
_ENTRY = struct.Struct(">HHI4s")  # a shorter value is filled with NULs
_COLOUR_SPACE = 0xA001
_OF_THE_PICTURE = struct.Struct(">HHIHxxHHIIHHII")  # three entries, one after the other: colour space, width, height

_Ifd = dict[int, tuple[int, int, bytes]]  # tag -> type, count, value
_MAIN: _Ifd = {  # these mean nothing, and are required
    0x011A: (_RATIONAL, 1, struct.pack(">2I", 72, 1)),
    0x011B: (_RATIONAL, 1, struct.pack(">2I", 72, 1)),
    0x0128: (_SHORT, 1, b"\0\2"),
    0x0213: (_SHORT, 1, b"\0\1"),
}
_DETAILS: _Ifd = {
    0x9000: (_UNDEFINED, 4, b"0232"),
    0x9101: (_UNDEFINED, 4, b"\1\2\3\0"),
    0xA000: (_UNDEFINED, 4, b"0100"),
}
_OPEN: _Ifd = dict.fromkeys((_COLOUR_SPACE, 0xA002, 0xA003), (_UNDEFINED, 0, b""))  # until the picture is known


def orientation_of(code: str | None) -> int:
    """Turn Lightroom's pair of corners into EXIF's orientation; upright where unknown."""
    return ORIENTATIONS.get(code or "", 1)


class Words(NamedTuple):
    """An EXIF segment's payload in which the size of the picture beside it is still open."""

    before: bytes
    after: bytes

    def payload(self, size: tuple[int, int], *, srgb: bool) -> bytes:
        """Fill in what only the picture tells.

        Args:
            size: Its width and height, as stored.
            srgb: Whether its colours are sRGB.
        """
        colours = _SRGB if srgb else _UNCALIBRATED
        size_entries = 0xA002, _LONG, 1, size[0], 0xA003, _LONG, 1, size[1]
        return self.before + _OF_THE_PICTURE.pack(_COLOUR_SPACE, _SHORT, 1, colours, *size_entries) + self.after


def words(photo: CatalogPhoto | None, orientation: int) -> Words:
    """Write what a catalog says of a photo.

    Args:
        photo: What the catalog says; None writes orientation and size alone.
        orientation: 1 to 8.
    """
    main: _Ifd = {**_MAIN, 0x0112: _short(orientation)}
    details: _Ifd = {**_DETAILS, **_OPEN}
    gps: _Ifd = {}
    if photo:
        _describe(photo, main)
        _time(photo.taken_at, details)
        _expose(photo, details)
        gps = _locate(photo.position) if photo.position else {}
    tiff, details_at = _tiff(main, details, gps)
    at = details_at + 2 + _ENTRY.size * sum(tag < _COLOUR_SPACE for tag in details)
    return Words(MAGIC + tiff[:at], tiff[at + _OF_THE_PICTURE.size :])


def _describe(photo: CatalogPhoto, main: _Ifd) -> None:
    texts = {
        0x010E: photo.caption,
        0x010F: photo.camera_make,
        0x0110: photo.camera_model,
        0x013B: photo.creator,
        0x8298: photo.copyright,
    }
    main.update({tag: _text(text) for tag, text in texts.items() if text})
    if photo.rating:
        main[0x4746] = _short(photo.rating)


def _time(taken_at: datetime | None, details: _Ifd) -> None:
    if taken_at is None:
        return
    iso = taken_at.isoformat(timespec="seconds")  # a strftime takes ten times as long
    clock = _text(f"{iso[:10].replace('-', ':')} {iso[11:19]}")
    details[0x9003] = details[0x9004] = clock
    if taken_at.microsecond:
        details[0x9291] = _text(f"{taken_at.microsecond:06}".rstrip("0"))
    if zone := iso[19:25]:
        details[0x9011] = details[0x9012] = _text(zone)


def _expose(photo: CatalogPhoto, details: _Ifd) -> None:
    exposure = photo.exposure
    rationals = {
        0x829A: exposure.shutter_seconds,
        0x829D: exposure.aperture,
        0x920A: exposure.focal_length_mm,
    }
    details.update({tag: value for tag, number in rationals.items() if (value := _rational(number))})
    if exposure.iso and 0.5 < exposure.iso < _MAX_LONG:
        details.update(_sensitivity(round(exposure.iso)))
    if exposure.flash_fired is not None:
        details[0x9209] = _short(int(exposure.flash_fired))
    texts = {0xA431: photo.camera_serial, 0xA434: photo.lens}
    details.update({tag: _text(text) for tag, text in texts.items() if text})


def _sensitivity(iso: int) -> _Ifd:
    """Write an ISO value; from 65535 on it stands in a field of its own (Exif 2.32, 4.6.5, table 13)."""
    if iso < _ISO_IS_ELSEWHERE:
        return {0x8827: _short(iso)}
    return {0x8827: _short(_ISO_IS_ELSEWHERE), 0x8830: _short(_RECOMMENDED_INDEX), 0x8832: _long(iso)}


def _locate(position: Position) -> _Ifd:
    latitude, longitude, altitude = position.latitude, position.longitude, position.altitude_m
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return {}
    gps: _Ifd = {
        0x0000: (_BYTE, 4, bytes((2, 3, 0, 0))),
        0x0001: _text("S" if latitude < 0 else "N"),
        0x0002: _degrees(latitude),
        0x0003: _text("W" if longitude < 0 else "E"),
        0x0004: _degrees(longitude),
    }
    if altitude is not None and (metres := _rational(abs(altitude))):
        gps[0x0005] = (_BYTE, 1, bytes((altitude < 0,)))
        gps[0x0006] = metres
    return gps


def _degrees(value: float) -> tuple[int, int, bytes]:
    """Write degrees, minutes and seconds; a ten-thousandth of a second is three millimetres."""
    units = round(abs(value) * 3600 * 10_000)
    minutes, rest = divmod(units, 60 * 10_000)
    return _RATIONAL, 3, struct.pack(">6I", minutes // 60, 1, minutes % 60, 1, rest, 10_000)


def _text(text: str) -> tuple[int, int, bytes]:
    data = cut_utf8(text.replace("\0", ""), _MAX_TEXT_BYTES) + b"\0"
    return _ASCII, len(data), data


def cut_utf8(text: str, limit_bytes: int) -> bytes:
    """Encode a text and cut it at a character, to at most so many bytes."""
    data = text.encode("utf-8", "replace")
    return data if len(data) <= limit_bytes else data[:limit_bytes].decode("utf-8", "ignore").encode()


def _short(value: int) -> tuple[int, int, bytes]:
    return _SHORT, 1, value.to_bytes(2)


def _long(value: int) -> tuple[int, int, bytes]:
    return _LONG, 1, value.to_bytes(4)


@lru_cache(maxsize=1024, typed=True)  # cameras know a few dozen
def _rational(number: Fraction | float | None) -> tuple[int, int, bytes] | None:
    if number is None or not math.isfinite(number) or number < 0:
        return None
    fraction = Fraction(number).limit_denominator(_MAX_LONG if isinstance(number, Fraction) else _MAX_DENOMINATOR)
    if fraction.numerator > _MAX_LONG:
        return None
    return _RATIONAL, 1, struct.pack(">2I", fraction.numerator, fraction.denominator)


def _tiff(main: _Ifd, details: _Ifd, gps: _Ifd) -> tuple[bytes, int]:
    """Lay out the directories one after the other, big-endian; each is followed by its longer values.

    Returns:
        All of it, and where in it the details start.
    """
    main[_EXIF_POINTER] = _long(0)
    if gps:
        main[_GPS_POINTER] = _long(0)
    details_at = 8 + _length(main)
    gps_at = details_at + _length(details)
    main[_EXIF_POINTER] = _long(details_at)
    if gps:
        main[_GPS_POINTER] = _long(gps_at)
    parts = _directory(main, 8), _directory(details, details_at), _directory(gps, gps_at) if gps else b""
    return b"MM\0*" + struct.pack(">I", 8) + b"".join(parts), details_at


def _length(ifd: _Ifd) -> int:
    """Tell how many bytes a directory takes, with the values behind it."""
    values = (len(value) for _, _, value in ifd.values())
    return 2 + 12 * len(ifd) + 4 + sum(length + length % 2 for length in values if length > _INLINE_BYTES)


def _directory(ifd: _Ifd, offset: int) -> bytes:
    entries, values = [struct.pack(">H", len(ifd))], list[bytes]()
    at = offset + 2 + 12 * len(ifd) + 4
    for tag, (kind, count, value) in sorted(ifd.items()):
        if len(value) <= _INLINE_BYTES:
            entries.append(_ENTRY.pack(tag, kind, count, value))
            continue
        entries.append(_ENTRY.pack(tag, kind, count, at.to_bytes(_INLINE_BYTES)))
        padded = value + bytes(len(value) % 2)
        values.append(padded)
        at += len(padded)
    return b"".join((*entries, bytes(4), *values))
