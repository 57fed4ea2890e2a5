"""recover: photos back from Lightroom's previews."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from safelight.cli.common import FOUND, INTERRUPTED, NOTHING, NamedPath, json_option, read_or_not, stopping
from safelight.cli.loading import Loading

if TYPE_CHECKING:
    from safelight.recover.ledger import Row

_PATH = NamedPath(Path)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SRC...", type=_PATH)
@click.option("-o", "--out", required=True, metavar="OUT", type=_PATH, help="The folder for the photos.")
@click.option(
    "--catalog",
    metavar="X.lrcat",
    type=_PATH,
    help="The catalog, where none lies beside the previews or that is damaged.",
)
@click.option("--flat", is_flag=True, help="All photos in one folder, not in the folders of their originals.")
@click.option("--by-date", is_flag=True, help="A folder a day, 2019/2019-07-04.")
@click.option("--stale", is_flag=True, help="Older renders too, that show a photo before its last edits.")
@click.option("--srgb", is_flag=True, help="Convert colours to sRGB; encodes anew (quality 95, 4:4:4).")
@click.option(
    "--max-edge",
    metavar="PIXELS",
    type=click.IntRange(1),
    help="The largest stored size up to this, unscaled; photos without are left out.",
)
@click.option("--min-edge", metavar="PIXELS", type=click.IntRange(1), help="Leave out photos that are stored smaller.")
@click.option("--level", metavar="N", type=click.IntRange(1), help="This stored level, 1 being the smallest.")
@click.option("--overwrite", is_flag=True, help="Write everything anew, and replace files that are in the way.")
@click.option("--dry-run", is_flag=True, help="Show what would be recovered; write nothing.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 64), help="Processes that write photos at the same time.")
@json_option
def recover(sources: tuple[Path, ...], out: Path, catalog: Path | None, as_json: bool, **flags: Any) -> None:
    """Get photos back from Lightroom's previews: names, colours and metadata as the catalog has them.

    SRC is a catalog, a folder of previews (.lrdata), a single preview, or any folder to search. Lightroom's files are
    only read. Run it again to go on where it stopped; OUT/recovery-report.html tells what could not be had.

    Exit code 0: all photos recovered; 1: some lost, or a damaged catalog had to be done without; 2: error.

    \b
    safelight recover ~/Pictures/Lightroom -o ~/Recovered
    safelight recover "Old Catalog.lrcat" -o /Volumes/Rescue --stale
    """
    with Loading():
        from indexer.events import ignore
        from safelight import draw, draw_recovery
        from safelight.recover import Layout, Options, Pixels
        from safelight.recover import recover as run

    if flags["flat"] and flags["by_date"]:
        raise click.UsageError("--flat and --by-date are two ways to lay out folders; choose one")
    options = Options(
        layout=Layout.FLAT if flags["flat"] else Layout.BY_DATE if flags["by_date"] else Layout.MIRROR,
        pixels=Pixels(flags["level"], flags["max_edge"], flags["min_edge"], flags["srgb"]),
        stale=flags["stale"],
        overwrite=flags["overwrite"],
        dry_run=flags["dry_run"],
        jobs=flags["jobs"] or min(8, max(2, os.cpu_count() or 1)),
    )

    emit, json_progress = draw.emit, draw.json_progress()
    if not options.dry_run:  # photos are recovered whether or not somebody reads of it; a mere list may end early
        emit, json_progress = read_or_not(emit), read_or_not(json_progress)

    def on_photo(row: Row) -> None:
        if as_json:
            emit(draw_recovery.recovered_record(row, out))
        elif options.dry_run:
            draw_recovery.foreseen(row)

    stop = threading.Event()
    with stopping(stop), draw.Bar() as bar:
        tally = run(
            sources,
            out,
            options,
            catalog=catalog,
            stop=stop,
            on_progress=json_progress if as_json else ignore if options.dry_run else bar.show,
            on_photo=on_photo,
            on_remark=draw.remark,
        )
    read_or_not(partial(draw_recovery.recovery, dry_run=options.dry_run))(tally, out, as_json)
    if tally.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)
    raise click.exceptions.Exit(NOTHING if tally.lost or tally.lost_catalogs else FOUND)
