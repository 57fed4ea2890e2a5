"""What one process hands another so that it writes a photo: plain values, which cross four times as fast as named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from importers.lightroom_photo import CatalogPhoto, Exposure, Position
from lrprev import State, StoredPreview
from lrprev.pyramid import Pyramid
from safelight.recover.ledger import Row, row_of
from safelight.recover.names import Name
from safelight.recover.plan import Job

Parcel = tuple[Any, ...]
_STATES = {str(state): state for state in State}  # to call the class takes ten times as long


def packed(row: Row, job: Job) -> Parcel:
    """Pack a photo's row and job.

    Left out is what only a plan needs: how the preview came by its state, the sizes that previews.db has of it, where
    the original is, and the catalog's XMP packet.
    """
    return (
        row.plain(),
        job.stored and _stored(job.stored),
        job.photo and _photo(job.photo),
        job.orientation,
        job.thumbnail,
        job.smart and str(job.smart),
        job.is_developed,
    )


def unpacked(parcel: Parcel) -> tuple[Row, Job]:
    """Return the row and the job again."""
    values, stored, photo, orientation, thumbnail, smart, is_developed = parcel
    row = row_of(values)
    return row, Job(
        row.key,
        row.original,
        Name("", row.path, ""),
        row.state,
        stored and _stored_of(*stored),
        photo and _photo_of(*photo),
        orientation,
        thumbnail,
        row.note,
        Path(smart) if smart else None,
        is_developed,
    )


def _stored(stored: StoredPreview) -> Parcel:
    recorded = stored.recorded and tuple(stored.recorded._replace(levels=()))
    return stored.uuid, stored.digest, str(stored.state), tuple(map(str, stored.files)), recorded


def _stored_of(uuid: str, digest: str, state: str, files: tuple[str, ...], recorded: Parcel | None) -> StoredPreview:
    pyramid = Pyramid._make(recorded) if recorded else None
    return StoredPreview(uuid, digest, _STATES[state], tuple(map(Path, files)), (), pyramid)


def _photo(photo: CatalogPhoto) -> Parcel:
    position = photo.position and tuple(photo.position)
    bare = photo._replace(original=None, xmp=None, collections=(), stack=None, exposure=Exposure(), position=None)
    return tuple(bare[:-2]), tuple(photo.exposure), position


def _photo_of(fields: Parcel, exposure: Parcel, position: Parcel | None) -> CatalogPhoto:
    where = position and Position._make(position)
    return CatalogPhoto(*fields, exposure=Exposure._make(exposure))._replace(position=where)
