"""Generated catalogs beside generated previews, and what the source says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from preview_folders import Library, fingerprint

from importers.base import Options, Photo
from importers.lightroom_source import LightroomSource


def library(tmp_path: Path, originals: Path | None = None) -> Library:
    """Begin a catalog whose photos lie in a folder of originals, or on a drive that is not here."""
    return Library(tmp_path / "lightroom", root=f"{originals}/" if originals else "/Volumes/Photos/")


def read(catalog: Path, **options: Any) -> list[Photo]:
    """Read a catalog; whatever lies in its folder must be as before."""
    before = fingerprint(catalog.parent)
    photos = list(LightroomSource(catalog, Options(**options)).photos())
    assert fingerprint(catalog.parent) == before
    return photos
