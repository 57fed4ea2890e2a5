"""One recovery from beginning to end: plan, write, record, report."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path

from indexer.events import OnProgress, Progress, ignore
from indexer.home import is_write_protected
from safelight.errors import SafelightError
from safelight.recover.files import is_whole, remove_unfinished
from safelight.recover.ledger import IN_VAIN, Ledger, Outcome, Row, row_of
from safelight.recover.libraries import is_better, told_apart
from safelight.recover.options import Options
from safelight.recover.parcel import Parcel, packed, unpacked
from safelight.recover.plan import Job, Plan
from safelight.recover.shift import Crew, Shift
from safelight.recover.sources import CATALOG_SUFFIX, Place, find_places, is_previews_folder
from safelight.recover.tally import Tally, tally_of
from safelight.recover.writer import Writer

_SMALL_BATCH, _BATCH = 8, 48
"""Small at first, so that each process soon has something to write, and at last, so that no core waits long for
another's end; larger between, as each may wait for the disk to have its names."""
_BATCHES_WAITING = 2
"""For each process, the one at work included: none waits for the next."""
_BATCHES_UNSETTLED = 6
"""For each process: what it has done waits for what another was given before, as photos are told in order."""


class OutputError(SafelightError):
    """The output folder takes no more files."""


OnPhoto = Callable[[Row], None]
_Batch = tuple[int, list[Parcel]]  # the commit that has their names


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
        SafelightError: A source is not there, or `out` lies in one or cannot be written; what is done is kept.
        ImporterError: A catalog cannot be read; one that is damaged only where it was given as `catalog`.

    Writes: photos, the ledger and the report in `out`.
    """
    places = find_places(sources, catalog)
    _keep_apart(sources, places, out)
    stop = stop or threading.Event()
    if out.is_file():
        raise OutputError(f"{out} is a file; name a folder")
    try:
        if not options.dry_run:
            _make(out)
        with Ledger(out, options.recipe, anew=options.overwrite, dry_run=options.dry_run) as ledger:
            run = _Run(ledger, options, stop, on_progress, on_photo)
            try:
                run.has_several_places = len(places) > 1
                for place in places:
                    run.recover(place, on_remark)
            finally:
                ledger.commit()
            tally = run.tally()
            from safelight.recover import report  # brings what the first photos need not wait for

            if not options.dry_run and (ledger.has_changed or not (out / report.TABLE).exists()):
                report.write(out, ledger, tally.stale_left)
    except BrokenPipeError:  # of whoever listens, and no fault of the output folder
        raise
    except (OSError, sqlite3.Error) as error:
        raise _output_error(out, error) from error
    return tally


def _make(out: Path) -> None:
    """Make the output folder, where it is not there yet.

    Raises:
        OutputError: Nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if os.access(out, os.W_OK | os.X_OK):
            return
        why = "its disk is write-protected" if is_write_protected(out) else "no permission"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    raise OutputError(f"{out} cannot be written ({why}); mend that, or name another folder")


def _keep_apart(sources: Sequence[Path], places: Sequence[Place], out: Path) -> None:
    """Refuse to write into what is recovered from: a second run would find the first one's photos there."""
    previews = [place.previews for place in places if place.previews and is_previews_folder(place.previews)]
    smart = [folder for place in places for folder in place.smart]
    beside = [folder.parent for folder in previews]
    catalogs = [place.catalog.parent for place in places if place.catalog and place.catalog.parent in beside]
    above = [folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists()]
    for folder in [*map(_folder_of, sources), *catalogs, *previews, *smart]:
        if folder and any(one.samefile(folder) for one in above):  # whatever its case or links
            raise SafelightError(f"{out} lies in {folder}, which is only read; choose an output folder outside of it")


def _folder_of(source: Path) -> Path | None:
    """Return the folder that a source is or, a catalog, lies in; None for a lone preview."""
    if source.is_dir():
        return source
    return source.absolute().parent if source.suffix.lower() == CATALOG_SUFFIX else None


