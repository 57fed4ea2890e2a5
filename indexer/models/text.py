"""Words -> token ids, exactly as the checkpoint's own tokenizer makes them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.errors import ModelError

Family = Literal["clip", "siglip"]
Tokenize = Callable[[Sequence[str]], NDArray[np.int32]]

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def load_tokenizer(folder: Path, *, family: Family, length: int) -> Tokenize:
    """Load the tokenizer of a model folder.

    The result takes texts to int32 (N, T). CLIP: T is the longest text's, at most `length`, since later tokens cannot
    be seen by earlier ones. SigLIP: T is always `length`, as in its training.

    Args:
        folder: Holds tokenizer.json, or what transformers makes one from (vocab.json and merges.txt).
        family: How texts are prepared: SigLIP's are lower-cased whatever tokenizer.json does.
        length: The most tokens that the text tower takes.

    Raises:
        ModelError: There is no tokenizer, or it is damaged.
    """
    settings = _settings(folder / "tokenizer_config.json")
    file = folder / "tokenizer.json"
    if file.is_file():
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises bare Exception
            raise ModelError(f"{file} is damaged ({error}); fetch the model again") from None
    else:
        tokenizer = _from_transformers(folder)
    pad = _pad(tokenizer, settings)
    side = settings.get("padding_side") or (tokenizer.padding or {}).get("direction", "right")
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(
        direction=side, pad_id=pad[1], pad_token=pad[0], length=length if family == "siglip" else None
    )
    prepare = _preparation(family, settings)

    def tokenize(texts: Sequence[str]) -> NDArray[np.int32]:
        # File names can bring lone surrogates into a text; the library would raise.
        clean = [prepare(text.encode("utf-8", "replace").decode("utf-8")) for text in texts]
        return np.array([encoding.ids for encoding in tokenizer.encode_batch(clean)], np.int32)

    return tokenize


def canonicalize(text: str) -> str:
    """Lower-case, drop ASCII punctuation, and make each run of white space one space, as SigLIP was trained.

    Source: big_vision, evaluators/proj/image_text/prompt_engineering.py; transformers, SiglipTokenizer.
    """
    return re.sub(r"\s+", " ", text.lower().translate(_NO_PUNCTUATION)).strip()


def _preparation(family: Family, settings: dict[str, Any]) -> Callable[[str], str]:
    """Choose what is done to a text before its tokenizer sees it."""
    if family == "clip":
        return lambda text: text  # tokenizer.json lower-cases
    if settings.get("tokenizer_class", "SiglipTokenizer").removesuffix("Fast") == "SiglipTokenizer":
        return canonicalize
    # SigLIP 2 was trained on lower-cased text, but the Gemma tokenizer it ships with keeps case.
    return str.lower


def _settings(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file} is damaged ({error}); fetch the model again") from None


def _pad(tokenizer: Tokenizer, settings: dict[str, Any]) -> tuple[str, int]:
    """Return the padding token and its id: the one that is named, else the one in tokenizer.json, else id 0."""
    named: Any = settings.get("pad_token")
    token: str | None = cast("dict[str, str]", named).get("content") if isinstance(named, dict) else named
    if token is not None and (number := tokenizer.token_to_id(token)) is not None:
        return token, number
    stored = tokenizer.padding
    return (stored["pad_token"], stored["pad_id"]) if stored else ("", 0)


def _from_transformers(folder: Path) -> Tokenizer:
    """Let transformers build a tokenizer from older files; it takes a second to import, so only here."""
    try:
        from transformers import AutoTokenizer

        made: Any = AutoTokenizer.from_pretrained(folder, use_fast=True, trust_remote_code=False, local_files_only=True)
        return made.backend_tokenizer
    except Exception as error:  # whatever transformers meets in those files
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{folder} has no tokenizer.json, and none can be made from its files ({reason})") from None
