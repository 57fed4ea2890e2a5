"""Which files make a folder a model's, and which of them hold its weights; nothing is read but a list of shards."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from indexer.errors import ModelError

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_PARTS = ("vocab.json", "merges.txt")  # of older CLIP checkpoints, which transformers makes a tokenizer from
PROCESSORS = ("preprocessor_config.json", "processor_config.json")  # either; without one the family's way is taken
_SENTENCEPIECE = ("spiece.model", "tokenizer.model")  # transformers makes no tokenizer.json from SigLIP's
WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"

_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin", "model.pt", "model.pth")


def lacking(names: Collection[str]) -> list[str]:
    """List what has to stand beside the weights and does not, among the names of a folder's or a repository's files."""
    has_tokenizer = TOKENIZER in names or all(part in names for part in TOKENIZER_PARTS)
    return [CONFIG] * (CONFIG not in names) + [TOKENIZER] * (not has_tokenizer)


def check_folder(folder: Path) -> None:
    """Refuse a folder that lacks a file of a model, whatever is in those it has.

    Raises:
        ModelError: Something is lacking, or the weights are pickled.
    """
    names = names_in(folder)
    lacks = lacking(names)
    if lacks and not names & {WEIGHTS, SHARDS, *_PICKLES}:
        lacks.append(WEIGHTS)
    if lacks:
        others = [name for name in _SENTENCEPIECE if TOKENIZER in lacks and (folder / name).is_file()]
        todo = "; the model's page on the Hugging Face hub has what is missing" + "".join(
            f" ({name} does not replace {TOKENIZER})" for name in others
        )
        raise ModelError(f"{folder} is no model's folder: it lacks {', '.join(lacks)}{todo}")
    weight_files(folder)


def names_in(folder: Path) -> set[str]:
    """Return those names of a model's files that are in a folder, which may hold a hundred thousand photos, too.

    Raises:
        ModelError: It cannot be read.
    """
    known = (CONFIG, TOKENIZER, *TOKENIZER_PARTS, *PROCESSORS, WEIGHTS, SHARDS, *_PICKLES)
    try:
        return {name for name in known if (folder / name).is_file()}
    except OSError as error:
        raise ModelError(f"{folder} cannot be read ({error.strerror})") from None


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold a model's weights: the whole one, or else its shards.

    Raises:
        ModelError: There is none, the list of shards is damaged or names what is not there, or they are pickled.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    index = folder / SHARDS
    if index.is_file():
        try:
            shards = {str(shard) for shard in json.loads(index.read_text("utf-8"))["weight_map"].values()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            shards = set[str]()
        if not shards:
            raise ModelError(f"{index} is damaged; fetch the model again")
        if any(Path(shard).name != shard for shard in shards):
            raise ModelError(f"{index} names a file outside its folder; fetch the model from a place you trust")
        files = [folder / shard for shard in sorted(shards)]
        if absent := [file.name for file in files if not file.is_file()]:
            raise ModelError(f"{folder} is incomplete: {', '.join(absent)} is missing; fetch the model again")
        return files
    if any((folder / name).exists() for name in _PICKLES):
        raise ModelError(
            f"{folder} has only pickled weights, which could run code when read; "
            "choose a repository or a revision that has model.safetensors"
        )
    raise ModelError(f"{folder} has no {WEIGHTS}; fetch the model again, or give the folder that holds it")
