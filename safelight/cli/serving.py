"""serve, app, stop, service: the helper that keeps the model in memory, and its page in a window."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.common import FOUND, NOTHING, Commands, settings
from safelight.errors import SafelightError

if TYPE_CHECKING:
    from safelight.helper_client import HelperClient
    from safelight.server.access import Access
    from safelight.server.discovery import Helper

_START_S = 120.0
_STOP_S = 30.0
_LAST_S = 2.5  # after it was told to stop: what is still at work then is broken off


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="Listen here; else on 47824, or on any free port."
)
@click.option(
    "--open", "open_page", is_flag=True, help="Open the page in the browser, of a helper that runs already too."
)
@click.option("--background", is_flag=True, help="Go on in the background, and return once it answers.")
def serve(port: int | None, open_page: bool, background: bool) -> None:
    """Run the helper that the page and the Lightroom plug-in talk to.

    It listens on this computer alone. Ctrl-C or `safelight stop` ends it.

    \b
    safelight serve --open
    safelight serve --background
    """
    from indexer.home import data_home
    from safelight import draw
    from safelight.helper_client import find_helper
    from safelight.server.discovery import OPEN_OR_STOP

    home = data_home()
    if open_page and (client := find_helper(home)) is not None:
        _open(client)
        return
    if background:
        client = _start_in_background(home, port)
        draw.say(f"The helper answers at {client.helper.url}; {OPEN_OR_STOP}.")
        if open_page:
            _open(client)
        return
    import logging
    import threading

    from safelight.server.serve import serve as run

    def on_ready(helper: Helper, access: Access) -> None:
        draw.remark(f"The helper answers at {helper.url}; {OPEN_OR_STOP}.")
        if open_page:
            _show_page(f"{helper.url}/pair?code={access.new_code()}")

    def on_stop() -> None:
        last = threading.Timer(_LAST_S, os._exit, [FOUND])
        last.daemon = True
        last.start()

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    run(settings(), home, port=port, on_ready=on_ready, on_stop=on_stop)
    # What may still be in the model, or in a decoder, is done again at the next start; and to take all libraries apart
    # would take a second or two.
    logging.shutdown()
    os._exit(FOUND)


def _open(client: HelperClient) -> None:
    """Open the page, paired by a link that works once."""
    _show_page(client.ask("POST", "/api/v1/link")["url"])


def _show_page(link: str) -> None:
    """Open a link that pairs a browser; where none can be started, say it, for one that is elsewhere."""
    import webbrowser

    from safelight import draw

    if not webbrowser.open(link):
        draw.remark(f"No browser can be opened here. This link opens the page, once: {link}")


def _start_in_background(home: Path, port: int | None) -> HelperClient:
    """Start a helper that outlives this command and its terminal."""
    import subprocess

    from indexer.home import why_unwritable
    from safelight.errors import SafelightError
    from safelight.helper_client import find_helper

    if (client := find_helper(home)) is not None:
        raise SafelightError(client.helper.runs_already)
    log = home / "helper.log"
    command = [sys.executable, "-P", "-m", "safelight", "serve", *(["--port", str(port)] if port else [])]
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise SafelightError(f"cannot use the data folder {home}: {why_unwritable(home) or error.strerror}") from error
    with os.fdopen(descriptor, "ab") as output:
        before = output.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if (client := find_helper(home)) is not None:
            return client
        time.sleep(0.05)
    said = log.read_bytes()[before:].decode("utf-8", "replace").splitlines()
    why = said[-1].removeprefix("safelight: ") if said and process.poll() is not None else ""
    raise SafelightError(f"the helper does not start: {why or why_unwritable(home) or f'{log} says more'}")


@click.command()
def app() -> None:
    """Open the page in a window of its own; starts the helper where none runs.

    The helper goes on when the window is closed; `safelight stop` ends it.
    """
    from indexer.home import data_home
    from safelight import window
    from safelight.helper_client import find_helper

    window.check()
    home = data_home()
    client = find_helper(home) or _start_in_background(home, None)
    window.show(client.ask("POST", "/api/v1/link")["url"])


@click.command()
def stop() -> None:
    """Stop the helper; a job that runs goes on at the next start."""
    from indexer.home import data_home
    from indexer.lock import holder_of
    from safelight import draw

    home = data_home()
    # The lock is asked, not helper.json: after a crash the process that it names may be another program's.
    pid = holder_of(home / "helper.lock")
    if pid is None:
        draw.say("No helper runs.")
        raise click.exceptions.Exit(NOTHING)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while holder_of(home / "helper.lock") == pid:
        if time.monotonic() > deadline:
            raise SafelightError(f"the helper, process {pid}, does not end; try: kill -9 {pid}")
        time.sleep(0.05)
    draw.say("The helper has ended.")
    raise click.exceptions.Exit(FOUND)


@click.group(cls=Commands)
def service() -> None:
    """Start the helper when you log in."""


@service.command("install")
def service_install() -> None:
    """Start the helper now and at each login."""
    from indexer.home import data_home
    from safelight import autostart, draw

    wanted = autostart.service(data_home())
    autostart.install(wanted)
    draw.say(f"The helper starts at each login ({wanted.file}); it logs to {wanted.log_folder}.")


@service.command("remove")
def service_remove() -> None:
    """Start it no more, and end it."""
    from indexer.home import data_home
    from safelight import autostart, draw

    was_there = autostart.remove(autostart.service(data_home()))
    draw.say("The helper no longer starts at login." if was_there else "It was not installed.")


@service.command("status")
def service_status() -> None:
    """Tell whether the helper starts at login, and whether it runs."""
    from indexer.home import data_home
    from safelight import autostart, draw
    from safelight.helper_client import find_helper

    home = data_home()
    installed = autostart.is_installed(autostart.service(home))
    client = find_helper(home)
    draw.say("The helper starts at login." if installed else "The helper does not start at login.")
    draw.say(f"It runs: {client.helper.url}, {client.status['summary']}." if client else "It does not run now.")
    raise click.exceptions.Exit(FOUND if client else NOTHING)
