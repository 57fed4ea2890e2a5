"""Which catalog the user lets us read: said by the plug-in in a file in our data folder, never in a request.

Whoever holds the helper's token, or has got into a page that is paired with it, could else have any file opened. The
file is made by us, empty and for this user alone; who can write into it could as well type `safelight index`.
See docs/decisions/0005-index-from-lightroom.md.
"""

from __future__ import annotations

from pathlib import Path

from safelight.server.private_files import read_private, write_private

FILE_NAME = "lightroom-catalog.txt"


def invite(home: Path) -> None:
    """Make the file, or empty it.

    Writes: our own data folder.
    """
    write_private(home / FILE_NAME, "")


def said(home: Path) -> str:
    """Return the path that was written into the file; "" where none was, or where others could have written it."""
    return (read_private(home / FILE_NAME) or "").strip("\r\n")
