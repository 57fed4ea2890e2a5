"""The same photo in several libraries: a catalog and its upgraded copy, a folder and its backup on another disk."""

from __future__ import annotations

from collections.abc import Sequence

from lrprev import LrprevError, StoredPreview, largest_whole, read_files
from safelight.recover.ledger import Ledger, Outcome, Row
from safelight.recover.names import name_of_other_render
from safelight.recover.picture import NoSuchSizeError, Pixels, wanted
from safelight.recover.plan import Job

_NOTE = "another catalog shows this photo with other edits: both are recovered"


def told_apart(jobs: Sequence[Job], ledger: Ledger) -> list[Job]:
    """Make each a photo of its own that this run has met in another library with other edits; note what is met."""
    met = ledger.met([job.key for job in jobs])
    apart = [_apart(job, job.stored, met) if job.stored else job for job in jobs]
    ledger.meet([(job.key, job.stored.digest) for job in apart if job.stored])
    return apart


def _apart(job: Job, stored: StoredPreview, met: dict[str, str]) -> Job:
    if met.get(job.key, stored.digest) == stored.digest:
        return job
    name = name_of_other_render(job.name, stored.digest)
    return job._replace(key=f"{job.key}-{stored.digest}", name=name, note=_NOTE)


def is_better(job: Job, before: Row, pixels: Pixels) -> bool:
    """Tell whether a library has a larger whole picture of a photo than was recovered, or one without damage.

    Args:
        job: The photo in this library.
        before: How it was recovered from another one.
        pixels: Which sizes are wanted.
    """
    is_salvaged = before.outcome is Outcome.SALVAGED
    if job.stored is None or (before.is_full_size and not is_salvaged):
        return False
    had = (before.width or 0) * (before.height or 0)
    recorded = job.stored.recorded.levels if job.stored.recorded else ()
    if recorded and not is_salvaged and all(level.width * level.height <= had for level in recorded):
        return False
    try:
        preview = read_files(job.stored, job.thumbnail)
        levels = wanted(preview, pixels)
        if levels[-1].width * levels[-1].height < had:
            return False
        whole = largest_whole(preview._replace(levels=levels))
    except (LrprevError, NoSuchSizeError, OSError):
        return False
    has = whole.level.width * whole.level.height
    return has > had or (has == had and is_salvaged and not preview.problems and not whole.passed_over)
