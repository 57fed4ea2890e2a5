"""What one process hands another so that it writes a photo: plain values, which cross in a fifth of the time."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from importers.lightroom_photo import CatalogPhoto, Exposure, Position
from lrprev import State, StoredPreview
from lrprev.pyramid import Pyramid
from safelight.recover.ledger import Row, row_of
from safelight.recover.names import Name
from safelight.recover.plan import Job

Parcel = tuple[Any, ...]
_NO_EXPOSURE, _EXPOSURE = Exposure(), CatalogPhoto._fields.index("exposure")  # only the XMP comes after it
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
    recorded = stored.recorded and _recorded(stored.recorded)
    return stored.uuid, stored.digest, str(stored.state), tuple(map(str, stored.files)), recorded


def _stored_of(uuid: str, digest: str, state: str, files: tuple[str, ...], recorded: Parcel | None) -> StoredPreview:
    pyramid = _recorded_of(*recorded) if recorded else None
    return StoredPreview(uuid, digest, _STATES[state], tuple(map(Path, files)), (), pyramid)


def _recorded(pyramid: Pyramid) -> Parcel:
    return tuple(pyramid._replace(levels=(), file_time=None)), _text(pyramid.file_time)


def _recorded_of(fields: Parcel, file_time: str | None) -> Pyramid:
    return Pyramid._make(fields)._replace(file_time=_time(file_time))


def _photo(photo: CatalogPhoto) -> Parcel:
    bare = photo._replace(
        original=None, xmp=None, collections=(), stack=None, taken_at=None, position=None, exposure=_NO_EXPOSURE
    )
    seconds, *exposure = photo.exposure
    return (
        tuple(bare[:_EXPOSURE]),
        _text(photo.taken_at),
        photo.position and tuple(photo.position),
        seconds and seconds.as_integer_ratio(),
        tuple(exposure),
    )


def _photo_of(
    fields: Parcel, taken_at: str | None, position: Parcel | None, seconds: tuple[int, int] | None, exposure: Parcel
) -> CatalogPhoto:
    return CatalogPhoto(*fields)._replace(
        taken_at=_time(taken_at),
        position=position and Position._make(position),
        exposure=Exposure(seconds and Fraction(*seconds), *exposure),
    )


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
