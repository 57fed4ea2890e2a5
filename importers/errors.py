"""The one error of the importers."""

from __future__ import annotations


class ImporterError(Exception):
    """A source cannot be read; the message says what, where and what to do next, in one line."""


class DamagedError(ImporterError):
    """A database is there but is damaged, or not what its name says: it will not get better by trying again."""
