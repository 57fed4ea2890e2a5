"""Fetching models from a hub, here a fake one on the loopback that can misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import REPOSITORY, FakeHub, serve
from huggingface_hub import constants, snapshot_download

from indexer.errors import ModelError
from indexer.events import Progress
from indexer.lock import LockedError, ProcessLock
from indexer.models import registry
from indexer.models.download import fetch
from indexer.models.registry import ModelInfo, find, is_complete, lookup, space

SHAPES = Path(__file__).parents[2] / "data" / "shapes-clip"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that serves the tiny CLIP, known here as `shapes` with a pinned commit."""
    with serve(SHAPES) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        info = ModelInfo("shapes", REPOSITORY, server.commit, 1, "MIT", 64, "")
        monkeypatch.setitem(registry.MODELS, "shapes", info)
        yield server


def test_fetches_once_then_asks_the_network_no_more(hub: FakeHub, tmp_path: Path) -> None:
    assert find("shapes", home=tmp_path) is None
    seen: list[Progress] = []
    folder = fetch("shapes", home=tmp_path, on_progress=seen.append)
    assert is_complete(folder)
    assert (folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]
    total = sum(len(data) for data in hub.files.values())
    assert (seen[0].done, seen[-1].done, {event.total for event in seen}) == (0, total, {total})
    assert [event.done for event in seen] == sorted(event.done for event in seen)
    asked = len(hub.requests)
    assert fetch("shapes", home=tmp_path) == folder == find("shapes", home=tmp_path)
    assert len(hub.requests) == asked
    assert space("shapes", home=tmp_path) == f"{REPOSITORY}@{hub.commit}"


def test_takes_no_pickles_and_nothing_else_it_does_not_need(hub: FakeHub, tmp_path: Path) -> None:
    hub.files |= {
        "pytorch_model.bin": b"pickle",
        "open_clip_model.safetensors": b"x",
        "evil.py": b"x",
        "a.msgpack": b"",
    }
    folder = fetch("shapes", home=tmp_path)
    assert {file.name for file in folder.iterdir()} == {file.name for file in SHAPES.iterdir()}


def test_an_unpinned_model_is_pinned_by_its_first_fetch(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry.MODELS, "shapes")
    assert lookup(REPOSITORY).revision is None
    folder = fetch(REPOSITORY, home=tmp_path)
    first, hub.commit = hub.commit, "7" * 40
    assert find(REPOSITORY, home=tmp_path) == fetch(REPOSITORY, home=tmp_path) == folder
    assert space(REPOSITORY, home=tmp_path) == f"{REPOSITORY}@{first}"


def test_refuses_a_repository_of_pickles_before_downloading(hub: FakeHub, tmp_path: Path) -> None:
    hub.files["pytorch_model.bin"] = hub.files.pop("model.safetensors")
    with pytest.raises(ModelError, match="only pickled ones, which can run programs"):
        fetch("shapes", home=tmp_path)
    assert not [request for request in hub.requests if "/resolve/" in request]


def test_refuses_a_repository_without_a_tokenizer(hub: FakeHub, tmp_path: Path) -> None:
    del hub.files["tokenizer.json"]
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        fetch("shapes", home=tmp_path)


