"""Names, pins and folders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indexer.errors import ModelError
from indexer.models.registry import DEFAULT, MODELS, STARTER, ModelInfo, lookup, pin, pinned


def test_every_entry_is_complete() -> None:
    assert DEFAULT in MODELS
    for name, info in MODELS.items():
        assert info.name == name
        if name != STARTER:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", info.repository)
            assert info.revision is None or re.fullmatch(r"[0-9a-f]{40}", info.revision)
            assert 100 < info.size_mb < 10_000
            assert info.dim in (512, 768, 1024, 1152)
        assert info.license in ("Apache-2.0", "MIT")


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("siglip2-base", "google/siglip2-base-patch16-256"),
        ("siglip2-fast", "google/siglip2-base-patch32-256"),
        ("siglip2-best", "google/siglip2-so400m-patch16-384"),
        ("siglip-base", "google/siglip-base-patch16-224"),
        ("clip-b32", "openai/clip-vit-base-patch32"),
        ("clip-l14", "openai/clip-vit-large-patch14"),
    ],
)
def test_what_short_names_stand_for(name: str, repository: str) -> None:
    assert lookup(name).repository == repository
    assert lookup(name).revision
    assert DEFAULT == "siglip2-base"


def test_lookup_by_short_name_repository_or_neither() -> None:
    assert lookup("clip-b32") is lookup("openai/clip-vit-base-patch32")
    assert lookup("someone/some-model").revision is None
    for nonsense in ("clipb32", "", "../x/y", "a/b/c"):
        with pytest.raises(ModelError, match="no model is called"):
            lookup(nonsense)


def test_pins_are_kept_and_a_damaged_note_is_named(tmp_path: Path) -> None:
    info, other = (ModelInfo(name, name, None, 0, "", 0, "") for name in ("a/b", "c/d"))
    pin(info, tmp_path, "1" * 40)
    pin(other, tmp_path, "2" * 40)
    assert (pinned(info, tmp_path), pinned(other, tmp_path)) == ("1" * 40, "2" * 40)
    (tmp_path / "models" / "revisions.json").write_text("{")
    with pytest.raises(ModelError, match=r"revisions\.json is damaged"):
        pinned(info, tmp_path)
