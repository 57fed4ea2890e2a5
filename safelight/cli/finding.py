"""search, similar, show: finding photos and looking at them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from safelight.cli.common import (
    FOUND,
    NOTHING,
    NamedPath,
    engine_option,
    helper_for,
    json_option,
    model_option,
    only_one_format,
    open_files,
    open_library,
    remark_on_files,
    settings,
)

if TYPE_CHECKING:
    from indexer.query import Query
    from indexer.search import Answer, Found

_FILTERS: list[Callable[..., Any]] = [
    click.option("--since", metavar="DATE", help="Taken since: 2019, 2019-07, 2019-07-04, or an age: 30d, 2w, 6m, 1y."),
    click.option("--until", metavar="DATE", help="Taken until, that day, month or year included."),
    click.option("--source", multiple=True, metavar="KIND", help="From: folder, photos, lightroom, takeout."),
    click.option("--folder", multiple=True, metavar="DIR", help="In this folder or library; a path or a bare name."),
    click.option("--camera", multiple=True, metavar="TEXT", help='Camera name contains: "canon 5d".'),
    click.option("--near", metavar="LAT,LON,KM", help="Taken within KM of a place: 48.86,2.35,10."),
    click.option("--place", multiple=True, metavar="TEXT", help="The place's name contains: iceland."),
    click.option("--text", multiple=True, metavar="TEXT", help="Title and caption contain: birthday."),
    click.option("--format", multiple=True, metavar="NAME", help="File format: jpeg, heic, raw..."),
    click.option("--person", multiple=True, metavar="NAME", help="This person is in it."),
    click.option("--album", multiple=True, metavar="NAME", help="In this album or collection; Folder/Album also."),
    click.option("--keyword", multiple=True, metavar="NAME", help="With this keyword, or one that lies under it."),
    click.option("--label", multiple=True, metavar="NAME", help="Apple Photos recognised this: Beach."),
    click.option("--media", multiple=True, metavar="KIND", help="photo, video, live, panorama, screenshot, raw..."),
    click.option("--favorite", "--favourite", is_flag=True, help="Only favourites."),
    click.option("--rating", type=click.IntRange(0, 5), metavar="N", help="With N stars or more."),
    click.option("-n", "--limit", type=click.IntRange(min=1), help="Show this many."),
    click.option("--paths", is_flag=True, help="Print file paths only."),
    click.option("-0", "zero", is_flag=True, help="Paths only, each ended with a NUL, for xargs -0."),
    click.option("--open", "open_them", is_flag=True, help="Open what is found in the system's viewer."),
    model_option,
    engine_option,
    json_option,
]


def _with_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


class WordsCommand(click.Command):
    """A command whose words may begin with a minus: -beach is "no beach", not the options -b -e -a -c -h."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, with the hyphen of such words turned into a minus sign, which query.parse reads."""
        options = [option for option in self.params if isinstance(option, click.Option)]
        takes_value = {name for option in options if not option.is_flag for name in option.opts}
        letters = "h" + "".join(name[1] for option in options for name in option.opts if len(name) == 2)
        words_only = False
        for at, argument in enumerate(args):
            words_only = words_only or argument == "--"
            is_value = at > 0 and args[at - 1] in takes_value
            if not words_only and not is_value and re.match(rf"-(?!-|[{letters}]$|n\d+$)", argument):
                args[at] = "\u2212" + argument[1:]  # by number: to compile a name takes a module, which Ctrl-C may hit
        return super().parse_args(ctx, args)


@click.command(cls=WordsCommand)
@click.argument("words", nargs=-1)
@click.option(
    "--like", multiple=True, metavar="FILE", type=NamedPath(), help="Also like this picture (a file or an id)."
)
@click.option("--unlike", multiple=True, metavar="FILE", type=NamedPath(), help="Unlike this picture.")
@click.option("--all", "show_all", is_flag=True, help="Show what is nearest, even where nothing is like it.")
@_with_filters
def search(words: tuple[str, ...], like: tuple[str, ...], unlike: tuple[str, ...], **flags: Any) -> None:
    """Find photos in words; + and - add and take away. Filters without words list the newest photos that pass.

    Exit code 0: found; 1: nothing like it here; 2: error.

    \b
    safelight search "children playing in snow"
    safelight search dog -beach --since 2019 -n 20
    safelight search --favorite --since 1y
    safelight search "wedding cake" --paths -0 | xargs -0 open
    """
    from indexer.query import parse

    only_one_format(flags)
    if not (words or like or unlike) and any(flags[name] for name in _FILTER_FLAGS):
        _list(flags)
    _answer(parse(words, like, unlike), flags)


