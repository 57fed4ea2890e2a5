"""The bridge's error: a line for people, and a code by which the plug-in knows what to offer."""

from __future__ import annotations

from safelight.errors import SafelightError


class BridgeError(SafelightError):
    """A request of the plug-in that cannot be answered.

    Attributes:
        code: "bad_request", "wrong_version", "not_indexed", "no_place", "model_missing", "unknown", "too_many" or
            "stopping".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
