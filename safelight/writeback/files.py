"""Replacing a file whole or not at all, in its own folder, so that a kill or a power cut leaves the old or the new."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from safelight.errors import SafelightError

MAX_BYTES = 16 * 1024 * 1024
"""The largest file that is changed; sidecars are some kilobytes, with painted masks some megabytes."""


# How file systems say that a file can have but one name.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class NotOursError(SafelightError):
    """A file is in a state in which it must not be written; the message says why, in half a sentence."""


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content, hex."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> bytes | None:
    """Return a file's content; None where there is none.

    Raises:
        NotOursError: It is no ordinary file, or far too large.
        OSError: It cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise NotOursError("it is a link that leads nowhere") from None
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise NotOursError("it is a folder, a pipe or a device, not a file")
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if status.st_size > MAX_BYTES:
            raise NotOursError(f"it is {status.st_size / 1e6:,.0f} MB long")
        return file.read()


def check_unprotected(path: Path) -> None:
    """Respect a file's write protection, which putting another in its place would get round.

    Raises:
        NotOursError: Nobody may write to it.
        OSError: It cannot be looked at.
    """
    if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise NotOursError("it is write-protected")


def replace(path: Path, content: bytes, expected: str | None, temporary: str) -> None:
    """Put a content in a file's place; mode, owner and extended attributes stay. A link's target is replaced.

    Args:
        path: The file.
        content: The new one.
        expected: Its digest now; None where there is to be none. Looked at last thing before the new one is put there.
        temporary: The name of the file that is written first, in the same folder.

    The content is durable at once, its name once sync_folder() was called: a power cut before leaves the old file.

    Raises:
        NotOursError: It is another file than expected; nothing was changed.
        OSError: It cannot be written; nothing was changed.

    Writes: the file.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(temporary)
    try:
        _write(part, content, target if expected is not None else None)
        _check(target, expected)
        if expected is None:
            os.link(part, target)  # fails where a file has appeared meanwhile; a rename would replace it
            part.unlink()
        else:
            part.replace(target)
    except FileExistsError as error:
        raise NotOursError("a file of this name has appeared meanwhile") from error
    except OSError as error:
        if expected is not None or not part.exists() or error.errno not in _NO_LINKS:
            raise
        part.replace(target)  # on exFAT and many network drives a rename has to do
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def remove(path: Path, expected: str) -> None:
    """Remove a file that was made by us.

    Raises:
        NotOursError: It is another file than expected.
        OSError: It cannot be removed.

    Writes: the folder.
    """
    target = Path(os.path.realpath(path))
    _check(target, expected)
    target.unlink()


def sweep(path: Path, temporary: str) -> bool:
    """Remove what a killed run left beside a file; tell whether there was anything.

    Writes: the folder.
    """
    left = Path(os.path.realpath(path)).with_name(temporary)
    try:
        left.unlink()
    except OSError:
        return False
    return True


def _write(part: Path, content: bytes, like: Path | None) -> None:
    """Write a file durably, as another one is, where there is one."""
    part.unlink(missing_ok=True)
    copied = like is not None and not hasattr(os, "listxattr")
    if copied:  # macOS: Python cannot copy attributes and access lists, its cp can
        subprocess.run(["cp", "-p", str(like), str(part)], check=False, stderr=subprocess.DEVNULL)
    with part.open("wb" if copied else "xb") as file:
        file.write(content)
        file.flush()
        if like is not None:
            status = like.stat()
            with suppress(OSError):  # another's file: only the superuser can give it back
                os.chown(part, status.st_uid, status.st_gid)
            shutil.copymode(like, part)
            _copy_attributes(like, part)
        os.fsync(file.fileno())


def _copy_attributes(source: Path, target: Path) -> None:
    """Copy extended attributes, as far as the file system lets us: labels, tags, access lists."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


def _check(target: Path, expected: str | None) -> None:
    now = read(target)
    if (None if now is None else digest(now)) != expected:
        raise NotOursError("it has been changed meanwhile")
