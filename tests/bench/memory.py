"""Memory of an indexing run: it must not grow with the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checkpoints import SHAPES
from commands import SAFELIGHT, fresh_home, peaks
from pictures import small
from setting import Table

ALLOWED_MB = 150


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table: a library and one ten times its size."""
    table = Table("Memory: peak resident, shapes-clip", ["pictures", "main process MB", "largest decoder MB"])
    if not Path("/proc/self/status").exists():
        table.note("Only measured where there is /proc.")
        yield table
        return
    few, many = (20, 40) if quick else (2_000, 20_000)
    found = {count: _index(small(count)) for count in (few, many)}
    for count, peak in found.items():
        table.row(count, peak.main_mb, peak.worker_mb)
    main_mb = found[many].main_mb - found[few].main_mb
    worker_mb = found[many].worker_mb - found[few].worker_mb
    share = max(main_mb, worker_mb) / ALLOWED_MB
    table.row("growth", main_mb, worker_mb, ratio=share, at_most=1)
    table.note(f"The ratio is the growth in MB over the {ALLOWED_MB} MB allowed.")
    yield table


def _index(folder: Path):
    with fresh_home() as env:
        return peaks([*SAFELIGHT, "index", folder, "--model", SHAPES], env=env)
