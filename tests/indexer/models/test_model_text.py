"""Tokens as transformers makes them; for SigLIP 1 see the goldens, since its reference needs sentencepiece."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.models.text import Tokenize, canonicalize, load_tokenizer

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
TEXTS = st.text(max_size=200).filter(lambda text: "<" not in text)


@cache
def ours(family: str) -> Tokenize:
    kind = "clip" if family.startswith("clip") else "siglip"
    return load_tokenizer(GOLDENS / family, family=kind, length=77 if kind == "clip" else 64)


@cache
def reference(family: str) -> Any:
    import transformers

    kind = transformers.CLIPTokenizer if family.startswith("clip") else transformers.Siglip2Tokenizer
    return kind.from_pretrained(GOLDENS / family)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_clip_ids_equal_transformers(text: str) -> None:
    expected = reference("clip-gelu")(text, truncation=True, max_length=77)["input_ids"]
    assert ours("clip-gelu")([text])[0].tolist() == expected


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_siglip2_ids_equal_transformers(text: str) -> None:
    expected = reference("siglip2")(text, padding="max_length", truncation=True, max_length=64)["input_ids"]
    assert ours("siglip2")([text])[0].tolist() == expected


@pytest.mark.parametrize("family", ["clip-gelu", "siglip", "siglip2"])
def test_a_batch_of_unequal_texts_equals_each_alone(family: str, golden_texts: list[str]) -> None:
    together = ours(family)(golden_texts)
    assert together.dtype == np.int32
    for text, row in zip(golden_texts, together, strict=True):
        (alone,) = ours(family)([text])
        assert row[: len(alone)].tolist() == alone.tolist()


def test_long_texts_keep_their_end(golden_texts: list[str]) -> None:
    long = "a photo of a cat " * 100
    assert ours("clip-gelu")([long]).shape == (1, 77)
    assert ours("clip-gelu")([long])[0, -1] == ours("clip-gelu")(["cat"])[0, -1]
    assert ours("siglip")([long]).shape == ours("siglip2")([long]).shape == (1, 64)
    assert ours("siglip")([long])[0, -1] == ours("siglip2")([long])[0, -1] == 1


def test_clip_is_as_long_as_the_longest_text_and_siglip_always_64() -> None:
    assert ours("clip-gelu")(["", "a cat"]).shape[1] < 10
    assert ours("siglip")(["", "a cat"]).shape == (2, 64)
    assert ours("siglip2")(["a cat"]).shape == (1, 64)


def test_siglip_pads_with_its_own_token() -> None:
    assert ours("siglip")([""])[0].tolist() == [1] * 64  # </s> ends and pads
    assert ours("siglip2")([""])[0].tolist() == [1] + [0] * 63  # <eos>, then <pad>


@pytest.mark.parametrize("family", ["clip-gelu", "siglip", "siglip2"])
def test_case_does_not_matter(family: str) -> None:
    assert ours(family)(["Two CATS, Straße"]).tolist() == ours(family)(["two cats, straße"]).tolist()


def test_siglip_drops_punctuation_and_outer_space() -> None:
    """The reference leaves an empty word for leading space, which big_vision, where it was trained, does not."""
    assert ours("siglip")(["  A cat's, photo!\n"]).tolist() == ours("siglip")(["a cats photo"]).tolist()
    assert canonicalize(" “Big”  \tDOG (50%) ") == "“big” dog 50"


def test_siglip_takes_its_marks_for_words() -> None:
    """Who types </s> means those letters; the reference would end the text there."""
    assert ours("siglip")(["a </s> cat"]).tolist() == ours("siglip")(["a s cat"]).tolist()


@pytest.mark.parametrize("family", ["clip-gelu", "siglip", "siglip2"])
def test_lone_surrogates_do_not_raise(family: str) -> None:
    assert ours(family)(["photo \udcff.jpg"]).tolist() == ours(family)(["photo ?.jpg"]).tolist()


def test_without_tokenizer_json_transformers_makes_one(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("clip-gelu")
    model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    lines = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]) + "\n", "utf-8")
    texts = ["a photo of a cat", "Zürich, 2 dogs!"]
    assert load_tokenizer(folder, family="clip", length=77)(texts).tolist() == ours("clip-gelu")(texts).tolist()


def test_a_folder_without_a_tokenizer(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("siglip")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json, and none can be made") as caught:
        load_tokenizer(folder, family="siglip", length=64)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"model": 3}'])
def test_a_damaged_tokenizer(copy_of: Callable[[str], Path], name: str, content: str) -> None:
    if name == "tokenizer_config.json" and content.startswith('{"'):
        return
    folder = copy_of("siglip2")
    (folder / name).write_text(content)
    with pytest.raises(ModelError, match="is damaged"):
        load_tokenizer(folder, family="siglip", length=64)
