"""argv -> service: the only place that prints or exits. Nothing heavy is imported before a command needs it."""

from safelight.cli.entry import main

__all__ = ["main"]
