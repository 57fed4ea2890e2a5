"""What the kinds of jobs do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from indexer.errors import VectorError
from indexer.events import Progress
from indexer.tally import Tally
from safelight.errors import SafelightError
from safelight.jobs.board import Report, Run
from safelight.jobs.journal import Job
from safelight.service import Library

OpenLibrary = Callable[[str | None], Library]
"""Opens the library for the thread that calls, with a model of this name; None: the one in use."""


def kinds(open_library: OpenLibrary) -> dict[str, Callable[[Job], Run]]:
    """Return how to do each kind of job."""
    return {
        "index": lambda job: lambda report: _index(job, report, open_library),
        "rebuild": lambda job: lambda report: _rebuild(report, open_library),
        "recover": lambda job: lambda report: _recover(job, report),
        "duplicates": lambda job: lambda report: _duplicates(job, report, open_library),
    }


class _StoppedError(SafelightError):
    """An index was being built when the job was stopped; it is built anew when the job goes on."""


def _index(job: Job, report: Report, open_library: OpenLibrary) -> dict[str, int]:
    """Index the paths that the job names; none: everything that was indexed before."""

    def progress(event: Progress) -> None:
        report.progress(event)
        if report.stop.is_set() and event.stage == "building the vector index":
            raise VectorError("it was stopped")  # the photos are done; Chroma catches up after the next run

    from safelight.errors import UnreadPlacesError
    from safelight.indexing import index_paths
    from safelight.reading import unpack_wishes

    with open_library(job.arguments.get("model")) as library:
        try:
            tally = index_paths(
                library,
                list(job.arguments.get("paths", [])),
                stop=report.stop,
                on_progress=progress,
                on_problem=report.problem,
                on_remark=report.remark,
                wishes=unpack_wishes(job.arguments.get("wishes", {})),
                retry=bool(job.arguments.get("retry")),
            )
        except UnreadPlacesError as error:
            report.job.counts = _counts(error.tally)  # of the places that could be read
            raise
    return _counts(tally)


def _counts(tally: Tally) -> dict[str, int]:
    return {name: count for name, count in asdict(tally).items() if name != "interrupted"}


def _rebuild(report: Report, open_library: OpenLibrary) -> dict[str, int]:
    def progress(event: Progress) -> None:
        report.progress(event)
        if report.stop.is_set():
            raise _StoppedError("stopped")

    with open_library(None) as library, suppress(_StoppedError):
        library.rebuild_indexes(progress)
    return {}


def _recover(job: Job, report: Report) -> dict[str, int]:
    """Give back what the previews hold that the job names."""
    from safelight.recover import Options, recover

    tally = recover(
        [Path(path) for path in job.arguments["paths"]],
        Path(job.arguments["out"]),
        Options(jobs=4),
        stop=report.stop,
        on_progress=report.progress,
        on_remark=report.remark,
    )
    if not tally.interrupted:
        report.remark(f"The pictures and a report are in {job.arguments['out']}.")
    return {name: count for name, count in tally._asdict().items() if name != "interrupted"}


def _duplicates(job: Job, report: Report, open_library: OpenLibrary) -> dict[str, int]:
    """Look for duplicates, and keep what was found; a look that was stopped leaves what the last one found."""
    from indexer.duplicates.verify import Sensitivity
    from safelight.duplicates import SERIES, find_duplicates
    from safelight.duplicates_kept import NotKeptError, keeping

    sensitivity = Sensitivity(job.arguments["sensitivity"])
    with open_library(None) as library:
        found = find_duplicates(library, sensitivity, on_progress=report.progress, stop=report.stop)
        try:
            kinds = [group.kind for group in keeping(library, sensitivity, found, report.stop)]
        except NotKeptError as error:
            raise SafelightError(
                f"what was found cannot be kept to be shown: {error}; mend that, then look again"
            ) from error
    if report.stop.is_set():
        return {}
    return {"groups": len(kinds) - kinds.count(SERIES), "series": kinds.count(SERIES)}
