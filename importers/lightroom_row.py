"""From a catalog's row and XMP packet to a photo: the tables first, the XMP where only that has the fact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from importers import lightroom_xmp
from importers.clock import written_time
from importers.lightroom_cells import integer, number, text
from importers.lightroom_links import Links, Shared
from importers.lightroom_originals import Originals
from importers.lightroom_photo import CatalogPhoto, Exposure, Position, Stack

Row = Mapping[str, Any]
"""A row of Schema.photos_queries by its columns' names; sqlite3.Row would look through all of them for each."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def photo_of(row: Row, packet: bytes | None, shared: Shared, links: Links, originals: Originals) -> CatalogPhoto | None:
    """Build a photo from a row of Schema.photos_queries and its XMP; None where the catalog has lost its file."""
    uuid, file_uuid = text(row["image.id_global"]), text(row["file.id_global"])
    base_name, extension = text(row["file.baseName"]), text(row["file.extension"]) or ""
    if not uuid or not file_uuid or not base_name:
        return None
    root_path, folder_path = text(row["root.absolutePath"]) or "", text(row["folder.pathFromRoot"]) or ""
    file_name = f"{base_name}.{extension}" if extension else base_name
    image_id = int(row["image.id_local"])
    keyword_ids, tree = links.keywords.get(image_id, ()), shared.keywords
    keywords, keyword_paths = tree.flat(keyword_ids), tree.paths(keyword_ids)
    xmp = lightroom_xmp.parse(packet)
    width, height = integer(row["image.fileWidth"]), integer(row["image.fileHeight"])
    rating, pick = integer(row["image.rating"]), integer(row["image.pick"])
    stack = integer(row["stack.stack"])
    capture_time = text(row["image.captureTime"])
    digest = text(row["develop.digest"])
    cropped = integer(row["develop.croppedWidth"]) or width, integer(row["develop.croppedHeight"]) or height
    return CatalogPhoto(
        image_id=image_id,
        uuid=uuid.upper(),
        file_uuid=file_uuid.upper(),
        root_path=root_path,
        folder_path=folder_path,
        base_name=base_name,
        extension=extension,
        original=originals.find(root_path, text(row["root.relativePathFromCatalog"]) or "", folder_path + file_name),
        sidecar_extensions=tuple(re.findall(r"[^,;\s]+", text(row["file.sidecarExtensions"]) or "")),
        master_id=integer(row["image.masterImage"]),
        copy_name=text(row["image.copyName"]),
        capture_time=capture_time,
        taken_at=_taken_at(capture_time, xmp.get("exif:DateTimeOriginal")),
        orientation=text(row["image.orientation"]),
        develop_digest=digest.lower() if digest else None,
        width=width,
        height=height,
        cropped_width=cropped[0],
        cropped_height=cropped[1],
        is_edited=_is_edited(row, is_cropped=bool(width and height) and cropped != (width, height)),
        file_format=text(row["image.fileFormat"]),
        rating=rating if rating in range(1, 6) else None,
        pick=pick if pick in (-1, 1) else 0,
        label=text(row["image.colorLabels"]),
        title=xmp.get("dc:title"),
        headline=xmp.get("photoshop:Headline"),
        caption=text(row["iptc.caption"]) or xmp.get("dc:description"),
        creator=text(row["creator.value"]) or xmp.get("dc:creator"),
        copyright=text(row["iptc.copyright"]) or xmp.get("dc:rights"),
        location=text(row["location.value"]) or xmp.get("Iptc4xmpCore:Location"),
        city=text(row["city.value"]) or xmp.get("photoshop:City"),
        state=text(row["state.value"]) or xmp.get("photoshop:State"),
        country=text(row["country.value"]) or xmp.get("photoshop:Country"),
        keywords=keywords,
        keyword_paths=keyword_paths,
        all_keywords=tree.flat(keyword_ids, private=True) if tree.has_private else keywords,
        all_keyword_paths=tree.paths(keyword_ids, private=True) if tree.has_private else keyword_paths,
        collections=tuple(
            shared.collections[key] for key in links.collections.get(image_id, ()) if key in shared.collections
        ),
        stack=None if stack is None else Stack(stack, integer(row["stack.position"])),
        position=_position(row, xmp),
        camera_make=xmp.get("tiff:Make"),
        camera_model=text(row["camera.value"]) or xmp.get("tiff:Model"),
        camera_serial=text(row["serial.value"]) or xmp.get("aux:SerialNumber"),
        lens=text(row["lens.value"]) or xmp.get("aux:Lens"),
        exposure=_exposure(row),
        xmp=packet,
    )


