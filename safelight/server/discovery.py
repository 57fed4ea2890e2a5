"""How others find the helper: helper.json in the data folder, readable by this user alone.

Light, because every command asks for it first.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from safelight.server.private_files import read_private, write_private

FILE_NAME = "helper.json"
API_VERSION = 1
OPEN_OR_STOP = "`safelight serve --open` opens its page, `safelight stop` ends it"


@dataclass(frozen=True, slots=True)
class Helper:
    """A running helper.

    Attributes:
        token: Goes with each request: Authorization: Bearer.
        version: Of Safelight.
        api: The number in the paths: /api/v1.
        started: When, ISO 8601, UTC.
    """

    port: int
    token: str
    pid: int
    version: str
    api: int
    started: str

    @property
    def url(self) -> str:
        """Where it listens. Never "localhost": [::1] may be another program's, and the token is not for it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs_already(self) -> str:
        """What to say to who would start another."""
        return f"the helper runs already: process {self.pid}, version {self.version}, {self.url}; {OPEN_OR_STOP}"


def announce(home: Path, helper: Helper) -> None:
    """Write helper.json.

    Writes: our own data folder.
    """
    write_private(home / FILE_NAME, json.dumps({**asdict(helper), "url": helper.url}))


def withdraw(home: Path, helper: Helper) -> None:
    """Remove helper.json, where it is still this helper's.

    Writes: our own data folder.
    """
    if read(home) == helper:
        (home / FILE_NAME).unlink(missing_ok=True)


def read(home: Path) -> Helper | None:
    """Read helper.json; None where there is none, or one that is not to be trusted."""
    text = read_private(home / FILE_NAME)
    try:
        stored = json.loads(text or "null")
        helper = Helper(**{name: stored[name] for name in Helper.__slots__})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_sound = (
        all(type(number) is int for number in (helper.port, helper.pid, helper.api))
        and 0 < helper.port < 65536
        and helper.pid > 0
        and all(type(text) is str for text in (helper.token, helper.version, helper.started))
        and helper.token.isascii()
        and helper.token.isprintable()
    )
    return helper if is_sound else None


def running(home: Path) -> Helper | None:
    """Return the helper whose process is alive, as far as helper.json says; it may still not answer."""
    helper = read(home)
    return helper if helper is not None and _is_alive(helper.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return False  # somebody else's process: helper.json is ours, so it is not the helper
    return True
