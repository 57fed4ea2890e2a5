"""One job -> one file and the row that tells of it; runs in child processes, a batch in each."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType

from lrprev import LrprevError, StoredPreview, read_files
from safelight.recover.files import write_whole
from safelight.recover.ledger import Outcome, Row
from safelight.recover.names import as_text
from safelight.recover.picture import Labels, NoSuchSizeError, Picture, Pixels, labels_of, picture_of, wanted
from safelight.recover.plan import Job

ONLY_A_THUMBNAIL = "only a thumbnail was left"
_CHUNK_BYTES = 1024 * 1024
# Errors of a single name or file; after any other error of writing, the next file would fail as well.
_OF_ONE_FILE = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST})


class Writer:
    """Writes recovered photos into an output folder; used by several processes at once."""

    def __init__(self, out: Path, run: int, pixels: Pixels, *, dry_run: bool) -> None:
        self._out = out
        self._run = run
        self._pixels = pixels
        self._dry_run = dry_run
        self._folders: dict[str, str] = {}
        if pixels.srgb:
            import_module("importers.colour")  # brings Pillow: once here, and not in each child

    def write(self, planned: Sequence[tuple[Row, Job]]) -> Iterator[Row]:
        """Make some files, one a step.

        What goes into them of the catalog is written for all of them first: between two pictures, which throw
        everything else out of the processor's caches, it takes three times as long.

        Args:
            planned: Each photo's row as it is planned, and what to recover.

        Yields:
            Each row as it ends.

        Raises:
            OSError: Nothing more can be written.

        Writes: the files.
        """
        labels = [labels_of(job.photo, job.orientation) if job.stored else None for _, job in planned]
        for (row, job), its_labels in zip(planned, labels, strict=True):
            yield self._written(row, job, its_labels)

    def _written(self, row: Row, job: Job, labels: Labels | None) -> Row:
        try:
            if job.stored and labels:
                return self._noted(self._make(row, job, job.stored, labels))
            return self._develop(row, job) if job.is_developed else self._copy(row, job)
        except NoSuchSizeError as error:
            return row._replace(outcome=Outcome.LEFT_OUT, note=str(error), details="")
        except LrprevError as error:
            note = "; ".join(filter(None, ("nothing in the preview is whole", row.details)))
            return row._replace(outcome=Outcome.FAILED, note=note, details=as_text(str(error)))
        except _ReadError as error:
            return row._replace(outcome=Outcome.FAILED, note="the preview cannot be read", details=as_text(str(error)))
        except OSError as error:
            if error.errno not in _OF_ONE_FILE:
                raise
            return row._replace(outcome=Outcome.FAILED, note="the file cannot be written", details=str(error))

    def _make(self, row: Row, job: Job, stored: StoredPreview, labels: Labels) -> Row:
        """Make a JPEG of a preview."""
        with _READING:
            preview = read_files(stored, job.thumbnail, whole=not self._dry_run)
        if self._dry_run:
            level = wanted(preview, self._pixels)[-1]
            return row._replace(
                outcome=Outcome.RECOVERED, width=level.width, height=level.height, details="", written_run=self._run
            )
        with _READING:
            made = picture_of(preview, job.photo, job.orientation, self._pixels, labels)
        time = (job.photo and job.photo.taken_at) or (preview.pyramid and preview.pyramid.file_time)
        return self._finish(row, made, time)

    def _noted(self, row: Row) -> Row:
        """Say where a thumbnail is all that there is, and not what was asked for."""
        if not row.is_thumbnail or self._pixels.level is not None or self._pixels.max_edge is not None:
            return row
        return row._replace(note="; ".join(filter(None, (ONLY_A_THUMBNAIL, row.note))))

    def _develop(self, row: Row, job: Job) -> Row:
        """Make a JPEG of a Smart Preview."""
        assert job.smart is not None
        from importers import raw  # these two bring Pillow, which nothing else here needs
        from safelight.recover.smart import developed

        if self._dry_run:
            width, height = raw.size_of(job.smart) or (None, None)
            return row._replace(outcome=Outcome.RECOVERED, width=width, height=height, written_run=self._run)
        try:
            with _READING:
                made = developed(job.smart, job.photo)
        except raw.DamagedRaw as error:
            note = "the Smart Preview cannot be developed; its DNG is copied"
            return row._replace(outcome=Outcome.FAILED, note=note, details=str(error))
        return self._finish(row, made, job.photo and job.photo.taken_at)

    def _finish(self, row: Row, made: Picture, time: datetime | None) -> Row:
        size_bytes = self._write(row.path, made.pieces, time)
        is_less = made.salvaged and made.full_size != made.size
        return row._replace(
            outcome=Outcome.SALVAGED if made.salvaged else Outcome.RECOVERED,
            width=made.size[0],
            height=made.size[1],
            full_width=made.full_size and made.full_size[0],
            full_height=made.full_size and made.full_size[1],
            size_bytes=size_bytes,
            note="; ".join(filter(None, (row.note, made.note, row.details if is_less else ""))),
            details=as_text(made.details),
            thumbnail=made.thumbnail,
            written_run=self._run,
        )

    def _copy(self, row: Row, job: Job) -> Row:
        """Copy a Smart Preview as it is."""
        assert job.smart is not None
        done = row._replace(outcome=Outcome.RECOVERED, written_run=self._run)
        if self._dry_run:
            return done
        size_bytes = self._write(row.path, _chunks(job.smart), job.photo and job.photo.taken_at)
        return done._replace(size_bytes=size_bytes)

    def _write(self, relative: str, pieces: Iterable[bytes | memoryview], time: datetime | None) -> int:
        folder, _, name = relative.rpartition("/")
        if folder not in self._folders:
            (self._out / folder).mkdir(parents=True, exist_ok=True)
            self._folders[folder] = f"{self._out / folder}/"
        return write_whole(self._folders[folder] + name, pieces, _seconds(time))


class _ReadError(Exception):
    """The source cannot be read; said apart from errors of writing."""


class _Reading:
    """Marks what reads the source; an object that is entered anew each time, as there are thousands."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise _ReadError(str(error)) from error


_READING = _Reading()


def _chunks(path: Path) -> Iterator[bytes]:
    with _READING:
        stream = path.open("rb")
    with stream:
        while True:
            with _READING:
                chunk = stream.read(_CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def _seconds(time: datetime | None) -> float | None:
    """Return a time as seconds since 1970; without a zone, as this computer's clock would have shown it."""
    try:
        return time.timestamp() if time else None
    except (OverflowError, ValueError, OSError):
        return None
