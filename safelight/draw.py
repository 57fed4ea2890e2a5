"""What people and programs see: tables and bars on a terminal, plain lines in a pipe, NDJSON on request.

stdout carries results, stderr progress and remarks. Names of files are shown with control characters escaped, so that
no file name can drive a terminal.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from indexer.events import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.search import Found
    from indexer.tally import Tally
    from safelight.bridge.actions import Action, Plugin
    from safelight.bridge.queries import SavedQuery
    from safelight.comparing import Compared
    from safelight.config import Settings
    from safelight.doctor import Check
    from safelight.duplicates import Group
    from safelight.pruning import PrunePlan
    from safelight.recover.ledger import Row
    from safelight.recover.tally import Tally as RecoveryTally
    from safelight.service import Library
    from safelight.status import ModelStatus, Problem, RootStatus


def count(number: int, thing: str) -> str:
    """Write a number of things: "1 photo", "1,200 photos"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def say(line: str = "") -> None:
    """Print one line of results."""
    sys.stdout.write(line + "\n")


def remark(line: str) -> None:
    """Print one line for people, beside the results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def emit(record: dict[str, Any]) -> None:
    """Print one record as a line of JSON; a path that is not text comes as Python's surrogate escapes."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def emit_path(path: str, end: str) -> None:
    """Print a path exactly as the file system has it."""
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + end.encode())


