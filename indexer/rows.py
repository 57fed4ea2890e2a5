"""What is read from the catalog, as values: places, models, contents, and what is known of a photo."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers.base import FileStamp


@dataclass(frozen=True, slots=True)
class Root:
    """A place that has been indexed: a folder, a library."""

    id: int
    source: str
    path: Path
    device: int | None
    state: str
    options: str  # JSON, see safelight/roots.py


ROOT_COLUMNS = "r.id, r.source, r.path, r.device, r.state, r.options"
"""Of the table root r, in the order of Root."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors the catalog holds."""

    id: int
    space: str
    name: str
    dim: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog holds about a photo that a scan meets again."""

    id: int
    stamp: FileStamp | None
    state: str
    reason: str | None
    reader: str | None
    content_id: int | None
    facts_token: str
    has_vector: bool
    path: bytes | None


KNOWN_COLUMNS = """p.id, p.size_bytes, p.mtime_ns, p.inode, p.state, p.reason, p.reader, p.content_id, p.facts_token,
    EXISTS (SELECT 1 FROM embedding e WHERE e.model_id = ? AND e.content_id = p.content_id), p.path"""
"""Of the table photo p, in the order that as_known reads; the first parameter is a model's id."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a picture, wherever they lie.

    Attributes:
        hash: xxh3_128 of the whole file.
        width: Pixels, upright.
        height: Pixels, upright.
    """

    hash: bytes
    size_bytes: int
    width: int
    height: int
    format: str


def as_root(row: Sequence[Any]) -> Root:
    """Read a row of ROOT_COLUMNS."""
    root_id, source, path, *others = row
    return Root(root_id, source, Path(os.fsdecode(path)), *others)


def as_known(row: Sequence[object]) -> Known:
    """Read a row of KNOWN_COLUMNS."""
    photo_id, size_bytes, mtime_ns, inode, state, reason, reader, content_id, token, has_vector, path = row
    stamp = None if size_bytes is None else FileStamp(size_bytes, mtime_ns, inode)  # type: ignore[arg-type]
    return Known(photo_id, stamp, state, reason, reader, content_id, token, bool(has_vector), path)  # type: ignore[arg-type]
