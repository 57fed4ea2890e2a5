"""argv -> service: the only place that prints or exits. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing takes long to load, in which Ctrl-C would end in a traceback
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED_LINE = b"\nsafelight: interrupted\n"
"""What Ctrl-C leaves behind: on a line of its own, as terminals write ^C where they are."""


def _end(number: int = 0, frame: object = None) -> NoReturn:
    try:
        os.write(2, INTERRUPTED_LINE)
    finally:
        os._exit(130)


try:
    import signal

    from safelight.cli.loading import Loading
except KeyboardInterrupt:
    _end()


def main() -> NoReturn:
    """Run the command line; Ctrl-C while it is still being loaded ends it at once, as nothing is at work yet."""
    try:
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler:  # not where a shell has it ignored, for what runs in the background
            signal.signal(signal.SIGINT, _end)
    except KeyboardInterrupt:
        _end()
    with Loading():
        from safelight.cli import entry

    entry.main(before)


__all__ = ["main"]
