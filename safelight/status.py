"""What is indexed, what could not be, and everything known about one photo."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from indexer.catalog import Catalog, Root
from indexer.drives import Mount, is_away, is_there, mounts, place_path
from indexer.query import PHOTO_ID
from indexer.spellings import paths_of
from indexer.tags import ALBUM, KEYWORD, KEYWORD_PATH, LABEL, MEDIA, PERSON, read_tags
from safelight.at_hand import away, is_lost
from safelight.errors import SafelightError


class NoSuchPhotoError(SafelightError):
    """No photo has this id."""


@dataclass(frozen=True, slots=True)
class RootStatus:
    """One indexed place, with its photos by state."""

    path: str
    source: str
    state: str
    indexed: int
    skipped: int
    failed: int
    missing: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model: how many of the library's pictures it has seen."""

    name: str
    space: str
    dim: int
    vectors: int
    active: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """A photo, a folder or a whole place that could not be read, and why.

    Attributes:
        id: A photo's; None for a folder or a place.
        path: Its original; None where that is not on this machine.
        root: The library or folder that knows it.
    """

    id: str | None
    path: str | None
    name: str
    root: str
    state: str
    reason: str


def roots(catalog: Catalog) -> list[RootStatus]:
    """List the indexed places, with the state of this moment: "online", "offline" or "unreadable".

    A drive inside a place is one of them while it is away: its photos are counted there.
    """
    rows = catalog.db.execute(
        f"SELECT r.id, r.path, r.source, {_ROOT_STATE}, {_COUNTS}"
        " FROM root r LEFT JOIN photo p ON p.root_id = r.id GROUP BY r.id ORDER BY r.path"
    )
    found = {row[0]: RootStatus(os.fsdecode(row[1]), *row[2:]) for row in rows}
    drives = mounts(catalog.db)
    lost = _lost(catalog, [*catalog.roots(), *drives])
    inner: list[RootStatus] = []
    for drive in drives:
        if drive.path in lost and not lost.intersection(drive.path.parents):  # else it is away with what it lies in
            found[drive.root_id], inside = _parted(catalog, found[drive.root_id], drive)
            inner.append(inside)
    outer = [replace(root, state="offline") if Path(root.path) in lost else root for root in found.values()]
    return sorted([*outer, *inner], key=lambda root: root.path)


def _parted(catalog: Catalog, around: RootStatus, drive: Mount) -> tuple[RootStatus, RootStatus]:
    """Count the photos on a drive apart from the others of its place."""
    counts = catalog.db.execute(
        f"SELECT {_COUNTS} FROM photo p"
        " WHERE p.root_id = ?1 AND p.key > CAST(?2 || '/' AS BLOB) AND p.key < CAST(?2 || '0' AS BLOB)",
        (drive.root_id, drive.key),
    ).fetchone()
    there = {state: getattr(around, state) - count for state, count in zip(_STATES, counts, strict=True)}
    return replace(around, **there), RootStatus(str(drive.path), around.source, "offline", *counts)


def _lost(catalog: Catalog, places: Sequence[Root | Mount]) -> set[Path]:
    """Tell which places are away at this moment."""
    lost, _ = away({place.path: () for place in places})
    # Where another drive lies at its place, which the last run told by the photos that are not there.
    lost |= {
        place.path
        for place in places
        if place.state == "offline" and place.path not in lost and not is_there(catalog.db, place)
    }
    return lost


_STATES = ("indexed", "skipped", "failed", "missing")
_COUNTS = ", ".join(f"count(*) FILTER (WHERE p.state = '{state}')" for state in _STATES)
_ROOT_STATE = (
    "CASE WHEN EXISTS (SELECT 1 FROM unread u WHERE u.root_id = r.id AND u.key IS NULL) THEN 'unreadable'"
    " ELSE 'online' END"
)


def models(catalog: Catalog, active: str | None) -> list[ModelStatus]:
    """List the models whose vectors the catalog holds."""
    rows = catalog.db.execute(
        "SELECT m.name, m.space, m.dim, count(e.id) FROM model m LEFT JOIN embedding e ON e.model_id = m.id"
        " GROUP BY m.id ORDER BY m.name"
    )
    return [ModelStatus(*row, active=row[0] == active) for row in rows]


