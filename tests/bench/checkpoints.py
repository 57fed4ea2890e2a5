"""Model folders of real shapes and random weights: speed does not depend on what a model has learnt."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from setting import CHECKOUT

SHAPES = CHECKOUT / "tests" / "data" / "shapes-clip"  # lends its tokenizer


@dataclass(frozen=True)
class Shape:
    """The sizes of a published model; `family` is "clip" or "siglip"."""

    family: str
    image: int
    patch: int
    width: int = 768
    layers: int = 12
    heads: int = 12
    text_width: int = 512
    text_heads: int = 8
    words: int = 49_408
    dim: int = 512


CLIP_B32 = Shape("clip", 224, 32)
SIGLIP_B16 = Shape("siglip", 224, 16, text_width=768, text_heads=12, words=32_000, dim=768)
CLIP_B32_256 = Shape("clip", 256, 32)  # what rclip uses: ViT-B-32-256


def checkpoint(folder: Path, shape: Shape) -> Path:
    """Write the checkpoint into `folder` unless it is there; returns the folder."""
    if (folder / "model.safetensors").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(_config(shape)))
    (folder / "preprocessor_config.json").write_text(json.dumps(_preprocessor(shape)))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(SHAPES / name, folder)
    fresh = folder / "weights.new"
    save_file(_weights(shape), fresh, metadata={"format": "pt"})
    fresh.rename(folder / "model.safetensors")
    return folder


def _config(shape: Shape) -> dict[str, object]:
    vision = {
        "hidden_size": shape.width,
        "intermediate_size": 4 * shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "image_size": shape.image,
        "patch_size": shape.patch,
    }
    text = {
        "hidden_size": shape.text_width,
        "intermediate_size": 4 * shape.text_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.text_heads,
        "vocab_size": shape.words,
        "max_position_embeddings": 77 if shape.family == "clip" else 64,
    }
    if shape.family == "clip":
        text |= {"eos_token_id": 2, "projection_dim": shape.dim}
        vision["projection_dim"] = shape.dim
        return {"model_type": "clip", "vision_config": vision, "text_config": text, "projection_dim": shape.dim}
    return {"model_type": "siglip", "vision_config": vision, "text_config": text}


def _preprocessor(shape: Shape) -> dict[str, object]:
    if shape.family == "clip":
        return {"size": {"shortest_edge": shape.image}, "crop_size": {"height": shape.image, "width": shape.image}}
    return {"size": {"height": shape.image, "width": shape.image}}


def _weights(shape: Shape) -> dict[str, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    weights: dict[str, npt.NDArray[np.float32]] = {}

    def matrix(name: str, *size: int) -> None:
        weights[name] = 0.02 * rng.standard_normal(size, dtype=np.float32)

    def linear(name: str, out: int, into: int) -> None:
        matrix(f"{name}.weight", out, into)
        matrix(f"{name}.bias", out)

    def norm(name: str, width: int) -> None:
        weights[f"{name}.weight"] = np.ones(width, np.float32)
        weights[f"{name}.bias"] = np.zeros(width, np.float32)

    def layers(tower: str, width: int) -> None:
        for number in range(shape.layers):
            layer = f"{tower}.encoder.layers.{number}"
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{layer}.self_attn.{part}", width, width)
            norm(f"{layer}.layer_norm1", width)
            norm(f"{layer}.layer_norm2", width)
            linear(f"{layer}.mlp.fc1", 4 * width, width)
            linear(f"{layer}.mlp.fc2", width, 4 * width)

    clip = shape.family == "clip"
    patches = (shape.image // shape.patch) ** 2
    matrix("vision_model.embeddings.patch_embedding.weight", shape.width, 3, shape.patch, shape.patch)
    matrix("vision_model.embeddings.position_embedding.weight", patches + clip, shape.width)
    layers("vision_model", shape.width)
    norm("vision_model.post_layernorm", shape.width)
    matrix("text_model.embeddings.token_embedding.weight", shape.words, shape.text_width)
    matrix("text_model.embeddings.position_embedding.weight", 77 if clip else 64, shape.text_width)
    layers("text_model", shape.text_width)
    norm("text_model.final_layer_norm", shape.text_width)
    if clip:
        matrix("vision_model.embeddings.class_embedding", shape.width)
        norm("vision_model.pre_layrnorm", shape.width)  # the checkpoints' spelling
        matrix("visual_projection.weight", shape.dim, shape.width)
        matrix("text_projection.weight", shape.dim, shape.text_width)
        weights["logit_scale"] = np.array(4.6, np.float32)
        return weights
    matrix("vision_model.embeddings.patch_embedding.bias", shape.width)
    matrix("vision_model.head.probe", 1, 1, shape.width)
    matrix("vision_model.head.attention.in_proj_weight", 3 * shape.width, shape.width)
    matrix("vision_model.head.attention.in_proj_bias", 3 * shape.width)
    linear("vision_model.head.attention.out_proj", shape.width, shape.width)
    norm("vision_model.head.layernorm", shape.width)
    linear("vision_model.head.mlp.fc1", 4 * shape.width, shape.width)
    linear("vision_model.head.mlp.fc2", shape.width, 4 * shape.width)
    linear("text_model.head", shape.dim, shape.text_width)
    weights["logit_scale"] = np.array([4.6], np.float32)
    weights["logit_bias"] = np.array([-10.0], np.float32)
    return weights
