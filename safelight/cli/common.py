"""What several commands share: opening the library, exit codes, stopping, asking."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from indexer.events import Progress
    from safelight.config import Settings
    from safelight.helper_client import HelperClient
    from safelight.service import Library

FOUND, NOTHING, ERROR, INTERRUPTED = 0, 1, 2, 130
_SENTENCE = 200  # letters

model_option = click.option("--model", metavar="NAME", help="A name of `safelight model list`, or a model's folder.")
engine_option = click.option(
    "--engine", type=click.Choice(["auto", "mlx", "onnx"]), help="What runs the model; auto takes the faster one."
)
map_option = click.option(
    "--map", "moved", multiple=True, metavar="OLD=NEW", help="Folders that a catalog knows at OLD are at NEW."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


class Commands(click.Group):
    """A group that lists its commands with whole sentences, where click cuts them off at the end of a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(_SENTENCE)) for name, command in commands if command])


class NamedPath(click.Path):
    """A path that names something: the empty one, as a script's unset variable leaves it, would be where we are."""

    def __init__(self, path_type: type[Any] = str) -> None:
        super().__init__(readable=False, path_type=path_type)  # what cannot be read is said where it is read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty path before any work."""
        if not value:
            what = param.opts[0] if isinstance(param, click.Option) else "an argument"
            raise click.ClickException(f"{what} is empty; name a file or a folder (`.` is the current one)")
        return super().convert(value, param, ctx)


def only_one_format(flags: Mapping[str, Any]) -> None:
    """Refuse --json together with --paths or -0.

    Raises:
        UsageError: Both are asked for.
    """
    if flags["as_json"] and (flags["paths"] or flags["zero"]):
        raise click.UsageError("--json and --paths (or -0) are two ways to print; choose one")


def drop_output() -> None:
    """Let what was not written yet go nowhere, or Python would fail over it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def read_or_not(show: Callable[..., None]) -> Callable[..., None]:
    """Return what shows the same, and goes on silently once nobody reads it (`| head`): for work that is to be done."""

    def shown(*arguments: Any) -> None:
        try:
            show(*arguments)
        except BrokenPipeError:
            drop_output()

    return shown


def remark_on_files(lacking: int) -> None:
    """Say how many of the photos that are found have no path to print or to open, or none at this moment."""
    from safelight import draw

    if lacking:
        draw.remark(f"{lacking:,} of these {'has' if lacking == 1 else 'have'} no file on this computer now")


def moved_pairs(moved: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read what --map was given: (old, new) beginnings of paths."""
    pairs = [tuple(pair.split("=", 1)) for pair in moved]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise click.BadParameter("write OLD=NEW, for example D:/Photos=/Volumes/Photos", param_hint="--map")
    return tuple((old, new) for old, new in pairs)


@contextmanager
def open_library(*, reading: bool = False, **flags: Any) -> Generator[Library]:
    """Open the library; flags that were given win over the environment and config.toml.

    With `reading` it is opened where nothing can be written, too. What is read then counts once the library is closed,
    which fails where something wrote to it meanwhile: print before only what is too much to keep.
    """
    from safelight.service import Library

    with Library(settings(**flags), reading=reading) as library:
        yield library


def remark_on_keeping(library: Library) -> None:
    """Say where nothing, or not all, can be written that what was found out is found out anew the next time."""
    from indexer.home import why_unwritable
    from safelight import draw

    if library.not_kept:
        todo = "the page may not show it, and the next one may take as long"
        draw.remark(f"Not all of this look could be kept ({library.not_kept}): {todo}.")
    if library.catalog.keeps_nothing:
        why = why_unwritable(library.home) or f"{library.catalog.path} is write-protected"
        draw.remark(f"Nothing of this look could be kept ({why}): the next one takes as long.")


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
    from dataclasses import replace  # takes as long to import as all else here, and not every command needs it

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


def fetch_if_missing(library: Library, *, as_json: bool, yes: bool) -> None:
    """Download the model to use where it is not here; asks first, where somebody is there to answer."""
    from indexer.models.registry import STARTER

    name = library.model_name
    if name == STARTER or library.is_here(name) or Path(name).is_dir():
        return
    if not yes:
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
    """Ask before downloading a model; where nobody is there to answer, only --yes is one.

    Raises:
        ClickException: There is no terminal to ask on.
    """
    from indexer.models.registry import lookup

    info = lookup(name)
    size = f"is about {info.size_mb:,} MB to download" if info.size_mb else "is to be downloaded"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        todo = "--yes downloads it without asking; --model starter needs no download"
        raise click.ClickException(f"{name} ({info.repository}) {size}, and there is no terminal to ask on: {todo}")
    click.confirm(f"{name} ({info.repository}) {size}. Go on?", abort=True, err=True)


def open_files(paths: list[str]) -> None:
    """Open files in the system's viewer."""
    import subprocess

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    for path in paths:
        try:
            subprocess.run([opener, path], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise click.ClickException(f"cannot open pictures here: there is no `{opener}`") from None
