"""The Python API: five lines, every kind of picture, clear errors."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import shapes
from fake_hub import REPOSITORY, serve
from huggingface_hub import constants
from PIL import Image, ImageCms

from importers import icc
from importers.images import ImageProblem
from indexer import Model
from indexer.errors import ModelError
from indexer.models.load import load_encoder

FOLDER = Path(__file__).parents[1] / "data" / "shapes-clip"
SCENE = shapes.Scene("red", "circle", "white")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(FOLDER, engine="onnx", precision="float32", home=tmp_path_factory.mktemp("home"))


def test_shapes_norms_and_order(model: Model, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(40)]
    for number, file in enumerate(files):
        shapes.draw(SCENE, number).save(file)
    many = model.images(files)
    assert many.shape == (40, model.encoder.dim)
    assert many.dtype == np.float32
    assert np.abs(np.linalg.norm(many, axis=1) - 1).max() < 1e-5
    assert np.abs(model.image(str(files[37])) - many[37]).max() < 1e-5
    words = model.texts(["a red circle", "", "日本語 🐱 “x”", "word " * 500])
    assert words.shape == (4, model.encoder.dim)
    assert np.abs(model.text("a red circle") - words[0]).max() < 1e-5
    assert model.images([]).shape == model.texts([]).shape == (0, model.encoder.dim)


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"],
)
def test_every_mode_of_pil_works(model: Model, mode: str) -> None:
    drawn = shapes.draw(SCENE, 1)
    grey = mode in ("1", "L", "LA", "La", "I", "F", "I;16")
    if mode in ("I", "I;16"):
        picture = Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 257).convert(mode)
    elif mode == "F":
        picture = Image.fromarray(np.asarray(drawn.convert("L")).astype(np.float32) / 255)
    elif mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(drawn, srgb, lab, outputMode="LAB")
    elif mode in ("La", "RGBa"):
        picture = drawn.convert(mode[:-1] + "A").convert(mode)
    elif mode == "PA":
        picture = drawn.convert("P").convert("PA")
    else:
        picture = drawn.convert(mode)
    assert picture.mode == mode
    expected = model.image(drawn.convert("L" if grey else "RGB"))
    assert float(model.image(picture) @ expected) > 0.9


def test_alpha_lies_on_white_and_exif_is_turned(model: Model, tmp_path: Path) -> None:
    drawn = shapes.draw(SCENE, 2)
    clear = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    assert np.abs(model.image(clear) - model.image(Image.new("RGB", drawn.size, "white"))).max() < 1e-5
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = drawn.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.abs(model.image(tmp_path / "turned.png") - model.image(drawn)).max() < 1e-5
    with Image.open(tmp_path / "turned.png") as opened:
        assert np.abs(model.image(opened) - model.image(drawn)).max() < 1e-5


def test_colours_are_those_that_a_profile_means(model: Model, tmp_path: Path) -> None:
    drawn, adobe = shapes.draw(SCENE, 4), icc.profile("AdobeRGB")
    assert adobe
    means = ImageCms.profileToProfile(
        drawn, ImageCms.ImageCmsProfile(BytesIO(adobe)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    drawn.save(tmp_path / "tagged.png", icc_profile=adobe)
    expected = model.image(means)
    assert np.abs(model.image(drawn) - expected).max() > 1e-3, "without its profile it is another picture"
    assert np.abs(model.image(tmp_path / "tagged.png") - expected).max() < 2e-3
    with Image.open(tmp_path / "tagged.png") as opened:
        assert np.abs(model.image(opened) - expected).max() < 2e-3


def test_a_bad_picture_is_named(model: Model, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ImageProblem, match=r"empty\.jpg: "):
        model.image(tmp_path / "empty.jpg")


def test_loads_by_name_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(FOLDER) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        with pytest.raises(ModelError, match="is not on this computer: `safelight model fetch"):
            load_encoder(REPOSITORY, home=tmp_path)
        model = Model.load(REPOSITORY, home=tmp_path)
        assert model.encoder.space == f"{REPOSITORY}@{hub.commit}"
        assert model.encoder.name == REPOSITORY
        assert load_encoder(REPOSITORY, home=tmp_path).dim == 64


def test_what_is_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lacks config\.json"):
        Model.load(tmp_path, home=tmp_path)
    with pytest.raises(ModelError, match="no model is called 'siglip3'; there are siglip2-base"):
        Model.load("siglip3", home=tmp_path)
    with pytest.raises(ModelError, match="no engine 'tpu'"):
        Model.load(FOLDER, engine="tpu", home=tmp_path)


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        "import indexer, sys; print([m for m in ('numpy', 'PIL', 'onnxruntime', 'mlx', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