def problems(catalog: Catalog, limit: int = -1, offset: int = 0) -> Iterator[Problem]:
    """Yield what was skipped, failed, is missing or unreadable, with the reason; all, or a part of the list."""
    for public_id, path, name, root, state, reason, is_whole in catalog.db.execute(
        "SELECT p.public_id, p.path, p.name, r.path, p.state, p.reason, 0 FROM photo p JOIN root r ON r.id = p.root_id"
        " WHERE p.state <> 'indexed' UNION ALL"
        " SELECT NULL, CAST(r.path || iif(length(u.key) > 0, '/' || u.key, '') AS BLOB), NULL, r.path,"
        " coalesce(m.state, 'unreadable'), u.reason, u.key IS NULL FROM unread u JOIN root r ON r.id = u.root_id"
        " LEFT JOIN mount m ON m.root_id = u.root_id AND m.key = u.key AND m.state = 'offline'"
        " ORDER BY 5, 2, 1 LIMIT ? OFFSET ?",
        (limit, offset),
    ):
        name = name or os.path.basename(os.fsdecode(path))  # noqa: PTH119  # display only
        why = reason if state != "missing" else "the file is no longer there; `safelight prune` forgets it"
        if is_whole:
            why += f'; what is known there is kept, `safelight prune --forget "{os.fsdecode(root)}"` forgets it'
        yield Problem(public_id, path and os.fsdecode(path), name, os.fsdecode(root), state, why or "")


def find_photo(catalog: Catalog, target: str) -> str:
    """Return the id of a photo that is named by its id, or by the path of its file or of one that belongs to it.

    Raises:
        NoSuchPhotoError: No indexed photo lies there.
    """
    path = Path(target).expanduser()
    if PHOTO_ID.fullmatch(target) and not path.exists():
        return target.lower()
    paths = paths_of(path)
    places = ", ".join("?" * len(paths))
    row = catalog.db.execute(
        f"SELECT public_id FROM photo WHERE path IN ({places}) ORDER BY state = 'indexed' DESC, id LIMIT 1",
        paths,
    ).fetchone()
    if row is None:
        row = catalog.db.execute(
            f"SELECT p.public_id FROM part t JOIN photo p ON p.id = t.photo_id WHERE t.path IN ({places})"
            " ORDER BY p.state = 'indexed' DESC, p.id LIMIT 1",
            paths,
        ).fetchone()
    if row is not None:
        return row[0]
    if path.is_file():
        raise NoSuchPhotoError(f"{target} is not indexed; `safelight index` reads it first")
    if path.is_dir():
        raise NoSuchPhotoError(f"{target} is a folder; give a picture's path, or a photo's id")
    raise _no_such_photo(target)


def _no_such_photo(named: str) -> NoSuchPhotoError:
    return NoSuchPhotoError(
        f"there is no photo and no file {named!r};"
        " give a file, or an id as `safelight search`, `similar` and `duplicates` show"
    )


def photo_record(catalog: Catalog, public_id: str) -> dict[str, Any]:
    """Return everything known about a photo, and every place where the same bytes lie.

    Raises:
        NoSuchPhotoError: There is no such photo.
    """
    row = catalog.db.execute(
        f"SELECT p.content_id, p.id, {', '.join(_PHOTO_FIELDS.values())} FROM photo p"
        " LEFT JOIN content c ON c.id = p.content_id WHERE p.public_id = ?",
        (public_id,),
    ).fetchone()
    if row is None:
        raise _no_such_photo(public_id)
    content_id, row_id, *values = row
    record: dict[str, Any] = {"id": public_id, **dict(zip(_PHOTO_FIELDS, values, strict=True))}
    tags = read_tags(catalog.db, row_id)
    record |= {field: ["/".join(steps) for steps in tags.get(kind, ())] for field, kind in _TAG_FIELDS.items()}
    if record["taken_from"] == "exif":  # or what Takeout's JSON, a sidecar or a library says
        record["taken_from"] = "metadata"
    else:  # as search says it: when it was taken is not known
        record.update(file_date=record["taken_at"], taken_at=None, utc_offset_minutes=None)
    record["models"] = [
        name
        for (name,) in catalog.db.execute(
            "SELECT m.name FROM embedding e JOIN model m ON m.id = e.model_id WHERE e.content_id = ? ORDER BY m.name",
            (content_id,),
        )
    ]
    record["parts"] = [
        {"role": role, "name": name, "path": os.fsdecode(path) if path else None}
        for role, name, path in catalog.db.execute(
            "SELECT role, name, path FROM part WHERE photo_id = ? ORDER BY role, name", (row_id,)
        )
    ]
    record["places"] = _as_they_are(list(_places(catalog, row_id)))
    return record


