"""Benchmark: how fast Safelight is beside what one would use instead, each pair measured in one run.

    .venv/bin/python tests/bench/run.py [SECTION...] [--quick]

Prints Markdown tables. Figures are medians of several rounds in which the contenders take turns. `--quick` only shows
that every section still runs: its figures mean nothing, and nothing is downloaded for it.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from setting import machine, say

SECTIONS = ("decode", "model", "pipeline", "start", "search", "memory", "seed", "recover", "server", "page", "peers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all where none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it runs")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(unknown)}")
    print(f"{machine()}.", flush=True)
    for name in arguments.sections or SECTIONS:
        say(f"- {name}")
        for table in importlib.import_module(name).measure(quick=arguments.quick):
            print(table, flush=True)


if __name__ == "__main__":
    sys.exit(main())
