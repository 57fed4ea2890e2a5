"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Whoever develops explores; a check of what is to land says the same twice.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample files; read-only, never copied into the project."""
    folder = Path(os.environ.get("SAFELIGHT_SAMPLES", CHECKOUT.parent / "shared" / "samples"))
    if not folder.is_dir():
        pytest.skip(f"no real samples at {folder}; set SAFELIGHT_SAMPLES to their folder")
    return folder
