"""argv -> service: the only place that prints or exits. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing takes long to load, in which Ctrl-C would end in a traceback
if TYPE_CHECKING:
    from typing import NoReturn

try:
    import signal

    from safelight.cli.loading import Loading
except KeyboardInterrupt:
    os._exit(130)


def main() -> NoReturn:
    """Run the command line; Ctrl-C while it is still being loaded ends it at once, as nothing is at work yet."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where a shell has it ignored, for what runs in the background
        signal.signal(signal.SIGINT, _end)
    with Loading():
        from safelight.cli import entry

    entry.main(before)


def _end(number: int, frame: object) -> None:
    os._exit(130)


__all__ = ["main"]
