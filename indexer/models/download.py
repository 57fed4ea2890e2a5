"""Bring a model's files here from the model hub, once.

Only safetensors, JSON and plain text are taken, never pickles. They lie in the hub's own cache, which other programs
share; HF_HOME, HF_HUB_OFFLINE and HF_ENDPOINT are honoured. A revision is a commit: where the registry gives none, the
commit found at the first fetch is noted in the data folder and kept from then on.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tqdm.auto import tqdm

from indexer.errors import ModelError
from indexer.events import OnProgress, Progress, ignore
from indexer.models.registry import REQUIRED, ModelInfo, find, lookup, pin, pinned

_WANTED = (
    *REQUIRED,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
)


def fetch(name: str, *, home: Path, on_progress: OnProgress = ignore) -> Path:
    """Return the folder of a model, downloading what is not here yet; an interrupted download goes on where it stopped.

    Args:
        name: See `registry.lookup`; not the starter, which has no folder.
        home: Our data folder.
        on_progress: Gets bytes done and bytes in all.

    Raises:
        ModelError: The hub cannot be reached, has no safetensors of it, or sent something damaged.

    Writes: the hub's cache; models/revisions.json in our data folder.
    """
    if (here := find(name, home=home)) is not None:
        return here
    info = lookup(name)
    if constants.HF_HUB_OFFLINE:
        raise ModelError(f"{info.name} is not on this computer and HF_HUB_OFFLINE is set; {_way_out(info)}")
    with _plain_errors(info):
        return _download(info, home, on_progress)


def _download(info: ModelInfo, home: Path, on_progress: OnProgress) -> Path:
    asked = pinned(info, home)
    listing = HfApi().model_info(info.repository, revision=asked, files_metadata=True)
    files = _wanted(info, listing.siblings or [])
    total_bytes = sum(file.size or 0 for file in files)

    def show(done_bytes: int) -> None:
        on_progress(Progress(f"downloading {info.name}", min(done_bytes, total_bytes), total_bytes, total_final=True))

    show(0)
    folder = Path(
        snapshot_download(
            info.repository,
            revision=str(listing.sha),
            allow_patterns=[file.rfilename for file in files],
            tqdm_class=_meter(show),
        )
    )
    _check(info, folder, files)
    if info.revision is None:
        pin(info, home, str(listing.sha))
    show(total_bytes)
    return folder


def _wanted(info: ModelInfo, siblings: Sequence[Any]) -> list[Any]:
    """Choose the files to take; refuse a repository that has its weights as pickles only."""
    files = [file for file in siblings if any(fnmatch(file.rfilename, pattern) for pattern in _WANTED)]
    names = {str(file.rfilename) for file in files}
    lacking = [name for name in REQUIRED if name not in names]
    if not any(name.endswith(".safetensors") for name in names):
        pickled = any(str(file.rfilename).endswith((".bin", ".pt", ".pth")) for file in siblings)
        only = " (only pickled ones, which can run programs and are never loaded)" if pickled else ""
        raise ModelError(f"{info.repository} has no safetensors weights{only}; choose another model")
    if lacking:
        raise ModelError(f"{info.repository} has no {', '.join(lacking)}; it is not a model that can be loaded")
    return files


def _check(info: ModelInfo, folder: Path, files: Sequence[Any]) -> None:
    """Compare the weights with the digests that the hub gives; remove what is damaged, so that it is fetched again."""
    for file in files:
        if file.lfs is None:
            continue
        path = folder / str(file.rfilename)
        with path.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        if digest != file.lfs.sha256:
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise ModelError(f"{info.repository}: {path.name} arrived damaged and was removed; run the same again")


def _meter(show: Callable[[int], None]) -> type[tqdm[Any]]:
    """Make the class that the hub's library draws progress with; it draws nothing and reports bytes."""

    class Meter(tqdm[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            # Kept for as long as the bar lives; a closed file would be written to when the bar is closed.
            super().__init__(*args, **(options | {"file": _Nowhere(), "disable": False}))
            self.counts_bytes = options.get("unit") == "B"

        def update(self, n: float | None = 1) -> bool | None:
            moved = super().update(n)
            if self.counts_bytes:
                show(int(self.n))
            return moved

    return Meter


class _Nowhere:
    """A text file that forgets what is written to it."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@contextmanager
def _plain_errors(info: ModelInfo) -> Generator[None]:
    """Turn what the network can do into one line that says what to do."""
    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError, GatedRepoError) as error:
        kind = (
            "asks for a login for"
            if isinstance(error, GatedRepoError)
            else "does not know the pinned revision of"
            if isinstance(error, RevisionNotFoundError)
            else "does not know"
        )
        raise ModelError(f"the model hub {kind} {info.repository}; {_way_out(info)}") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, httpx.HTTPError) as error:
        raise ModelError(
            f"the model hub cannot be reached, so {info.name} was not downloaded (what came is kept); {_way_out(info)}"
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ModelError(
                f"the disk is full: {info.name} needs about {info.size_mb} MB in {constants.HF_HUB_CACHE}"
            ) from error
        raise ModelError(
            f"the download of {info.name} broke off (what came is kept): run the same again; {_way_out(info)}"
        ) from error


def _way_out(info: ModelInfo) -> str:
    return (
        f"use --model starter, or --model DIR with a folder that holds the files of {info.repository}: "
        f"{', '.join(REQUIRED)}, model.safetensors"
    )
