"""The helper that these tests share, and what holds the jobs of one of their own."""

from pathlib import Path

import pytest
from safelight_server import helper, photos

__all__ = ["helper", "photos"]


@pytest.fixture
def gate(tmp_path) -> Path:
    """While this is there, jobs of the helper wait in the middle."""
    path = tmp_path / "gate"
    path.touch()
    return path