def printable(text: str) -> str:
    """Escape what is not printable: control characters, direction overrides, bytes that are no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def home_short(path: str) -> str:
    """Shorten the home folder to ~."""
    home = os.path.expanduser("~")  # noqa: PTH111 - display only, and pathlib is slower to import
    return "~" + path[len(home) :] if path.startswith(home + os.sep) and home != "/" else path


def table(columns: list[tuple[str, str]], rows: list[list[str]]) -> None:
    """Print rows: aligned under headings on a terminal, separated by tabs in a pipe.

    Args:
        columns: (heading, "left" or "right").
        rows: Cells as text.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, side in columns:
        drawn.add_column(heading, justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


class Bar:
    """A progress bar on stderr where that is a terminal; otherwise silent."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, event: Progress) -> None:
        """Draw one event."""
        if self._progress is None:
            return
        if event.stage not in self._tasks:
            started = time.monotonic()
            task = self._progress.add_task(event.stage, total=None, count="", rate="")
            self._tasks[event.stage] = (task, started)
        task, started = self._tasks[event.stage]
        seconds = time.monotonic() - started
        unit, name = (1_000_000, " MB") if event.in_bytes else (1, "")
        rate = f"{event.done / seconds / unit:,.0f}{name}/s" if event.done and seconds > 1 else ""
        total = event.total if event.total_final or event.total > event.done else None
        count = f"{event.done / unit:,.0f} of {event.total / unit:,.0f}{name}" if total else ""
        self._progress.update(task, completed=event.done, total=total, count=count, rate=rate)


def json_progress(every_seconds: float = 1.0) -> Callable[[Progress], None]:
    """Return a listener that prints progress as NDJSON, at most once in `every_seconds`."""
    last = float("-inf")

    def show(event: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= every_seconds:
            last = time.monotonic()
            emit({"event": "progress", "stage": event.stage, "done": event.done, "total": event.total})

    return show


def tally_line(tally: Tally) -> str:
    """Say in one sentence how a run went."""
    parts = [
        f"{count:,} {word}"
        for word, count in (
            ("indexed", tally.indexed),
            ("unchanged", tally.unchanged),
            ("skipped", tally.skipped),
            ("failed", tally.failed),
            ("missing", tally.missing),
        )
        if count or word == "indexed"
    ]
    line = ", ".join(parts) + "."
    if not (tally.photos or tally.missing or tally.interrupted):
        line += " There are no pictures there."
    if tally.interrupted:
        line = "Interrupted: " + line + " Run it again to go on."
    elif tally.skipped or tally.failed:
        line += " `safelight status --problems` says why some were not."
    return line


def found_record(found: Found) -> dict[str, Any]:
    """Return a photo that was found as programs get it; without a score where nothing was compared."""
    place, score = found.place, _score(found)
    return {
        "id": place.photo_id,
        "path": str(place.path) if place.path else None,
        "name": place.name,
        **({} if score is None else {"score": round(score, 4)}),
        "source": place.source,
        "state": place.state,
        "taken_at": found.taken_at,
        "also_at": [str(other.path) if other.path else other.name for other in found.others],
    }


def found(photos: Sequence[Found]) -> None:
    """Print what was found, best first."""
    if not photos:
        return
    rows: list[list[str]] = []
    for one in photos:
        where = home_short(str(one.place.path)) if one.place.path else one.place.name
        notes = [] if one.place.state == "here" else [one.place.state]
        notes += [f"and {len(one.others)} more"] if one.others else []
        score = _score(one)
        scores = [] if score is None else [f"{score:.3f}"]
        rows.append([*scores, where, (one.taken_at or "")[:10], one.place.photo_id, ", ".join(notes)])
    columns = [("photo", "left"), ("taken", "left"), ("id", "left"), ("", "left")]
    table(columns if _score(photos[0]) is None else [("score", "right"), *columns], rows)


def _score(found: Found) -> float | None:
    from indexer.search import Hit

    return found.score if isinstance(found, Hit) else None


def models(library: Library, as_json: bool) -> None:
    """Print the models that can be asked for by name."""
    from indexer.models import registry

    rows: list[list[str]] = []
    for info in registry.MODELS.values():
        here = library.is_here(info.name)
        if as_json:
            emit({**asdict(info), "here": here, "active": info.name == library.model_name})
        size = f"{info.size_mb:,} MB" if info.size_mb else ""
        mark = "in use" if info.name == library.model_name else "here" if here else ""
        rows.append([info.name, str(info.dim), size, info.license, info.note, mark])
    if not as_json:
        heads = ("name", "numbers", "download", "licence", "", "")
        table([(head, "right" if head in ("numbers", "download") else "left") for head in heads], rows)


def record(photo: dict[str, Any]) -> None:
    """Print what is known of a photo: one fact a line, then what belongs to it, then its places."""
    for name, value in photo.items():
        if name not in ("parts", "places") and value not in (None, "", []):
            text = ", ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)
            say(f"{name.replace('_', ' '):20}{printable(text)}")
    for part in photo["parts"]:
        say(f"{part['role']:20}{printable(part['path'] or part['name'])}")
    for place in photo["places"]:
        note = "" if place["state"] == "indexed" else f"  ({place['state']})"
        where = place["path"] or f"{place['name']} in {place['root']}"
        say(f"{'in ' + place['source']:20}{printable(where)}{note}")


def compared_record(photo: Compared) -> dict[str, Any]:
    """Return a compared photo as programs get it."""
    return {
        "id": photo.photo_id,
        "path": photo.path,
        "name": photo.name,
        "source": photo.source,
        "in": photo.side.name.removeprefix("ONLY_").lower(),
    }


def compared(photo: Compared, *, paths: bool, zero: bool) -> None:
    """Print a compared photo: its path, and its id beside it unless only paths are wanted."""
    if paths or zero:
        if photo.path:
            emit_path(photo.path, "\0" if zero else "\n")
    else:
        say(f"{photo.photo_id}\t{printable(photo.path or photo.name)}")


def duplicates_record(group: Group) -> dict[str, Any]:
    """Return a group of duplicates, or a series, as programs get it."""
    return {
        "kind": group.kind,
        "what": group.what,
        "keeper": group.members[0].photo_id,
        "members": [
            {
                "id": member.photo_id,
                "path": member.path,
                "name": member.name,
                "relation": member.relation,
                "reason": member.reason,
                "made_from": member.source,
                "width": member.width,
                "height": member.height,
                "size_bytes": member.size_bytes,
            }
            for member in group.members
        ],
    }


def duplicates(group: Group) -> None:
    """Print a group: what it is, then its photos, the one to keep first."""
    say(f"{group.what or group.kind}, {len(group.members)} photos")
    for member in group.members:
        mark = "keep" if member.relation == "keeper" else ""
        relation = "" if member.relation in ("keeper", "series") else f"{member.relation}: "
        reason = relation + ("" if member.relation == "series" else member.reason)
        say(f"  {mark:5}{member.photo_id}\t{printable(home_short(member.path or member.name))}\t{reason}")
    say()


def problems(found: Iterable[Problem], as_json: bool) -> None:
    """Print photos that could not be read; streams, so that a million fit."""
    for problem in found:
        if as_json:
            emit(asdict(problem))
        else:
            say(f"{problem.state}\t{printable(problem.path)}\t{problem.reason}")


def status(roots: list[RootStatus], models: list[ModelStatus], as_json: bool) -> None:
    """Print the indexed places and the models."""
    if as_json:
        for root in roots:
            emit({"kind": "root", **asdict(root)})
        for model in models:
            emit({"kind": "model", **asdict(model)})
        return
    if not roots:
        say("Nothing is indexed yet. Start with: safelight index ~/Pictures --model starter")
        return
    counts = ("indexed", "skipped", "failed", "missing")
    table(
        [("place", "left"), ("kind", "left"), ("", "left"), *((word, "right") for word in counts)],
        [
            [home_short(root.path), root.source, root.state, *(f"{getattr(root, word):,}" for word in counts)]
            for root in roots
        ],
    )
    table(
        [("model", "left"), ("photos", "right"), ("", "left")],
        [[model.name, f"{model.vectors:,}", "in use" if model.active else ""] for model in models],
    )


def checks(found: list[Check], as_json: bool) -> None:
    """Print what the doctor found."""
    for check in found:
        if as_json:
            emit(asdict(check))
        else:
            say(f"{'ok ' if check.ok else 'NOT'}  {check.name:16}{printable(check.says)}")


def prune_plan(plan: PrunePlan, as_json: bool) -> None:
    """Print what would be forgotten."""
    for _, path in plan.photos:
        if as_json:
            emit({"event": "forget", "path": path})
        else:
            say(printable(path))
    if as_json:
        emit({"event": "plan", "photos": len(plan.photos), "contents": plan.contents})
    elif plan.photos or plan.roots:
        remark(f"To forget: {count(len(plan.photos), 'photo')}, with the vectors of {plan.contents:,}.")
    else:
        remark("Nothing to forget.")


def settings(current: Settings, file: Path, home: Path) -> None:
    """Print every setting with its meaning."""
    from safelight.config import EXPLAINED

    for key, meaning in EXPLAINED.items():
        value = getattr(current, key)
        say(f"{key} = {'(not set)' if value is None else value}    # {meaning}")
    say(f"# settings file: {printable(str(file))}")
    say(f"# data folder:   {printable(str(home))}")


def recovered_record(row: Row, out: Path) -> dict[str, Any]:
    """Return a photo of a recovery as programs get it."""
    return {
        "event": "photo",
        "original": row.original,
        "path": str(out / row.path) if row.is_there else None,
        "state": row.state,
        "outcome": row.outcome,
        "width": row.width,
        "height": row.height,
        "full_width": row.full_width,
        "full_height": row.full_height,
        "note": row.note,
        "details": row.details,
    }


def recovery(tally: RecoveryTally, out: Path, as_json: bool, *, dry_run: bool) -> None:
    """Say how a recovery went."""
    if as_json:
        emit({"event": "done", **asdict(tally), "lost": tally.lost})
        return
    verb = "would be recovered" if dry_run else "recovered"
    parts = [f"{count(tally.recovered, 'photo')} {verb}"]
    parts += [
        f"{count:,} {words}"
        for count, words in (
            (tally.unchanged, "were there already"),
            (tally.salvaged, "of these from damaged previews"),
            (tally.orphans, "of these unknown to the catalog"),
            (tally.stale, "of these older renders"),
            (tally.smart, "of these Smart Previews (DNG)"),
            (tally.developed, "of these developed from Smart Previews"),
            (tally.left_out, "left out as too small"),
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


def lightroom(
    plugins: Sequence[Plugin], queries: Sequence[SavedQuery], actions: Sequence[Action], as_json: bool
) -> None:
    """Show the catalogs that have our plug-in, the living collections and the queue, the newest first."""
    if as_json:
        for plugin in plugins:
            emit({"catalog": plugin.path, "alive": plugin.alive, "seen_at": plugin.seen_at.isoformat()})
        for query in queries:
            emit({"collection": query.name, "words": query.question.words})
        for action in actions:
            emit({"action": action.kind, "state": action.state, "says": action.says})
        return
    if not plugins:
        remark("No Lightroom with our plug-in has spoken to this library yet; see `safelight lightroom install`.")
    for plugin in plugins:
        seen = "is there" if plugin.alive else f"was last there {plugin.seen_at.astimezone():%Y-%m-%d %H:%M}"
        say(f"catalog\t{printable(home_short(plugin.path))}\t{seen}")
    for query in queries:
        say(f"living\t{printable(query.name)}\t{printable(query.question.words)}")
    for action in actions:
        what = action.payload.get("name") or action.kind
        say(f"queue\t{printable(str(what))}\t{action.state}\t{printable(action.says)}")
