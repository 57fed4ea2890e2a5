"""The benchmark still runs; how fast anything is, no test says."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize(
    "section",
    ["decode", "model", "pipeline", "start", "search", "memory", "seed", "recover", "server", "page", "peers"],
)
def test_that_every_section_runs(section: str):
    run = subprocess.run([sys.executable, RUN, "--quick", section], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "### " in run.stdout
