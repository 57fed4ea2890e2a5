"""compare: what two sets of photos have in common."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import click

from safelight.cli.common import (
    FOUND,
    INTERRUPTED,
    NOTHING,
    NamedPath,
    json_option,
    only_one_format,
    open_library,
    remark_on_files,
    remark_on_keeping,
    stopping,
)

if TYPE_CHECKING:
    from safelight.service import Library


@click.command()
@click.argument("a", type=NamedPath())
@click.argument("b", type=NamedPath())
@click.option("--both", is_flag=True, help="Show the photos that are in both, instead of those only in A.")
@click.option("--near", is_flag=True, help="Count near-duplicates as being in both: copies in other sizes, edits.")
@click.option("--paths", is_flag=True, help="Print file paths only.")
@click.option("-0", "zero", is_flag=True, help="Paths only, each ended with a NUL, for xargs -0.")
@json_option
def compare(a: str, b: str, both: bool, near: bool, paths: bool, zero: bool, as_json: bool) -> None:
    """Show which photos of A are nowhere in B, by the exact bytes of their originals.

    A and B are indexed places, folders in or around them, or kinds of source: folder, photos, lightroom, takeout.
    With --json, every photo of both comes with where it is. Exit code 0: some are shown; 1: none; 2: error.

    \b
    safelight compare takeout photos         # what is in my Takeout and nowhere in Apple Photos?
    safelight compare ~/Card ~/Pictures --paths
    safelight compare takeout photos --near  # Google's smaller copies count as the same photo
    """
    from safelight import draw, draw_photos
    from safelight.comparing import Side, compare

    only_one_format({"paths": paths, "zero": zero, "as_json": as_json})
    wanted = (Side.BOTH, Side.ALIKE) if both else (Side.ONLY_A,)
    counts: Counter[Side] = Counter()
    lacking = 0
    with open_library(reading=True) as library:
        library.refuse_emptiness()
        for photo in compare(library.catalog, a, b, _alike(library) if near else ()):
            counts[photo.side] += 1
            if as_json:
                draw.emit(draw_photos.compared_record(photo))
            elif photo.side in wanted:
                draw_photos.compared(photo, paths=paths, zero=zero)
                lacking += photo.path is None and (paths or zero)
        remark_on_keeping(library)
    if not as_json:
        if counts:
            shown = [side for side in Side if counts[side] or side is wanted[0]]
            draw.remark(", ".join(f"{counts[side]:,} {side.value}" for side in shown))
        for side, which, others in (("A", a, Side.ONLY_B), ("B", b, Side.ONLY_A)):
            if counts.keys() <= {others}:  # a set with photos has some that are in both, or not only in the other
                draw.remark(
                    f"{side} has no photos: none is indexed of {which};"
                    " `safelight status --problems` says what could not be read or is missing."
                )
        if counts[Side.UNKNOWN]:
            draw.remark("Of the unknown ones the originals are not on this machine, so that their bytes say nothing.")
    remark_on_files(lacking)
    raise click.exceptions.Exit(FOUND if sum(counts[side] for side in wanted) > lacking else NOTHING)


def _alike(library: Library) -> list[list[str]]:
    from safelight import draw
    from safelight.duplicates import SERIES, find_duplicates

    stop = threading.Event()
    with draw.Bar() as bar, stopping(stop):
        groups = [
            [member.photo_id for member in group.members]
            for group in find_duplicates(library, on_progress=bar.show, stop=stop)
            if group.kind != SERIES
        ]
    if stop.is_set():
        raise click.exceptions.Exit(INTERRUPTED)
    return groups
