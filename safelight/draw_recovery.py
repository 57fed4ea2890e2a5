"""What people and programs see of a recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safelight.draw import count, emit, printable, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from safelight.recover.ledger import Row
    from safelight.recover.tally import Tally


def recovered_record(row: Row, out: Path) -> dict[str, Any]:
    """Return a photo of a recovery as programs get it."""
    return {
        "event": "photo",
        "original": row.original,
        "path": str(out.absolute() / row.path) if row.is_there else None,
        "state": row.state,
        "outcome": row.outcome,
        "width": row.width,
        "height": row.height,
        "full_width": row.full_width,
        "full_height": row.full_height,
        "note": row.note,
        "details": row.details,
    }


def foreseen(row: Row) -> None:
    """Print what would become of a photo, in a line."""
    name = printable(row.path if row.is_there else row.original)
    size = f"{row.width}x{row.height}" if row.width else "" if row.is_there else row.outcome.value
    say("\t".join([name, size, printable(row.note)]).rstrip("\t"))


def recovery(tally: Tally, out: Path, as_json: bool, *, dry_run: bool) -> None:
    """Say how a recovery went."""
    if as_json:
        emit({"event": "done", **tally._asdict(), "lost": tally.lost})
        return
    verb = "would be recovered" if dry_run else "recovered"
    parts = [f"{count(tally.recovered, 'photo')} {verb}"]
    parts += [f"{tally.unchanged:,} were there already"] if tally.unchanged else []
    parts += _sizes(tally, dry_run=dry_run)
    parts += [
        f"{count:,} {words}"
        for count, words in (
            (tally.salvaged, "of these from damaged previews"),
            (tally.orphans, "of these unknown to the catalog"),
            (tally.stale, "of these older renders"),
            (tally.smart, "of these Smart Previews (DNG)"),
            (tally.developed, "of these developed from Smart Previews"),
            (tally.left_out, "left out: not stored in that size"),
            (tally.failed, "could not be read"),
        )
        if count
    ]
    say(("Interrupted: " if tally.interrupted else "") + ", ".join(parts) + ".")
    if tally.missing:
        say(f"{count(tally.missing, 'photo')} of the catalog without any preview.")
    if tally.stale_left:
        say(f"Left where they are: {count(tally.stale_left, 'older render')}; --stale recovers them, too.")
    if tally.interrupted:
        say("Run it again to go on.")
    elif not dry_run:
        say(f"The report: {printable(str(out / 'recovery-report.html'))}")


def _sizes(tally: Tally, *, dry_run: bool) -> Iterator[str]:
    there = tally.recovered + tally.unchanged
    if there and not dry_run:
        yield "all in full size" if tally.full_size == there else f"{tally.full_size:,} in full size"
    if tally.thumbnails:
        yield f"{tally.thumbnails:,} only {'a thumbnail' if tally.thumbnails == 1 else 'thumbnails'}"
