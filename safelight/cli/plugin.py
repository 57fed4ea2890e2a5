"""lightroom install, push, status, smart-collection: the plug-in for Lightroom Classic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from safelight.cli.common import FOUND, NOTHING, NamedPath, json_option, model_option, open_library
from safelight.cli.finding import WordsCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from safelight.bridge.question import Question

_ASKING: list[Callable[..., Any]] = [
    click.option("--since", metavar="DATE", help="Taken since: 2019, 2019-07, 2019-07-04, or an age: 30d, 2w, 6m, 1y."),
    click.option("--until", metavar="DATE", help="Taken until, that day, month or year included."),
    click.option("-n", "--limit", type=click.IntRange(min=1, max=2000), help="At most this many; else all that match."),
    click.option("--name", metavar="NAME", help="What the collection is called; else the words."),
]


def _with_asking(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_ASKING):
        command = option(command)
    return command


def _question(words: tuple[str, ...], flags: dict[str, Any]) -> Question:
    from indexer.filters import Filters
    from indexer.query import parse
    from safelight.bridge.question import Question

    typed = " ".join(f'"{word}"' if len(words) > 1 and " " in word else word for word in words)
    # What cannot be understood is said here and now, not minutes later in Lightroom.
    parse(typed)
    Filters(since=flags["since"], until=flags["until"])
    return Question.read({"words": typed, "since": flags["since"], "until": flags["until"], "limit": flags["limit"]})


@click.command()
@click.option("--path", type=NamedPath(Path), metavar="DIR", help="Into this folder, not Lightroom's own.")
def install(path: Path | None) -> None:
    """Put the plug-in where Lightroom looks for it; restart Lightroom afterwards.

    \b
    safelight lightroom install
    """
    from indexer.home import data_home
    from safelight import draw
    from safelight.bridge import install as plugin

    done = plugin.install(data_home(), path)
    draw.say(f"The plug-in {done.version} is in {done.folder}.")
    if path is None:
        draw.remark("Restart Lightroom Classic; the commands are in Library > Plug-in Extras.")
    else:
        draw.remark("In Lightroom Classic choose File > Plug-in Manager > Add, and choose that folder.")


@click.command(cls=WordsCommand)
@click.argument("words", nargs=-1, required=True)
@_with_asking
@click.option("--smart", is_flag=True, help="A smart collection that follows as photos are indexed.")
def push(words: tuple[str, ...], smart: bool, **flags: Any) -> None:
    """Queue a collection for Lightroom: the plug-in makes it as soon as Lightroom runs.

    \b
    safelight lightroom push "a dog in snow"
    safelight lightroom push "a dog in snow" --smart --name "Snow dogs"
    """
    from safelight import draw
    from safelight.bridge import Bridge
    from safelight.bridge.matching import check

    question = _question(words, flags)
    check(question)
    name = flags["name"] or " ".join(words)
    with open_library() as library, Bridge(library) as bridge:
        if not smart:  # one that follows may be there before the photos
            library.refuse_emptiness()
        bridge.push(name, question, {} if smart else None)
        alive = next((plugin for plugin in bridge.actions.plugins() if plugin.alive), None)
    draw.say(f"Queued: {name}")
    if alive is not None:
        draw.remark(f"Lightroom is there, with {Path(alive.path).name}; it asks within a minute and shows a preview.")
    else:
        draw.remark("No Lightroom with our plug-in has asked lately; it is done when it does, and the helper runs.")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show which catalogs have our plug-in, the living collections, and what is queued."""
    from safelight import draw
    from safelight.bridge import Bridge

    with open_library() as library, Bridge(library) as bridge:
        plugins, queries, actions = bridge.actions.plugins(), bridge.queries.list(), bridge.actions.list()
    draw.lightroom(plugins, queries, actions, as_json)
    raise click.exceptions.Exit(FOUND if plugins else NOTHING)


@click.command("smart-collection", cls=WordsCommand)
@click.argument("words", nargs=-1, required=True)
@_with_asking
@click.option("-o", "--output", type=NamedPath(Path), required=True, metavar="FILE", help="An .lrsmcol file.")
@model_option
def smart_collection(words: tuple[str, ...], output: Path, model: str | None, **flags: Any) -> None:
    """Write a smart collection that Lightroom imports without the plug-in.

    It holds the photos that match now, by their file names, and does not follow. In Lightroom right-click the
    Collections panel and choose Import Smart Collection Settings.

    \b
    safelight lightroom smart-collection "a dog in snow" -o dogs.lrsmcol
    """
    from indexer.home import why_not_written
    from safelight import draw
    from safelight.bridge.matching import find
    from safelight.bridge.smart_file import MAX_RULES, smart_collection
    from safelight.recover.files import write_whole

    if output.suffix.lower() != ".lrsmcol":
        raise click.UsageError("Lightroom imports only files whose name ends in .lrsmcol: -o dogs.lrsmcol")
    with open_library(reading=True, model=model) as library:
        found = find(library, _question(words, flags), "")
    paths = [match.path for match in found.photos if match.path is not None]
    if not paths:
        draw.remark(found.reason or "the photos that match have no files on this computer")
        raise click.exceptions.Exit(NOTHING)
    if len(paths) > MAX_RULES:
        raise click.ClickException(f"{len(paths):,} photos match; Lightroom takes {MAX_RULES:,}: add -n, or more words")
    try:
        write_whole(output, [smart_collection(flags["name"] or " ".join(words), paths)])
    except OSError as error:
        why = why_not_written(output, error)
        raise click.ClickException(f"cannot write {output}: {why}; name another place with -o") from error
    draw.say(f"{output}: {len(paths):,} photos")
