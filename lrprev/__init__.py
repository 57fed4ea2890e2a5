"""Lightroom's preview files: bytes in, values out. Standard library only.

The way in: `Store` for a folder of previews, `read_or_salvage` for one file, `largest_whole` for its best picture.
Any bytes give a value or LrprevError.
"""

from __future__ import annotations

from lrprev.databases import CacheEntry
from lrprev.errors import LrprevError
from lrprev.folders import SmartPreview, files_of, home_of, previews_folder, smart_previews, smart_previews_folder
from lrprev.preview import Confidence, Level, Preview, read_preview
from lrprev.pyramid import LevelSize, Pyramid
from lrprev.readonly import open_readonly
from lrprev.salvage import Whole, largest_whole, read_or_salvage, salvage
from lrprev.store import State, Store, StoredPreview, read_files

__all__ = [
    "CacheEntry",
    "Confidence",
    "Level",
    "LevelSize",
    "LrprevError",
    "Preview",
    "Pyramid",
    "SmartPreview",
    "State",
    "Store",
    "StoredPreview",
    "Whole",
    "files_of",
    "home_of",
    "largest_whole",
    "open_readonly",
    "previews_folder",
    "read_files",
    "read_or_salvage",
    "read_preview",
    "salvage",
    "smart_previews",
    "smart_previews_folder",
]
