"""Folders as people have them: whatever can be loaded is taken, whatever cannot is refused at the door, in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer import Model
from indexer.errors import ModelError
from indexer.models.registry import is_complete

WEIGHTS = "model.safetensors"


def processor_config(folder: Path) -> None:
    """As CLIPProcessor.save_pretrained of transformers 5.23 writes it."""
    settings = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    (folder / "preprocessor_config.json").unlink()
    whole = {"image_processor": settings, "processor_class": "CLIPProcessor"}
    (folder / "processor_config.json").write_text(json.dumps(whole), "utf-8")


def vocabulary(folder: Path) -> None:
    """As older CLIP checkpoints have it."""
    model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    lines = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]) + "\n", "utf-8")


def no_processor(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


@pytest.mark.parametrize(
    ("family", "change"), [("clip-gelu", processor_config), ("clip-gelu", vocabulary), ("siglip", no_processor)]
)
def test_whatever_files_transformers_takes_give_the_vectors_of_the_reference(
    copy_of: Callable[[str], Path],
    tmp_path: Path,
    golden_pictures: list[Image.Image],
    golden_texts: list[str],
    family: str,
    change: Callable[[Path], None],
) -> None:
    folder = copy_of(family)
    change(folder)
    assert is_complete(folder)
    model = Model.load(folder, engine="onnx", precision="float32", home=tmp_path / "home")
    with np.load(folder / "goldens.npz") as reference:
        assert np.abs(model.images(golden_pictures) - reference["image_vectors"]).max() <= 1e-5
        assert np.abs(model.texts(golden_texts) - reference["text_vectors"]).max() <= 1e-5


def test_the_space_follows_every_file_that_words_are_cut_by_and_stays_as_it_was(
    copy_of: Callable[[str], Path], tmp_path: Path
) -> None:
    def space(folder: Path) -> str:
        return Model.load(folder, engine="onnx", home=tmp_path / "home").encoder.space

    folder = copy_of("clip-gelu")
    assert space(folder) == SPACE, "what was indexed with this folder would have to be indexed again"
    vocabulary(folder)
    before = space(folder)
    lines = (folder / "merges.txt").read_text("utf-8").splitlines()
    (folder / "merges.txt").write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    assert len({SPACE, before, space(folder)}) == 3


SPACE = "local@9dca4fde329be42bb442b91dba699762"


def test_a_stale_list_of_shards_beside_whole_weights_does_no_harm(
    copy_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_of("siglip")
    stale = {"weight_map": {"logit_scale": "model-00001-of-00002.safetensors"}}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(stale), "utf-8")
    assert is_complete(folder)
    assert Model.load(folder, engine="onnx", home=tmp_path / "home").text("a cat").shape == (72,)


def keep(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for file in folder.iterdir():
            if file.name not in names:
                file.unlink()

    return change


def pickled(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def half_of_the_shards(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": shards}), "utf-8")


def broken_link(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(folder / "nowhere")


def sentencepiece_only(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "spiece.model")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (keep(), r"lacks config\.json, tokenizer\.json, model\.safetensors; the model's page"),
        (
            keep("config.json", WEIGHTS),
            r"lacks tokenizer\.json; the model's page on the Hugging Face hub has what is missing$",
        ),
        (keep("tokenizer.json", WEIGHTS), r"lacks config\.json; the"),
        (keep("config.json", "tokenizer.json"), r"has no model\.safetensors"),
        (broken_link, r"lacks config\.json; the"),
        (sentencepiece_only, r"what is missing \(spiece\.model does not replace tokenizer\.json\)$"),
        (pickled, "has only pickled weights, which could run code"),
        (half_of_the_shards, r"incomplete: model-00002-of-00002\.safetensors is missing"),
    ],
)
def test_what_cannot_be_loaded_is_refused_at_the_door(
    copy_of: Callable[[str], Path], tmp_path: Path, change: Callable[[Path], None], why: str
) -> None:
    folder = copy_of("siglip")
    change(folder)
    assert not is_complete(folder)
    with pytest.raises(ModelError, match=why) as caught:
        Model.load(folder, home=tmp_path / "home")
    assert "\n" not in str(caught.value)


def test_a_vocabulary_that_is_none_is_told_before_any_picture_is_embedded(
    copy_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_of("clip-gelu")
    vocabulary(folder)
    (folder / "vocab.json").write_text("[]")
    with pytest.raises(ModelError, match=r"has no tokenizer\.json, and none can be made from its files") as caught:
        Model.load(folder, home=tmp_path / "home")
    assert "\n" not in str(caught.value)
