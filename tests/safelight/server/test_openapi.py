"""The API is as it is written down, and nothing that its own description allows makes it stumble."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import safelight
from safelight.server.app import build_api

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
CASES = Path(__file__).with_name("openapi_cases.py")


def test_the_document_is_that_of_the_code():
    described = build_api(safelight.__version__).openapi()
    assert json.loads(DOCUMENT.read_text("utf-8")) == described, "run: .venv/bin/python tools/write_openapi.py"


def test_nothing_that_is_described_makes_it_stumble():
    """In a process of its own: making the cases takes ten seconds, for each process that collects them."""
    command = [sys.executable, "-m", "pytest", "-p", "schemathesis", "-p", "no:cacheprovider", CASES]
    run = subprocess.run(command, cwd=DOCUMENT.parents[1], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    operations = sum(len(methods) for methods in json.loads(DOCUMENT.read_text("utf-8"))["paths"].values())
    assert f"{operations - 2 + 1} passed" in run.stdout, "all but two, and that the helper stands"
