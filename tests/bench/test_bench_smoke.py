"""The benchmark still runs; how fast anything is, no test says."""

import re
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def test_that_every_section_runs():
    # In one process, as `make bench` does it: most of the time of a quick section is what it imports.
    run = subprocess.run([sys.executable, RUN, "--quick"], capture_output=True, text=True, timeout=3600, check=False)
    sections = re.findall(r"^- (\w+)$", run.stderr, re.MULTILINE)
    assert run.returncode == 0, (sections[-1:], run.stderr)
    assert len(sections) >= 14
    assert run.stdout.count("### ") >= len(sections)