class _Run:
    def __init__(
        self, ledger: Ledger, options: Options, stop: threading.Event, on_progress: OnProgress, on_photo: OnPhoto
    ) -> None:
        self._ledger = ledger
        self._options = options
        self._stop = stop
        self._on_progress = on_progress
        self._on_photo = on_photo
        self._writer = Writer(ledger.out, ledger.run, options.pixels, dry_run=options.dry_run)
        self._done = 0
        self._total = 0
        self._stale_left = 0
        self._lost_catalogs = 0
        self._tried_again: dict[str, Row] = {}
        self.has_several_places = False
        if not options.dry_run:
            for folder in {(ledger.out / path).parent for path in ledger.unfinished()}:
                remove_unfinished(folder)

    def recover(self, place: Place, on_remark: Callable[[str], None]) -> None:
        """Recover one place, batch by batch: while some are written, the names of the next are given out."""
        options, before = self._options, self._total
        shifts: deque[Shift[tuple[object, ...]]] = deque()
        with (
            Plan(place, options.layout, stale=options.stale, develops=options.develops) as plan,
            Crew(self._write, options.jobs) as crew,
        ):
            jobs = plan.jobs(self._on_progress)
            try:
                size, begun, is_saved = _SMALL_BATCH, 0, False
                full = _BATCH * options.jobs  # photos: a large batch for each process
                while not self._stop.is_set() and (batch := list(islice(jobs, size))):
                    self._total = before + plan.total
                    begun += len(batch)
                    left = plan.total - begun
                    size = max(_SMALL_BATCH, min(begun, left // 2, full) // options.jobs)
                    planned = self._begin(batch)
                    commit = self._ledger.commit()
                    if planned:
                        expected = max(0, left) // _SMALL_BATCH
                        crew.wait_for_room(_BATCHES_WAITING)
                        shifts.append(crew.start((commit, [packed(row, job) for row, job in planned]), expected))
                    self._settle(shifts, place, at_most=_BATCHES_UNSETTLED * options.jobs)
                    if not is_saved and left <= full <= begun:
                        self._ledger.save()  # now, when all have enough to do to wait for nobody
                        is_saved = True
                crew.finish()
                import_module("safelight.recover.report")  # slow to import, and for nothing else here
                self._settle(shifts, place, at_most=0)
            except BaseException:
                self._stop.set()
                raise
            self._stale_left += plan.stale_left
            self._lost_catalogs += plan.has_lost_catalog
            for line in plan.remarks:
                on_remark(self._on_which(place, line))

    def _on_which(self, place: Place, line: str) -> str:
        """Say of which of several places a remark is, where it does not."""
        names = [str(path) for path in (place.catalog, place.folder) if path]
        is_plain = not self.has_several_places or any(name in line for name in names)
        return line if is_plain else f"{names[0]}: {line}"

    def tally(self) -> Tally:
        """Count how it went."""
        return tally_of(self._ledger, self._stale_left, self._lost_catalogs, interrupted=self._stop.is_set())

    def _begin(self, jobs: Sequence[Job]) -> list[tuple[Row, Job]]:
        """Record jobs: as settled where nothing is to be done, otherwise as planned and under their names."""
        jobs = told_apart(jobs, self._ledger) if self.has_several_places else jobs
        before = self._ledger.find([job.key for job in jobs])
        planned: list[tuple[Row, Job]] = []
        for job in jobs:
            if row := self._planned(job, before.get(job.key)):
                planned.append((row, job))
                before[job.key] = row  # a damaged catalog may have a photo twice
        return planned

    def _is_better_here(self, job: Job, before: Row) -> bool:
        """Tell whether what this run has met in another place is worse than what this one has."""
        return self.has_several_places and self._ledger.has_met(before) and is_better(job, before, self._options.pixels)

    def _planned(self, job: Job, before: Row | None) -> Row | None:
        """Return what shall become of a photo; None where it is settled."""
        ledger = self._ledger
        has_nothing = job.stored is None and job.smart is None
        if before and has_nothing and ledger.has_met(before):  # through another catalog, which has its previews
            self._done += 1
            return None
        is_done = before and before.is_there and is_whole(ledger.out / before.path, before.size_bytes or 0)
        if before and is_done and not self._is_better_here(job, before):
            self._settled(before, before)
            return None
        path = before.path if before else ""
        if has_nothing:
            self._settled(Row(job.key, job.original, path, str(job.state), Outcome.MISSING, note=job.note), before)
            return None
        path = path or ledger.give_name(job.name)
        row = Row(job.key, job.original, path, str(job.state), Outcome.PLANNED, note=job.note, details=job.if_lost)
        if before and before.path and before.outcome in IN_VAIN:  # its name is safe, and the rest may be no news
            self._tried_again[row.key] = before
        else:
            ledger.plan(row)
        return row

    def _write(self, batch: _Batch) -> Iterator[tuple[object, ...]]:
        """Write photos, once their names are safe on the disk; runs in a child."""
        commit, parcels = batch
        self._ledger.sync(commit)
        for row in self._writer.write([unpacked(parcel) for parcel in parcels]):
            yield row.plain()

    def _settle(self, shifts: deque[Shift[tuple[object, ...]]], place: Place, *, at_most: int) -> None:
        """Record what has been written, in order; wait until no more than so many batches are left."""
        while shifts and (len(shifts) > at_most or shifts[0].has_result()):
            values = shifts[0].result()
            if values is None:
                shifts.popleft()
                continue
            row = row_of(values)
            if row.outcome is Outcome.FAILED and place.folder and not place.folder.is_dir():
                raise SafelightError(f"{place.folder} has gone away; connect its drive and run it again to go on")
            self._settled(row, self._tried_again.pop(row.key, None))

    def _settled(self, row: Row, before: Row | None) -> None:
        self._ledger.record(row, before)
        self._done += 1
        self._on_photo(row)
        self._on_progress(Progress("recovering photos", self._done, max(self._total, self._done), total_final=True))


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
