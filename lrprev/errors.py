"""The one error of this package: what was expected, what was found, and at which byte."""

from __future__ import annotations

_SHOWN_BYTES = 16


class LrprevError(Exception):
    """The bytes are not what the format asks for.

    Attributes:
        offset: The byte in the file (or in the database's file, 0) where the expectation broke.
        expected: What the format has there, in words.
        got: What is there instead, in words or as the first bytes found.
    """

    def __init__(self, offset: int, expected: str, got: object) -> None:
        self.offset = offset
        self.expected = expected
        self.got = _shown(got)
        super().__init__(offset, expected, self.got)

    def __str__(self) -> str:
        return f"at byte {self.offset}: expected {self.expected}, got {self.got}"


class NoLevelsError(LrprevError):
    """A container is sound, and has a header alone: its levels may be files of their own."""


def said(error: LrprevError | OSError) -> str:
    """Say what went wrong in words, without the system's number for it: "no such file or directory (a.lrprev)"."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    name = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror[:1].lower()}{error.strerror[1:]}{name}"


def _shown(got: object) -> str:
    if isinstance(got, bytes):
        return f"{got[:_SHOWN_BYTES]!r}{'...' if len(got) > _SHOWN_BYTES else ''}" if got else "the end of the data"
    return str(got)
