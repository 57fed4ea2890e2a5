"""What people and programs see: tables and bars on a terminal, plain lines in a pipe, NDJSON on request.

stdout carries results, stderr progress and remarks. Names of files are shown with control characters escaped, so that
no file name can drive a terminal.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from indexer.events import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from indexer.tally import Tally
    from safelight.bridge.actions import Action, Plugin
    from safelight.bridge.queries import SavedQuery
    from safelight.config import Settings
    from safelight.doctor import Check
    from safelight.pruning import PrunePlan
    from safelight.service import Library
    from safelight.status import ModelStatus, RootStatus


_REDRAW_S = 0.1
_PRUNED_SHOWN = 10
_WORD, _GAP = 14, 2


def count(number: int, thing: str) -> str:
    """Write a number of things: "1 photo", "1,200 photos"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def say(line: str = "") -> None:
    """Print one line of results."""
    sys.stdout.write(line + "\n")


def remark(line: str) -> None:
    """Print one line for people, beside the results."""
    sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def emit(record: dict[str, Any]) -> None:
    """Print one record as a line of JSON; a path that is not text comes as Python's surrogate escapes."""
    import json  # not every command needs it

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
    from rich.console import Console

    console = Console()
    used = [at for at in range(len(columns)) if any(row[at] for row in rows)]  # no room for what nothing is in
    columns, rows = [columns[at] for at in used], [[row[at] for at in used] for row in rows]
    # Where room is scarce only the long words give way, which are paths.
    least = [
        min(_WORD, max(map(_longest_word, texts)))
        for texts in zip((heading for heading, _ in columns), *rows, strict=True)
    ]
    if sum(least) + _GAP * len(least) <= console.width:
        _draw_table(console, columns, rows, least)
    else:
        _list(columns, rows)


def _draw_table(console: Console, columns: list[tuple[str, str]], rows: list[list[str]], least: list[int]) -> None:
    """Print rows aligned under headings, each column at least so wide."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for (heading, side), width in zip(columns, least, strict=True):
        justify = "right" if side == "right" else "left"
        drawn.add_column(heading, justify=justify, overflow="fold", min_width=width)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


def _list(columns: list[tuple[str, str]], rows: list[list[str]]) -> None:
    """Print rows below each other, a line a cell: a torn id can be neither read nor copied."""
    width = max(len(heading) for heading, _ in columns)
    for row in rows:
        say()
        for (heading, _), cell in zip(columns, row, strict=True):
            if cell:
                say(f"{heading:{width}}  {cell}")


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


class Bar:
    """A progress bar on stderr where that is a terminal; otherwise silent.

    It has no thread of its own, which would keep a run from forking.
    """

    def __init__(self) -> None:
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}
        self._drawn = float("-inf")

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
                auto_refresh=False,
                redirect_stdout=sys.stdout.isatty(),  # lines appear above the bar; into a file they go as they are
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
        if time.monotonic() - self._drawn >= _REDRAW_S:
            self._drawn = time.monotonic()
            self._progress.refresh()


def json_progress(every_seconds: float = 1.0) -> Callable[[Progress], None]:
    """Return a listener that prints progress as NDJSON, at most once in `every_seconds`, and the end of each stage."""
    last = float("-inf")
    last_event: Progress | None = None

    def show(event: Progress) -> None:
        nonlocal last, last_event
        is_end = event.total_final and event.done == event.total
        if event != last_event and (is_end or time.monotonic() - last >= every_seconds):
            last, last_event = time.monotonic(), event
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
    if tally.interrupted:
        line = "Interrupted: " + line + " Run it again to go on."
    elif tally.skipped or tally.failed:
        line += " `safelight status --problems` says why some were not."
    elif tally.missing:
        line += " `safelight status --problems` names what is missing."
    return line


def _fields(record: Any) -> dict[str, Any]:
    from dataclasses import asdict  # takes a millisecond to import, and few commands need it

    return asdict(record)


def models(library: Library, as_json: bool) -> None:
    """Print the models that can be asked for by name."""
    from indexer.models import registry

    rows: list[list[str]] = []
    for info in registry.MODELS.values():
        here = library.is_here(info.name)
        if as_json:
            emit({**_fields(info), "here": here, "active": info.name == library.model_name})
        size = f"{info.size_mb:,} MB" if info.size_mb else ""
        in_use = "in use" if library.settings.model or library.catalog.models() else "default"
        absent = "" if here else ", not downloaded"
        mark = in_use + absent if info.name == library.model_name else "here" if here else ""
        rows.append([info.name, str(info.dim), size, info.license, info.note, mark])
    if not as_json:
        heads = ("name", "dimensions", "download", "licence", "", "")
        table([(head, "right" if head in ("dimensions", "download") else "left") for head in heads], rows)


def status(roots: list[RootStatus], models: list[ModelStatus], as_json: bool) -> None:
    """Print the indexed places and the models."""
    if as_json:
        for root in roots:
            emit({"kind": "root", **_fields(root)})
        for model in models:
            emit({"kind": "model", **_fields(model)})
        return
    if not roots:
        from indexer.home import nothing_indexed

        text = nothing_indexed()
        say(text[0].upper() + text[1:])
        return
    counts = ("indexed", "skipped", "failed", "missing")
    heads = ("photos indexed", *counts[1:])  # a photo is one place of a picture; copies are several
    table(
        [("place", "left"), ("kind", "left"), ("", "left"), *((word, "right") for word in heads)],
        [
            [home_short(root.path), root.source, root.state, *(f"{getattr(root, word):,}" for word in counts)]
            for root in roots
        ],
    )
    table(
        [("model", "left"), ("different pictures", "right"), ("", "left")],
        [[model.name, f"{model.vectors:,}", "in use" if model.active else ""] for model in models],
    )


def checks(found: list[Check], as_json: bool) -> None:
    """Print what the doctor found."""
    for check in found:
        if as_json:
            emit(_fields(check))
        else:
            say(f"{'ok ' if check.ok else 'NOT'}  {check.name:15} {printable(check.says)}")


def prune_plan(plan: PrunePlan, as_json: bool, *, whole: bool) -> None:
    """Print what would be forgotten: on a terminal the first photos, unless the whole list is asked for."""
    most = _PRUNED_SHOWN if sys.stdout.isatty() and not (whole or as_json) else len(plan.photos)
    for _, path in plan.photos[:most]:
        if as_json:
            emit({"event": "forget", "path": path})
        else:
            say(printable(path))
    if len(plan.photos) > most:
        say(f"... and {len(plan.photos) - most:,} more; --all lists them")
    if as_json:
        emit({"event": "plan", "photos": len(plan.photos), "contents": plan.contents})
    elif plan.photos or plan.roots:
        alone = f"{count(plan.contents, 'picture')} that no other photo shows"
        remark(f"To forget: {count(len(plan.photos), 'photo')}, with the vectors of {alone}.")
    else:
        remark("Nothing to forget, as the last run found it: `safelight index` looks for what was deleted since.")


def settings(current: Settings, file: Path, home: Path) -> None:
    """Print every setting with its meaning."""
    from safelight.config import EXPLAINED

    for key, meaning in EXPLAINED.items():
        value = getattr(current, key)
        say(f"{key} = {'(not set)' if value is None else value}    # {meaning}")
    say(f"# settings file: {printable(str(file))}")
    say(f"# data folder:   {printable(str(home))}")


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
        say(f"queue\t{printable(str(action.payload['name']))}\t{action.state}\t{printable(action.says)}")
