"""How a recovery ended, in numbers."""

from typing import NamedTuple

from lrprev import State
from safelight.recover.ledger import IS_THERE, Ledger, Outcome
from safelight.recover.plan import DEVELOPED, SMART


class Tally(NamedTuple):
    """How a recovery ended, in photos.

    Attributes:
        recovered: Written in this run.
        unchanged: Recovered by an earlier run, and still there.
        salvaged: Of both, from damaged previews.
        orphans: Of both, without a photo in the catalog.
        full_size: Of both, as large as the edited photo was; a dry run does not look for it.
        thumbnails: Of both, so small that they are thumbnails.
        stale: Of both, older renders.
        smart: Of both, Smart Previews (DNG).
        developed: Of both, JPEGs of Smart Previews.
        missing: In the catalog, but without any preview.
        failed: Nothing whole is in the preview, or its file cannot be written.
        left_out: Stored in no size that was asked for.
        stale_left: Older renders that were not asked for.
        lost_catalogs: Catalogs that are damaged; what their previews hold was recovered without.
    """

    recovered: int = 0
    unchanged: int = 0
    salvaged: int = 0
    orphans: int = 0
    full_size: int = 0
    thumbnails: int = 0
    stale: int = 0
    smart: int = 0
    developed: int = 0
    missing: int = 0
    failed: int = 0
    left_out: int = 0
    stale_left: int = 0
    lost_catalogs: int = 0
    interrupted: bool = False

    @property
    def lost(self) -> int:
        """Photos of which nothing was had."""
        return self.missing + self.failed


def tally_of(ledger: Ledger, stale_left: int, lost_catalogs: int, *, interrupted: bool) -> Tally:
    """Count what this run saw."""
    counts = ledger.counts()
    full_size, thumbnails = ledger.count_sizes(of_this_run=True)

    def there(state: str) -> int:
        return sum(n for (s, outcome, _), n in counts.items() if s == state and outcome in IS_THERE)

    def ended(*outcomes: Outcome, written: bool | None = None) -> int:
        return sum(n for (_, outcome, w), n in counts.items() if outcome in outcomes and written in (None, w))

    return Tally(
        recovered=ended(*IS_THERE, written=True),
        unchanged=ended(*IS_THERE, written=False),
        salvaged=ended(Outcome.SALVAGED),
        orphans=there(State.ORPHAN),
        full_size=full_size,
        thumbnails=thumbnails,
        stale=there(State.STALE),
        smart=there(SMART),
        developed=there(DEVELOPED),
        missing=ended(Outcome.MISSING),
        failed=ended(Outcome.FAILED),
        left_out=ended(Outcome.LEFT_OUT),
        stale_left=stale_left,
        lost_catalogs=lost_catalogs,
        interrupted=interrupted,
    )
