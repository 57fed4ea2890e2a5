"""What the models' tests share: the goldens of tools/make_goldens.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"


@pytest.fixture(scope="session")
def golden_pictures() -> list[Image.Image]:
    with np.load(GOLDENS / "pictures.npz") as stored:
        return [Image.fromarray(picture) for picture in stored.values()]


@pytest.fixture(scope="session")
def golden_texts() -> list[str]:
    return json.loads((GOLDENS / "texts.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def golden_folder() -> Callable[[str], Path]:
    """The model folder of a family; read-only."""
    return lambda family: GOLDENS / family


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a family's model folder, to damage."""
    return lambda family: Path(shutil.copytree(GOLDENS / family, tmp_path / family))
