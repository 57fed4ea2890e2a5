"""index, status, doctor, prune: keeping the index."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import click

from safelight.cli.common import (
    FOUND,
    INTERRUPTED,
    NOTHING,
    fetch_if_missing,
    json_option,
    model_option,
    open_library,
    stopping,
)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@model_option
@click.option("--engine", type=click.Choice(["auto", "mlx", "onnx"]), help="What runs the model.")
@click.option("--precision", type=click.Choice(["auto", "float32", "int8"]), help="For plain CPUs; auto measures.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that decode pictures; 0 means one a core.")
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@json_option
def index(paths: tuple[str, ...], retry: bool, as_json: bool, **flags: Any) -> None:
    """Read photos, so that they can be found. Without PATHS: everything indexed before.

    Files are only read, never changed. A second run reads only what is new or changed; Ctrl-C keeps what is done.

    \b
    safelight index ~/Pictures
    safelight index ~/Pictures /Volumes/Archive --model starter
    """
    from safelight import draw
    from safelight.indexing import index_paths

    stop = threading.Event()

    def on_problem(path: str, outcome: str, reason: str) -> None:
        if as_json:
            draw.emit({"event": "problem", "path": path, "outcome": outcome, "reason": reason})

    with open_library(**flags) as library:
        # Not before there is something to index: a download is a matter of gigabytes.
        if library.catalog.roots() if not paths else any(Path(path).expanduser().exists() for path in paths):
            fetch_if_missing(library, as_json=as_json)
        with stopping(stop), draw.Bar() as bar:
            tally = index_paths(
                library,
                list(paths),
                retry=retry,
                stop=stop,
                on_progress=draw.json_progress() if as_json else bar.show,
                on_problem=on_problem,
                on_remark=draw.remark,
            )
    if as_json:
        counts = ("indexed", "unchanged", "skipped", "failed", "missing")
        draw.emit({"event": "done", **{name: getattr(tally, name) for name in counts}})
    else:
        draw.say(draw.tally_line(tally))
    if tally.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)


@click.command()
@click.option("--problems", is_flag=True, help="List every photo that could not be read, and why.")
@json_option
def status(problems: bool, as_json: bool) -> None:
    """Show what is indexed, and what could not be."""
    from safelight import draw
    from safelight import status as found

    with open_library() as library:
        if problems:
            draw.problems(found.problems(library.catalog), as_json)
        else:
            models = found.models(library.catalog, library.model_name)
            draw.status(found.roots(library.catalog), models, as_json)


@click.command()
@click.option("--rebuild", is_flag=True, help="Rebuild the vector index from the catalog.")
@json_option
def doctor(rebuild: bool, as_json: bool) -> None:
    """Check the installation, the model, the engine and the indexes; say what to do."""
    from safelight import draw
    from safelight.doctor import examine

    with open_library() as library, draw.Bar() as bar:
        if rebuild:
            library.rebuild_indexes(bar.show)
        checks = examine(library)
    draw.checks(checks, as_json)
    raise click.exceptions.Exit(FOUND if all(check.ok for check in checks) else NOTHING)


@click.command()
@click.option("--forget", metavar="FOLDER", help="Forget all photos of an indexed folder, there or not.")
@click.option("--yes", is_flag=True, help="Do it; without this, only show what would go.")
@json_option
def prune(forget: str | None, yes: bool, as_json: bool) -> None:
    """Forget photos whose files are gone. Shows what would go; --yes does it. No file is ever deleted."""
    from safelight import draw
    from safelight.pruning import plan_prune
    from safelight.pruning import prune as apply_prune

    with open_library() as library:
        plan = plan_prune(library, Path(forget) if forget else None)
        draw.prune_plan(plan, as_json)
        if yes and plan.photos:
            apply_prune(library, plan)
            draw.remark(f"Forgot {len(plan.photos):,} photos.")
        elif plan.photos:
            draw.remark("Nothing was changed. `safelight prune --yes` forgets them.")
