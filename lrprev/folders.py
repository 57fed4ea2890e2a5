"""Where Lightroom keeps previews, and what file names say: they find a preview; its content says what it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lrprev.layout import PREVIEW_NAME, SMART_PREVIEW_NAME, TIFF_MAGICS

SMART_PREVIEWS_FOLDER_END = " Smart Previews.lrdata"
Key = tuple[str, str]  # (uuid, digest)


class SmartPreview(NamedTuple):
    """A Smart Preview: a lossy DNG of at most 2560 pixels, of the photo as it was before any edit."""

    uuid: str
    path: Path


def previews_folder(catalog: Path) -> Path:
    """Tell where Lightroom keeps the previews of a catalog; whether the folder exists is another matter."""
    return catalog.with_name(f"{catalog.stem} Previews.lrdata")


def smart_previews_folder(catalog: Path) -> Path:
    """Tell where Lightroom keeps the Smart Previews of a catalog; whether the folder exists is another matter."""
    return catalog.with_name(catalog.stem + SMART_PREVIEWS_FOLDER_END)


def home_of(folder: Path, uuid: str) -> Path:
    """Tell in which folder of a .lrdata Lightroom keeps what belongs to one photo file: U/UUUU."""
    return folder / uuid[0] / uuid[:4]


def files_of(folder: Path, uuid: str) -> dict[str, tuple[Path, ...]]:
    """Return the files of each preview of one photo file by digest, from where Lightroom keeps them and nowhere else.

    Args:
        folder: A `* Previews.lrdata` folder.
        uuid: AgLibraryFile.id_global, upper case.

    Raises:
        OSError: They cannot be listed.
    """
    files: dict[str, list[Path]] = {}
    home = home_of(folder, uuid)
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in sorted(os.listdir(home)):  # noqa: PTH208  # names are all that is asked for
            if name[: len(uuid)].upper() == uuid and (key := key_of_name(name)):
                files.setdefault(key[1], []).append(home / name)
    return {digest: tuple(paths) for digest, paths in files.items()}


def smart_previews(folder: Path, on_error: Callable[[OSError], object] | None = None) -> Iterator[SmartPreview]:
    """Yield each Smart Preview of a `* Smart Previews.lrdata` folder: named by a UUID, and a TIFF by content.

    Args:
        folder: The folder.
        on_error: Called for each folder that cannot be listed. A file that cannot be read is yielded by its name: who
            opens it will tell.
    """
    for parent, folders, names in os.walk(folder, onerror=on_error):
        folders.sort()
        for name in sorted(names):
            match = SMART_PREVIEW_NAME.fullmatch(name)
            path = Path(parent, name)
            if match and _may_start_with(path, TIFF_MAGICS):
                yield SmartPreview(match["uuid"].upper(), path)


def _may_start_with(path: Path, magics: tuple[bytes, ...]) -> bool:
    try:
        return starts_with(path, magics)
    except OSError:
        return True


def key_of_name(name: str) -> Key | None:
    """Tell which preview a file's name speaks of, in the old layout or the new."""
    match = PREVIEW_NAME.fullmatch(name)
    return (match["uuid"].upper(), match["digest"].lower()) if match else None


def starts_with(path: Path, magics: tuple[bytes, ...]) -> bool:
    """Tell whether a file's first four bytes are one of these.

    Raises:
        OSError: The file cannot be read.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        return False
    with path.open("rb", buffering=0) as stream:
        return stream.read(4) in magics
