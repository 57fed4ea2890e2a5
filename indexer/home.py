"""Where Safelight keeps what is its own."""

from __future__ import annotations

import os
from pathlib import Path


def data_home() -> Path:
    """Return the data folder, which need not exist yet."""
    if home := os.environ.get("SAFELIGHT_HOME"):
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("safelight", appauthor=False))
