"""What people and programs see of a rescue list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safelight.draw import emit, printable, say, table
from safelight.rescue import LostPhoto, Rescue

_COLUMNS = [("original", "left"), ("preview", "right"), ("of full size", "right"), ("look", "left"), ("Smart", "left")]
_ROWS_AT_ONCE = 1000
_FULL = 0.98
"""From here on a preview counts as full size: Lightroom rounds by a pixel or two."""


@dataclass(slots=True)
class RescueTally:
    """What was found: how many photos are lost, and how many of them have what."""

    lost: int = 0
    with_preview: int = 0
    full_size: int = 0
    thumbnails: int = 0
    with_smart_preview: int = 0
    beyond_rescue: int = 0

    def count(self, photo: LostPhoto) -> None:
        """Add one photo."""
        self.lost += 1
        self.with_preview += photo.preview is not None
        self.full_size += photo.preview is not None and (photo.preview.coverage or 0) >= _FULL
        self.thumbnails += photo.preview is not None and photo.preview.is_thumbnail
        self.with_smart_preview += photo.smart_preview is not None
        self.beyond_rescue += photo.is_beyond_rescue


def rescue(found: Rescue, as_json: bool) -> RescueTally:
    """List the lost photos of a catalog as they are found; tells how many there were."""
    tally = RescueTally()
    rows: list[list[str]] = []
    for photo in _counted(found.lost(), tally):
        if as_json:
            emit(lost_record(photo))
        else:
            rows.append(_row(photo))
        if len(rows) >= _ROWS_AT_ONCE:
            table(_COLUMNS, rows)
            rows = []
    if rows:
        table(_COLUMNS, rows)
    if as_json:
        counts = {name: getattr(tally, name) for name in tally.__slots__}
        emit({"event": "done", "photos": found.photos, **counts})
    else:
        say(_summary(found, tally))
    return tally


def lost_record(photo: LostPhoto) -> dict[str, Any]:
    """Return a lost photo as programs get it."""
    preview = photo.preview
    return {
        "event": "photo",
        "image_id": photo.image_id,
        "uuid": photo.uuid,
        "name": photo.name,
        "original": photo.stored_path,
        "full_width": photo.width,
        "full_height": photo.height,
        "width": preview and preview.width,
        "height": preview and preview.height,
        "coverage": preview and preview.coverage and round(preview.coverage, 4),
        "thumbnail": preview and preview.is_thumbnail,
        "quality": preview and preview.quality,
        "current": preview and preview.is_current,
        "smart_preview": photo.smart_preview and str(photo.smart_preview),
        "damage": photo.damage,
    }


def _counted(photos: Iterable[LostPhoto], tally: RescueTally) -> Iterable[LostPhoto]:
    for photo in photos:
        tally.count(photo)
        yield photo


def _row(photo: LostPhoto) -> list[str]:
    preview, copy = photo.preview, photo.name.removeprefix(Path(photo.stored_path).name)
    kind = "thumbnail " if preview and preview.is_thumbnail else ""
    size = f"{kind}{preview.width}x{preview.height}" if preview else "damaged" if photo.damage else "none"
    share = f"{preview.coverage:.0%}" if preview and preview.coverage else ""
    look = "" if preview is None else "current" if preview.is_current else "older"
    return [photo.stored_path + copy, size, share, look, "yes" if photo.smart_preview else "no"]


def _summary(found: Rescue, tally: RescueTally) -> str:
    if not tally.lost:
        return f"Every photo of {printable(found.path.name)} ({found.photos:,}) has its original."
    sizes = f"{tally.full_size:,} at full size"
    if few := tally.thumbnails:
        sizes += f", {few:,} only {'a thumbnail' if few == 1 else 'thumbnails'}"
    parts = [
        f"{tally.lost:,} of {found.photos:,} photos have lost their original",
        f"{tally.with_preview:,} of them have a preview ({sizes})",
        f"{tally.with_smart_preview:,} a Smart Preview",
        f"{tally.beyond_rescue:,} neither",
    ]
    more = "" if tally.beyond_rescue == tally.lost else " `safelight recover` gets the pictures back."
    return f"{', '.join(parts)}.{more}"
