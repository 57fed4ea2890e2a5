"""A Photo as a line of JSON and back: how photos come from the process that reads the library."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from importers.base import Exposure, Facts, FileStamp, Part, Photo, Rendition

_EXPOSURE = tuple(field.name for field in fields(Exposure))
_PLAIN = ("latitude", "longitude", "camera", "lens", "title", "caption", "rating", "place", "flag", "color_label",
          "favorite", "edited")  # fmt: skip
_LISTS = ("keywords", "people", "labels", "media")
_LISTS_OF_STEPS = ("keyword_paths", "albums")


def encode(photo: Photo) -> bytes:
    """Write a photo as one line of ASCII; what is unknown is left out."""
    row: dict[str, Any] = {"key": photo.key.decode("ascii"), "name": photo.name}
    row |= {name: str(path) for name in ("path", "exact") if (path := getattr(photo, name)) is not None}
    row |= {name: value for name in ("problem", "series") if (value := getattr(photo, name)) is not None}
    if photo.renditions:
        row["renditions"] = [(str(one.path), one.kind, one.edited) for one in photo.renditions]
    if photo.stamp is not None:
        row["stamp"] = (photo.stamp.size_bytes, photo.stamp.mtime_ns, photo.stamp.inode)
    if photo.parts:
        row["parts"] = [(part.role, part.name, str(part.path) if part.path else None) for part in photo.parts]
    if facts := _facts_row(photo.facts):
        row["facts"] = facts
    return json.dumps(row).encode("ascii") + b"\n"


def decode(row: dict[str, Any]) -> Photo:
    """Return the photo that `encode` wrote, with facts that are complete."""
    stamp = row.get("stamp")
    return Photo(
        key=row["key"].encode("ascii"),
        name=row["name"],
        path=_path(row.get("path")),
        renditions=tuple(
            Rendition(Path(path), edited=edited, kind=kind) for path, kind, edited in row.get("renditions", ())
        ),
        stamp=None if stamp is None else FileStamp(*stamp),
        facts=_facts(row.get("facts", {})),
        problem=row.get("problem"),
        facts_complete=True,
        exact=_path(row.get("exact")),
        parts=tuple(Part(role, name, _path(path)) for role, name, path in row.get("parts", ())),
        series=row.get("series"),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _facts_row(facts: Facts) -> dict[str, Any]:
    row = {name: value for name in _PLAIN if (value := getattr(facts, name)) is not None}
    row |= {name: value for name in (*_LISTS, *_LISTS_OF_STEPS) if (value := getattr(facts, name))}
    if facts.taken_at is not None:
        row["taken_at"] = facts.taken_at.isoformat()
    if facts.exposure != Exposure():
        row["exposure"] = [getattr(facts.exposure, name) for name in _EXPOSURE]
    return row


def _facts(row: dict[str, Any]) -> Facts:
    known: dict[str, Any] = {name: row[name] for name in _PLAIN if name in row}
    known |= {name: tuple(row[name]) for name in _LISTS if name in row}
    known |= {name: tuple(tuple(steps) for steps in row[name]) for name in _LISTS_OF_STEPS if name in row}
    if "taken_at" in row:
        known["taken_at"] = datetime.fromisoformat(row["taken_at"])
    if "exposure" in row:
        known["exposure"] = Exposure(*row["exposure"])
    return Facts(**known)
