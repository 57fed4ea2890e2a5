"""The dual encoder as the rest of the house meets it: loading, refusing, choosing its precision, importing little."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from indexer.errors import ModelError
from indexer.models import engine as engines
from indexer.models.dual_encoder import DualEncoder
from indexer.models.engine import choose_engine
from indexer.models.precision import PICTURES, trial
from indexer.preprocess import fit

FAMILIES = ["clip-quick-gelu", "clip-gelu", "siglip", "siglip2"]


def load(folder: Path, **how: Any) -> DualEncoder:
    return DualEncoder.load(folder, name="tiny", **({"engine": "onnx"} | how))


def noise(encoder: DualEncoder, count: int) -> np.ndarray:
    size = (count, encoder.pixels.height, encoder.pixels.width, 3)
    return np.random.default_rng(1).integers(0, 256, size, np.uint8)


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    settings = json.loads(file.read_text("utf-8"))
    change(settings)
    file.write_text(json.dumps(settings), "utf-8")


# What it gives


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_unit_float32_and_nothing_gives_nothing(golden_folder: Callable[[str], Path], family: str) -> None:
    encoder = load(golden_folder(family))
    for vectors in (encoder.embed_pixels(noise(encoder, 3)), encoder.embed_texts(["", "a cat", "x" * 5000])):
        assert vectors.dtype == np.float32
        assert vectors.shape == (3, encoder.dim)
        assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert encoder.embed_pixels(noise(encoder, 0)).shape == encoder.embed_texts([]).shape == (0, encoder.dim)


def test_pixels_of_another_size_or_type_are_a_programmers_error(golden_folder: Callable[[str], Path]) -> None:
    encoder = load(golden_folder("siglip"))
    for wrong in (np.zeros((1, 30, 38, 3), np.uint8), np.zeros((1, 38, 38, 3), np.float32)):
        with pytest.raises(ValueError, match="uint8"):
            encoder.embed_pixels(wrong)


def test_a_text_loads_only_the_text_tower(copy_of: Callable[[str], Path]) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copy_of("clip-quick-gelu")
    tensors = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in tensors.items() if ".encoder." not in name or name.startswith("text")}
    save_file(kept, folder / "model.safetensors")
    encoder = load(folder)
    assert encoder.embed_texts(["a cat"]).shape == (1, 64)
    with pytest.raises(ModelError, match="lack the tensor vision_model"):
        encoder.embed_pixels(noise(encoder, 1))


def test_the_space_of_a_folder_follows_what_decides_its_vectors(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("siglip")
    space = load(folder).space
    assert space == load(folder).space == load(folder, engine="mlx").space == load(folder, precision="int8").space
    edit(folder / "config.json", lambda config: config.update(_name_or_path="elsewhere", transformers_version="9"))
    assert load(folder).space == space
    edit(folder / "preprocessor_config.json", lambda config: config.update(resample=2))
    assert load(folder).space != space
    assert load(folder, space="google/x@1").space == "google/x@1"


# What it refuses


def test_a_folder_without_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model_type": "bert"}, "type 'bert'; supported are CLIP, SigLIP and SigLIP 2"),
        ({"model_type": None}, "type None; supported are"),
        ({"model_type": "siglip2"}, "NaFlex"),
        ({"vision_config": {"vision_use_head": False}}, "without its head"),
        ({"vision_config": {"num_attention_heads": 5, "hidden_size": 72}}, "a width of 72 for 5 heads"),
        ({"vision_config": {"hidden_act": "swish"}}, "activation 'swish'"),
        ({"vision_config": {"patch_size": 0}}, "patches of 0"),
        ({"vision_config": {"image_size": [38, 40]}}, "not understood"),
        ({"vision_config": {"num_channels": 4}}, "4 colour channels"),
        ({"text_config": {"hidden_size": "wide"}}, "not understood"),
        ({"text_config": 7}, "not understood"),
    ],
)
def test_configurations_that_are_refused(copy_of: Callable[[str], Path], change: dict[str, Any], why: str) -> None:
    folder = copy_of("siglip")
    edit(folder / "config.json", lambda config: config.update(change))
    with pytest.raises(ModelError, match=why) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_towers_that_cannot_meet(copy_of: Callable[[str], Path]) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copy_of("siglip")
    tensors = load_file(folder / "model.safetensors")
    for part in ("weight", "bias"):
        tensors[f"text_model.head.{part}"] = tensors[f"text_model.head.{part}"][:64].copy()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match="pictures become 72 numbers and texts 64"):
        load(folder)


def test_code_that_a_model_brings_is_never_run(copy_of: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copy_of("clip-gelu")
    for name in ("config.json", "tokenizer_config.json", "preprocessor_config.json"):
        edit(
            folder / name, lambda config: config.update(auto_map={"AutoModel": "evil.Model", "AutoTokenizer": "evil.T"})
        )
    sprung = tmp_path / "sprung"
    (folder / "evil.py").write_text(f"open({str(sprung)!r}, 'w')")
    assert load(folder).embed_texts(["a cat"]).shape == (1, 48)
    assert not sprung.exists()


# What the configuration leaves out


def test_defaults_are_those_of_the_reference(golden_folder: Callable[[str], Path], tmp_path: Path) -> None:
    from transformers import CLIPConfig, SiglipConfig

    from indexer.models.config import read_config

    for family, reference in (("clip", CLIPConfig()), ("siglip", SiglipConfig())):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
        config = read_config(tmp_path)
        for ours, theirs in (
            (config.vision.transformer, reference.vision_config),
            (config.text.transformer, reference.text_config),
        ):
            assert (ours.width, ours.layers, ours.heads) == (
                theirs.hidden_size,
                theirs.num_hidden_layers,
                theirs.num_attention_heads,
            )
            assert ours.epsilon == theirs.layer_norm_eps
            assert ours.activation == {"gelu_pytorch_tanh": "gelu_tanh"}.get(theirs.hidden_act, theirs.hidden_act)
        assert (config.vision.image, config.vision.patch) == (
            reference.vision_config.image_size,
            reference.vision_config.patch_size,
        )
        assert config.text.tokens == reference.text_config.max_position_embeddings
    assert config.text.end is None


def test_old_clip_files_hold_a_section_twice(tmp_path: Path) -> None:
    """As openai/clip-vit-large-patch14 does; the reference lets the old one win, defaults and all."""
    from transformers import CLIPConfig

    from indexer.models.config import read_config

    settings = {
        "model_type": "clip",
        "text_config": {"hidden_size": 64, "num_hidden_layers": 3, "eos_token_id": 2},
        "text_config_dict": {"hidden_size": 768, "num_attention_heads": 12},
        "vision_config_dict": None,
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))
    ours, theirs = read_config(tmp_path).text, CLIPConfig(**settings).text_config
    assert (ours.transformer.width, ours.transformer.heads) == (theirs.hidden_size, theirs.num_attention_heads)
    assert (ours.transformer.layers, ours.end) == (theirs.num_hidden_layers, theirs.eos_token_id) == (12, 49407)


# Engines and precisions


def test_engines_agree(golden_folder: Callable[[str], Path], golden_texts: list[str]) -> None:
    one, other = (load(golden_folder("siglip2"), engine=name, precision="float32") for name in ("onnx", "mlx"))
    assert one.engine.startswith("onnxruntime")
    assert other.engine.startswith("MLX")
    assert np.abs(one.embed_pixels(noise(one, 5)) - other.embed_pixels(noise(one, 5))).max() < 1e-6
    assert np.abs(one.embed_texts(golden_texts) - other.embed_texts(golden_texts)).max() < 1e-6


def test_the_engine_follows_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = choose_engine()
    mlx = choose_engine("mlx").engine
    if mlx.on_gpu:
        assert choice.engine.name == mlx.name
    else:
        assert choice.engine.name.startswith("onnxruntime")
        assert "no Apple GPU and no CUDA device" in choice.reason
        monkeypatch.setattr(engines, "_NVIDIA", Path(__file__))  # as where NVIDIA's driver is loaded
        assert 'pip install "mlx[cuda13]"' in choose_engine().reason
        monkeypatch.setattr(type(mlx), "__init__", lambda self: vars(self).update(on_gpu=True, name="MLX on the GPU"))
        assert choose_engine().reason == "MLX on the GPU: a GPU was found"
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    assert "MLX is not installed" in choose_engine().reason
    with pytest.raises(ModelError, match="say auto, mlx or onnx"):
        choose_engine("torch")


def test_precision_can_be_set_to_what_is_possible(golden_folder: Callable[[str], Path]) -> None:
    encoder = load(golden_folder("siglip"), precision="float32")
    pixels = noise(encoder, 4)
    assert encoder.precisions == ("float32", "int8")
    exact = encoder.embed_pixels(pixels)
    encoder.precision = "int8"
    assert "int8" in encoder.engine
    near = encoder.embed_pixels(pixels)
    assert not np.array_equal(exact, near)
    assert (exact * near).sum(axis=1).min() > 0.99
    with pytest.raises(ModelError, match="does not run float16; choose float32 or int8"):
        encoder.precision = "float16"
    with pytest.raises(ModelError, match="does not run int8"):
        load(golden_folder("siglip"), engine="mlx", precision="int8")


def test_auto_settles_once_and_remembers(
    golden_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.models.precision._LEAST_SPEEDUP", 0.0)  # these towers are too small to gain
    encoder, exact = load(golden_folder("siglip"), cache=tmp_path), load(golden_folder("siglip"), precision="float32")
    pixels = noise(encoder, PICTURES)
    assert encoder.engine.endswith("float32, trying int8")
    assert encoder.precision_reason == "the first 64 pictures of a run decide"
    assert exact.precision_reason == "as asked for"
    first = encoder.embed_pixels(pixels[:40])
    assert np.array_equal(first, exact.embed_pixels(pixels[:40])), "float32 until it is settled"
    assert encoder.precision == "float32"
    encoder.embed_pixels(pixels[40:])
    stored = json.loads((tmp_path / "precision.json").read_text("utf-8"))
    (outcome,) = stored.values()
    assert outcome["precision"] == encoder.precision
    assert outcome["precision"] == (
        "int8" if outcome["min_cosine"] >= 0.998 and outcome["agreement"] >= 0.95 else "float32"
    )
    again = load(golden_folder("siglip"), cache=tmp_path)
    assert again.engine.endswith(f", {encoder.precision}")
    verdict = "int8 was good enough" if again.precision == "int8" else "int8 was not good enough"
    assert again.precision_reason.startswith(
        f"{verdict} on 64 pictures: {outcome['speedup']} times as fast, least cosine"
    )
    assert load(golden_folder("siglip")).engine.endswith("trying int8"), "without a cache nothing is remembered"


def test_a_damaged_memory_of_trials_is_no_error(golden_folder: Callable[[str], Path], tmp_path: Path) -> None:
    for content in ("{", "[]", '{"x": 1}'):
        (tmp_path / "precision.json").write_text(content)
        assert load(golden_folder("siglip"), cache=tmp_path).engine.endswith("trying int8")


def test_one_picture_is_no_trial(golden_folder: Callable[[str], Path]) -> None:
    """A search by a picture must not pay for loading a second tower."""
    encoder = load(golden_folder("siglip"))
    encoder.embed_pixels(noise(encoder, 1))
    assert [precision for precision, _ in encoder._programs] == ["float32"]


def test_the_verdict_has_both_limits() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.standard_normal((64, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def shaken(by: float) -> np.ndarray:
        moved = vectors + by * chance.standard_normal(vectors.shape).astype(np.float32)
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)

    assert trial(vectors, vectors).ok
    assert trial(vectors, vectors).agreement == 1.0
    one_bad = vectors.copy()
    one_bad[7] = vectors[8]
    assert trial(vectors, one_bad).min_cosine < 0.998
    assert not trial(vectors, one_bad).ok, "one picture is enough"
    assert trial(vectors, shaken(0.0005)).ok
    assert not trial(vectors, shaken(0.05)).ok
    # Pictures that are all alike: each is right to .998, but whom they resemble is not.
    alike = vectors[:1] + 0.02 * vectors
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    muddled = alike + 0.005 * chance.standard_normal(alike.shape).astype(np.float32)
    muddled /= np.linalg.norm(muddled, axis=1, keepdims=True)
    verdict = trial(alike, muddled)
    assert verdict.min_cosine >= 0.998
    assert verdict.agreement < 0.95
    assert not verdict.ok


# What it imports


def imported(code: str, *heavy: str) -> list[str]:
    """Run code in a fresh interpreter; returns which of the heavy packages it imported."""
    script = f"{code}\nimport sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.replace("'", '"'))


@pytest.mark.parametrize("engine", ["onnx", "mlx"])
def test_a_text_query_imports_neither_transformers_nor_chromadb_nor_torch(
    golden_folder: Callable[[str], Path], engine: str
) -> None:
    code = f"""
from pathlib import Path
from indexer.models.dual_encoder import DualEncoder
DualEncoder.load(Path({str(golden_folder("siglip2"))!r}), name="x", engine={engine!r}).embed_texts(["a cat"])
"""
    heavy = ("torch", "transformers", "chromadb_rust_bindings", "huggingface_hub", "mlx.core", "onnxruntime")
    assert imported(code, *heavy) == ["mlx.core" if engine == "mlx" else "onnxruntime"]


def test_the_engines_are_imported_only_when_chosen() -> None:
    code = "import indexer.models.dual_encoder, indexer.models.engine, indexer.models.load"
    assert imported(code, "torch", "transformers", "chromadb_rust_bindings", "mlx.core", "onnxruntime", "onnx") == []


def test_pictures_of_any_shape_go_through(golden_folder: Callable[[str], Path]) -> None:
    encoder = load(golden_folder("clip-gelu"))
    pictures = [Image.new("RGB", size, "teal") for size in ((1, 1), (1, 400), (3000, 2), (28, 28))]
    vectors = encoder.embed_pixels(np.stack([fit(picture, encoder.pixels) for picture in pictures]))
    assert np.abs(vectors - vectors[0]).max() < 1e-5
