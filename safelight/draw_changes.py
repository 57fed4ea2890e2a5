"""How write-back is shown: what would change, how it went, what can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from safelight.draw import emit, home_short, printable, remark, say, table

if TYPE_CHECKING:
    from importers.base import Steps
    from safelight.writeback import Change, LeftOut, Plan, Report, UndoReport
    from safelight.writeback.apply import Outcome
    from safelight.writeback.journal import Entry, Run
    from safelight.writeback.undo import Undone


def plan(found: Plan, as_json: bool) -> None:
    """Print what would change, a line each, and what is left out: for people a line for each reason."""
    for change in found.changes:
        if as_json:
            emit({"event": "change", **_record(change)})
        else:
            new = " (new)" if change.path and change.before is None else ""
            say(f"{_where(change)}{new}\t{'  '.join(_marks(change))}")
    if as_json:
        for left in found.left_out:
            record = {"id": left.photo_id, "name": left.name, "path": left.picture, "reason": left.reason}
            emit({"event": "left out", **record})
    else:
        _left_out(found.left_out)
    counts = {"changes": len(found.changes), "left_out": len(found.left_out), "unchanged": found.unchanged}
    if as_json:
        emit({"event": "plan", **counts})
    else:
        remark(f"{counts['changes']:,} to change, {found.unchanged:,} are so already, {counts['left_out']:,} left out.")


def _left_out(found: Sequence[LeftOut]) -> None:
    by_reason: dict[str, list[LeftOut]] = {}
    for left in found:
        by_reason.setdefault(left.reason, []).append(left)
    for reason, (first, *more) in by_reason.items():
        which = f"{1 + len(more):,} photos" if more else printable(home_short(first.picture or first.name))
        remark(f"left out: {which}: {printable(reason)}")


def changed(change: Change, outcome: Outcome, reason: str, as_json: bool) -> None:
    """Print how one change ended; on a terminal only what was not well."""
    if as_json:
        emit({"event": "changed", **_record(change), "outcome": outcome, "reason": reason})
    elif reason:
        say(f"{outcome}\t{_where(change)}\t{printable(reason)}")


def report(found: Report, as_json: bool) -> None:
    """Say how a run went, and how to take it back."""
    if as_json:
        counts = {str(outcome): count for outcome, count in found.counts.items()}
        emit({"event": "done", "run": found.run, **counts, "interrupted": found.interrupted})
        return
    say(("Interrupted: " if found.interrupted else "") + _counted(found.counts) + ".")
    if found.swept:
        remark(f"{found.swept:,} unfinished files of an earlier run that was killed were removed.")
    if found.run:
        remark(f"`safelight undo {found.run}` takes it back.")


def put_back(entry: Entry, outcome: Undone, reason: str, as_json: bool) -> None:
    """Print how one file ended when it was put back; on a terminal only what was not well."""
    if as_json:
        emit({"event": "put back", "id": entry.photo_id, "path": entry.path, "outcome": outcome, "reason": reason})
    elif reason:
        say(f"{outcome}\t{printable(home_short(entry.path))}\t{printable(reason)}")


def undone(found: UndoReport, as_json: bool) -> None:
    """Say how an undo went."""
    if as_json:
        emit({"event": "done", "run": found.run, **{str(outcome): count for outcome, count in found.counts.items()}})
    else:
        say(f"Run {found.run} ({printable(found.purpose)}): {_counted(found.counts)}.")


def runs(found: list[Run], as_json: bool) -> None:
    """Print what was written back, newest first."""
    if as_json:
        for run in found:
            emit({"run": run.run, "at": run.at, "purpose": run.purpose, "state": run.state, "files": run.files})
    elif found:
        heads = [("run", "left"), ("when", "left"), ("what for", "left"), ("files", "right"), ("", "left")]
        table(
            heads, [[run.run, run.at.replace("T", " ")[:16], run.purpose, f"{run.files:,}", run.state] for run in found]
        )
    else:
        remark("Nothing was written back yet.")


def _record(change: Change) -> dict[str, Any]:
    return {
        "target": change.target,
        "id": change.photo_id,
        "picture": change.picture,
        "path": change.path,
        "new": change.path is not None and change.before is None,
        "add": [_keyword(steps) for steps in change.add],
        "remove": [_keyword(steps) for steps in change.remove],
    }


def _where(change: Change) -> str:
    return printable(home_short(change.path or change.picture or change.photo_id))


def _marks(change: Change) -> list[str]:
    added = [f"+ {printable(_keyword(steps))}" for steps in change.add]
    return added + [f"- {printable(_keyword(steps))}" for steps in change.remove]


def _keyword(steps: Steps) -> str:
    return "|".join(steps)


def _counted(counts: dict[Any, int]) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count) or "nothing to do"
