"""One recovery from beginning to end: plan, write, record, report."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from indexer.events import OnProgress, Progress, ignore
from lrprev import LrprevError, Preview, State
from safelight.errors import SafelightError
from safelight.recover import report
from safelight.recover.files import TEMPORARY_SUFFIX, write_whole
from safelight.recover.ledger import IS_THERE, Ledger, Outcome, Row
from safelight.recover.names import Layout
from safelight.recover.picture import Pixels, TooSmallError, picture_of, wanted
from safelight.recover.plan import Job, Plan
from safelight.recover.sources import Place, find_places

_BATCH = 64
# Errors of a single name or file; after any other error of writing, the next file would fail as well.
_OF_ONE_FILE = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST})


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted.

    Attributes:
        stale: Recover older renders as well.
        overwrite: Forget what was recovered here before, and replace files that are in the way.
        dry_run: Write nothing.
        jobs: Photos written at the same time.
    """

    layout: Layout = Layout.MIRROR
    pixels: Pixels = field(default_factory=Pixels)
    stale: bool = False
    overwrite: bool = False
    dry_run: bool = False
    jobs: int = 4

    @property
    def recipe(self) -> str:
        """Name the options that decide names and pixels, as they are typed."""
        chosen = [f"--{self.layout.replace(' ', '-')}"] if self.layout is not Layout.MIRROR else []
        numbers = {"level": self.pixels.level, "max-edge": self.pixels.max_edge, "min-edge": self.pixels.min_edge}
        chosen += [f"--{name} {number}" for name, number in numbers.items() if number is not None]
        return " ".join([*chosen, *(["--srgb"] if self.pixels.srgb else [])]) or "no options"


@dataclass(frozen=True, slots=True)
class Tally:
    """How a recovery ended, in photos.

    Attributes:
        recovered: Written in this run, salvaged ones included.
        unchanged: Recovered by an earlier run, and still there.
        orphans: Of these, without a photo in the catalog.
        stale: Of these, older renders.
        missing: In the catalog, but without any preview.
        failed: Nothing whole is in the preview, or its file cannot be written.
        left_out: Smaller than asked for.
        stale_left: Older renders that were not asked for.
    """

    recovered: int = 0
    unchanged: int = 0
    salvaged: int = 0
    orphans: int = 0
    stale: int = 0
    missing: int = 0
    failed: int = 0
    left_out: int = 0
    stale_left: int = 0
    interrupted: bool = False

    @property
    def lost(self) -> int:
        """Photos of which nothing was had."""
        return self.missing + self.failed


class OutputError(SafelightError):
    """The output folder takes no more files."""


OnPhoto = Callable[[Row], None]


def recover(
    sources: Sequence[Path],
    out: Path,
    options: Options,
    *,
    catalog: Path | None = None,
    stop: threading.Event | None = None,
    on_progress: OnProgress = ignore,
    on_photo: OnPhoto = lambda row: None,
    on_remark: Callable[[str], None] = lambda line: None,
) -> Tally:
    """Give back everything that previews hold.

    Args:
        sources: Preview files, previews folders, catalogs, or folders to search; only read.
        out: Where the photos go.
        options: What is wanted.
        catalog: For previews that do not lie beside theirs.
        stop: Set it to stop after the batch at hand.
        on_photo: Called with each photo's row once it is settled.
        on_remark: Called with what people should know, a line at a time.

    Raises:
        SafelightError: A source is not there, or `out` cannot be written; what is done is kept.
        ImporterError: A catalog cannot be read.

    Writes: photos, the ledger and the report in `out`.
    """
    places = find_places(sources, catalog)
    _keep_apart(places, out)
    stop = stop or threading.Event()
    try:
        if not options.dry_run:
            out.mkdir(parents=True, exist_ok=True)
        with Ledger(out, options.recipe, anew=options.overwrite, dry_run=options.dry_run) as ledger:
            run = _Run(ledger, options, stop, on_progress, on_photo)
            try:
                for place in places:
                    run.recover(place, on_remark)
            finally:
                ledger.commit()
            tally = run.tally()
            if not options.dry_run and (ledger.has_changed or not (out / report.TABLE).exists()):
                report.write(out, ledger, tally.stale_left)
    except (OSError, sqlite3.Error) as error:
        raise _output_error(out, error) from error
    return tally


def _keep_apart(places: Sequence[Place], out: Path) -> None:
    """Refuse to write into a folder of Lightroom's."""
    target = out.resolve()
    for place in places:
        if place.previews and not place.only and target.is_relative_to(place.previews):
            raise SafelightError(f"{out} lies in the previews folder itself; choose an output folder elsewhere")


