"""Pixels as transformers' processors make them: to the byte, tolerance 0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import ModelError
from indexer.preprocess import PixelSpec, fit, read_spec

CLIP = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
SIGLIP = {"size": {"height": 256, "width": 256}}


def reference(kind: str, settings: dict[str, Any], image: Image.Image) -> np.ndarray:
    """What transformers makes of a picture, before it is scaled and normalised: uint8 (H, W, 3)."""
    import transformers

    made = getattr(transformers, f"{kind}ImageProcessorPil")(**settings, do_rescale=False, do_normalize=False)
    return made(images=[image], return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)


def spec_of(folder: Path, kind: str, settings: dict[str, Any], size: int) -> PixelSpec:
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return read_spec(folder, family="clip" if kind == "CLIP" else "siglip", size=size)


def noisy(width: int, height: int) -> Image.Image:
    chance = np.random.default_rng(width * 7919 + height)
    return Image.fromarray(chance.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("resample", [2, 3])
@pytest.mark.parametrize("size", [(640, 480), (333, 500), (224, 224), (225, 223), (100, 37), (31, 960), (1, 9)])
@pytest.mark.parametrize(("kind", "config", "edge"), [("CLIP", CLIP, 224), ("Siglip", SIGLIP, 256)])
def test_equal_to_the_byte(
    tmp_path: Path, kind: str, config: dict[str, Any], edge: int, size: tuple[int, int], resample: int
) -> None:
    settings = config | {"resample": resample}
    found = fit(noisy(*size), spec_of(tmp_path, kind, settings, edge))
    assert found.dtype == np.uint8
    assert np.array_equal(found, reference(kind, settings, noisy(*size)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([24, 27, 32]), st.sampled_from([24, 28, 31]))
def test_any_size_is_equal_to_the_byte(width: int, height: int, crop: int, short: int) -> None:
    if max(width, height) > 32 * min(width, height) or crop > short:
        return
    image = noisy(width, height)
    config = {"size": {"shortest_edge": short}, "crop_size": {"height": crop, "width": crop}}
    spec = PixelSpec(crop, crop, "short_side", short, 3, (0, 0, 0), (1, 1, 1))
    assert np.array_equal(fit(image, spec), reference("CLIP", config, image))


def test_real_photos_are_equal_to_the_byte(samples: Path, tmp_path: Path) -> None:
    photos = sorted((samples / "images" / "words").rglob("*.jp*g"))[:6]
    assert photos
    clip = spec_of(tmp_path, "CLIP", CLIP, 224)
    siglip = spec_of(tmp_path, "Siglip", SIGLIP, 256)
    for path in photos:
        image = Image.open(path).convert("RGB")
        assert np.array_equal(fit(image, clip), reference("CLIP", CLIP, image)), path.name
        assert np.array_equal(fit(image, siglip), reference("Siglip", SIGLIP, image)), path.name


def test_a_long_strip_costs_no_memory() -> None:
    """Resized whole, it would be 224 x 6,720,000 pixels; its middle is what is looked at anyway."""
    spec = PixelSpec(224, 224, "short_side", 224, 3, (0, 0, 0), (1, 1, 1))
    assert fit(Image.new("RGB", (30_000, 1), (9, 8, 7)), spec).tolist() == [[[9, 8, 7]] * 224] * 224
    assert fit(Image.new("RGB", (1, 30_000)), spec).shape == (224, 224, 3)


def test_min_edge_is_what_a_decoder_must_deliver(tmp_path: Path) -> None:
    assert spec_of(tmp_path, "CLIP", {"size": 260, "crop_size": 224}, 224).min_edge == 260
    assert spec_of(tmp_path, "Siglip", SIGLIP, 256).min_edge == 256


@pytest.mark.parametrize(
    ("kind", "settings", "resize", "short_side"),
    [
        ("CLIP", {}, "short_side", 224),
        ("CLIP", {"size": 224, "crop_size": 224}, "short_side", 224),
        ("CLIP", {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}, "short_side", 256),
        ("CLIP", {"size": {"height": 224, "width": 224}, "do_center_crop": False}, "exact", 0),
        ("Siglip", {}, "exact", 0),
        ("Siglip", {"size": 224}, "exact", 0),
        ("Siglip", {"do_convert_rgb": None, "size": {"height": 224, "width": 224}}, "exact", 0),
    ],
)
def test_ways_to_say_a_size(tmp_path: Path, kind: str, settings: dict[str, Any], resize: str, short_side: int) -> None:
    spec = spec_of(tmp_path, kind, settings, 224)
    assert (spec.resize, spec.short_side, spec.height, spec.width) == (resize, short_side, 224, 224)


def test_defaults_without_a_file(tmp_path: Path) -> None:
    clip, siglip = (read_spec(tmp_path, family=family, size=224) for family in ("clip", "siglip"))  # type: ignore[arg-type]
    assert clip == PixelSpec(
        224, 224, "short_side", 224, 3, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    )
    assert siglip == PixelSpec(224, 224, "exact", 0, 3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_processor_config_serves_too(tmp_path: Path) -> None:
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": {"size": 224, "resample": 2}}))
    assert read_spec(tmp_path, family="siglip", size=224).resample == 2


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"do_resize": False}, "do_resize is off"),
        ({"do_rescale": False}, "do_rescale is off"),
        ({"rescale_factor": 1 / 127.5}, "rescale_factor is"),
        ({"do_center_crop": False}, "no fixed size"),
        ({"crop_size": 300}, "from pictures that are smaller"),
        ({"size": {"shortest_edge": 224, "longest_edge": 500}}, "longest edge"),
        ({"size": {"height": 256, "width": 256}}, "then crops"),
        ({"image_mean": [0.5]}, "1 channels"),
        ({"image_std": "x"}, "not understood"),
        ({"resample": 17}, "resample"),
        ({"size": {}}, "not understood"),
        ({"size": 336, "crop_size": 336}, "makes 336 x 336 pixels, but the model takes 224 x 224"),
    ],
)
def test_what_no_spec_can_say_is_refused(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ModelError, match=why):
        spec_of(tmp_path, "CLIP", settings, 224)


@pytest.mark.parametrize("content", ["", "{", "3", "[[]]"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "preprocessor_config.json").write_text(content)
    with pytest.raises(ModelError, match=r"preprocessor_config\.json"):
        read_spec(tmp_path, family="clip", size=224)
