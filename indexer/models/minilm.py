"""all-MiniLM-L6-v2, the starter's ear: words -> unit vectors of 384 numbers.

A six-layer BERT whose token vectors are averaged. Source: huggingface.co/sentence-transformers/all-MiniLM-L6-v2
(Apache-2.0); weight names as in that checkpoint.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.models.ops import Input, Ops, Weights

T = TypeVar("T")

DIM = 384
INPUTS = {
    "ids": Input("int32", (None, None)),
    "positions": Input("int32", (1, None)),
    "mask": Input("int32", (None, None)),
}

_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
_MAX_TOKENS = 256  # sentence_bert_config.json


def tokenizer(definition: bytes) -> Tokenizer:
    """Make the tokenizer of a tokenizer.json; batches are padded to their longest text."""
    made = Tokenizer.from_buffer(definition)
    made.enable_truncation(_MAX_TOKENS)
    made.enable_padding()
    return made


def tokenize(with_tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, NDArray[np.int32]]:
    """Turn texts into the inputs of `forward`: ids and mask (N, T), positions (1, T)."""
    encoded = with_tokenizer.encode_batch(list(texts))
    ids = np.array([text.ids for text in encoded], np.int32)
    mask = np.array([text.attention_mask for text in encoded], np.int32)
    return {"ids": ids, "mask": mask, "positions": np.arange(ids.shape[1], dtype=np.int32)[None]}


def prepare(tensors: Weights) -> Weights:
    """Add the one segment's vector to the positions, so that the forward pass needs no segments."""
    positions, segments = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
    folded = np.asarray(tensors[positions], np.float32) + np.asarray(tensors[segments], np.float32)[0]
    return {**tensors, positions: folded}


def forward(ops: Ops[T], inputs: Mapping[str, T]) -> T:
    """Embed texts: ids (N, T), positions (1, T), mask (N, T) -> (N, 384), L2 norm 1."""
    mask = inputs["mask"]
    words = ops.embedding(inputs["ids"], "embeddings.word_embeddings")
    x = ops.add(words, ops.embedding(inputs["positions"], "embeddings.position_embeddings"))  # (N, T, D)
    x = ops.layer_norm(x, "embeddings.LayerNorm", epsilon=_EPSILON)
    for layer in range(_LAYERS):
        name = f"encoder.layer.{layer}"
        q, k, v = (ops.linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        y = ops.linear(ops.attention(q, k, v, heads=_HEADS, mask=mask), f"{name}.attention.output.dense")
        x = ops.layer_norm(ops.add(x, y), f"{name}.attention.output.LayerNorm", epsilon=_EPSILON)
        y = ops.linear(ops.activate(ops.linear(x, f"{name}.intermediate.dense"), "gelu"), f"{name}.output.dense")
        x = ops.layer_norm(ops.add(x, y), f"{name}.output.LayerNorm", epsilon=_EPSILON)
    # The mean over the tokens that count, up to a factor that the norm takes away.
    counted = ops.multiply(x, ops.reshape(ops.real(mask), (0, 0, 1)))
    return ops.unit(ops.mean(counted, (1,)))
