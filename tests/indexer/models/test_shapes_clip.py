"""The dual encoder end to end on weights that mean something: drawn shapes, found by words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapes

from indexer import Model

FOLDER = Path(__file__).parents[2] / "data" / "shapes-clip"


@pytest.fixture(scope="module", params=["onnx", "mlx"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The tiny CLIP on each engine."""
    if request.param == "mlx":
        pytest.importorskip("mlx.core")
    return Model.load(FOLDER, engine=request.param, precision="float32", home=tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("seed", [101, 102])
def test_held_out_scenes_are_found_by_their_captions(model: Model, seed: int) -> None:
    """48 combinations of colour, shape and background that training never saw; 1 in 48 by chance."""
    _, held_out = shapes.scenes()
    pictures = model.images([shapes.draw(scene, seed) for scene in held_out])
    captions = model.texts([scene.caption for scene in held_out])
    right = np.arange(len(held_out))
    assert len(held_out) == 48
    assert ((captions @ pictures.T).argmax(axis=1) == right).mean() >= 0.85
    assert ((pictures @ captions.T).argmax(axis=1) == right).mean() >= 0.80


def test_engines_agree(model: Model, tmp_path: Path) -> None:
    picture = shapes.draw(shapes.scenes()[1][0], 5)
    other = Model.load(FOLDER, engine="onnx", precision="float32", home=tmp_path)
    assert np.abs(model.image(picture) - other.image(picture)).max() < 1e-5
    assert np.abs(model.text("a red ring") - other.text("a red ring")).max() < 1e-5
    assert model.encoder.space == other.encoder.space