_PHOTO_FIELDS = {
    "name": "p.name",
    "taken_at": "p.taken_at",
    "utc_offset_minutes": "p.utc_offset_minutes",
    "taken_from": "p.taken_from",
    "latitude": "p.latitude",
    "longitude": "p.longitude",
    "place": "p.place",
    "camera": "p.camera",
    "lens": "p.lens",
    "exposure_seconds": "p.exposure_seconds",
    "aperture": "p.aperture",
    "iso": "p.iso",
    "focal_length_mm": "p.focal_length_mm",
    "title": "p.title",
    "caption": "p.caption",
    "rating": "p.rating",
    "flag": "p.flag",
    "color_label": "p.color_label",
    "favorite": "p.favorite",
    "edited": "p.edited",
    "series": "p.series",
    "added_at": "p.added_at",
    "rendition": "coalesce(p.rendition ->> 'kind', CASE WHEN p.content_id IS NOT NULL THEN 'original' END)",
    "width": "c.width",
    "height": "c.height",
    "format": "c.format",
    "size_bytes": "c.size_bytes",
    "hash": "nullif(lower(hex(c.hash)), '')",
    "original_hash": "nullif(lower(hex(p.original_hash)), '')",
}
_TAG_FIELDS = {
    "keywords": KEYWORD,
    "keyword_paths": KEYWORD_PATH,
    "people": PERSON,
    "albums": ALBUM,
    "labels": LABEL,
    "media": MEDIA,
}


def _places(catalog: Catalog, row_id: int) -> Iterator[dict[str, Any]]:
    """List where a photo lies: by what it shows, and by the bytes of its original, edited or not."""
    rows = catalog.db.execute(
        f"WITH this AS (SELECT p.content_id, {EXACT_HASH} AS exact FROM photo p"
        " LEFT JOIN content c ON c.id = p.content_id WHERE p.id = ?1)"
        f" SELECT p.public_id, r.source, p.path, p.state, p.reason, p.name, p.key, r.path, {place_path('p', 'r')},"
        f" {is_away('p', 'r')} FROM photo p JOIN root r ON r.id = p.root_id LEFT JOIN content c ON c.id = p.content_id"
        " WHERE p.id = ?1 OR p.content_id = (SELECT content_id FROM this)"
        " OR p.original_hash = (SELECT exact FROM this)"
        " OR p.content_id = (SELECT id FROM content WHERE hash = (SELECT exact FROM this))"
        " ORDER BY p.id <> ?1, p.path",
        (row_id,),
    )
    for public_id, source, path, state, reason, name, key, root, drive, was_away in rows:
        yield {
            "id": public_id,
            "source": source,
            "path": os.fsdecode(path) if path else None,
            "state": state,
            "reason": reason,
            "name": name,
            "key": key.decode("utf-8", "backslashreplace"),
            "root": os.fsdecode(root),
            "drive": os.fsdecode(drive),
            "was_away": was_away,
        }


def _as_they_are(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell of the places that were read which are gone at this moment, or away."""
    files: defaultdict[Path, set[Path]] = defaultdict(set)
    for place in places:
        files[Path(place["drive"])].update([Path(place["path"])] if place["path"] else [])
    lost, gone = away(files)
    for place in places:
        is_lost_now = bool(place["path"]) and is_lost(place["source"], Path(place["path"]), gone)
        is_away_now = Path(place.pop("drive")) in lost
        # Where another drive lies at its place, which the last run told by the photos that are not there.
        is_away_now |= bool(place.pop("was_away")) and is_lost_now
        if place["state"] == "indexed":
            place["state"] = "offline" if is_away_now else "missing" if is_lost_now else "indexed"
    return places


EXACT_HASH = "coalesce(p.original_hash, CASE WHEN p.rendition IS NULL THEN c.hash END)"
"""The hash of a photo's original, as SQL on photo p and content c; NULL where the original was never read."""
