"""Models in folders, good and bad ones, from the command line: real processes, the tests' own small model."""

import json
import shutil
from pathlib import Path

import pytest
from safelight_command import Safelight

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
