"""From nothing to the first answer, and where the time of a search from the command line goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from commands import SAFELIGHT, cost, fresh_home
from setting import CHECKOUT, Table, take_turns

_PHOTOS = CHECKOUT / "assets" / "demo"

# Laps through what `safelight search` does, in a fresh process.
_LAPS = """
import time
laps, last = [], time.perf_counter()
def lap(name):
    global last
    now = time.perf_counter()
    laps.append((name, 1000 * (now - last)))
    last = now
import safelight.cli; lap("import the command line")
import safelight.service; lap("import the service")
import indexer.search; lap("import search (NumPy)")
from safelight.config import load_settings
library = safelight.service.Library(load_settings()); lap("open the catalog")
search = library._searcher; search._matrix(); lap("map the vectors")
library.model_thread; lap("import the engine, find the model")
library.embed_texts(["cat"]); lap("load the text model, embed the words")
library.search(["cat"]); lap("search, first time: judge everyday subjects too")
library.search(["cat"]); lap("search, again")
library.close(); lap("close")
for name, ms in laps: print(f"{name}\\t{ms}")
"""


def measure(*, quick: bool) -> Iterator[Table]:
    """Make two tables: commands from start to end, and the parts of one search."""
    photo = sorted(_PHOTOS.glob("*.jpg"))[0]
    rounds = 1 if quick else 5
    table = Table("Start: from nothing to an answer, starter model", ["what", "ms", "CPU ms"])
    bare = [sys.executable, "-c", "pass"]
    seconds = take_turns(
        {
            "python": lambda: cost(bare).wall_s,
            "help": lambda: cost([*SAFELIGHT, "search", "--help"]).wall_s,
            "version": lambda: cost([*SAFELIGHT, "--version"]).wall_s,
        },
        rounds if quick else 15,
    )
    python, help_ = (1000 * median(seconds[name]) for name in ("python", "help"))
    table.row("bare python", python, "")
    table.row("safelight --version", 1000 * median(seconds["version"]), "")
    table.row("safelight search --help, less bare python", help_ - python, "", ratio=(help_ - python) / 150, at_most=1)
    for title, path in (("one photo", photo), *([] if quick else [("the demo's photos", _PHOTOS)])):
        with fresh_home() as env:
            index = cost([*SAFELIGHT, "index", path, "--model", "starter"], env=env)
            first, again = (cost([*SAFELIGHT, "search", "cat"], env=env, may_find_nothing=True) for _ in range(2))
            rescan = cost([*SAFELIGHT, "index", path, "--model", "starter"], env=env)
        table.row(f"safelight index, {title}, nothing there before", *_ms(index))
        table.row(f"safelight search, {title}, first", *_ms(first))
        table.row(f"safelight search, {title}, again", *_ms(again))
        table.row(f"safelight index, {title}, again", *_ms(rescan))
    table.note("The ratio is what `search --help` takes more than bare Python, over the 150 ms allowed.")
    yield table
    if not quick:
        yield _laps(_PHOTOS)


def _ms(spent) -> tuple[float, float]:
    return 1000 * spent.wall_s, 1000 * spent.cpu_s


def _laps(photos: Path) -> Table:
    table = Table("Start: where the time of a cold `safelight search` goes", ["what", "ms"])
    with fresh_home() as env:
        cost([*SAFELIGHT, "index", photos, "--model", "starter"], env=env)
        for _ in range(2):  # the second finds the calibration in the catalog, as all later ones do
            lines = cost([sys.executable, "-c", _LAPS], env=env).stdout.splitlines()
    laps = [line.split("\t") for line in lines]
    for name, ms in laps:
        table.row(name, float(ms))
    table.row("all", sum(float(ms) for _, ms in laps))
    return table
