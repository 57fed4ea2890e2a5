"""A photo as a row of the catalog: what a scan learnt, as columns."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from importers.as_json import pack_rendition
from importers.base import Facts, FileStamp, Outcome, Part, Photo, Rendition

# No vowels, no look-alikes: ids are read aloud, typed and pasted.
_ID_LETTERS = "23456789bcdfghjkmnpqrstvwxz"
_ID_PAIRS = tuple(one + two for one in _ID_LETTERS for two in _ID_LETTERS)
_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """All that a scan learnt about one photo, ready to be written.

    Attributes:
        content_id: What it shows; None where it was not read.
        original_hash: xxh3_128 of the original where that is not what was read.
        rendition: What was read, where that is not the original; None where it is, or nothing was read.
    """

    root_id: int
    key: bytes
    path: bytes | None
    name: str
    stamp: FileStamp | None
    outcome: Outcome
    reason: str | None
    reader: str
    facts: Facts
    content_id: int | None
    facts_token: str = ""
    original_hash: bytes | None = None
    rendition: Rendition | None = None
    parts: tuple[Part, ...] = ()
    series: str | None = None
    ref: str | None = None

    def columns(self) -> dict[str, object]:
        """Return the columns of the table photo."""
        return {
            "root_id": self.root_id,
            "key": self.key,
            "path": self.path,
            "name": self.name,
            "content_id": self.content_id,
            "size_bytes": self.stamp and self.stamp.size_bytes,
            "mtime_ns": self.stamp and self.stamp.mtime_ns,
            "inode": self.stamp and self.stamp.inode,
            "state": self.outcome.value,
            "reason": self.reason,
            "reader": self.reader,
            "original_hash": self.original_hash,
            "rendition": self.rendition and json.dumps(pack_rendition(self.rendition)),
            **self.fact_columns(),
        }

    def fact_columns(self) -> dict[str, object]:
        """Return those among the columns that say what is known of a photo, rather than what was read."""
        facts = self.facts
        taken_at, taken_from, offset = facts.taken_at, "exif", None
        if taken_at is None and self.stamp is not None:
            # Photographers expect undated pictures to sort by the file's own date; the column says which it is.
            taken_at, taken_from = datetime.fromtimestamp(self.stamp.mtime_ns / 1e9).astimezone(), "file"
        if taken_at is not None and taken_at.utcoffset() is not None:
            offset = int(taken_at.utcoffset().total_seconds() // 60)  # type: ignore[union-attr]
        return {
            "taken_at": taken_at and taken_at.replace(tzinfo=None).isoformat(timespec="seconds"),
            "utc_offset_minutes": offset,
            "taken_from": taken_at and taken_from,
            "latitude": facts.latitude,
            "longitude": facts.longitude,
            "camera": facts.camera,
            "lens": facts.lens,
            "title": facts.title,
            "caption": facts.caption,
            "rating": facts.rating,
            "place": facts.place,
            "flag": facts.flag,
            "color_label": facts.color_label,
            "favorite": facts.favorite,
            "edited": facts.edited,
            "exposure_seconds": facts.exposure.seconds,
            "aperture": facts.exposure.aperture,
            "iso": facts.exposure.iso,
            "focal_length_mm": facts.exposure.focal_length_mm,
            "facts_token": self.facts_token,
            "series": self.series,
            "ref": self.ref,
        }


def row_of(
    root_id: int,
    reader: str,
    photo: Photo,
    outcome: Outcome,
    reason: str | None,
    *,
    stamp: FileStamp | None,
    facts: Facts | None = None,
    original_hash: bytes | None = None,
    rendition: Rendition | None = None,
) -> PhotoRow:
    """Return the row of a photo that a scan met, without a content; see PhotoRow for what it takes.

    Args:
        facts: Where they are not the photo's own.
    """
    return PhotoRow(
        root_id=root_id,
        key=photo.key,
        path=os.fsencode(photo.path) if photo.path else None,
        name=photo.name,
        stamp=stamp,
        outcome=outcome,
        reason=reason,
        reader=reader,
        facts=facts or photo.facts,
        content_id=None,
        facts_token=photo.facts_token,
        original_hash=original_hash,
        rendition=rendition,
        parts=photo.parts,
        series=photo.series,
        ref=photo.ref,
    )


@cache
def upsert(columns: tuple[str, ...]) -> str:
    """Return the SQL that writes a photo: a public id, when it was added, and `columns`; it answers (id, public_id)."""
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    update = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return (
        f"INSERT INTO photo (public_id, added_at, {names}) VALUES (?, ?, {marks})"
        f" ON CONFLICT (root_id, key) DO UPDATE SET {update} RETURNING id, public_id"
    )


def new_public_id() -> str:
    """Draw what a photo is called by people and programs, for good."""
    number = secrets.randbelow(len(_ID_LETTERS) ** _ID_LENGTH)  # one system call, where one a letter takes 0.1 ms
    pairs: list[str] = []
    for _ in range(_ID_LENGTH // 2):
        number, pair = divmod(number, len(_ID_PAIRS))
        pairs.append(_ID_PAIRS[pair])
    return "".join(pairs)
