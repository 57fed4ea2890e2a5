"""Models in folders, good and bad ones, from the command line: real processes, the tests' own small model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safelight_command import Safelight
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "assets" / "demo"
MODEL = ROOT / "tests" / "data" / "shapes-clip"


@pytest.fixture
def safelight(tmp_path):
    return Safelight(tmp_path / "home", forked=True)


@pytest.fixture
def folder(tmp_path):
    """A model's folder, to change."""
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return Path(shutil.copy(DEMO / "cat.jpg", tmp_path / "photos")).parent


def test_a_folder_as_transformers_saves_it_is_indexed_and_searched_with(safelight, folder, photos):
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    done = safelight.records("index", str(photos), "--model", str(folder))[-1]
    assert (done["event"], done["indexed"]) == ("done", 1)
    assert len(safelight.records("search", "a red circle", "--all", "--model", str(folder))) == 1


def change_weights(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def damage_number(value):
    def damage(folder):
        last = "vision_model.encoder.layers.1.mlp.fc1.weight"
        change_weights(folder, lambda tensors: tensors[last].__setitem__((0, 0), value))

    return damage


def only_zeros(folder):
    change_weights(
        folder, lambda tensors: tensors.update({name: np.zeros_like(value) for name, value in tensors.items()})
    )


def damage_shape(folder):
    name = "vision_model.embeddings.position_embedding.weight"
    change_weights(folder, lambda tensors: tensors.update({name: tensors[name][:-1].copy()}))


def damage_bytes(name, content):
    def damage(folder):
        (folder / name).write_bytes(content if content is not None else (folder / name).read_bytes()[:-1000])

    return damage


DAMAGES = [
    (damage_bytes("model.safetensors", None), "is truncated or damaged"),
    (damage_bytes("model.safetensors", b"\x80\x04N."), "is pickled, whatever its name says"),
    (damage_bytes("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    (damage_number(float("nan")), "are damaged"),
    (only_zeros, "are damaged"),
    (damage_shape, "but the configuration asks for"),
    (damage_bytes("tokenizer.json", b"{"), "tokenizer.json is damaged"),
    (damage_bytes("config.json", b"{"), "config.json is damaged"),
    (damage_bytes("config.json", b'{"model_type": "bert"}'), "is a model of type 'bert'"),
    (damage_bytes("preprocessor_config.json", b"{"), "preprocessor_config.json is damaged"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGES)
def test_a_damaged_folder_is_not_made_the_model_to_use_and_the_doctor_tells(safelight, folder, damage, why):
    damage(folder)
    for command in ("path", "use"):
        said = safelight("model", command, str(folder), code=2).stderr
        assert why in said
        assert len(said.splitlines()) == 1
    assert not (Path(safelight.env["SAFELIGHT_HOME"]) / "config.toml").exists()
    safelight.env["SAFELIGHT_MODEL"] = str(folder)
    checks = {check["name"]: check for check in safelight.records("doctor", code=1)}
    assert [name for name, check in checks.items() if not check["ok"]] == ["model"]
    assert why in checks["model"]["says"]


def test_a_folder_that_works_is_made_the_model_to_use_and_the_doctor_says_what_runs_it(safelight, folder):
    assert "It knows no pictures yet" in safelight("model", "path", str(folder)).stdout
    checks = {check["name"]: check for check in safelight.records("doctor")}
    says = checks["model"]["says"]
    assert f"{folder} is here and works; onnxruntime" in says
    assert says.endswith(", float32, trying int8: the first 64 pictures of a run decide")
    safelight.env["SAFELIGHT_PRECISION"] = "float32"
    checks = {check["name"]: check for check in safelight.records("doctor")}
    assert checks["model"]["says"].endswith(", float32: as asked for")


def test_switching_between_models_is_instant_and_loses_nothing(safelight, folder, photos):
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    settings["image_std"] = [3 * value for value in settings["image_std"]]
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    models, answers = (str(MODEL), str(folder)), []
    for model in models:
        safelight("model", "path", model)
        assert "nothing is indexed" in safelight("search", "a red circle", code=2).stderr, "not what another one saw"
        assert safelight.records("index", str(photos))[-1]["indexed"] == 1
        answers.append(safelight.records("search", "a red circle", "--all"))
    assert answers[0][0]["score"] != answers[1][0]["score"]
    for number in (0, 1, 0):
        safelight("model", "use", models[number])
        assert safelight.records("search", "a red circle", "--all") == answers[number]
        assert safelight.records("index", str(photos))[-1]["unchanged"] == 1
    assert [record["vectors"] for record in safelight.records("status") if record["kind"] == "model"] == [1, 1]


def test_every_command_that_runs_a_model_lets_its_engine_be_chosen(tmp_path, photos):
    """Where MLX is asked for by the environment and, in this test, cannot be imported."""
    (tmp_path / "mlx").mkdir()
    (tmp_path / "mlx" / "__init__.py").write_text("raise ImportError('not in this test')")
    safelight = Safelight(tmp_path / "home")
    safelight.env |= {"SAFELIGHT_MODEL": str(MODEL), "SAFELIGHT_ENGINE": "mlx", "PYTHONPATH": str(tmp_path)}
    safelight("index", str(photos), "--engine", "onnx")
    assert "MLX does not run here" in safelight("search", "cat", code=2).stderr
    for command in (("search", "cat", "--all"), ("similar", str(DEMO / "bricks.jpg"))):
        assert len(safelight.records(*command, "--engine", "onnx")) == 1
    said = {check["name"]: check["says"] for check in safelight.records("doctor", "--engine", "onnx")}
    assert said["engine"].startswith("onnxruntime")
    assert "; onnxruntime" in said["model"]


def test_the_doctor_goes_on_where_the_models_folder_has_gone(safelight, folder):
    safelight("model", "path", str(folder))
    folder.rename(folder.with_name("elsewhere"))
    checks = {check["name"]: check for check in safelight.records("doctor", code=1)}
    assert [name for name, check in checks.items() if not check["ok"]] == ["model"]
    assert f"there is no folder {folder}; if the model was moved" in checks["model"]["says"]
    assert {"packages", "engine", "catalog", "data folder"} <= checks.keys()
    said = safelight("search", "cat", code=2).stderr
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [("model = ", "cannot read"), ('engine = "tpu"', "`engine` must be auto, mlx or onnx, not 'tpu'")],
)
def test_the_doctor_goes_on_where_the_settings_cannot_be_read(safelight, content, why):
    home = Path(safelight.env["SAFELIGHT_HOME"])
    home.mkdir()
    (home / "config.toml").write_text(content)
    checks = {check["name"]: check for check in safelight.records("doctor", code=1)}
    assert not checks["settings"]["ok"]
    assert f"{home / 'config.toml'}" in checks["settings"]["says"]
    assert why in checks["settings"]["says"]
    assert {"packages", "engine", "model", "catalog", "data folder"} <= checks.keys()


def test_weights_of_zeros_index_nothing(safelight, folder, photos):
    only_zeros(folder)
    assert "are damaged" in safelight("index", str(photos), "--model", str(folder), code=2).stderr
    assert [one for one in safelight.records("status") if one["kind"] == "model"] == []
