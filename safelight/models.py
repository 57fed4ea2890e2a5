"""The models that a program can choose from, by ids that name no path; and the settings as they are now."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import ModelError
from indexer.models import registry
from safelight import status
from safelight.config import Settings, config_file, load_settings
from safelight.errors import SafelightError
from safelight.folders import folder_id
from safelight.service import Library


class NoSuchModelError(SafelightError):
    """No model has this id."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model.

    Attributes:
        id: Its short name; of one that lies in a folder, letters and digits that say nothing.
        name: What people call it.
        note: What it is good for, in a few words; "" where unknown.
        here: Whether it can be used without the network.
        active: Whether searches use it.
        seen: Pictures that it has seen.
        size_mb: Of the download, in MB; 0 where there is none, or that is unknown.
    """

    id: str
    name: str
    note: str
    here: bool
    active: bool
    seen: int
    size_mb: int


def choices(library: Library) -> list[Choice]:
    """List the models that go by a short name, and whichever else was used here."""
    return [choice for choice, _ in _choices(library)]


def use(library: Library, model_id: str) -> None:
    """Make a model the one to use, from now on.

    Raises:
        NoSuchModelError: There is none of this id.
        SafelightError: It is not here, or cannot be chosen now.

    Writes: config.toml.
    """
    choice, name = next((known for known in _choices(library) if known[0].id == model_id), (None, ""))
    if choice is None:
        raise NoSuchModelError(f"there is no model {model_id}; ask /api/v1/models again")
    if not choice.here:
        raise SafelightError(f"{choice.name} is not on this computer yet; type: safelight model fetch {choice.name}")
    if chosen := os.environ.get("SAFELIGHT_MODEL"):
        raise SafelightError(
            f"the helper was started with SAFELIGHT_MODEL={chosen}, which wins over a choice; start it without"
        )
    library.use_model(name)


def _choices(library: Library) -> list[tuple[Choice, str]]:
    seen = {model.name: model.vectors for model in status.models(library.catalog, None)}
    active = library.model_name
    found: list[tuple[Choice, str]] = []
    for name in dict.fromkeys((*registry.MODELS, *seen, active)):
        info = registry.MODELS.get(name)
        choice = Choice(
            id=name if info else folder_id(os.fsencode(name)),
            name=name if info else Path(name).name,
            note=info.note if info else "",
            here=_is_here(library, name),
            active=name == active,
            seen=seen.get(name, 0),
            size_mb=info.size_mb if info else 0,
        )
        found.append((choice, name))
    return found


def _is_here(library: Library, name: str) -> bool:
    try:
        return library.is_here(name)
    except ModelError:
        return False  # a folder that was used once and has gone


class LiveSettings:
    """The settings as config.toml has them now: a helper runs for weeks, and people change their minds."""

    def __init__(self, settings: Settings) -> None:
        """Begin with settings that were read a moment ago."""
        self._settings, self._stamp = settings, _stamp()

    @property
    def now(self) -> Settings:
        """The settings; those from before where the file cannot be understood. For any thread."""
        stamp = _stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            with suppress(SafelightError):
                self._settings = load_settings()
        return self._settings


def _stamp() -> tuple[int, int] | None:
    try:
        state = config_file().stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino
