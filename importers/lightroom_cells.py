"""What a cell of a catalog says: SQLite lets any column hold anything, and Lightroom stores integers as REAL."""

from __future__ import annotations

import math

_NUMBER = (int, float)  # a tuple, for `int | float` would be made anew for each of a million cells
_MAX_INTEGER = 2**53  # up to here REAL holds integers exactly


def text(value: object) -> str | None:
    """Return a text that says something; catalogs have "" as often as NULL."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: object) -> float | None:
    """Return a finite number; None for the text that may stand in its place ("uncropped")."""
    return float(value) if isinstance(value, _NUMBER) and math.isfinite(value) else None


def integer(value: object) -> int | None:
    """Return a number without its fraction: row 3548 is stored as 3548.0."""
    if value is None:
        return None
    found = number(value)
    return int(found) if found is not None and abs(found) <= _MAX_INTEGER else None


def flag(value: object, *, default: bool) -> bool:
    """Return a 0 or 1 as what it means."""
    return default if (found := number(value)) is None else bool(found)
