"""Recoveries in this process, and the pictures that they wrote."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from preview_folders import levels_of, picture

from safelight.recover import Options, recover
from safelight.recover.ledger import Row
from safelight.recover.tally import Tally


def run(source: Path, out: Path, *, catalog: Path | None = None, **options: Any) -> tuple[Tally, list[Row]]:
    """Recover; returns the tally, and the rows by outcome path or original."""
    rows: list[Row] = []
    tally = recover([source], out, Options(**options), catalog=catalog, on_photo=rows.append)
    return tally, rows


def names(out: Path) -> set[str]:
    """Return the JPEGs below a folder."""
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg")}


def same_picture(path: Path, seed: int) -> bool:
    """Tell whether a file's picture is the one that was made from a seed."""
    expected = Image.open(BytesIO(levels_of(picture(seed))[-1][0]))
    return Image.open(path).tobytes() == expected.tobytes()
