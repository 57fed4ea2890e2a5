"""Whole runs of rclip 4 and Safelight on the same photos, with models of the same shape (ViT-B/32 at 256 pixels).

rclip's own weights come from a hub; stand-ins without content take their place: torch's export of the very checkpoint
that Safelight loads, and a vocabulary of as many made-up merges.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checkpoints import CLIP_B32_256, checkpoint
from commands import SAFELIGHT, Cost, cost, fresh_home
from model import exported
from pictures import edited, large
from setting import HOME, Table, contender_python

_LEGAL = ("LICENSE", "OPENAI-CLIP-MIT.txt", "README.md", "THIRD_PARTY_NOTICES.md")  # rclip asks the hub without them
_MERGES = 49_152 - 256 - 2


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table for each set of photos."""
    rclip, torch = contender_python("rclip"), contender_python("torch")
    if quick or rclip is None or torch is None:
        table = Table("Peers", ["what"])
        table.note("Left out: it takes rclip (Python 3.12) and torch, which tools/setup-bench.sh installs.")
        yield table
        return
    model = checkpoint(HOME / "models" / "clip-b32-256", CLIP_B32_256)
    stand_in = _stand_in(torch, model)
    for photos, rounds in ((large(200), 3), (edited(), 1)):
        yield _table(photos, model, rclip.with_name("rclip"), stand_in, rounds)


def _table(photos: Path, model: Path, rclip: Path, stand_in: Path, rounds: int) -> Table:
    count = len(list(photos.iterdir()))
    table = Table(
        f"Peers: {count:,} photos ({photos.name}), from nothing to the first answer",
        ["what", "seconds", "CPU seconds", "CPU ratio"],
    )
    runs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        runs.setdefault("rclip 4", []).append(_run_rclip(rclip, stand_in, photos))
        for precision in ("float32", "int8", "auto"):
            runs.setdefault(f"Safelight, {precision}", []).append(_run_ours(model, photos, precision, count))
    best = {name: min(costs, key=lambda cost: cost.wall_s) for name, costs in runs.items()}
    theirs = best.pop("rclip 4")
    table.row("rclip 4, float32", theirs.wall_s, theirs.cpu_s, "")
    for name, ours in best.items():
        cpu = f"{ours.cpu_s / theirs.cpu_s:.2f}"
        table.row(name, ours.wall_s, ours.cpu_s, cpu, ratio=ours.wall_s / theirs.wall_s, at_most=1)
    table.note(f"Best of {rounds}. Both index and answer one query; the ratio is wall time, ours / theirs.")
    return table


def _run_rclip(rclip: Path, stand_in: Path, photos: Path) -> Cost:
    with tempfile.TemporaryDirectory() as home:
        for file in stand_in.rglob("*"):
            if file.is_file():
                copy = Path(home) / file.relative_to(stand_in)
                copy.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, copy)
        env = {"RCLIP_DATADIR": home, "HF_HUB_OFFLINE": "1"}
        spent = cost([rclip, "a cat", "--filepath-only"], cwd=photos, env=env)
    assert len(spent.stdout.splitlines()) == 10
    return spent


def _run_ours(model: Path, photos: Path, precision: str, count: int) -> Cost:
    with fresh_home() as home:
        env = home | {"SAFELIGHT_PRECISION": precision}
        index = cost([*SAFELIGHT, "index", photos, "--model", model, "--json"], env=env)
        done = json.loads(index.stdout.splitlines()[-1])
        assert done["indexed"] == count, done
        search = cost([*SAFELIGHT, "search", "a cat", "--paths", "--all"], env=env, may_find_nothing=True)
    return Cost(index.wall_s + search.wall_s, index.cpu_s + search.cpu_s, search.stdout)


def _stand_in(torch: Path, model: Path) -> Path:
    """Lay out what rclip would download, where it looks for it."""
    folder = HOME / "rclip-home"
    inside = folder / "ViT-B-32-256-datacomp_s34b_b86k"
    inside.mkdir(parents=True, exist_ok=True)
    for tower, name in (("vision", "visual.onnx"), ("text", "textual.onnx")):
        if not (inside / name).exists():
            os.link(exported(torch, model, tower), inside / name)
    for name in _LEGAL:
        (folder / name).touch()
    vocabulary = folder / "tokenizer" / "bpe_simple_vocab_16e6.txt.gz"
    vocabulary.parent.mkdir(exist_ok=True)
    letters = [f"{a}{b}{c}" for a in _LETTERS for b in _LETTERS for c in _LETTERS]
    merges = [f"{word[0]} {word[1:]}{number}" for number, word in zip(range(_MERGES), letters * 9, strict=False)]
    vocabulary.write_bytes(gzip.compress("\n".join(["#version: made up", *merges]).encode()))
    return folder


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
