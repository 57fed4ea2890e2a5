"""What a checkpoint's config.json says of its two towers; the reference's config classes fill in what it leaves out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.errors import ModelError
from indexer.models.ops import Activation

SUPPORTED = "CLIP, SigLIP and SigLIP 2 with fixed resolution"

# Source: transformers, configuration_clip.py and configuration_siglip.py.
_CLIP = {"layer_norm_eps": 1e-5, "hidden_act": "quick_gelu", "num_hidden_layers": 12}
_SIGLIP = {"layer_norm_eps": 1e-6, "hidden_act": "gelu_pytorch_tanh", "num_hidden_layers": 12}
_B16 = {"hidden_size": 768, "num_attention_heads": 12}
_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("clip", "vision"): _CLIP | _B16 | {"image_size": 224, "patch_size": 32},
    ("clip", "text"): _CLIP
    | {"hidden_size": 512, "num_attention_heads": 8, "max_position_embeddings": 77, "eos_token_id": 49407},
    ("siglip", "vision"): _SIGLIP | _B16 | {"image_size": 224, "patch_size": 16},
    ("siglip", "text"): _SIGLIP | _B16 | {"max_position_embeddings": 64, "eos_token_id": None},
}
_ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "quick_gelu": "quick_gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
}


@dataclass(frozen=True, slots=True)
class Transformer:
    """The sizes that a tower's layers share."""

    width: int
    layers: int
    heads: int
    activation: Activation
    epsilon: float


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """The vision tower: pictures of `image` pixels a side, cut into patches of `patch` pixels a side."""

    transformer: Transformer
    image: int
    patch: int

    @property
    def grid(self) -> int:
        """Patches along a side; what is left over at the right and below is not looked at (so400m-14-384)."""
        return self.image // self.patch


@dataclass(frozen=True, slots=True)
class TextConfig:
    """The text tower: at most `tokens` tokens; `end` is CLIP's end-of-text id, None for SigLIP."""

    transformer: Transformer
    tokens: int
    end: int | None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A dual encoder; SigLIP 2 checkpoints of fixed resolution say "siglip" and are it."""

    family: Literal["clip", "siglip"]
    vision: VisionConfig
    text: TextConfig


def read_config(folder: Path) -> ModelConfig:
    """Read a model folder's config.json; code that it names (auto_map) is never looked at.

    Raises:
        ModelError: It is missing, damaged, or of a model that is not supported.
    """
    file = folder / "config.json"
    try:
        raw: dict[str, Any] = dict(json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        raise ModelError(f"{file} is missing; give the folder of a model, as fetched from the hub") from None
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file} is damaged ({error}); fetch the model again") from None
    family = raw.get("model_type")
    if family == "siglip2":
        raise ModelError(
            f"{folder} is a NaFlex model, which is not supported; take the one of fixed resolution (siglip2-base)"
        )
    if family not in ("clip", "siglip"):
        raise ModelError(f"{folder} is a model of type {family!r}; supported are {SUPPORTED}")
    try:
        return ModelConfig(family, _vision(family, raw), _text(family, raw))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} is not understood ({error}); fetch the model again") from None


def _vision(family: str, raw: dict[str, Any]) -> VisionConfig:
    settings = _settings(family, "vision", raw)
    if not settings.get("vision_use_head", True):
        raise ValueError("a vision tower without its head")
    if settings.get("num_channels", 3) != 3:
        raise ValueError(f"{settings['num_channels']} colour channels")
    image, patch = int(settings["image_size"]), int(settings["patch_size"])
    if not 0 < patch <= image:
        raise ValueError(f"patches of {patch} in images of {image} pixels")
    return VisionConfig(_transformer(settings), image, patch)


def _text(family: str, raw: dict[str, Any]) -> TextConfig:
    settings = _settings(family, "text", raw)
    end = settings["eos_token_id"] if family == "clip" else None
    return TextConfig(_transformer(settings), int(settings["max_position_embeddings"]), end)


def _settings(family: str, tower: str, raw: dict[str, Any]) -> dict[str, Any]:
    # Old CLIP files hold the same section twice; the reference lets `_dict` win.
    old = raw.get(f"{tower}_config_dict")
    defaults = _DEFAULTS[family, tower]
    settings: dict[str, Any] = defaults | (raw.get(f"{tower}_config") or {})
    return settings | defaults | old if old else settings


def _transformer(settings: dict[str, Any]) -> Transformer:
    width, heads = int(settings["hidden_size"]), int(settings["num_attention_heads"])
    if width < 1 or heads < 1 or width % heads:
        raise ValueError(f"a width of {width} for {heads} heads")
    if settings["hidden_act"] not in _ACTIVATIONS:
        raise ValueError(f"activation {settings['hidden_act']!r}")
    activation = _ACTIVATIONS[settings["hidden_act"]]
    return Transformer(width, int(settings["num_hidden_layers"]), heads, activation, float(settings["layer_norm_eps"]))
