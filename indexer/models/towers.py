"""The forward passes of CLIP and SigLIP, written once against `Ops`; tensor names are the checkpoint's.

Axes: N batch, T tokens, D width, C channels, P patch edge, G patches along an edge.
Source: arXiv:2103.00020 (CLIP), arXiv:2303.15343 (SigLIP), arXiv:2502.14786 (SigLIP 2); the reference implementation
is transformers, modeling_clip.py and modeling_siglip.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from indexer.models.config import ModelConfig, Transformer
from indexer.models.ops import Input, Ops, Weights, tensor
from indexer.preprocess import PixelSpec

T = TypeVar("T")

_PATCHES = "vision_model.embeddings.patch_embedding"
_HEAD = "vision_model.head"


def named(weights: Weights) -> Weights:
    """Give names to parts of the checkpoint's tensors that the passes use as matrices; views, nothing is copied.

    The patch convolution becomes a matrix (D, C*P*P); SigLIP's head stacks its three projections in one tensor.
    """
    views = dict(weights)
    patches = f"{_PATCHES}.weight"
    if patches in views:
        views[patches] = views[patches].reshape(len(views[patches]), -1)
    for kind in ("weight", "bias"):
        stacked = views.pop(f"{_HEAD}.attention.in_proj_{kind}", None)
        if stacked is not None and len(stacked) % 3 == 0:
            for part, rows in zip("qkv", np.split(stacked, 3), strict=True):
                views[f"{_HEAD}.attention.{part}_proj.{kind}"] = rows
    return views


@dataclass(frozen=True, slots=True)
class VisionTower:
    """Pixels to picture vectors."""

    config: ModelConfig
    spec: PixelSpec

    @property
    def edge(self) -> int:
        """Pixels a side that the tower looks at."""
        return self.config.vision.grid * self.config.vision.patch

    @property
    def inputs(self) -> dict[str, Input]:
        """What `vectors` takes: uint8 pixels (N, edge, edge, 3)."""
        return {"pixels": Input("uint8", (None, self.edge, self.edge, 3))}

    def dim(self, weights: Weights) -> int:
        """Return D, the length of the vectors."""
        if self.config.family == "siglip":
            return self._sizes.width
        return tensor(weights, "visual_projection.weight", (None, self._sizes.width)).shape[0]

    def vectors(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Embed pictures: uint8 (N, edge, edge, 3) -> (N, D), L2 norm 1."""
        return ops.unit(self.features(ops, inputs))

    def features(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Return the vectors before they are scaled to norm 1."""
        if self.config.family == "siglip":
            return self._pool(ops, self.tokens(ops, inputs))
        x = _encoder_at(ops, self._embedded(ops, inputs), "vision_model.encoder", self._sizes, 0)
        x = ops.layer_norm(x, "vision_model.post_layernorm", epsilon=self._sizes.epsilon)
        return ops.linear(x, "visual_projection", bias=False)

    def tokens(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Return what leaves the last layer, the reference's last_hidden_state: (N, T, D)."""
        x = _encoder(ops, self._embedded(ops, inputs), "vision_model.encoder", self._sizes)
        if self.config.family == "clip":
            return x
        return ops.layer_norm(x, "vision_model.post_layernorm", epsilon=self._sizes.epsilon)

    def _embedded(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Return what enters the first layer: (N, T, D)."""
        sizes = self._sizes
        clip = self.config.family == "clip"
        x = ops.linear(self._patches(ops, inputs["pixels"]), _PATCHES, bias=not clip)  # (N, G*G, D)
        count = self.config.vision.grid**2
        if clip:
            token = ops.reshape(ops.weight("vision_model.embeddings.class_embedding", (sizes.width,)), (1, 1, -1))
            x = ops.concatenate([ops.expand_first(token, x), x], axis=1)
            count += 1
        x = ops.add(x, ops.weight("vision_model.embeddings.position_embedding.weight", (count, sizes.width)))
        if clip:
            x = ops.layer_norm(x, "vision_model.pre_layrnorm", epsilon=sizes.epsilon)  # the checkpoint's spelling
        return x

    @property
    def _sizes(self) -> Transformer:
        return self.config.vision.transformer

    def _patches(self, ops: Ops[T], pixels: T) -> T:
        """Normalise and cut into patches: uint8 (N, edge, edge, 3) -> (N, G*G, C*P*P), in the convolution's order."""
        grid, patch = self.config.vision.grid, self.config.vision.patch
        # Moved while a number is one byte; the colours first, so that the second step moves P numbers at a time.
        x = ops.reshape(ops.transpose(pixels, (0, 3, 1, 2)), (0, 3, grid, patch, grid, patch))
        x = ops.transpose(x, (0, 2, 4, 1, 3, 5))  # (N, G, G, C, P, P)
        x = ops.real(ops.reshape(x, (0, grid * grid, 3 * patch * patch)))
        mean, std = np.array(self.spec.mean), np.array(self.spec.std)
        scale, shift = (np.repeat(part, patch * patch).astype(np.float32) for part in (1 / (255 * std), -mean / std))
        return ops.add(ops.multiply(x, ops.constant(scale)), ops.constant(shift))

    def _pool(self, ops: Ops[T], x: T) -> T:
        """Let one learnt query look at all patches: (N, T, D) -> (N, D)."""
        sizes = self._sizes
        probe = ops.weight(f"{_HEAD}.probe", (1, 1, sizes.width))
        # The query is the same for every picture: project it once, then repeat it.
        q = ops.expand_first(ops.linear(probe, f"{_HEAD}.attention.q_proj"), x)
        k, v = (ops.linear(x, f"{_HEAD}.attention.{part}_proj") for part in "kv")
        x = ops.linear(ops.attention(q, k, v, heads=sizes.heads), f"{_HEAD}.attention.out_proj")
        y = _mlp(ops, ops.layer_norm(x, f"{_HEAD}.layernorm", epsilon=sizes.epsilon), f"{_HEAD}.mlp", sizes)
        return ops.take(ops.add(x, y), 0)


@dataclass(frozen=True, slots=True)
class TextTower:
    """Token ids to text vectors."""

    config: ModelConfig

    @property
    def inputs(self) -> dict[str, Input]:
        """What `vectors` takes: ids (N, T), positions 0..T-1 (1, T), and the token a text's vector is read at (N,)."""
        tokens = self.config.text.tokens if self.config.family == "siglip" else None
        return {
            "ids": Input("int32", (None, tokens)),
            "positions": Input("int32", (1, tokens)),
            "last": Input("int32", (None,)),
        }

    def dim(self, weights: Weights) -> int:
        """Return D, the length of the vectors."""
        name = "text_model.head.weight" if self.config.family == "siglip" else "text_projection.weight"
        return tensor(weights, name, (None, self.config.text.transformer.width)).shape[0]

    def vectors(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Embed texts -> (N, D), L2 norm 1."""
        return ops.unit(self.features(ops, inputs))

    def features(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Return the vectors before they are scaled to norm 1."""
        return self._projected(ops, self.pooled(ops, inputs))

    def joined(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Embed texts that were joined to one sequence, see joined.py -> (N, D), L2 norm 1. Only CLIP."""
        sizes = self.config.text.transformer
        x = _encoder(ops, self._embedded(ops, inputs), "text_model.encoder", sizes, bias=inputs["bias"])  # (1, T, D)
        x = ops.layer_norm(ops.pick(x, inputs["last"]), "text_model.final_layer_norm", epsilon=sizes.epsilon)
        return ops.unit(self._projected(ops, x))

    def pooled(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        """Return the token that stands for the text, before its projection: (N, D)."""
        sizes = self.config.text.transformer
        x = self._embedded(ops, inputs)  # (N, T, D)
        if self.config.family == "clip":
            x = ops.take(_encoder(ops, x, "text_model.encoder", sizes, causal=True), inputs["last"])
        else:
            x = _encoder_at(ops, x, "text_model.encoder", sizes, inputs["last"])
        return ops.layer_norm(x, "text_model.final_layer_norm", epsilon=sizes.epsilon)

    def _embedded(self, ops: Ops[T], inputs: Mapping[str, T]) -> T:
        words = ops.embedding(inputs["ids"], "text_model.embeddings.token_embedding")
        return ops.add(words, ops.embedding(inputs["positions"], "text_model.embeddings.position_embedding"))

    def _projected(self, ops: Ops[T], x: T) -> T:
        if self.config.family == "siglip":
            return ops.linear(x, "text_model.head")
        return ops.linear(x, "text_projection", bias=False)


def _encoder(ops: Ops[T], x: T, name: str, sizes: Transformer, *, causal: bool = False, bias: T | None = None) -> T:
    """Run the layers: (N, T, D) -> (N, T, D)."""
    for number in range(sizes.layers):
        x = _layer(ops, x, f"{name}.layers.{number}", sizes, causal=causal, bias=bias)
    return x


def _encoder_at(ops: Ops[T], x: T, name: str, sizes: Transformer, token: T | int) -> T:
    """Run the layers for the one token that is read, which sees all others: (N, T, D) -> (N, D).

    The last layer needs no more of the others than their keys and values: ten twelfths of its work are saved.
    """
    for number in range(sizes.layers - 1):
        x = _layer(ops, x, f"{name}.layers.{number}", sizes)
    layer = f"{name}.layers.{sizes.layers - 1}"
    y = ops.layer_norm(x, f"{layer}.layer_norm1", epsilon=sizes.epsilon)
    k, v = (ops.linear(y, f"{layer}.self_attn.{part}_proj") for part in "kv")
    x, y = (ops.reshape(ops.take(part, token), (0, 1, sizes.width)) for part in (x, y))  # (N, 1, D)
    y = ops.attention(ops.linear(y, f"{layer}.self_attn.q_proj"), k, v, heads=sizes.heads)
    return ops.take(_worked(ops, x, y, layer, sizes), 0)


def _layer(ops: Ops[T], x: T, layer: str, sizes: Transformer, *, causal: bool = False, bias: T | None = None) -> T:
    """Run a layer, which normalises before it works: (N, T, D) -> (N, T, D)."""
    y = ops.layer_norm(x, f"{layer}.layer_norm1", epsilon=sizes.epsilon)
    q, k, v = (ops.linear(y, f"{layer}.self_attn.{part}_proj") for part in "qkv")
    return _worked(ops, x, ops.attention(q, k, v, heads=sizes.heads, causal=causal, bias=bias), layer, sizes)


def _worked(ops: Ops[T], x: T, seen: T, layer: str, sizes: Transformer) -> T:
    """Return what a layer makes of tokens and of what they have seen in one another: (N, T, D)."""
    x = ops.add(x, ops.linear(seen, f"{layer}.self_attn.out_proj"))
    y = ops.layer_norm(x, f"{layer}.layer_norm2", epsilon=sizes.epsilon)
    return ops.add(x, _mlp(ops, y, f"{layer}.mlp", sizes))


def _mlp(ops: Ops[T], x: T, name: str, sizes: Transformer) -> T:
    return ops.linear(ops.activate(ops.linear(x, f"{name}.fc1"), sizes.activation), f"{name}.fc2")
