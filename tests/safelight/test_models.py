"""The models that can be chosen from."""

from __future__ import annotations

from pathlib import Path

from safelight.config import Settings
from safelight.models import choices
from safelight.service import Library


def test_a_model_whose_folder_has_gone_is_still_named_as_the_one_in_use(tmp_path: Path):
    with Library(Settings(model=str(tmp_path / "gone" / "mine")), tmp_path / "home") as library:
        (active,) = [choice for choice in choices(library) if choice.active]
    assert (active.name, active.here, "/" in active.id) == ("mine", False, False)
