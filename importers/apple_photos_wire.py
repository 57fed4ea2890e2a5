"""A Photo as a line of JSON and back: how photos come from the process that reads the library."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

from importers.as_json import pack_facts, pack_rendition, unpack_facts, unpack_rendition
from importers.base import FileStamp, Part, Photo


def encode(photo: Photo) -> bytes:
    """Write a photo as one line of ASCII; what is unknown is left out."""
    known: dict[str, Any] = {"name": photo.name}
    if photo.path is not None:
        known["path"] = str(photo.path)
    if photo.series is not None:
        known["series"] = photo.series
    if photo.parts:
        known["parts"] = [(part.role, part.name, str(part.path) if part.path else None) for part in photo.parts]
    if facts := pack_facts(photo.facts):
        known["facts"] = facts
    row = known | {"key": photo.key.decode("ascii"), "token": _token(known)}
    if photo.renditions:
        row["renditions"] = [pack_rendition(rendition) for rendition in photo.renditions]
    if photo.stamp is not None:
        row["stamp"] = (photo.stamp.size_bytes, photo.stamp.mtime_ns, photo.stamp.inode)
    if photo.exact is not None:
        row["exact"] = str(photo.exact)
    if photo.problem is not None:
        row["problem"] = photo.problem
    return json.dumps(row).encode("ascii") + b"\n"


def _token(known: dict[str, Any]) -> str:
    return blake2b(json.dumps(known).encode("ascii"), digest_size=12).hexdigest()


def decode(row: dict[str, Any]) -> Photo:
    """Return the photo that `encode` wrote, with facts that are complete and a token that changes when they do."""
    stamp = row.get("stamp")
    return Photo(
        key=row["key"].encode("ascii"),
        name=row["name"],
        path=_path(row.get("path")),
        renditions=tuple(unpack_rendition(rendition) for rendition in row.get("renditions", ())),
        stamp=None if stamp is None else FileStamp(*stamp),
        facts=unpack_facts(row.get("facts", {})),
        problem=row.get("problem"),
        facts_complete=True,
        facts_token=row["token"],
        exact=_path(row.get("exact")),
        parts=tuple(Part(role, name, _path(path)) for role, name, path in row.get("parts", ())),
        series=row.get("series"),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
