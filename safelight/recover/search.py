"""What lies in a folder that is searched: previews folders, catalogs, and previews that have lost their folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lrprev import LrprevError, read_or_salvage
from lrprev.folders import SMART_PREVIEWS_FOLDER_END, key_of_name, starts_with
from lrprev.layout import PREVIEWS_DB, ROOT_PIXELS_DB, SECTION_MAGIC
from safelight.errors import SafelightError
from safelight.recover.names import as_text

CATALOG_SUFFIX = ".lrcat"
PREVIEWS_FOLDER_END = " Previews.lrdata"
_PREVIEW_SUFFIXES = (".lrprev", ".lrfprev", ".lrmprev")
_OTHERS = (CATALOG_SUFFIX, ".xmp")


class Finds(NamedTuple):
    """What a folder holds, in the order of its folders' names.

    Attributes:
        previews: Folders of previews.
        smart: Folders of Smart Previews.
        strays: Previews outside of such a folder.
        catalogs: Catalogs.
    """

    previews: list[Path]
    smart: list[Path]
    strays: list[Path]
    catalogs: list[Path]


def search(folder: Path) -> Finds:
    """Search a folder; of a previews folder, nothing is looked at but that it is one.

    Raises:
        SafelightError: The folder itself cannot be read.
    """

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise SafelightError(f"{folder} cannot be read: {error.strerror}")

    finds = Finds([], [], [], [])
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        names.sort()
        here = Path(parent)
        for name in list(folders):
            if name.endswith(SMART_PREVIEWS_FOLDER_END):
                folders.remove(name)
                finds.smart.append(here / name)
            elif is_previews_folder(here / name):
                folders.remove(name)
                finds.previews.append(here / name)
        finds.strays.extend(here / name for name in names if _is_a_preview(here, name))
        finds.catalogs.extend(catalogs_of(here, names))
    return finds


def is_previews_folder(folder: Path) -> bool:
    """Tell a folder of previews by its name or its databases."""
    name = folder.name
    if name.endswith(PREVIEWS_FOLDER_END) and not name.endswith(SMART_PREVIEWS_FOLDER_END):
        return True
    return (folder / PREVIEWS_DB).is_file() or (folder / ROOT_PIXELS_DB).is_file()


def catalogs_of(folder: Path, names: list[str]) -> Iterator[Path]:
    """Yield the catalogs among the names of a folder."""
    for name in names:
        if name.lower().endswith(CATALOG_SUFFIX) and not name.startswith("."):  # "._X": left by macOS
            yield folder / name


def _is_a_preview(folder: Path, name: str) -> bool:
    """Tell a preview by its name or, as those who rescue deleted files name them anyhow, by its first bytes.

    Photos keep their names, and there may be very many: these are not looked into.
    """
    if key_of_name(name) is not None or name.lower().endswith(_PREVIEW_SUFFIXES):
        return True
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  # of every file of a disk
    if suffix in _OTHERS:
        return False
    from importers.formats import worth_a_look  # takes some milliseconds, and a Lightroom folder has no such file

    if worth_a_look(suffix):
        return False
    try:
        return starts_with(folder / name, (SECTION_MAGIC,))
    except OSError:
        return False


def key_of_file(path: Path) -> tuple[str, str]:
    """Tell which preview a file is, by its name or its header; one that has lost both goes by its name and content."""
    if key := key_of_name(path.name):
        return key
    try:
        pyramid = read_or_salvage(path).pyramid
    except (LrprevError, OSError):
        pyramid = None
    if pyramid and pyramid.uuid and pyramid.digest:
        return pyramid.uuid, pyramid.digest
    return as_text(path.stem), _digest_of(path)


def _digest_of(path: Path) -> str:
    """Tell files of one name apart: the first that Windows rescues into any of its folders is FILE0000.CHK."""
    import hashlib  # seldom needed, and slow to import

    try:
        if path.is_file():  # opening a pipe would wait for ever
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()[:32]
    except OSError:  # who reads it will tell
        pass
    return ""
