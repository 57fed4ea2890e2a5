"""Runs a command as a user would and tells what it cost: wall time, CPU of the whole process tree, memory of each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from setting import CHECKOUT

SAFELIGHT = [sys.executable, "-m", "safelight"]


@dataclass(frozen=True)
class Cost:
    """What a command took; CPU counts every process that it started and waited for."""

    wall_s: float
    cpu_s: float
    stdout: str


def cost(
    command: Sequence[str | Path],
    *,
    cwd: Path = CHECKOUT,
    env: Mapping[str, str] | None = None,
    may_find_nothing: bool = False,
) -> Cost:
    """Run a command to its end; one that fails ends the benchmark with what it said."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=os.environ | dict(env or {}), stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in ((0, 1) if may_find_nothing else (0,)):
            raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{err.read()[-4000:]}")
        return Cost(wall_s, usage.ru_utime + usage.ru_stime, out.read())


@contextmanager
def fresh_home() -> Generator[dict[str, str]]:
    """Give an environment in which Safelight has never run, with no files but its own; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="safelight-bench-") as folder:
        yield {"SAFELIGHT_HOME": folder, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(CHECKOUT)}


@dataclass
class Peaks:
    """The largest resident memory of the first process, and of any other below it, in MB."""

    main_mb: float = 0
    worker_mb: float = 0


def peaks(command: Sequence[str | Path], *, env: Mapping[str, str]) -> Peaks:
    """Run a command and watch the memory of its processes; needs /proc."""
    found = Peaks()
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=os.environ | dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, found, over))
        watcher.start()
        _, said = process.communicate()
        over.set()
        watcher.join()
        if process.returncode:
            raise SystemExit(
                f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{said.decode()[-4000:]}"
            )
    return found


def _watch(pid: int, found: Peaks, over: threading.Event) -> None:
    while not over.wait(0.05):
        found.main_mb = max(found.main_mb, _peak_mb(pid))
        for child in _children(pid):
            found.worker_mb = max(found.worker_mb, _peak_mb(child))


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return children + [below for child in children for below in _children(child)]


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0)
    except OSError:
        return 0
