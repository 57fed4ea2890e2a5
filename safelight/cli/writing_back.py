"""undo: taking back what was written; and how every command that writes back shows its plan first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from safelight.cli.common import FOUND, INTERRUPTED, NOTHING, json_option, stopping

if TYPE_CHECKING:
    from safelight.writeback import Plan


def carry_out(plan: Plan, *, apply_it: bool, as_json: bool) -> int:
    """Show a plan; make its changes where that was asked for. Return the exit code.

    Writes: what the plan says, with `apply_it`.
    """
    from indexer.home import data_home
    from safelight import draw_changes
    from safelight.writeback import apply

    if not apply_it:
        draw_changes.plan(plan, as_json)
        _say_how(plan)
        return FOUND if plan.changes else NOTHING
    if not plan.changes and not as_json:
        draw_changes.plan(plan, as_json)  # which says why there is nothing
        return NOTHING if plan.left_out and not plan.unchanged else FOUND
    stop = threading.Event()
    with stopping(stop):
        report = apply(
            plan,
            data_home(),
            stop=stop,
            on_change=lambda change, outcome, reason: draw_changes.changed(change, outcome, reason, as_json),
        )
    draw_changes.report(report, as_json)
    if report.interrupted:
        return INTERRUPTED
    return FOUND if report.all_well else NOTHING


def _say_how(plan: Plan) -> None:
    """Say how what a plan shows can be written, where there is something."""
    from safelight import draw
    from safelight.errors import SafelightError
    from safelight.writeback import check_writable

    if plan.changes:
        try:
            check_writable(plan.changes[0].target)
            draw.remark("Nothing was written. With --apply it is.")
        except SafelightError as error:
            draw.remark(f"Nothing was written: {error}.")


@click.command()
@click.argument("run", required=False)
@click.option("--list", "listed", is_flag=True, help="Show what was written, run by run; change nothing.")
@json_option
def undo(run: str | None, listed: bool, as_json: bool) -> None:
    """Take back what a run has written: every file as it was, byte for byte.

    Without RUN: the newest that has not been undone. A file that was changed since then is kept as it is and named.

    Exit code 0: all is as it was; 1: some files were kept or failed; 2: error.

    \b
    safelight undo --list
    safelight undo
    safelight undo 20260501-101112
    """
    from indexer.home import data_home
    from safelight import draw_changes
    from safelight.writeback import runs
    from safelight.writeback import undo as put_back

    home = data_home()
    if listed:
        found = runs(home)
        draw_changes.runs(found, as_json)
        raise click.exceptions.Exit(FOUND if found else NOTHING)
    report = put_back(
        home, run, on_file=lambda entry, outcome, reason: draw_changes.put_back(entry, outcome, reason, as_json)
    )
    draw_changes.undone(report, as_json)
    raise click.exceptions.Exit(FOUND if report.all_well else NOTHING)
