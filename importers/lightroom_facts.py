"""What a catalog says of a photo, as the facts, parts and names that every source gives."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from importers.as_json import pack_facts
from importers.base import Exposure, Facts, Part
from importers.formats import is_camera_raw
from importers.lightroom_photo import CatalogPhoto
from importers.names import device_name

_ENCODER = json.JSONEncoder(default=str, check_circular=False)  # facts hold no loops
_JPEG_SUFFIXES = ("jpg", "jpeg", "jpe", "heic", "heif", "hif")


def name_of(photo: CatalogPhoto) -> str:
    """Name a photo for people: "IMG_0001.CR2", of a virtual copy "IMG_0001.CR2 (Copy 1)"."""
    return f"{photo.file_name} ({photo.copy_name or 'virtual copy'})" if photo.is_virtual_copy else photo.file_name


def facts_of(photo: CatalogPhoto) -> Facts:
    """Return all that the catalog knows of a photo."""
    exposure, position = photo.exposure, photo.position
    places = dict.fromkeys(filter(None, (photo.location, photo.city, photo.state, photo.country)))
    return Facts(
        taken_at=photo.taken_at,
        latitude=position and position.latitude,
        longitude=position and position.longitude,
        camera=device_name(photo.camera_make, photo.camera_model),
        lens=photo.lens,
        title=photo.title,
        caption=photo.caption,
        keywords=photo.all_keywords,
        rating=photo.rating,
        keyword_paths=photo.all_keyword_paths,
        albums=photo.collections,
        place=", ".join(places) or None,
        flag=photo.pick,
        color_label=photo.label,
        edited=photo.is_edited,
        media=("video",) if photo.is_video else ("photo", "raw") if photo.is_raw else ("photo",),
        exposure=Exposure(
            None if exposure.shutter_seconds is None else float(exposure.shutter_seconds),
            exposure.aperture,
            exposure.iso,
            exposure.focal_length_mm,
        ),
    )


def parts_of(photo: CatalogPhoto) -> Iterator[Part]:
    """Yield the files that belong to a photo; its original as well where it is not on this machine."""
    if photo.original is None:
        yield Part("missing original", photo.stored_path)
    for extension in photo.sidecar_extensions:
        name = f"{photo.base_name}.{extension}"
        yield Part(_role(extension), name, _beside(photo.original, name))


def facts_token(facts: Facts, parts: tuple[Part, ...], *others: object) -> str:
    """Return what changes when the facts, the parts or the others do."""
    stated = [pack_facts(facts), [(part.role, part.name, part.path and os.fspath(part.path)) for part in parts], others]
    return hashlib.blake2b(_ENCODER.encode(stated).encode("ascii"), digest_size=8).hexdigest()


def _role(extension: str) -> str:
    if extension.lower() in _JPEG_SUFFIXES:
        return "jpeg"
    return "raw" if is_camera_raw(f".{extension}") else "sidecar"


def _beside(original: Path | None, name: str) -> Path | None:
    if original is None or os.sep in name:
        return None
    try:
        path = original.with_name(name)
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None
