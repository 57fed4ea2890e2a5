"""The command line as a whole, and what becomes of errors."""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

import safelight
from safelight.cli import INTERRUPTED_LINE
from safelight.cli.common import ERROR, FOUND, INTERRUPTED, Commands, drop_output

_COMMANDS = {
    "index": "indexing",
    "search": "finding",
    "similar": "finding",
    "show": "finding",
    "compare": "comparing",
    "duplicates": "duplicating",
    "status": "indexing",
    "doctor": "indexing",
    "prune": "indexing",
    "recover": "recovering",
    "lightroom": "lightroom",
    "undo": "writing_back",
    "serve": "serving",
    "app": "serving",
    "stop": "serving",
    "service": "serving",
    "model": "choosing",
    "config": "choosing",
    "completion": "choosing",
}
"""The module that each command is in, under the same name."""


def main(on_interrupt: Any = None) -> NoReturn:
    """Run the command line; translate every error into one line and an exit code.

    Args:
        on_interrupt: What handles SIGINT from now on, as signal.getsignal gives it; None: what does.
    """
    sys.unraisablehook = _unraisable
    _mend_streams()
    try:
        if on_interrupt is not None:
            signal.signal(signal.SIGINT, on_interrupt)
        code = cli.main(prog_name="safelight", standalone_mode=False) or FOUND
        sys.stdout.flush()  # here, where what goes wrong can still be told
    except click.UsageError as error:
        error.show()  # with the usage
        code = ERROR
    except click.ClickException as error:
        click.echo(f"safelight: {error.format_message()}", err=True)
        code = ERROR
    except (KeyboardInterrupt, click.Abort) as error:
        code = INTERRUPTED
        if _is_interrupt(error):  # else a question was answered with no
            _say_interrupted(error)
    except BrokenPipeError:
        drop_output()
        code = FOUND
    except Exception as error:
        code = INTERRUPTED if _is_interrupt(error) else ERROR
        if code == INTERRUPTED:
            _say_interrupted(error)
        elif _is_ours(error):
            from safelight.draw import remark

            remark(f"safelight: {error}")
        elif said := _of_the_catalog(error):
            click.echo(f"safelight: {said}", err=True)
        elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
            drop_output()
            click.echo("safelight: the disk is full; make room and run it again, what is done is kept", err=True)
        elif isinstance(error, PermissionError) and error.filename:
            click.echo(f"safelight: no permission for {error.filename}; mend that, or name another place", err=True)
        else:
            import traceback

            # Python's own exit code would say "nothing found" to a script.
            traceback.print_exc()
            click.echo("safelight: this is a fault in Safelight; please report it with the lines above", err=True)
    if on_interrupt is not None:  # what is left is Python's own end, in which it would let the signal kill it
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(code))
    gc.freeze()  # else Python looks through all there is for loops before it ends: a tenth of a short command
    sys.exit(code)


def _say_interrupted(error: BaseException) -> None:
    begun = isinstance(error.__cause__, KeyboardInterrupt)  # the line, by click
    with suppress(OSError):
        os.write(2, INTERRUPTED_LINE.lstrip() if begun else INTERRUPTED_LINE)


def _is_interrupt(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C is behind an error; one that came while something was imported says that it cannot be."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _unraisable(raised: sys.UnraisableHookArgs) -> None:
    """End where Ctrl-C hit a place that cannot pass it on, and Python would print it and go on."""
    if issubclass(raised.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(raised)


def _mend_streams() -> None:
    """Have streams that take whatever is written: one may be closed (`>&-`), or its locale lack a name's letters."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # as long as we run
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _of_the_catalog(error: Exception) -> str | None:
    """Say what to do where SQLite cannot read on in an opened catalog; None: the error is another one."""
    import sqlite3

    from indexer.catalog import FILE_NAME
    from indexer.home import data_home

    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return None
    todo = "run `safelight doctor`; if it is damaged, move it away and index again, or take it from a backup"
    return f"cannot read the catalog {data_home() / FILE_NAME}: {error}; {todo}"


def _is_ours(error: Exception) -> bool:
    from importers.base import ImporterError
    from indexer.errors import IndexerError
    from safelight.errors import SafelightError

    return isinstance(error, ImporterError | IndexerError | SafelightError)


class _Lazily(Mapping[str, click.Command]):
    """The commands by name; a module is imported once one of its commands is asked for, as a run has need of one."""

    def __getitem__(self, name: str) -> click.Command:
        return getattr(import_module(f"safelight.cli.{_COMMANDS[name]}"), name)

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Commands(Commands):
    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a reader that goes away (`| head`) is its right, where click alone would call it a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            drop_output()
            raise click.exceptions.Exit(FOUND) from None


@click.group(
    cls=_Commands,
    commands=_Lazily(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(safelight.__version__, prog_name="safelight")
def cli() -> None:
    """Find your photos by meaning, where they already live.

    \b
    safelight index ~/Pictures          read your photos once (originals are never touched)
    safelight search "dog on a beach"   find them in words
    safelight similar IMG_1234.jpg      find photos that look like one

    Everything stays on this computer.
    """
