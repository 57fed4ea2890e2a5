"""Weights: read where they lie, and refused with one line where they are not what they should be."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from indexer.errors import ModelError
from indexer.models.dual_encoder import DualEncoder
from indexer.models.weights import open_checkpoint

NAME = "model.safetensors"


def test_equals_what_the_library_reads(golden_folder: Callable[[str], Path]) -> None:
    for family in ("clip-quick-gelu", "clip-gelu"):
        expected = load_file(golden_folder(family) / NAME)
        found = open_checkpoint(golden_folder(family))
        assert set(found) == set(expected)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)
        assert all(found[name].dtype == expected[name].dtype for name in expected)


def test_reads_shards_and_bfloat16(golden_folder: Callable[[str], Path]) -> None:
    folder = golden_folder("siglip2")
    found = open_checkpoint(folder)
    assert len(list(folder.glob("*.safetensors"))) == 3
    assert set(found) == set(json.loads((folder / f"{NAME}.index.json").read_text("utf-8"))["weight_map"])
    assert {tensor.dtype for tensor in found.values()} == {np.dtype(ml_dtypes.bfloat16)}


def test_tensors_are_views_that_cannot_be_written(golden_folder: Callable[[str], Path]) -> None:
    tensor = open_checkpoint(golden_folder("siglip"))["logit_scale"]
    assert not tensor.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        tensor[...] = 0


def refused(folder: Path, why: str) -> None:
    with pytest.raises(ModelError, match=why) as caught:
        open_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_missing_weights(tmp_path: Path) -> None:
    refused(tmp_path, r"has no model\.safetensors")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json"])
def test_only_pickled_weights(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    refused(tmp_path, "has only pickled weights, which could run code")


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("sprung"),)  # type: ignore[return-value]


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_named_safetensors_is_named_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).write_bytes(pickle.dumps(Trap(), protocol=protocol))
    refused(tmp_path, "is pickled, whatever its name says")
    assert not (tmp_path / "sprung").exists()


def test_a_zip_named_safetensors(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"PK\x03\x04" + bytes(100))
    refused(tmp_path, "is pickled")


def test_a_pointer_of_git_lfs(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    refused(tmp_path, "git lfs pull")


@pytest.mark.parametrize("keep", [0, 7, 8, 100, 20_000, -1])
def test_truncated(copy_of: Callable[[str], Path], keep: int) -> None:
    folder = copy_of("siglip")
    data = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(data[:keep])
    refused(folder, "truncated or damaged")


@pytest.mark.parametrize("length", [2**63, 2**40, 10**9])
def test_a_header_that_overflows(tmp_path: Path, length: int) -> None:
    (tmp_path / NAME).write_bytes(struct.pack("<Q", length) + b"{}" + bytes(100))
    refused(tmp_path, "truncated or damaged")


@pytest.mark.parametrize("offsets", [[0, 2**62], [8, 4], [0, 3], [-4, 0]])
def test_tensors_outside_the_file(tmp_path: Path, offsets: list[int]) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": offsets}}).encode()
    (tmp_path / NAME).write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    refused(tmp_path, "truncated or damaged")


def test_a_type_that_no_tower_uses(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3, np.uint8), "b": np.ones(2, np.float32)}, tmp_path / NAME)
    checkpoint = open_checkpoint(tmp_path)
    assert list(checkpoint) == ["b"]
    with pytest.raises(ModelError, match="stores a as U8; float32, float16 and bfloat16 can be read"):
        checkpoint["a"]
    with pytest.raises(KeyError):
        checkpoint["c"]


def test_numbers_that_no_tower_asks_for_may_be_of_any_type(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("clip-quick-gelu")
    before = DualEncoder.load(folder, name="tiny", engine="onnx").embed_texts(["a cat"])
    unused = {
        "text_model.embeddings.position_ids": np.arange(77, dtype=np.int32)[None],
        "logit_scale": np.array(4.6, np.float64),
        "quantised": np.ones(3, np.int8),
    }
    rewrite(folder, lambda tensors: tensors.update(unused))
    encoder = DualEncoder.load(folder, name="tiny", engine="onnx", precision="float32")
    assert np.array_equal(encoder.embed_texts(["a cat"]), before)
    assert encoder.embed_pixels(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 64)


@pytest.mark.parametrize("engine", ["onnx", "mlx"])
def test_numbers_that_a_tower_asks_for_are_refused_by_their_type(copy_of: Callable[[str], Path], engine: str) -> None:
    folder = copy_of("clip-quick-gelu")
    name = "vision_model.encoder.layers.1.mlp.fc1.weight"
    rewrite(folder, lambda tensors: tensors.update({name: tensors[name].astype(np.float64)}))
    encoder = DualEncoder.load(folder, name="tiny", engine=engine)
    assert encoder.embed_texts(["a cat"]).shape == (1, 64)
    with pytest.raises(ModelError, match=rf"stores {name} as F64; float32"):
        encoder.embed_pixels(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_missing_shard(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("siglip2")
    (folder / "model-00002-of-00003.safetensors").unlink()
    refused(folder, "model-00002-of-00003.safetensors is missing")


@pytest.mark.parametrize("index", ["", "[]", '{"weight_map": 3}', "{"])
def test_a_damaged_index(copy_of: Callable[[str], Path], index: str) -> None:
    folder = copy_of("siglip2")
    (folder / f"{NAME}.index.json").write_text(index)
    refused(folder, "index.json is damaged")


def test_an_index_that_points_outside(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("siglip2")
    (folder / f"{NAME}.index.json").write_text('{"weight_map": {"a": "../../secret.safetensors"}}')
    refused(folder, "names a file outside its folder")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_give_tensors_or_one_error(data: st.DataObject, tmp_path: Path) -> None:
    whole = bytearray()
    entry = {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    header = json.dumps(entry).encode()
    whole += struct.pack("<Q", len(header)) + header + bytes(24)
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / NAME).write_bytes(whole[: data.draw(st.integers(0, len(whole)))] + data.draw(st.binary(max_size=20)))
    with suppress(ModelError):
        assert all(tensor.nbytes <= len(whole) for tensor in open_checkpoint(tmp_path).values())


def rewrite(folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    tensors = load_file(folder / NAME)
    change(tensors)
    save_file(tensors, folder / NAME)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_nan_anywhere_is_refused(copy_of: Callable[[str], Path], value: float) -> None:
    folder = copy_of("siglip")
    clean = load_file(folder / NAME)
    pixels = np.zeros((1, 38, 38, 3), np.uint8)
    for name in clean:
        if name.startswith("logit_"):
            continue  # scales scores, which Safelight does not use
        damaged = {**clean, name: clean[name].copy()}
        damaged[name].flat[-1] = value
        if "token_embedding" in name:
            damaged[name][...] = value
        save_file(damaged, folder / NAME)
        encoder = DualEncoder.load(folder, name="tiny", engine="onnx", precision="float32")
        embed = (lambda: encoder.embed_texts(["a cat"])) if "text" in name else (lambda: encoder.embed_pixels(pixels))  # noqa: B023
        with pytest.raises(ModelError, match="are damaged"):
            embed()


@pytest.mark.parametrize("engine", ["onnx", "mlx"])
@pytest.mark.parametrize("family", ["clip-quick-gelu", "siglip"])
def test_a_file_that_got_its_size_but_not_its_bytes_is_refused(
    copy_of: Callable[[str], Path], family: str, engine: str
) -> None:
    folder = copy_of(family)
    data = (folder / NAME).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    (folder / NAME).write_bytes(data[:start] + bytes(len(data) - start))
    encoder = DualEncoder.load(folder, name="tiny", engine=engine)
    pixels = np.zeros((1, encoder.pixels.height, encoder.pixels.width, 3), np.uint8)
    for embed in (lambda: encoder.embed_texts(["a cat"]), lambda: encoder.embed_pixels(pixels)):
        with pytest.raises(ModelError, match="are damaged"):
            embed()


def test_a_missing_tensor_is_named(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("clip-quick-gelu")
    rewrite(folder, lambda tensors: tensors.pop("vision_model.encoder.layers.1.mlp.fc1.bias"))
    encoder = DualEncoder.load(folder, name="tiny", engine="onnx")
    with pytest.raises(ModelError, match=r"lack the tensor vision_model\.encoder\.layers\.1\.mlp\.fc1\.bias"):
        encoder.embed_pixels(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_misshapen_tensor_is_named(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("clip-quick-gelu")
    name = "vision_model.embeddings.position_embedding.weight"
    rewrite(folder, lambda tensors: tensors.update({name: tensors[name][:-1]}))
    encoder = DualEncoder.load(folder, name="tiny", engine="onnx")
    with pytest.raises(ModelError, match="is 16 x 64, but the configuration asks for 17 x 64"):
        encoder.embed_pixels(np.zeros((1, 32, 32, 3), np.uint8))


def test_the_fingerprint_tells_models_apart(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("clip-quick-gelu")
    before = open_checkpoint(folder).fingerprint()
    assert open_checkpoint(folder).fingerprint() == before

    def train(tensors: dict[str, np.ndarray]) -> None:
        for tensor in tensors.values():
            tensor *= np.float32(1.001)

    rewrite(folder, train)
    assert open_checkpoint(folder).fingerprint() != before


def test_the_fingerprint_does_not_know_shards(copy_of: Callable[[str], Path]) -> None:
    folder = copy_of("siglip2")
    before = open_checkpoint(folder)
    fingerprint, tensors = before.fingerprint(), {name: np.array(tensor) for name, tensor in before.items()}
    save_file(tensors, folder / NAME)
    assert open_checkpoint(folder).fingerprint() == fingerprint


def resident_mb() -> dict[str, int]:
    """Memory of this process by kind, of which file-backed memory can be had back at any time."""
    lines = (line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(value.split()[0]) // 1024 for name, value in lines if name in ("RssAnon", "RssFile")}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("linked", [False, True])
def test_a_query_reads_a_few_rows_of_a_great_table_and_copies_nothing(
    copy_of: Callable[[str], Path], tmp_path: Path, linked: bool
) -> None:
    """As in a hub's cache, where the file is a link into another folder."""
    folder = copy_of("clip-quick-gelu")
    name = "text_model.embeddings.token_embedding.weight"

    def grow(tensors: dict[str, np.ndarray]) -> None:
        tensors[name] = np.concatenate([tensors[name], np.zeros((1_000_000, 32), np.float32)])  # 128 MB

    rewrite(folder, grow)
    if linked:
        (tmp_path / "blobs").mkdir()
        (folder / NAME).rename(tmp_path / "blobs" / "0123")
        (folder / NAME).symlink_to(Path("..") / "blobs" / "0123")
    encoder = DualEncoder.load(folder, name="tiny", engine="onnx")
    before = resident_mb()
    vectors = encoder.embed_texts(["a cat"])
    after = resident_mb()
    assert vectors.shape == (1, 64)
    assert after["RssAnon"] - before["RssAnon"] < 40
    assert after["RssFile"] - before["RssFile"] < 60
