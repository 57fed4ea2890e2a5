"""serve, stop: the helper that keeps the model in memory."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import TYPE_CHECKING

import click

from safelight.cli.common import FOUND, NOTHING, settings

if TYPE_CHECKING:
    from safelight.server.access import Access
    from safelight.server.discovery import Helper


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="Listen here; else on 47824, or any free port."
)
def serve(port: int | None) -> None:
    """Run the helper that the page and the Lightroom plug-in talk to.

    It listens on this computer alone. Ctrl-C or `safelight stop` ends it.
    """
    from indexer.home import data_home
    from safelight import draw
    from safelight.server.serve import serve as run

    def on_ready(helper: Helper, access: Access) -> None:
        draw.remark(f"The helper answers at {helper.url}; `safelight stop` ends it.")

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    run(settings(), data_home(), port=port, on_ready=on_ready)


@click.command()
def stop() -> None:
    """Stop the helper; a job that runs goes on at the next start."""
    from indexer.home import data_home
    from safelight import draw
    from safelight.server import discovery

    helper = discovery.running(data_home())
    if helper is None:
        draw.say("No helper runs.")
        raise click.exceptions.Exit(NOTHING)
    os.kill(helper.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while discovery.running(data_home()) == helper:
        if time.monotonic() > deadline:
            raise click.ClickException(f"the helper, process {helper.pid}, does not end; try: kill -9 {helper.pid}")
        time.sleep(0.05)
    draw.say("The helper has ended.")
    raise click.exceptions.Exit(FOUND)
