"""What several commands share: opening the library, exit codes, stopping, asking."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from indexer.events import Progress
    from safelight.config import Settings
    from safelight.helper_client import HelperClient
    from safelight.service import Library

FOUND, NOTHING, ERROR, INTERRUPTED = 0, 1, 2, 130

model_option = click.option("--model", metavar="NAME", help="A name of `safelight model list`, or a model's folder.")
map_option = click.option(
    "--map", "moved", multiple=True, metavar="OLD=NEW", help="Folders that a catalog knows at OLD are at NEW."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


def moved_pairs(moved: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read what --map was given: (old, new) beginnings of paths."""
    pairs = [tuple(pair.split("=", 1)) for pair in moved]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise click.BadParameter("write OLD=NEW, for example D:/Photos=/Volumes/Photos", param_hint="--map")
    return tuple((old, new) for old, new in pairs)


@contextmanager
def open_library(**flags: Any) -> Generator[Library]:
    """Open the library; flags that were given win over the environment and config.toml."""
    from safelight.service import Library

    with Library(settings(**flags)) as library:
        yield library


def helper_for(**flags: Any) -> HelperClient | None:
    """Find the helper, where one runs that has the model which is asked for; None: this process does it itself."""
    from indexer.home import data_home

    if not (data_home() / "helper.json").exists():
        return None  # told apart here, as most runs have no need of an HTTP client
    from safelight.helper_client import find_helper

    client = find_helper(data_home())
    if client is None:
        return None
    wanted = settings(**flags).model
    if wanted is not None and (folder := Path(wanted).expanduser()).is_dir():
        wanted = str(folder.absolute())
    return client if wanted in (None, client.status["model"]["name"]) else None


def settings(**flags: Any) -> Settings:
    """Read the settings; flags that were given win."""
    from safelight.config import load_settings

    return replace(load_settings(), **{key: value for key, value in flags.items() if value is not None})


@contextmanager
def stopping(stop: threading.Event) -> Generator[None]:
    """Let the first Ctrl-C or SIGTERM finish the batch at hand, and a second Ctrl-C end at once."""

    def first(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo("\nFinishing the batch at hand; what is done is kept. Ctrl-C again stops at once.", err=True)

    before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def fetch_if_missing(library: Library, *, as_json: bool) -> None:
    """Download the model to use where it is not here; asks first, where somebody is there to answer."""
    from indexer.models.registry import STARTER

    name = library.model_name
    if name == STARTER or library.is_here(name) or Path(name).is_dir():
        return
    ask_download(name)
    from indexer.models.download import fetch
    from safelight import draw

    with draw.Bar() as bar:
        show = draw.json_progress() if as_json else bar.show
        said = False

        def on_progress(event: Progress) -> None:
            nonlocal said
            if not said:
                said = True
                draw.remark(f"Downloading {name}, about {event.total // 1_000_000:,} MB, once.")
            show(event)

        fetch(name, home=library.home, on_progress=on_progress)


def ask_download(name: str) -> None:
    """Ask before downloading a model, where its size is known and somebody is there to answer."""
    from indexer.models.registry import lookup

    info = lookup(name)
    if info.size_mb and sys.stdin.isatty() and sys.stderr.isatty():
        question = f"{name} ({info.repository}) is about {info.size_mb:,} MB to download. Go on?"
        click.confirm(question, abort=True, err=True)


def open_files(paths: list[str]) -> None:
    """Open files in the system's viewer."""
    import subprocess

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    for path in paths:
        try:
            subprocess.run([opener, path], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise click.ClickException(f"cannot open pictures here: there is no `{opener}`") from None
