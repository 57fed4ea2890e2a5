"""Who may speak to the helper: programs that can read its token, and browsers that were paired with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from safelight.server.private_files import read_private, write_private

SESSIONS_FILE = "sessions.json"
CODE_LIFETIME_S = 120.0
_MOST_CODES = 8
_MOST_SESSIONS = 16


class Access:
    """The secrets of one helper.

    Attributes:
        token: For programs; a new one each start, written to helper.json.
        cookie: The name of the browser's cookie. Browsers share cookies between ports, so the port is in it.
    """

    def __init__(self, home: Path, port: int) -> None:
        self.port = port
        self.token = secrets.token_urlsafe(32)
        self.cookie = f"safelight_{port}"
        self._file = home / SESSIONS_FILE
        self._codes: dict[str, float] = {}
        self._lock = threading.Lock()
        # Kept over a restart, as hashes, so that an open page goes on where it was.
        self._sessions: list[str] = []
        with suppress(ValueError, TypeError):
            stored = json.loads(read_private(self._file) or "[]")
            self._sessions = [str(item) for item in stored][-_MOST_SESSIONS:]

    def permits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Tell whether a request brings the token, or the cookie of a paired browser; in constant time."""
        authorizations = [value for name, value in headers if name.lower() == b"authorization"]
        if len(authorizations) == 1:
            scheme, _, given = authorizations[0].partition(b" ")
            if scheme.lower() == b"bearer":
                return hmac.compare_digest(given.strip(), self.token.encode())
        cookies = [value for name, value in headers if name.lower() == b"cookie"]
        return any(self._knows_session(given) for given in _cookie_values(cookies, self.cookie.encode()))

    def _knows_session(self, given: bytes) -> bool:
        digest = _digest(given)
        return any(hmac.compare_digest(digest, known) for known in self._sessions)

    def new_code(self) -> str:
        """Make a code that pairs one browser, once, soon."""
        with self._lock:
            now = time.monotonic()
            self._codes = {code: until for code, until in self._codes.items() if until > now}
            while len(self._codes) >= _MOST_CODES:
                self._codes.pop(next(iter(self._codes)))
            code = secrets.token_urlsafe(24)
            self._codes[code] = now + CODE_LIFETIME_S
            return code

    def redeem(self, code: str) -> str | None:
        """Burn a code; returns the new session for the browser's cookie, None where the code is not good.

        Writes: sessions.json in our own data folder.
        """
        given = code.encode("utf-8", "replace")
        with self._lock:
            found = [known for known in self._codes if hmac.compare_digest(known.encode(), given)]
            if not found or self._codes.pop(found[0]) <= time.monotonic():
                return None
            session = secrets.token_urlsafe(32)
            self._sessions = [*self._sessions, _digest(session.encode())][-_MOST_SESSIONS:]
            with suppress(OSError):  # the browser is paired all the same, until the next start
                write_private(self._file, json.dumps(self._sessions))
            return session


def _digest(session: bytes) -> str:
    return hashlib.sha256(session).hexdigest()


def _cookie_values(headers: Iterable[bytes], name: bytes) -> list[bytes]:
    pairs = [pair.strip().partition(b"=") for header in headers for pair in header.split(b";")]
    return [value for key, _, value in pairs if key == name]
