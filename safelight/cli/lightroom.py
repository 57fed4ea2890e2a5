"""lightroom: what concerns Lightroom alone."""

from __future__ import annotations

from pathlib import Path

import click

from safelight.cli import plugin
from safelight.cli.common import FOUND, NOTHING, Commands, NamedPath, json_option, map_option, moved_pairs


@click.group(cls=Commands)
def lightroom() -> None:
    """Look into catalogs, install the plug-in for Lightroom Classic, send it collections.

    Catalogs are only read; what is written to one the plug-in writes, in Lightroom, and shows it before.
    """


@lightroom.command("report")
@click.argument("catalog", metavar="X.lrcat", type=NamedPath(Path))
@map_option
@json_option
def report(catalog: Path, moved: tuple[str, ...], as_json: bool) -> None:
    """List the photos whose originals are missing, and the best that is left of each.

    A folder that holds one catalog will do. Lightroom need not be installed, and may be open. `safelight recover`
    writes these pictures as files.

    Exit code 0: every photo has its original, a preview or a Smart Preview; 1: some have nothing; 2: error.

    \b
    safelight lightroom report "~/Pictures/Lightroom/My Catalog.lrcat"
    safelight lightroom report Old.lrcat --map D:/Photos=/Volumes/Photos --json
    """
    from safelight import draw, draw_rescue
    from safelight.rescue import Rescue, catalog_at

    found = Rescue(catalog_at(catalog.expanduser()), moved_pairs(moved))
    tally = draw_rescue.rescue(found, as_json)
    for remark in found.remarks:
        draw.remark(remark)
    raise click.exceptions.Exit(NOTHING if tally.beyond_rescue else FOUND)


for command in (plugin.install, plugin.push, plugin.status, plugin.smart_collection):
    lightroom.add_command(command)
