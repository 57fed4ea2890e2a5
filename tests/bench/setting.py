"""Where the benchmark keeps its files, how it takes turns, what a table of it looks like."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = CHECKOUT / "build" / "bench"
"""Generated pictures and weights, and the contenders' environments; may be deleted at any time."""


@dataclass
class Table:
    """Rows of cells under headings; the last two columns are a ratio and whether it meets its target."""

    title: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list[list[str]])
    notes: list[str] = field(default_factory=list[str])

    def row(
        self,
        *cells: object,
        ratio: float | None = None,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Add a row; a row with a bound has a target."""
        met = ratio is None or ((at_most is None or ratio <= at_most) and (at_least is None or ratio >= at_least))
        bound = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}" if at_least is not None else ""
        target = f"{bound}: {'met' if met else 'MISSED'}" if bound and ratio is not None else ""
        self.rows.append([*map(_cell, cells), "" if ratio is None else f"{ratio:.2f}", target])

    def note(self, line: str) -> None:
        """Add a line below the table."""
        self.notes.append(line)

    def __str__(self) -> str:
        rows = [[*self.columns, "ratio", "target"], *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
        ]
        rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join(["", f"### {self.title}", "", lines[0], rule, *lines[1:], "", *self.notes])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if value >= 1 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


_PAUSE_S = 0.3


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each contender once a round, so that noise meets all alike; one round before is not counted.

    A pause comes before each: the threads of torch and of BLAS libraries spin on for a while when their work is done,
    which would be at the cost of whoever comes next.

    Returns:
        Seconds a round; of a contender that returns a float, what it says: it has timed itself, elsewhere.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            time.sleep(_PAUSE_S)
            started = time.perf_counter()
            said = run()
            spent = said if isinstance(said, float) else time.perf_counter() - started
            if number:
                seconds[name].append(spent)
    return seconds


def ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the median of a/b, round by round."""
    return median(x / y for x, y in zip(a, b, strict=True))


def contender_python(name: str) -> Path | None:
    """Return the Python of an environment that tools/setup-bench.sh made; None where it could not."""
    python = HOME / name / "bin" / "python"
    return python if (HOME / name / ".ready").exists() else None


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """Name the machine in one line."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{name}, {cores()} cores, {system}{load}"


def say(line: str) -> None:
    """Tell how far the run is."""
    print(line, file=sys.stderr, flush=True)