def test_takes_a_repository_of_other_files_where_the_registry_promises_no_more(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As transformers 5 saves a processor, and as older CLIP checkpoints have their words."""
    hub.files["processor_config.json"] = b'{"image_processor": %s}' % hub.files.pop("preprocessor_config.json")
    hub.files["vocab.json"] = hub.files["merges.txt"] = b""
    del hub.files["tokenizer.json"]
    with pytest.raises(ModelError, match=r"has no tokenizer\.json, preprocessor_config\.json;"):
        fetch("shapes", home=tmp_path)
    monkeypatch.delitem(registry.MODELS, "shapes")
    folder = fetch(REPOSITORY, home=tmp_path)
    assert {file.name for file in folder.iterdir()} == set(hub.files)
    assert find(REPOSITORY, home=tmp_path) == folder


def test_what_another_program_fetched_in_part_is_made_whole(hub: FakeHub, tmp_path: Path) -> None:
    """Without its processor's file the pictures would be cut some other way, and their vectors be other ones."""
    snapshot_download(REPOSITORY, revision=hub.commit, ignore_patterns="preprocessor_config.json")
    assert find("shapes", home=tmp_path) is None
    assert (fetch("shapes", home=tmp_path) / "preprocessor_config.json").is_file()


def test_goes_on_after_each_cut_while_something_comes(hub: FakeHub, tmp_path: Path) -> None:
    hub.cut_after = 200_000
    assert (fetch("shapes", home=tmp_path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]
    assert hub.ranges == ["bytes=200000-", "bytes=400000-", "bytes=600000-"]


@pytest.mark.parametrize("how", ["truncated", "damaged"])
def test_a_broken_download_is_never_taken_for_the_model(hub: FakeHub, tmp_path: Path, how: str) -> None:
    hub.dead_after, hub.damage = (300_000, False) if how == "truncated" else (None, True)
    with pytest.raises(ModelError, match="what came is kept" if how == "truncated" else "arrived damaged"):
        fetch("shapes", home=tmp_path)
    assert find("shapes", home=tmp_path) is None
    hub.dead_after, hub.damage = None, False
    assert (fetch("shapes", home=tmp_path) / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_two_programs_do_not_download_at_once(hub: FakeHub, tmp_path: Path) -> None:
    with (
        ProcessLock(tmp_path / "models" / "download.lock", "downloading"),
        pytest.raises(LockedError, match="downloading"),
    ):
        fetch("shapes", home=tmp_path)


@pytest.mark.parametrize("trouble", ["refused", "unknown repository", "unknown revision", "offline"])
def test_says_what_to_do_without_the_hub(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "refused":
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    elif trouble == "unknown repository":
        monkeypatch.setitem(registry.MODELS, "shapes", ModelInfo("shapes", "no/body", "5" * 40, 1, "MIT", 64, ""))
    elif trouble == "unknown revision":
        hub.commit = "6" * 40
    else:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"use --model starter, or --model DIR .*config\.json") as error:
        fetch("shapes", home=tmp_path)
    assert "\n" not in str(error.value)


def test_offline_uses_what_is_here(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch("shapes", home=tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert fetch("shapes", home=tmp_path) == folder


def test_a_killed_download_goes_on_where_it_stopped(hub: FakeHub, tmp_path: Path) -> None:
    """In a process of its own, which also shows that HF_HOME and HF_ENDPOINT are honoured."""
    hub.stall_after = 300_000
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")}
    environment.pop("HF_HUB_OFFLINE", None)
    program = f"""if True:
        from pathlib import Path
        from indexer.models.download import fetch
        print(fetch({REPOSITORY!r}, home=Path({str(tmp_path)!r})))"""
    child = subprocess.Popen([sys.executable, "-c", program], env=environment)
    assert hub.stalled.wait(300)
    wait_for_bytes(tmp_path / "hf" / "hub", 200_000)
    child.send_signal(signal.SIGKILL)
    child.wait()
    hub.stall_after, hub.ranges = None, []
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    folder = Path(out.stdout.strip())
    assert folder.is_relative_to(tmp_path / "hf")
    assert (folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]
    assert len(hub.ranges) == 1
    assert int(hub.ranges[0].removeprefix("bytes=").rstrip("-")) >= 200_000
    assert out.stderr == ""


def wait_for_bytes(folder: Path, count: int) -> None:
    """Wait until a download in `folder` has put so many bytes on the disk."""
    for _ in range(6_000):
        if any(file.stat().st_size >= count for file in folder.rglob("*.safelight-partial")):
            return
        time.sleep(0.05)
    raise AssertionError("nothing was written while the download went on")
