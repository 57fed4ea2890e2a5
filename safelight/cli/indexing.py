"""index, status, doctor, prune: keeping the index."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from safelight.cli.common import (
    ERROR,
    FOUND,
    INTERRUPTED,
    NOTHING,
    NamedPath,
    engine_option,
    fetch_if_missing,
    helper_for,
    json_option,
    map_option,
    model_option,
    moved_pairs,
    open_library,
    read_or_not,
    settings,
    stopping,
)

if TYPE_CHECKING:
    from indexer.tally import Tally
    from safelight.helper_client import HelperClient
    from safelight.reading import Wishes
    from safelight.service import Library


@click.command()
@click.argument("paths", nargs=-1, type=NamedPath())
@model_option
@engine_option
@click.option("--precision", type=click.Choice(["auto", "float32", "int8"]), help="For plain CPUs; auto measures.")
@click.option("--workers", type=click.IntRange(0, 256), help="Processes that decode pictures; 0 means one a core.")
@click.option("--yes", is_flag=True, help="Download the model, where it is not here, without asking.")
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@click.option("--hidden/--no-hidden", default=None, help="Take in photos that are hidden in their library.")
@click.option("--shared/--no-shared", default=None, help="Take in photos of albums that others share with you.")
@click.option("--trashed/--no-trashed", default=None, help="Take in photos in their library's trash.")
@click.option("--bursts/--no-bursts", default=None, help="Take in the frames of bursts that were not picked.")
@click.option("--syndicated/--no-syndicated", default=None, help="Take in photos shown from Messages, never saved.")
@click.option("--originals/--no-originals", default=None, help="Decode originals, although a preview would serve.")
@map_option
@json_option
def index(paths: tuple[str, ...], yes: bool, retry: bool, as_json: bool, moved: tuple[str, ...], **flags: Any) -> None:
    """Read photos, so that they can be found. Without PATHS: everything indexed before.

    A path is a folder or a picture, an Apple Photos library, a Lightroom catalog (.lrcat) or a Google Takeout export.
    Files are only read, never changed. A second run reads only what is new or changed; Ctrl-C keeps what is done.
    How a library is to be read (--hidden, --originals, --map...) is kept for the next runs.

    \b
    safelight index ~/Pictures
    safelight index ~/Pictures /Volumes/Archive --model starter
    safelight index photos                        # the Photos library of this Mac
    safelight index "~/Pictures/Lightroom/My Catalog.lrcat" --map D:/Photos=/Volumes/Photos
    """
    from importers.sources import is_readable
    from safelight import draw
    from safelight.errors import UnreadPlacesError
    from safelight.indexing import index_paths, places_to_index

    stop = threading.Event()
    wishes = _wishes(moved, flags)
    emit = read_or_not(draw.emit)

    def on_problem(path: str, outcome: str, reason: str) -> None:
        if as_json:
            emit({"event": "problem", "path": path, "outcome": outcome, "reason": reason})

    unread: list[str] = []
    with open_library(**flags) as library:
        # Not before there is something to index: a download is a matter of gigabytes.
        if any(place.exists() and is_readable(place) for place in places_to_index(library, list(paths))):
            fetch_if_missing(library, as_json=as_json, yes=yes)
        client = None if flags["engine"] or flags["precision"] or flags["workers"] else helper_for()
        with stopping(stop), draw.Bar() as bar:
            how: dict[str, Any] = {
                "wishes": wishes,
                "retry": retry,
                "stop": stop,
                "on_progress": read_or_not(draw.json_progress()) if as_json else bar.show,
                "on_problem": on_problem,
                "on_remark": draw.remark,
            }
            try:
                if client is None:
                    tally = index_paths(library, list(paths), **how)
                else:
                    tally = _index_remotely(client, library, paths, how)
            except UnreadPlacesError as error:
                tally, unread = error.tally, error.reasons
    if as_json:
        counts = ("indexed", "unchanged", "skipped", "failed", "missing")
        emit({"event": "done", **{name: getattr(tally, name) for name in counts}})
    else:
        draw.say(draw.tally_line(tally))
    for reason in unread:
        draw.remark(f"safelight: {reason}")
    if tally.interrupted or unread:
        raise click.exceptions.Exit(INTERRUPTED if tally.interrupted else ERROR)


def _index_remotely(client: HelperClient, library: Library, paths: tuple[str, ...], how: dict[str, Any]) -> Tally:
    """Let the helper do it, which has the model in memory."""
    from indexer.tally import Tally
    from safelight import remote
    from safelight.errors import UnreadPlacesError

    job = remote.index(client, library.home, paths, model=library.settings.model, **how)
    tally = Tally(**job["counts"], interrupted=job["state"] == "cancelled")
    if job["state"] == "failed":
        raise UnreadPlacesError([job["error"]], tally)
    return tally


_MARKS = {"hidden": "hidden", "shared": "shared", "trashed": "trashed", "bursts": "burst", "syndicated": "syndicated"}


def _wishes(moved: tuple[str, ...], flags: dict[str, Any]) -> Wishes:
    """Take what is about libraries out of the flags."""
    from importers.base import Mark
    from safelight.reading import Wishes

    asked = {Mark(mark): flags.pop(flag) for flag, mark in _MARKS.items()}
    return Wishes(
        {mark: wanted for mark, wanted in asked.items() if wanted is not None},
        flags.pop("originals"),
        moved_pairs(moved),
    )


@click.command()
@click.option("--problems", is_flag=True, help="List every photo that could not be read or is missing, and why.")
@json_option
def status(problems: bool, as_json: bool) -> None:
    """Show what is indexed, and what could not be.

    \b
    safelight status
    safelight status --problems   # which files could not be read or are missing, and why
    """
    from safelight import draw, draw_photos
    from safelight import status as found

    with open_library(reading=True) as library:
        if problems:  # as they come, as there may be a million
            draw_photos.problems(found.problems(library.catalog), as_json)
            return
        models = found.models(library.catalog, library.model_name)
        places = found.roots(library.catalog)
    draw.status(places, models, as_json)


@click.command()
@click.option("--rebuild", is_flag=True, help="Rebuild the vector index from the catalog.")
@engine_option
@json_option
def doctor(rebuild: bool, engine: str | None, as_json: bool) -> None:
    """Check the installation, the model, the engine and the indexes; say what to do.

    \b
    safelight doctor
    safelight doctor --rebuild
    """
    from indexer.errors import CatalogError
    from indexer.home import data_home
    from safelight import draw
    from safelight.config import Settings
    from safelight.doctor import examine, examine_closed
    from safelight.errors import SafelightError
    from safelight.service import Library

    unread = None
    try:
        how = settings(engine=engine)
    except SafelightError as error:
        how, unread = Settings(engine=engine or "auto"), error
    try:
        with Library(how, reading=not rebuild) as library, draw.Bar() as bar:
            rebuilt = library.rebuild_indexes(bar.show) if rebuild else None
            checks = examine(library, unread, rebuilt)
    except CatalogError as error:
        checks = examine_closed(how, data_home(), error, unread)
    draw.checks(checks, as_json)
    raise click.exceptions.Exit(FOUND if all(check.ok for check in checks) else NOTHING)


@click.command()
@click.option(
    "--forget", metavar="FOLDER", type=NamedPath(), help="Forget an indexed place or a drive in it, there or not."
)
@click.option("--yes", is_flag=True, help="Do it; without this, only show what would go.")
@click.option("--all", "list_all", is_flag=True, help="List every photo, where a terminal gets the first ones only.")
@json_option
def prune(forget: str | None, yes: bool, list_all: bool, as_json: bool) -> None:
    """Forget photos whose files are gone. Shows what would go; --yes does it. No file is ever deleted.

    \b
    safelight prune
    safelight prune --yes
    safelight prune --forget /Volumes/Archive   # a place, or a drive in one, that is gone for good
    """
    from safelight import draw
    from safelight.pruning import plan_prune
    from safelight.pruning import prune as apply_prune

    with open_library(reading=not yes) as library:
        plan = plan_prune(library, Path(forget) if forget else None)
        if yes:
            draw.prune_plan(plan, as_json, whole=list_all)
        if yes and (plan.photos or plan.roots):
            apply_prune(library, plan)
            draw.remark(f"Forgot {draw.count(len(plan.photos), 'photo')}.")
    if not yes:  # once it is sure that nothing wrote to what was read
        draw.prune_plan(plan, as_json, whole=list_all)
    if not yes and (plan.photos or plan.roots):
        which = f' --forget "{forget}"' if forget else ""
        draw.remark(f"Nothing was changed. `safelight prune{which} --yes` forgets what is listed.")
