"""Bring a model's files here from the model hub, once.

Only safetensors, JSON and plain text are taken, never pickles. They lie in the hub's own cache, which other programs
share; HF_HOME, HF_HUB_OFFLINE, HF_ENDPOINT and a login are honoured. A revision is a commit: where the registry gives
none, the commit found at the first fetch is noted in the data folder and kept from then on.

The large files are taken here, not by huggingface_hub, which starts an interrupted file anew (seen in 1.33); it finds
them in the cache, fetches the small ones and puts the folder together.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import HfApi, constants, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, disable_progress_bars

from indexer.errors import ModelError
from indexer.events import OnProgress, Progress, ignore
from indexer.lock import ProcessLock
from indexer.models.files import CONFIG, PROCESSORS, SHARDS, TOKENIZER, TOKENIZER_PARTS, WEIGHTS
from indexer.models.registry import ModelInfo, cache_folder, find, lacking, lookup, pin, pinned

_WANTED = (
    CONFIG,
    *PROCESSORS,
    TOKENIZER,
    "tokenizer_config.json",
    "special_tokens_map.json",
    *TOKENIZER_PARTS,
    WEIGHTS,
    "model-*-of-*.safetensors",
    SHARDS,
)


def fetch(name: str, *, home: Path, on_progress: OnProgress = ignore) -> Path:
    """Return the folder of a model, downloading what is not here yet; an interrupted download goes on where it stopped.

    Args:
        name: See `registry.lookup`; not the starter, which has no folder.
        home: Our data folder.
        on_progress: Gets bytes done and bytes in all.

    Raises:
        ModelError: The hub cannot be reached, has no safetensors of it, or sent something damaged.
        LockedError: Another process is downloading.

    Writes: the hub's cache; models/revisions.json in our data folder.
    """
    if (here := find(name, home=home)) is not None:
        return here
    info = lookup(name)
    if constants.HF_HUB_OFFLINE:
        raise ModelError(f"{info.name} is not on this computer and HF_HUB_OFFLINE is set; {_way_out(info)}")
    with ProcessLock(home / "models" / "download.lock", f"downloading {info.name}"), _plain_errors(info):
        return _download(info, home, on_progress)


def _download(info: ModelInfo, home: Path, on_progress: OnProgress) -> Path:
    listing = HfApi().model_info(info.repository, revision=pinned(info, home), files_metadata=True)
    revision, files = str(listing.sha), _wanted(info, listing.siblings or [])
    total_bytes = sum(file.size or 0 for file in files)

    def show(done_bytes: int) -> None:
        on_progress(Progress(f"downloading {info.name}", done_bytes, total_bytes, total_final=True, in_bytes=True))

    done_bytes = 0
    show(done_bytes)
    for file in files:
        if file.lfs is not None:
            before = done_bytes
            _take(info, revision, file, lambda bytes_of_file, before=before: show(before + bytes_of_file))
            done_bytes += file.lfs.size
    folder = snapshot_download(
        info.repository,
        revision=revision,
        allow_patterns=[file.rfilename for file in files],
    )
    if info.revision is None:
        pin(info, home, revision)
    show(total_bytes)
    return Path(folder)


def _take(info: ModelInfo, revision: str, file: Any, show: Callable[[int], None]) -> None:
    """Put a large file into the hub's cache under its digest, going on with what an earlier try left."""
    blob = cache_folder(info) / "blobs" / str(file.lfs.sha256)
    if blob.exists():
        return show(file.lfs.size)
    blob.parent.mkdir(parents=True, exist_ok=True)
    partial = blob.with_name(f"{blob.name}.safelight-partial")
    url = hf_hub_url(info.repository, file.rfilename, revision=revision)
    partial.touch()
    while (have := partial.stat().st_size) < file.lfs.size:
        try:
            _append(partial, url, have, show)
        except httpx.TransportError:
            if partial.stat().st_size <= have:  # a try that gained something is worth another
                raise
    with partial.open("rb") as data:
        if hashlib.file_digest(data, "sha256").hexdigest() != file.lfs.sha256:
            partial.unlink()
            raise ModelError(f"{info.repository}: {file.rfilename} arrived damaged and was removed; run the same again")
    partial.replace(blob)
    return None


def _append(partial: Path, url: str, have_bytes: int, show: Callable[[int], None]) -> None:
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    headers |= {"Range": f"bytes={have_bytes}-"} if have_bytes else {}
    with (
        httpx.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
        ) as response,
        partial.open("ab") as out,
    ):
        response.raise_for_status()
        if response.status_code != 206:  # the server sends the whole file, not the rest
            out.truncate(0)
            have_bytes = 0
        for chunk in response.iter_raw():
            out.write(chunk)
            have_bytes += len(chunk)
            show(have_bytes)


def _wanted(info: ModelInfo, siblings: Sequence[Any]) -> list[Any]:
    """Choose the files to take; refuse a repository that has its weights as pickles only."""
    files = [file for file in siblings if any(fnmatch(file.rfilename, pattern) for pattern in _WANTED)]
    names = {str(file.rfilename) for file in files}
    if not any(name.endswith(".safetensors") for name in names):
        pickled = any(str(file.rfilename).endswith((".bin", ".pt", ".pth")) for file in siblings)
        only = " (only pickled ones, which can run programs and are never loaded)" if pickled else ""
        raise ModelError(f"{info.repository} has no safetensors weights{only}; choose another model")
    if lacks := lacking(info, names):
        raise ModelError(f"{info.repository} has no {', '.join(lacks)}; it is not a model that can be loaded")
    return files


@contextmanager
def _plain_errors(info: ModelInfo) -> Generator[None]:
    """Turn what the network can do into one line that says what to do; keep the hub's library from printing."""
    disable_progress_bars()
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
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
    finally:
        logger.setLevel(level)


def _way_out(info: ModelInfo) -> str:
    return (
        f"use --model starter, or --model DIR with a folder that holds the files of {info.repository}: "
        f"{', '.join((CONFIG, PROCESSORS[0], TOKENIZER, WEIGHTS))}"
    )
