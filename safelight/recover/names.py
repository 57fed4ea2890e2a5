"""Under which name a recovered photo goes: pure functions on what the catalog says.

A JPEG original keeps its own name, `IMG_1.JPG`; any other gets `.jpg` behind its extension, `IMG_1.CR2.jpg`. So a
RAW+JPEG pair stays two files, and what a file once was can be read off its name. A name is one that Windows, macOS and
Linux all take: the recovered folder will be carried from disk to disk.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from importers.lightroom import CatalogPhoto
from lrprev import StoredPreview

ORPHANS = "orphans"
UNDATED = "undated"
_JPEG_ENDS = (".jpg", ".jpeg", ".jpe")
_DIGEST_SHOWN = 6
_MAX_COMPONENT_BYTES = 230  # 255 are allowed; a number and a temporary name's ending must still fit
_MAX_SUFFIX_BYTES = 40
_MAX_FOLDER_BYTES = 600  # macOS allows 1,024 for a whole path, OUT included
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\/]')
_RESERVED = r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\s*\..*)?"  # seldom needed
_RESERVED_STARTS = ("con", "prn", "aux", "nul", "com", "lpt")
_DRIVE = re.compile(r"([A-Za-z]):")


class Layout(StrEnum):
    """How the recovered photos lie under the output folder."""

    MIRROR = "mirror"  # as the originals lay on their own disk
    FLAT = "flat"
    BY_DATE = "by date"  # 2019/2019-07-04


class Name(NamedTuple):
    """A file's place under the output folder, in parts, so that a number can go between stem and suffix.

    Attributes:
        folder: With forward slashes, without one at the end; empty for the output folder itself.
        stem: "IMG_1".
        suffix: ".CR2.jpg".
    """

    folder: str
    stem: str
    suffix: str

    def path(self, number: int = 1) -> str:
        """Return the relative path; from 2 on, the number makes it another one."""
        stem = self.stem if number == 1 else f"{self.stem} ({number})"
        return f"{self.folder}/{stem}{self.suffix}" if self.folder else stem + self.suffix


def name_of(photo: CatalogPhoto, layout: Layout, stale_digest: str | None = None) -> Name:
    """Name a photo of the catalog.

    Args:
        photo: The photo.
        layout: How folders are made.
        stale_digest: Of the older render that is named; None for the current preview.
    """
    notes = [photo.copy_name or "copy"] if photo.is_virtual_copy else []
    notes += [f"older render {stale_digest[:_DIGEST_SHOWN]}"] if stale_digest else []
    stem = photo.base_name + "".join(f" ({note})" for note in notes)
    return _name(_folder(photo, layout), stem, suffix_of(photo.extension))


def name_of_other_render(name: Name, digest: str) -> Name:
    """Name the render of a photo that another catalog shows: "IMG_1 (other render 0c60f5).CR2.jpg"."""
    return _name(name.folder, f"{name.stem} (other render {digest[:_DIGEST_SHOWN]})", name.suffix)


def name_of_smart_preview(photo: CatalogPhoto, layout: Layout) -> Name:
    """Name the Smart Preview of a photo, which is a DNG: "IMG_1 (Smart Preview).CR2.dng"."""
    suffix = f".{photo.extension}.dng" if photo.extension else ".dng"
    return _name(_folder(photo, layout), f"{photo.base_name} (Smart Preview)", suffix)


def name_of_developed(photo: CatalogPhoto, layout: Layout) -> Name:
    """Name the JPEG of a Smart Preview: "IMG_1 (Smart Preview).CR2.jpg"."""
    return _name(_folder(photo, layout), f"{photo.base_name} (Smart Preview)", suffix_of(photo.extension))


def name_of_orphan(stored: StoredPreview) -> Name:
    """Name a preview that no photo of a catalog claims."""
    return _name(ORPHANS, stored.uuid, ".jpg")  # of a preview that has lost all, what its file is called


def name_of_orphan_smart_preview(uuid: str) -> Name:
    """Name a Smart Preview that no photo of a catalog claims."""
    return Name(ORPHANS, uuid, ".dng")


def name_of_orphan_developed(uuid: str) -> Name:
    """Name the JPEG of such a Smart Preview."""
    return Name(ORPHANS, f"{uuid} (Smart Preview)", ".jpg")


def as_text(name: str) -> str:
    """Return a file's name as text that can be kept: bytes of it that are none come as escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def suffix_of(extension: str) -> str:
    """Return the recovered file's suffix: ".JPG" stays, "CR2" becomes ".CR2.jpg"."""
    if f".{extension.lower()}" in _JPEG_ENDS:
        return f".{extension}"
    return f".{extension}.jpg" if extension else ".jpg"


def same_file_key(path: str) -> str:
    """Return what two paths have in common where a file system ignores case and Unicode's forms."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _folder(photo: CatalogPhoto, layout: Layout) -> str:
    if layout is Layout.FLAT:
        return ""
    if layout is Layout.BY_DATE:
        return f"{photo.taken_at:%Y/%Y-%m-%d}" if photo.taken_at else UNDATED
    return _mirrored(photo.root_path + photo.folder_path)


@lru_cache(maxsize=256)  # photos come folder by folder, more or less
def _mirrored(path: str) -> str:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if parts and (drive := _DRIVE.fullmatch(parts[0])):
        parts[0] = drive[1].upper()
    folders = [_folder_name(part) for part in parts]
    while len("/".join(folders).encode()) > _MAX_FOLDER_BYTES:
        folders.pop(0)
    return "/".join(folders)


def _name(folder: str, stem: str, suffix: str) -> Name:
    suffix = _allowed(suffix)
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ".jpg"
    stem = _cut(_allowed(stem), _MAX_COMPONENT_BYTES - len(suffix.encode())) or "_"
    return Name(folder, f"_{stem}" if _is_reserved(stem + suffix) else stem, suffix)


def _folder_name(part: str) -> str:
    """Turn one part of a path into a folder's name; Windows drops dots and spaces at its end, so they go."""
    name = _cut(_allowed(part), _MAX_COMPONENT_BYTES).rstrip(". ") or "_"
    name += "_" if name.lower().endswith(_JPEG_ENDS) else ""  # so that no folder has the name of a recovered file
    return f"_{name}" if _is_reserved(name) else name


def _allowed(text: str) -> str:
    """Replace the characters that some file system forbids, and half characters, which become a "?" first."""
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return _FORBIDDEN.sub("_", whole)


def _is_reserved(name: str) -> bool:
    """Tell whether a name is a device's to Windows."""
    return name[:3].lower() in _RESERVED_STARTS and bool(re.fullmatch(_RESERVED, name, re.IGNORECASE))


def _cut(text: str, limit_bytes: int) -> str:
    return text.encode()[:limit_bytes].decode("utf-8", "ignore")
