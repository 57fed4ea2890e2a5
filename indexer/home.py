"""Where Safelight keeps what is its own."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def data_home() -> Path:
    """Return the data folder, which need not exist yet."""
    if home := os.environ.get("SAFELIGHT_HOME"):
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("safelight", appauthor=False))


def nothing_indexed() -> str:
    """Say that nothing is indexed yet, and where, if the data folder is not the usual one: its drive may be away."""
    where = f" in {data_home()}" if os.environ.get("SAFELIGHT_HOME") else ""
    return f"nothing is indexed yet{where}; start with: safelight index ~/Pictures --model starter"


_LEAST_FREE_BYTES = 64 * 1024
"""SQLite needs 32 kB beside the catalog to open it at all."""


def there_of(home: Path) -> Path:
    """Return the data folder, or where it is not made yet the folder that it is going to be made in."""
    return next(folder for folder in (home, *home.parents) if os.access(folder, os.F_OK))


def is_write_protected(place: Path) -> bool:
    """Tell whether the disk that a place is on can only be read, which no permission would help."""
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def why_unwritable(home: Path) -> str | None:
    """Say why nothing can be written into the data folder, there or to be made; None: something can."""
    there = there_of(home)
    if not there.is_dir():
        return f"{there} is a file, not a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        if is_write_protected(there):
            return f"the disk of {there} is write-protected"
        return f"no permission to write into {there}"
    space = os.statvfs(there)
    return f"the disk of {there} is full" if space.f_bavail * space.f_frsize < _LEAST_FREE_BYTES else None


def why_not_written(file: Path, error: OSError) -> str:
    """Say in our words why a file could not be written."""
    folder = file.parent
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the disk of {folder} is full"
        case errno.EROFS:
            return f"the disk of {folder} is write-protected"
        case errno.EACCES | errno.EPERM:
            return f"no permission to write into {folder}"
        case errno.ENOENT:
            return f"there is no folder {folder}"
        case errno.ENOTDIR | errno.EEXIST:
            return f"{folder} is no folder"
        case errno.EISDIR:
            return f"{file} is a folder"
        case _:
            return (error.strerror or str(error)).lower()