class _Run:
    def __init__(
        self, ledger: Ledger, options: Options, stop: threading.Event, on_progress: OnProgress, on_photo: OnPhoto
    ) -> None:
        self._ledger = ledger
        self._options = options
        self._stop = stop
        self._on_progress = on_progress
        self._on_photo = on_photo
        self._folders: set[Path] = set()
        self._done = 0
        self._total = 0
        self._stale_left = 0
        if not options.dry_run:
            for path in ledger.unfinished():
                with suppress(OSError):
                    (ledger.out / (path + TEMPORARY_SUFFIX)).unlink(missing_ok=True)

    def recover(self, place: Place, on_remark: Callable[[str], None]) -> None:
        """Recover one place, two batches at a time: while one is written, the names of the next are given out."""
        options, before = self._options, self._total
        with (
            Plan(place, options.layout, stale=options.stale) as plan,
            ThreadPoolExecutor(options.jobs, "recover") as pool,
        ):
            jobs = plan.jobs(self._on_progress)
            writing: list[tuple[Row, Future[Row]]] = []
            try:
                while not self._stop.is_set() and (batch := list(islice(jobs, _BATCH))):
                    self._total = before + plan.total
                    rows = [(job, self._begin(job)) for job in batch]
                    self._ledger.commit()
                    started = [
                        (row, pool.submit(self._write, row, job, self._read(plan, job)))
                        for job, row in rows
                        if row.outcome is Outcome.PLANNED
                    ]
                    self._settle(writing)
                    writing = started
                self._settle(writing)
            except BaseException:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                raise
            self._stale_left += plan.stale_left
            for line in plan.remarks:
                on_remark(line)

    def tally(self) -> Tally:
        """Count how it went."""
        counts = self._ledger.counts()

        def count(wanted: Callable[[str, Outcome, bool], bool]) -> int:
            return sum(number for key, number in counts.items() if wanted(*key))

        return Tally(
            recovered=count(lambda state, outcome, written: outcome in IS_THERE and written),
            unchanged=count(lambda state, outcome, written: outcome in IS_THERE and not written),
            salvaged=count(lambda state, outcome, written: outcome is Outcome.SALVAGED),
            orphans=count(lambda state, outcome, written: outcome in IS_THERE and state == State.ORPHAN),
            stale=count(lambda state, outcome, written: outcome in IS_THERE and state == State.STALE),
            missing=count(lambda state, outcome, written: outcome is Outcome.MISSING),
            failed=count(lambda state, outcome, written: outcome is Outcome.FAILED),
            left_out=count(lambda state, outcome, written: outcome is Outcome.LEFT_OUT),
            stale_left=self._stale_left,
            interrupted=self._stop.is_set(),
        )

    def _begin(self, job: Job) -> Row:
        """Record a job: as settled where nothing is to be done, otherwise as planned and under its name."""
        ledger = self._ledger
        before = ledger.find(job.key)
        if before and before.is_there and (ledger.out / before.path).is_file():
            return self._settled(before, before)
        row = Row(job.key, job.original, before.path if before else "", job.state, Outcome.MISSING, note=job.note)
        if job.stored is None:
            return self._settled(row, before)
        row = replace(row, path=row.path or ledger.give_name(job.name), outcome=Outcome.PLANNED)
        ledger.record(row, before)
        return row

    def _settle(self, writing: list[tuple[Row, Future[Row]]]) -> None:
        for planned, future in writing:
            self._settled(future.result(), planned)

    def _settled(self, row: Row, before: Row | None) -> Row:
        self._ledger.record(row, before)
        self._done += 1
        self._on_photo(row)
        self._on_progress(Progress("recovering photos", self._done, max(self._total, self._done), total_final=True))
        return row

    def _read(self, plan: Plan, job: Job) -> Preview | Exception:
        """Read a preview's headers, here and not in a worker: the databases belong to this thread."""
        assert job.stored is not None
        try:
            return plan.read(job.stored)
        except (LrprevError, OSError) as error:
            return error

    def _write(self, row: Row, job: Job, preview: Preview | Exception) -> Row:
        """Make one file, in a worker; returns how the row ends."""
        pixels = self._options.pixels
        try:
            if isinstance(preview, Exception):
                raise preview
            if self._options.dry_run:
                largest = wanted(preview, pixels)[-1]
                return replace(
                    row,
                    outcome=Outcome.RECOVERED,
                    width=largest.width,
                    height=largest.height,
                    written_run=self._ledger.run,
                )
            made = picture_of(preview, job.photo, job.orientation, pixels)
        except TooSmallError as error:
            return replace(row, outcome=Outcome.LEFT_OUT, note=str(error))
        except (LrprevError, OSError) as error:
            return replace(row, outcome=Outcome.FAILED, note=str(error))
        path = self._ledger.out / row.path
        try:
            if path.parent not in self._folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(path.parent)
            size_bytes = write_whole(path, made.pieces, _mtime(job, preview))
        except OSError as error:
            if error.errno in _OF_ONE_FILE:
                return replace(row, outcome=Outcome.FAILED, note=f"it cannot be written: {error.strerror}")
            raise
        return replace(
            row,
            outcome=Outcome.SALVAGED if made.salvaged else Outcome.RECOVERED,
            width=made.size[0],
            height=made.size[1],
            full_width=made.full_size and made.full_size[0],
            full_height=made.full_size and made.full_size[1],
            size_bytes=size_bytes,
            note="; ".join(made.notes),
            thumbnail=made.thumbnail,
            written_run=self._ledger.run,
        )


def _mtime(job: Job, preview: Preview) -> float | None:
    """Return the capture time, else the original's own time, as seconds since 1970."""
    time = (job.photo and job.photo.taken_at) or (preview.pyramid and preview.pyramid.file_time)
    try:
        return time.timestamp() if time else None  # without a zone: as this computer's clock would have shown it
    except (OverflowError, ValueError, OSError):
        return None


def _output_error(out: Path, error: OSError | sqlite3.Error) -> SafelightError:
    again = "what is recovered so far is whole; run it again to go on"
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_BUSY:
            return OutputError(f"another recovery is at work in {out}; wait for it, or choose another folder")
        full = code == sqlite3.SQLITE_FULL
        what = "its disk is full" if full else f"its ledger cannot be used ({error})"
        return OutputError(f"{out}: {what}; {again}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{out}: its disk is full; make room, {again}")
    return OutputError(f"{error.filename or out}: {error.strerror or error}; {again}")
