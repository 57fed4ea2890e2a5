"""Short names for models: the repository and revision each one means, and whether its files are here.

Files lie in the model hub's own cache, which other programs share; HF_HOME is honoured.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import ModelError
from indexer.models import files

DEFAULT = "siglip2-base"
STARTER = "starter"

_IN_EVERY_PINNED = (files.TOKENIZER, files.PROCESSORS[0])


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model that can be asked for by name.

    Attributes:
        name: What people type.
        repository: On the model hub, "owner/name"; empty for the starter.
        revision: The commit, so that what was indexed with it can be searched with it; None where the first fetch
            decides, see `download.fetch`.
        size_mb: Download size in MB (10^6 bytes), about; 0 where unknown.
        license: SPDX name; empty where unknown.
        dim: D, the length of its vectors; 0 where unknown.
        note: What it is good for, in a few words.
    """

    name: str
    repository: str
    revision: str | None
    size_mb: int
    license: str
    dim: int
    note: str


# Sizes are parameters x 4 bytes plus the tokenizer. Each commit is pinned by public programs that name it: the SigLIP
# ones by embeddings-benchmark/mteb. openai/clip-vit-base-patch32 has no safetensors on its main branch; its commit is
# the hub's own conversion, which transformers loads too.
MODELS: dict[str, ModelInfo] = {
    info.name: info
    for info in (
        ModelInfo(
            "siglip2-base",
            "google/siglip2-base-patch16-256",
            "3f9f96cb90da5dbc758b01813f2f6f1aee24c1ab",
            1_540,
            "Apache-2.0",
            768,
            "the default: best balance, over 100 languages",
        ),
        ModelInfo(
            "siglip2-fast",
            "google/siglip2-base-patch32-256",
            "94dffa8cb1179de3e03f091dbc3917e5d5a9ae84",
            1_540,
            "Apache-2.0",
            768,
            "four times fewer patches, over 100 languages",
        ),
        ModelInfo(
            "siglip2-large",
            "google/siglip2-large-patch16-256",
            "787800c8990e6f058423089178e718139608408c",
            3_560,
            "Apache-2.0",
            1024,
            "finer, slower, over 100 languages",
        ),
        ModelInfo(
            "siglip2-best",
            "google/siglip2-so400m-patch16-384",
            "dd658faac399427308559e2c3ac1e99cbe43845d",
            4_580,
            "Apache-2.0",
            1152,
            "the best answers, for a fast GPU and patience",
        ),
        ModelInfo(
            "siglip-base",
            "google/siglip-base-patch16-224",
            "7fd15f0689c79d79e38b1c2e2e2370a7bf2761ed",
            816,
            "Apache-2.0",
            768,
            "the older SigLIP, English",
        ),
        ModelInfo(
            "siglip-so400m",
            "google/siglip-so400m-patch14-384",
            "9fdffc58afc957d1a03a25b10dba0329ab15c2a3",
            3_520,
            "Apache-2.0",
            1152,
            "the older SigLIP at its best, English",
        ),
        ModelInfo(
            "clip-b32",
            "openai/clip-vit-base-patch32",
            "c237dc49a33fc61debc9276459120b7eac67e7ef",
            610,
            "MIT",
            512,
            "small and fast, English",
        ),
        ModelInfo(
            "clip-b16",
            "openai/clip-vit-base-patch16",
            "57c216476eefef5ab752ec549e440a49ae4ae5f3",
            604,
            "MIT",
            512,
            "the original CLIP, English",
        ),
        ModelInfo(
            "clip-l14",
            "openai/clip-vit-large-patch14",
            "32bd64288804d66eefd0ccbe215aa642df71cc41",
            1_715,
            "MIT",
            768,
            "the large original CLIP, English",
        ),
        ModelInfo(
            "laion-b32",
            "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            "1a25a446712ba5ee05982a381eed697ef9b435cf",
            610,
            "MIT",
            512,
            "CLIP trained on LAION-2B, English",
        ),
        ModelInfo(
            STARTER, "", None, 0, "Apache-2.0", 384, "no download: comes with 'safelight[starter]'; things, not moods"
        ),
    )
}


def lookup(name: str) -> ModelInfo:
    """Find a model by its short name, or by "owner/name" on the hub.

    Raises:
        ModelError: There is none.
    """
    if name in MODELS:
        return MODELS[name]
    for info in MODELS.values():
        if name and info.repository == name:
            return info
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return ModelInfo(name, name, None, 0, "", 0, "")
    if Path(name).is_absolute():
        raise ModelError(
            f"there is no folder {name}; if the model was moved, `safelight model path DIR` says where to, and"
            " `safelight model use NAME` takes another"
        )
    raise ModelError(f"no model is called {name!r}; there are {', '.join(MODELS)}, or give a folder")


def find(name: str, *, home: Path) -> Path | None:
    """Return the folder of a model that is here already, complete; None otherwise. Never asks the network.

    Args:
        name: See `lookup`; not the starter, which has no folder.
        home: Our data folder, where first-seen revisions are noted.
    """
    info = lookup(name)
    revision = pinned(info, home)
    if revision is None:
        return None
    folder = cache_folder(info) / "snapshots" / revision
    return folder if is_complete(folder) and not lacking(info, files.names_in(folder)) else None


def cache_folder(info: ModelInfo) -> Path:
    """Return the folder that the hub's cache keeps for a repository, there or not.

    Source: huggingface.co/docs/huggingface_hub/guides/manage-cache.
    """
    from huggingface_hub import constants  # where the cache is; the rest of that package takes a second to import

    return Path(constants.HF_HUB_CACHE) / f"models--{info.repository.replace('/', '--')}"


def lacking(info: ModelInfo, names: Collection[str]) -> list[str]:
    """List what a model lacks beside its weights, among the names of the files in its folder or repository.

    Where another program fetched a pinned model in part, what is made up for a missing file would be another model.
    """
    expected = _IN_EVERY_PINNED if info.revision else ()
    return list(dict.fromkeys([*files.lacking(names), *(name for name in expected if name not in names)]))


def is_complete(folder: Path) -> bool:
    """Tell whether a folder has all files of a model, see `files.check_folder`."""
    try:
        files.check_folder(folder)
    except ModelError:
        return False
    return True


def space(name: str, *, home: Path) -> str:
    """Name the vector space of a model that is here: "owner/name@commit"."""
    info = lookup(name)
    return f"{info.repository}@{pinned(info, home)}"


def _pins_file(home: Path) -> Path:
    return home / "models" / "revisions.json"


def pinned(info: ModelInfo, home: Path) -> str | None:
    """Return the commit to use: the registry's, else the one of the first fetch, else None."""
    return info.revision or _pins(home).get(info.repository)


def pin(info: ModelInfo, home: Path, revision: str) -> None:
    """Note which commit a model without a pinned one was first fetched at.

    Writes: models/revisions.json in our data folder.
    """
    file = _pins_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_pins(home) | {info.repository: revision}, indent=2)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as fresh:
        fresh.write(text)
    Path(fresh.name).replace(file)


def _pins(home: Path) -> dict[str, str]:
    try:
        return dict(json.loads(_pins_file(home).read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{_pins_file(home)} is damaged ({error}); remove it and fetch the model again") from None
