"""A photo as a line of JSON and back: how photos come from the process that reads the library."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from importers.as_json import pack_facts, unpack_facts
from importers.base import Facts, FileStamp, Part, Photo, Rendition

_ENCODER = json.JSONEncoder(check_circular=False)  # rows are made here, and hold no loops


@dataclass(slots=True)
class Row:
    """A photo as it is written down: a Photo whose paths are text, for there are a million of them.

    Attributes:
        parts: Role, name and path of each.
        renditions: Path, kind and whether edited, of each.
    """

    key: str
    name: str
    path: str | None = None
    series: str | None = None
    parts: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, str | None]])
    facts: Facts | None = None
    renditions: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])
    stamp: FileStamp | None = None
    exact: str | None = None
    problem: str | None = None


def encode(row: Row) -> bytes:
    """Write a photo as one line of ASCII; what is unknown is left out."""
    known: dict[str, Any] = {"name": row.name}
    if row.path is not None:
        known["path"] = row.path
    if row.series is not None:
        known["series"] = row.series
    if row.parts:
        known["parts"] = row.parts
    if row.facts is not None and (facts := pack_facts(row.facts)):
        known["facts"] = facts
    stated = _ENCODER.encode(known)
    token = blake2b(stated.encode("ascii"), digest_size=12).hexdigest()
    rest: dict[str, Any] = {"key": row.key, "token": token}
    if row.renditions:
        rest["renditions"] = row.renditions
    if row.stamp is not None:
        rest["stamp"] = (row.stamp.size_bytes, row.stamp.mtime_ns, row.stamp.inode)
    if row.exact is not None:
        rest["exact"] = row.exact
    if row.problem is not None:
        rest["problem"] = row.problem
    return f"{stated[:-1]}, {_ENCODER.encode(rest)[1:]}\n".encode("ascii")


def decode(row: dict[str, Any]) -> Photo:
    """Return the photo that `encode` wrote, with facts that are complete and a token that changes when they do."""
    stamp = row.get("stamp")
    return Photo(
        key=row["key"].encode("ascii"),
        name=row["name"],
        path=_path(row.get("path")),
        renditions=tuple(
            Rendition(Path(path), edited=edited, kind=kind) for path, kind, edited in row.get("renditions", ())
        ),
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
