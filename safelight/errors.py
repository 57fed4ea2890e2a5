"""The one error base of the application."""


class SafelightError(Exception):
    """Something the user can act on; the message says what was wrong, where, and what to do next, in one line."""
