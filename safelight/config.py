"""Settings: config.toml, over it SAFELIGHT_* variables, over these the command line.

The data folder holds everything Safelight makes; SAFELIGHT_HOME moves all of it, settings included.
"""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from indexer.home import data_home, why_unwritable
from safelight.errors import SafelightError


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; None means: decided by Safelight.

    Attributes:
        model: Short name or folder of the model; None means the one this library was indexed with.
        engine: "auto", "mlx" or "onnx".
        precision: "auto", "float32" or "int8".
        workers: Processes that decode pictures; 0 means one a core.
        results: Answers a search shows.
    """

    model: str | None = None
    engine: str = "auto"
    precision: str = "auto"
    workers: int = 0
    results: int = 12


EXPLAINED = {
    "model": "short name or folder of the model to use; `safelight model list` shows the names",
    "engine": "what runs the model: auto, mlx or onnx",
    "precision": "auto, float32 or int8 (int8 only concerns plain CPUs)",
    "workers": "processes that decode pictures; 0 means one a core",
    "results": "answers a search shows",
}
_MOST_WORKERS = 256  # as the command line has it; nobody has as many cores
_CHOICES = {"engine": ("auto", "mlx", "onnx"), "precision": ("auto", "float32", "int8")}


def config_file() -> Path:
    """Return the settings file, which need not exist."""
    if os.environ.get("SAFELIGHT_HOME"):
        return data_home() / "config.toml"
    import platformdirs

    return Path(platformdirs.user_config_dir("safelight", appauthor=False)) / "config.toml"


def load_settings() -> Settings:
    """Read config.toml and the environment.

    Raises:
        SafelightError: A key or value is not one we know; the message names the place.
    """
    settings = Settings()
    path = config_file()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        table = {}
    except PermissionError as error:
        todo = "mend that, or set SAFELIGHT_HOME to a folder of your own"
        raise SafelightError(f"no permission to read {path}; {todo}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SafelightError(f"cannot read {path}: {error}; mend or delete it") from error
    for key, value in table.items():
        settings = _with(settings, key, value, str(path))
    for key in EXPLAINED:
        if value := os.environ.get(f"SAFELIGHT_{key.upper()}"):
            settings = _with(settings, key, value, f"SAFELIGHT_{key.upper()}")
    return settings


def save_setting(key: str, value: str | None) -> str | int | None:
    """Set one key in config.toml, keeping its comments; None takes the key out. Returns what it is now.

    Raises:
        SafelightError: The key or value is not one we know, or the file cannot be written.

    Writes: config.toml.
    """
    import tomlkit
    from tomlkit.exceptions import ParseError

    path = config_file()
    if key not in EXPLAINED:
        raise SafelightError(f"there is no setting `{key}`; there are: {', '.join(EXPLAINED)}")
    now = getattr(Settings() if value is None else _with(Settings(), key, value), key)
    try:
        try:
            document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
        except (UnicodeDecodeError, ParseError) as error:
            raise SafelightError(f"cannot read {path}: {error}; mend or delete it") from error
        if value is not None:
            document[key] = now
        elif key in document:
            del document[key]
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        try:
            temporary.write_text(tomlkit.dumps(document), "utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)  # where the disk was full
    except OSError as error:
        raise SafelightError(f"cannot write {path}: {why_unwritable(path.parent) or error.strerror}") from error
    return now


def _with(settings: Settings, key: str, value: object, where: str = "") -> Settings:
    """Return `settings` with one key replaced, checked; errors name the file or variable that sets it."""
    begins = f"{where}: " if where else ""
    if key not in {field.name for field in fields(Settings)}:
        raise SafelightError(f"{where} sets `{key}`, which is no setting; there are: {', '.join(EXPLAINED)}")
    if key in ("workers", "results"):
        try:
            value = int(str(value))
        except ValueError:
            value = -1
        least, most = (0, _MOST_WORKERS) if key == "workers" else (1, sys.maxsize)
        if not least <= value <= most:
            to = f"to {most}" if key == "workers" else "up"
            raise SafelightError(f"{begins}`{key}` must be a whole number from {least} {to} ({EXPLAINED[key]})")
    elif not isinstance(value, str) or value not in _CHOICES.get(key, (value,)):
        *others, last = _CHOICES.get(key, ("a name", "a folder"))
        raise SafelightError(f"{begins}`{key}` must be {', '.join(others)} or {last}, not {value!r}")
    return replace(settings, **{key: value})
