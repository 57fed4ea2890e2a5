"""The photos that show a content, as deciding between duplicates needs to know them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from indexer.catalog import Catalog
from indexer.duplicates.keeper import rank
from indexer.duplicates.picture import Picture

_QUERY = """
SELECT p.content_id, p.public_id, p.path, p.name, p.rendition IS NULL, r.source, c.format, c.width, c.height,
    c.size_bytes, p.taken_at, p.taken_from, p.mtime_ns, p.added_at, p.camera, p.exposure_seconds, p.aperture, p.iso,
    p.rating, p.edited, p.series,
    EXISTS (SELECT 1 FROM tag t WHERE t.photo_id = p.id AND t.kind = 'media' AND t.path = 'video'),
    (p.title IS NOT NULL) + (p.caption IS NOT NULL) + (p.latitude IS NOT NULL) + (p.place IS NOT NULL)
        + coalesce(p.favorite, 0) + (SELECT count(*) FROM tag t WHERE t.photo_id = p.id AND t.kind <> 'media')
FROM photo p JOIN root r ON r.id = p.root_id JOIN content c ON c.id = p.content_id
WHERE p.state = 'indexed'
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo that shows a content.

    Attributes:
        path: Of its original; None where that is not on this machine.
        original: The same, where it was the original that was read.
    """

    photo_id: str
    path: str | None
    name: str
    original: Path | None
    picture: Picture


def copies_by_content(catalog: Catalog, chosen: Mapping[int, str], prefer: str | None) -> dict[int, list[Copy]]:
    """Return the photos of each content, the one to keep first; a file that two libraries know counts once.

    Args:
        chosen: Contents that the user wants to keep -> the photo that was meant, which may be gone; then any will do.
            Of several that are one the last counts.
        prefer: Kind of source to keep from.
    """
    copies: dict[int, list[Copy]] = defaultdict(list)
    for content_id, copy in _copies(catalog, prefer):
        copies[content_id].append(copy)
    places = {content_id: place for place, content_id in enumerate(chosen, 1)}
    for content_id, several in copies.items():
        if content_id in chosen:
            several = _with_choice(several, chosen[content_id], places[content_id])
        several.sort(key=lambda copy: rank(copy.picture), reverse=True)
        by_file = {copy.path or copy.photo_id: copy for copy in reversed(several)}
        copies[content_id] = sorted(by_file.values(), key=several.index)
    return dict(copies)


def _with_choice(copies: list[Copy], photo_id: str, place: int) -> list[Copy]:
    """Mark the photo that the user chose; where it is gone, all that show what it showed."""
    meant = [copy for copy in copies if copy.photo_id == photo_id] or copies
    return [replace(copy, picture=replace(copy.picture, chosen=place * (copy in meant))) for copy in copies]


def _copies(catalog: Catalog, prefer: str | None) -> Iterator[tuple[int, Copy]]:
    for row in catalog.db.execute(_QUERY):
        content_id, photo_id, path_bytes, name, is_original, source, form, width, height, size_bytes, *rest = row
        taken_at, taken_from, mtime_ns, added_at, camera, seconds, aperture, iso, rating, edited, *rest = rest
        series, is_movie, facts = rest
        path = path_bytes and os.fsdecode(path_bytes)
        file = Path(path) if path else None
        taken = datetime.fromisoformat(taken_at) if taken_at else None
        picture = Picture(
            name=name,
            folder=str(file.parent) if file and file.name == name else source,
            format=form,
            width=width,
            height=height,
            size_bytes=size_bytes,
            taken_at=taken if taken_from == "exif" else None,
            added=mtime_ns / 1e9 if mtime_ns else datetime.fromisoformat(added_at).timestamp(),
            camera=camera,
            exposure=(seconds, aperture, iso),
            rating=rating,
            edited=bool(edited),
            facts=facts,
            preferred=source == prefer,
            series=series,
            is_movie=bool(is_movie),
        )
        yield content_id, Copy(photo_id, path, name, file if is_original else None, picture)