@click.command()
@click.argument("target", metavar="FILE|ID", type=NamedPath())
@_with_filters
def similar(target: str, **flags: Any) -> None:
    """Find photos that look like a picture: a file, or the id of a photo.

    \b
    safelight similar ~/Desktop/IMG_1234.jpg
    """
    from indexer.query import Query, Term

    only_one_format(flags)
    _answer(Query((Term(target, is_picture=True),)), flags)


_FILTER_FLAGS = (
    *("since", "until", "source", "folder", "camera", "near", "place", "text", "format"),
    *("person", "album", "keyword", "label", "media", "favorite", "rating"),
)
_QUERY_FLAGS = (*_FILTER_FLAGS, "limit", "show_all")


def _list(flags: dict[str, Any]) -> NoReturn:
    """List what passes the filters; nothing is compared, so that no model and no helper is needed."""
    from indexer.filters import Filters
    from indexer.newest import newest
    from indexer.no_match import why_none_passes
    from safelight.at_hand import looked_at

    how = _query_flags(flags)
    limit = how.pop("limit", None) or settings().results
    how.pop("show_all", None)
    filters = Filters(**how)
    with open_library(reading=True) as library:
        library.refuse_emptiness()
        found = looked_at(newest(library.catalog, filters, limit))
        reason = "" if found else why_none_passes(library.catalog.db, filters)
    _show(found, reason, flags)


def _answer(query: Query, flags: dict[str, Any]) -> NoReturn:
    """Answer through the helper where one runs, which has an engine of its own, else with the model loaded here."""
    model, engine = flags.pop("model"), flags.pop("engine")
    how = _query_flags(flags)
    limit = how.pop("limit", None) or settings().results
    if engine is None and (client := helper_for(model=model)) is not None:
        from safelight import remote

        answer = remote.search(client, query, limit=limit, **how)
        _show(answer.hits, _reason(answer), flags)
    from indexer.filters import Filters
    from safelight.at_hand import looked_at

    show_all = how.pop("show_all", False)
    with open_library(reading=True, model=model, engine=engine) as library:
        answer = library.find(query, Filters(**how), limit, show_all=show_all)
    _show(looked_at(answer.hits), _reason(answer), flags)


def _reason(answer: Answer) -> str:
    return f"{answer.reason}, --all shows more" if answer.nearest and answer.reason else answer.reason


def _query_flags(flags: dict[str, Any]) -> dict[str, Any]:
    how = {name: flags.pop(name) for name in _QUERY_FLAGS if name in flags}
    # Places are known by where links to them lead; a bare name is that of any folder called so, and of a link here.
    named = [_bare(name) for name in how["folder"]]
    leading = [str(Path(name).resolve()) for name in named if "/" not in name and Path(name).is_symlink()]
    return how | {"folder": (*named, *leading)}


def _bare(name: str) -> str:
    """Take the slash off that a shell has put behind a bare name; a folder that is here is meant by its path."""
    bare = name.rstrip("/")
    return bare if bare and "/" not in bare and not Path(name).expanduser().exists() else name


def _show(found: Sequence[Found], reason: str, flags: dict[str, Any]) -> NoReturn:
    """Print what was found as asked, or the reason why nothing was, and exit as grep does."""
    from safelight import draw, draw_photos

    at_hand = (one.place.path for one in found if one.place.state == "here")
    paths = [str(path) for path in at_hand if path is not None]
    if flags["as_json"]:
        for one in found:
            draw.emit(draw_photos.found_record(one))
    elif flags["paths"] or flags["zero"]:
        for path in paths:
            draw.emit_path(path, "\0" if flags["zero"] else "\n")
    else:
        draw_photos.found(found)
    if not found:
        draw.remark(reason)
    needs_files = flags["paths"] or flags["zero"] or flags["open_them"]
    if needs_files:
        remark_on_files(len(found) - len(paths))
    if flags["open_them"]:
        open_files(paths)
    raise click.exceptions.Exit(FOUND if (paths if needs_files else found) else NOTHING)


@click.command()
@click.argument("target", metavar="ID|FILE", type=NamedPath())
@click.option("--open", "open_it", is_flag=True, help="Open it in the system's viewer.")
@json_option
def show(target: str, open_it: bool, as_json: bool) -> None:
    """Show everything known about a photo, by its id or its file, and every place it lies.

    \b
    safelight show 4kq7z2m9xb3c
    safelight show ~/Pictures/IMG_1234.jpg --open
    """
    from safelight import draw, draw_photos
    from safelight.status import find_photo, photo_record

    with open_library(reading=True) as library:
        record = photo_record(library.catalog, find_photo(library.catalog, target))
    if as_json:
        draw.emit(record)
    else:
        draw_photos.record(record)
    if open_it:
        open_files([place["path"] for place in record["places"] if place["state"] == "indexed"][:1])
