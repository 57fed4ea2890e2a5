"""What tests need beside Python's packages: where it is lacking they are skipped, but never where the suite decides."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(why: str) -> NoReturn:
    """Skip a test for lack of a program; with CI set fail it, or nobody would notice that it is never run."""
    if os.environ.get("CI"):
        pytest.fail(f"{why} (skipped where CI is not set)", pytrace=False)
    pytest.skip(why)
