"""XMP -> Facts: what Lightroom, Bridge, Capture One, digiKam, darktable and others wrote about a photo.

Source: XMP specification part 2 (ISO 16684-2); MWG Guidelines 2.0 (regions); IPTC Photo Metadata 2023.1
(PersonInImage); what digiKam and Microsoft write was seen in their files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from importers.base import Exposure, Facts, Steps
from importers.clock import written_time
from importers.names import device_name
from importers.xmp_packet import Properties, properties_of

_DIGIKAM_COLORS = (None, "Red", "Orange", "Yellow", "Green", "Blue", "Magenta", "Gray", "Black", "White")
_DIGIKAM_PICKS = {"1": -1, "2": 0, "3": 1}
_PATHS = (("lr:hierarchicalSubject", "|"), ("digiKam:TagsList", "/"), ("MicrosoftPhoto:LastKeywordXMP", "/"))
_COORDINATE = re.compile(r"(\d{1,3}(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?(?:,(\d+(?:\.\d+)?))?,?\s*([NSEW])?")
_NUMBER = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(?:/(\d{1,18}))?")


def facts_of_packet(packet: bytes) -> Facts:
    """Read the facts in a packet, as embedded in a picture or as a whole sidecar file.

    Never raises: what is no XMP says nothing, and a field that is broken is unknown. No DTD is loaded, no entity
    expanded, nothing fetched.

    Args:
        packet: In any encoding of XML, with or without its wrapper and padding.
    """
    xmp = properties_of(packet)
    latitude, longitude = _position(xmp) or (None, None)
    return Facts(
        taken_at=next(filter(None, map(written_time, _times(xmp))), None),
        latitude=latitude,
        longitude=longitude,
        camera=device_name(xmp.text("tiff:Make"), xmp.text("tiff:Model")),
        lens=xmp.text("aux:Lens") or device_name(xmp.text("exifEX:LensMake"), xmp.text("exifEX:LensModel")),
        title=xmp.text("dc:title") or xmp.text("photoshop:Headline"),
        caption=xmp.text("dc:description"),
        keywords=_keywords(xmp),
        keyword_paths=tuple(path for path in _paths(xmp) if len(path) > 1),
        people=tuple(dict.fromkeys(_people(xmp))),
        place=place_of(xmp.text("photoshop:City"), xmp.text("photoshop:State"), xmp.text("photoshop:Country")),
        rating=_rating(xmp),
        flag=_flag(xmp),
        color_label=_color_label(xmp),
        exposure=_exposure(xmp),
    )


def place_of(*parts: str | None) -> str | None:
    """Join the parts of a place, smallest first, for people: "Reykjavik, Iceland"."""
    return ", ".join(dict.fromkeys(filter(None, parts))) or None


def _times(xmp: Properties) -> Iterator[str | None]:
    for name in ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"):
        yield xmp.text(name)


def _position(xmp: Properties) -> tuple[float, float] | None:
    """Return latitude and longitude in signed degrees, or None where either is absent, broken or both are 0."""
    latitude = _degrees(xmp.text("exif:GPSLatitude"), "NS")
    longitude = _degrees(xmp.text("exif:GPSLongitude"), "EW")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return None if latitude == longitude == 0 else (latitude, longitude)  # 0, 0: a receiver without a fix


def _degrees(text: str | None, directions: str) -> float | None:
    """Read "48,51.4999N", "48,51,30N", or signed degrees."""
    unsigned = (text or "").removeprefix("-")
    match = _COORDINATE.fullmatch(unsigned)
    if not match or (match[4] or directions[0]) not in directions:
        return None
    degrees = math.fsum(float(part or 0) / 60**power for power, part in enumerate(match.groups()[:3]))
    return -degrees if match[4] == directions[1] or unsigned != text else degrees


def _paths(xmp: Properties) -> dict[Steps, None]:
    """Return keywords with those they lie under, each once."""
    paths: dict[Steps, None] = {}
    for name, separator in _PATHS:
        for text in xmp.texts(name):
            if path := tuple(filter(None, (step.strip() for step in text.split(separator)))):
                paths[path] = None
    return paths


def _keywords(xmp: Properties) -> tuple[str, ...]:
    """Return the flat keywords; a path whose last step is not among them, as digiKam may write, adds it."""
    return tuple(dict.fromkeys((*xmp.texts("dc:subject"), *(path[-1] for path in _paths(xmp)))))


def _people(xmp: Properties) -> Iterator[str]:
    """Yield the names of persons: in a list, at faces as the MWG has them, at faces as Microsoft has them."""
    yield from xmp.texts("Iptc4xmpExt:PersonInImage")
    for regions in xmp.structures("mwg-rs:Regions"):
        for region in regions.structures("mwg-rs:RegionList"):
            if region.text("mwg-rs:Type") in (None, "Face") and (name := region.text("mwg-rs:Name")):
                yield name
    for regions in xmp.structures("MP:RegionInfo"):
        for region in regions.structures("MPRI:Regions"):
            if name := region.text("MPReg:PersonDisplayName"):
                yield name


def _rating(xmp: Properties) -> int | None:
    stars = _number(xmp.text("xmp:Rating"))
    return int(stars) if stars is not None and 1 <= stars <= 5 else None


def _flag(xmp: Properties) -> int | None:
    """Return the pick flag; Bridge and others write a rejected photo as one of -1 stars."""
    pick = xmp.text("xmpDM:pick")
    if pick in ("-1", "0", "1"):
        return int(pick)
    if (xmp.text("xmp:Rating") or "").startswith("-1"):
        return -1
    return _DIGIKAM_PICKS.get(xmp.text("digiKam:PickLabel") or "")


def _color_label(xmp: Properties) -> str | None:
    if label := xmp.text("xmp:Label"):
        return label
    number = xmp.text("digiKam:ColorLabel") or ""
    return _DIGIKAM_COLORS[int(number)] if re.fullmatch(r"[0-9]", number) else None


def _exposure(xmp: Properties) -> Exposure:
    iso = _number(xmp.text("exif:ISOSpeedRatings") or xmp.text("exifEX:PhotographicSensitivity"))
    if iso == 65_535:  # what fits into EXIF's old field
        iso = _number(xmp.text("exifEX:RecommendedExposureIndex"))
    return Exposure(
        seconds=_number(xmp.text("exif:ExposureTime")),
        aperture=_number(xmp.text("exif:FNumber")),
        iso=iso,
        focal_length_mm=_number(xmp.text("exif:FocalLength")),
    )


def _number(text: str | None) -> float | None:
    """Read a positive number, "28/10" or "2.8"; 0 and 1/0 are what programs write for "unknown"."""
    match = _NUMBER.fullmatch(text or "")
    if not match:
        return None
    below = int(match[2]) if match[2] else 1
    return float(match[1]) / below or None if below else None