def _taken_at(stored: str | None, in_xmp: str | None) -> datetime | None:
    """Read a capture time; the XMP's zone counts where its clock shows the same second."""
    time, other = _time(stored), _time(in_xmp)
    if time is None or time.tzinfo or other is None or other.tzinfo is None:
        return time
    same = time.replace(microsecond=0) == other.replace(microsecond=0, tzinfo=None)
    return time.replace(tzinfo=other.tzinfo) if same else time


def _time(stored: str | None) -> datetime | None:
    if not stored or not _TIME.match(stored):
        return written_time(stored)  # a day alone
    try:
        return datetime.fromisoformat(stored)
    except ValueError:
        return None


def _is_edited(row: Row, *, is_cropped: bool) -> bool | None:
    """Tell whether there are adjustments: 1 says so, 0 and -1 deny it; both columns are in use, the newer one first.

    Source: Lightroom 5 has -1 for photos as imported (7 of 7 in two real catalogs); programs that read later catalogs
    take 1, or anything above 0, for a photo with adjustments. A crop alone need not count as one.
    """
    newer, older = number(row["develop.hasDevelopAdjustmentsEx"]), number(row["develop.hasDevelopAdjustments"])
    adjustments = older if newer is None else newer
    if is_cropped or (adjustments or 0) > 0:
        return True
    return None if adjustments is None else False


def _position(row: Row, xmp: Mapping[str, str]) -> Position | None:
    latitude, longitude = number(row["exif.gpsLatitude"]), number(row["exif.gpsLongitude"])
    if row["exif.hasGPS"] == 0 or latitude is None or longitude is None:
        return None
    if abs(latitude) > 90 or abs(longitude) > 180 or latitude == longitude == 0:  # 0, 0: a receiver without a fix
        return None
    altitude = _ratio(xmp.get("exif:GPSAltitude"))
    if altitude is not None and xmp.get("exif:GPSAltitudeRef") == "1":
        altitude = -altitude
    return Position(latitude, longitude, altitude)


def _exposure(row: Row) -> Exposure:
    time_value, aperture_value = number(row["exif.shutterSpeed"]), number(row["exif.aperture"])
    flash = row["exif.flashFired"]
    return Exposure(
        shutter_seconds=_shutter(time_value),
        aperture=None if aperture_value is None or abs(aperture_value) > 30 else round(2 ** (aperture_value / 2), 2),
        iso=number(row["exif.isoSpeedRating"]),
        focal_length_mm=number(row["exif.focalLength"]),
        flash_fired=bool(flash) if isinstance(flash, int | float) else None,
    )


@lru_cache(maxsize=1024)  # cameras know a few dozen
def _shutter(time_value: float | None) -> Fraction | None:
    """Return the simplest fraction of a second within the precision of an APEX value: 4.906891 is 1/30.

    Source: Exif 2.32, annex C: Tv = -log2(seconds). Catalogs keep six decimals.
    """
    if time_value is None or abs(time_value) > 30:
        return None
    seconds = 2.0**-time_value
    for limit in (1, 10, 100, 1_000, 10_000, 100_000):
        fraction = Fraction(seconds).limit_denominator(limit)
        if abs(fraction - Fraction(seconds)) <= seconds * 1e-5:
            return fraction
    return Fraction(seconds)


def _ratio(stored: str | None) -> float | None:
    """Read an XMP rational, "1234/10"."""
    match = re.fullmatch(r"(-?\d{1,18})(?:/(\d{1,18}))?", stored or "")
    if not match or (match[2] and not int(match[2])):
        return None
    return int(match[1]) / int(match[2] or 1)
