"""The command line as a whole, and what becomes of errors."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

import click

import safelight
from safelight.cli import (
    choosing,
    comparing,
    duplicating,
    finding,
    indexing,
    lightroom,
    plugin,
    recovering,
    serving,
    writing_back,
)
from safelight.cli.common import ERROR, FOUND, INTERRUPTED


def main() -> NoReturn:
    """Run the command line; translate every error into one line and an exit code."""
    try:
        code = cli.main(prog_name="safelight", standalone_mode=False) or FOUND
        sys.stdout.flush()  # here, where what goes wrong can still be told
    except click.ClickException as error:
        error.show()
        code = ERROR
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        code = FOUND
    except Exception as error:
        code = ERROR
        if _is_ours(error):
            click.echo(f"safelight: {error}", err=True)
        elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _drop_output()
            click.echo("safelight: the disk is full; make room and run it again, what is done is kept", err=True)
        else:
            import traceback

            # Python's own exit code would say "nothing found" to a script.
            traceback.print_exc()
            click.echo("safelight: this is a fault in Safelight; please report it with the lines above", err=True)
    sys.exit(code)


def _drop_output() -> None:
    """Let what was not written yet go nowhere, or Python would fail over it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_ours(error: Exception) -> bool:
    from importers.base import ImporterError
    from indexer.errors import IndexerError
    from safelight.errors import SafelightError

    return isinstance(error, ImporterError | IndexerError | SafelightError)


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a reader that goes away (`| head`) is its right, where click alone would call it a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_output()
            raise click.exceptions.Exit(FOUND) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(safelight.__version__, prog_name="safelight")
def cli() -> None:
    """Find your photos by meaning, where they already live.

    \b
    safelight index ~/Pictures          read your photos once (originals are never touched)
    safelight search "dog on a beach"   find them in words
    safelight similar IMG_1234.jpg      find photos that look like one

    Everything stays on this computer.
    """


for command in (
    indexing.index,
    finding.search,
    finding.similar,
    finding.show,
    comparing.compare,
    duplicating.duplicates,
    indexing.status,
    indexing.doctor,
    indexing.prune,
    recovering.recover,
    lightroom.lightroom,
    writing_back.undo,
    serving.serve,
    serving.app,
    serving.stop,
    serving.service,
    choosing.model,
    choosing.config,
    choosing.completion,
):
    cli.add_command(command)

for command in (plugin.install, plugin.push, plugin.status, plugin.smart_collection):
    lightroom.lightroom.add_command(command)
