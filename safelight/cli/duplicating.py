"""duplicates: photos that are one, which to keep, and what was decided about them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from safelight.cli.common import (
    FOUND,
    INTERRUPTED,
    NOTHING,
    Commands,
    json_option,
    open_library,
    remark_on_keeping,
    stopping,
)

if TYPE_CHECKING:
    from indexer.events import OnProgress
    from safelight.duplicates import Group
    from safelight.service import Library


def _finding(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is found; they may stand before or after a subcommand, which shares them."""
    sensitivity = click.option(
        "--sensitivity",
        type=click.Choice(["exact", "strict", "normal", "loose"]),
        expose_value=False,
        callback=_share,
        help="How much may have been done to a photo for it to count as the same.  [default: normal]",
    )
    prefer = click.option(
        "--prefer",
        metavar="KIND",
        expose_value=False,
        callback=_share_source,
        help="Keep from this source where nothing better decides: folder, lightroom, photos, takeout.",
    )
    return sensitivity(prefer(command))


def _share(context: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None and option.name:
        context.meta[f"{__name__}.{option.name}"] = value


def _share_source(context: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None:
        from importers.sources import SOURCES

        names = sorted(source.name for source in SOURCES)
        value = value.strip().lower()
        if value not in names:
            raise click.BadParameter(f"there is no source {value!r}; write one of {', '.join(names)}", context, option)
    _share(context, option, value)


class _Duplicates(Commands):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            whole = "`safelight duplicates` always looks at the whole library"
            raise click.UsageError(f"there is no command {args[0]!r} here; {whole}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Duplicates, invoke_without_command=True)
@click.option("--pairs", "list_pairs", is_flag=True, help="List Live Photos and other pairs that are one photo, too.")
@_finding
@json_option
@click.pass_context
def duplicates(context: click.Context, list_pairs: bool, as_json: bool) -> None:
    """Show photos that are one: copies, smaller versions, crops, edits; and series, which are not.

    Nothing is ever deleted. Each group has the photo to keep first, and says of each other one what it is to it.
    Live Photos, and RAW and JPEG that your library shows as one photo, are series, too: they are counted, and listed
    with --pairs or --json. Exit code 0: there are some; 1: none; 2: error.

    \b
    safelight duplicates
    safelight duplicates --sensitivity strict --prefer lightroom
    safelight duplicates --json
    safelight duplicates decide --different 4kq7z2m9xb3c 8hs2k4v7mqpt
    """
    if context.invoked_subcommand is not None:
        return
    from safelight import draw, draw_photos
    from safelight.duplicates import SERIES, Group
    from safelight.duplicates_pairs import pairs, pairs_text

    stop, number = threading.Event(), 0
    series = list[Group]()
    one_photo = Counter[str]()

    def show(group: Group) -> None:
        if as_json:
            draw.emit(draw_photos.duplicates_record(group))
        else:
            draw_photos.duplicates(group)

    with open_library(reading=True) as library, draw.Bar() as bar, stopping(stop):
        for group in _find(context, library, bar.show, stop):
            if group.kind == SERIES:
                series.append(group)
            else:
                number += 1
            show(group)
        for group in pairs(library.catalog, series):
            if stop.is_set():
                break
            one_photo[group.what] += 1
            if as_json or list_pairs:
                show(group)
        remark_on_keeping(library)
    counts = f"{draw.count(number, 'group')} of duplicates, {len(series):,} series"
    if stop.is_set():
        draw.remark(f"Interrupted: not all was compared; {counts} so far. Run it again to go on.")
        raise click.exceptions.Exit(INTERRUPTED)
    if not as_json:
        draw.remark(f"{counts}.")
    if one_photo and not as_json:
        draw.remark(pairs_text(one_photo) + ("." if list_pairs else "; --pairs lists them."))
    raise click.exceptions.Exit(FOUND if number or series or one_photo else NOTHING)


@duplicates.command()
@click.option("--to", "target", type=click.Choice(["xmp", "lightroom", "photos"]), required=True, help="Where to.")
@click.option("--apply", "apply_it", is_flag=True, help="Write it; without this, only show what would be written.")
@click.option("--all", "everywhere", is_flag=True, help="XMP: sidecars for all pictures, not only for RAW files.")
@_finding
@json_option
@click.pass_context
def tag(context: click.Context, target: str, apply_it: bool, everywhere: bool, as_json: bool) -> None:
    """Tag duplicates with keywords, so that you find them where you work. Shows the plan; --apply writes it.

    The photo to keep gets `Safelight|Duplicates|keeper`, the others `Safelight|Duplicates|duplicate of NAME`. Pictures
    are never written to. `safelight undo` takes it back.

    Into a Lightroom catalog the plug-in writes: Library > Plug-in Extras > Find Near-Duplicates.

    \b
    safelight duplicates tag --to xmp
    safelight duplicates tag --to xmp --sensitivity strict --apply
    """
    from safelight import draw
    from safelight.cli.writing_back import carry_out
    from safelight.tagging import plan_tags
    from safelight.writeback import Target, check_writable

    if apply_it:
        check_writable(Target(target))
    stop = threading.Event()
    with open_library(reading=not apply_it) as library, draw.Bar() as bar, stopping(stop):
        groups = _find(context, library, bar.show, stop)
        plan = plan_tags(library, groups, Target(target), everywhere=everywhere)
        remark_on_keeping(library)
    if stop.is_set():
        raise click.exceptions.Exit(INTERRUPTED)
    raise click.exceptions.Exit(carry_out(plan, apply_it=apply_it, as_json=as_json))


@duplicates.command()
@click.option("-o", "--out", required=True, metavar="FILE.html", type=click.Path(path_type=Path), help="Where to.")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@_finding
@click.pass_context
def report(context: click.Context, out: Path, overwrite: bool) -> None:
    """Write the groups as a page with small pictures, to look at in a browser; it needs nothing else.

    From 500 groups on there are further pages beside it: FILE-2.html ...

    \b
    safelight duplicates report -o duplicates.html
    safelight duplicates report -o duplicates.html --sensitivity strict --overwrite
    """
    from safelight import draw
    from safelight.duplicates_report import refuse_taken, write_report
    from safelight.errors import SafelightError

    stop = threading.Event()
    refuse_taken(out, overwrite=overwrite)
    with open_library(reading=True) as library, draw.Bar() as bar, stopping(stop):
        groups = list(_find(context, library, bar.show, stop))
        try:
            pages = write_report(library, groups, out, overwrite=overwrite, on_progress=bar.show, stop=stop)
        except SafelightError:
            if stop.is_set():
                raise click.exceptions.Exit(INTERRUPTED) from None
            raise
        remark_on_keeping(library)
    for page in pages:
        draw.say(draw.printable(str(page)))
    raise click.exceptions.Exit(FOUND if groups else NOTHING)


@duplicates.command()
@_finding
@click.pass_context
def review(context: click.Context) -> None:
    """Go through the groups one by one and decide with single keys; each decision is remembered at once.

    Shows the pictures in terminals that can (Kitty, Ghostty, iTerm2, WezTerm).

    \b
    safelight duplicates review
    safelight duplicates review --sensitivity strict
    """
    import sys

    from safelight import draw
    from safelight.cli.reviewing import review as go_through
    from safelight.duplicates import SERIES

    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise click.UsageError("this needs a terminal; for programs there is `safelight duplicates --json`")
    stop = threading.Event()
    with open_library() as library:
        with draw.Bar() as bar, stopping(stop):
            groups = [group for group in _find(context, library, bar.show, stop) if group.kind != SERIES]
            remark_on_keeping(library)
        if stop.is_set():
            raise click.exceptions.Exit(INTERRUPTED)
        draw.remark(f"{draw.count(go_through(library, groups), 'decision')}.")
    raise click.exceptions.Exit(FOUND if groups else NOTHING)


@duplicates.command()
@click.argument("targets", nargs=-1, required=True, metavar="FILE|ID...")
@click.option("--different", "kind", flag_value="different", help="These photos are no duplicates of each other.")
@click.option("--ignore", "kind", flag_value="ignored", help="Show these photos together no more.")
@click.option("--keep", "kind", flag_value="keeper", help="This is the photo to keep.")
@click.option("--forget", "kind", flag_value="forget", help="Forget what was decided about these photos.")
def decide(targets: tuple[str, ...], kind: str | None) -> None:
    """Say what is so about photos that `safelight duplicates` shows; it is remembered by their contents.

    \b
    safelight duplicates decide --different 4kq7z2m9xb3c 8hs2k4v7mqpt
    safelight duplicates decide --keep 4kq7z2m9xb3c
    safelight duplicates decide --keep ~/Pictures/cat.jpg
    """
    from indexer.duplicates.store import Decision
    from safelight import draw
    from safelight.duplicates import forget_decisions, record_decision
    from safelight.status import find_photo

    if kind is None:
        raise click.UsageError("say what is so: --different, --ignore, --keep or --forget")
    with open_library() as library:
        ids = [find_photo(library.catalog, target) for target in targets]
        if kind == "forget":
            draw.remark(f"Forgot {draw.count(forget_decisions(library.catalog, ids), 'decision')}.")
        else:
            record_decision(library.catalog, Decision(kind), ids)
            draw.remark("Remembered.")


def _find(context: click.Context, library: Library, on_progress: OnProgress, stop: threading.Event) -> Iterator[Group]:
    """Find the groups as the shared options say, and keep them: the page shows what was found last, wherever."""
    from indexer.duplicates.verify import Sensitivity
    from safelight.duplicates import find_duplicates
    from safelight.duplicates_kept import NotKeptError, keeping

    sensitivity = Sensitivity(context.meta.get(f"{__name__}.sensitivity", "normal"))
    prefer = context.meta.get(f"{__name__}.prefer")
    library.refuse_emptiness()
    found = find_duplicates(library, sensitivity, prefer=prefer, on_progress=on_progress, stop=stop)
    try:
        yield from keeping(library, sensitivity, found, stop)
    except NotKeptError as error:
        library.not_kept = str(error)
