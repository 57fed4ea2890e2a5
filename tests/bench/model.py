"""Images per second of the vision tower: ours, ONNX Runtime on torch's own export, torch, MLX."""

from __future__ import annotations

import importlib.util
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime

from checkpoints import CLIP_B32, SHAPES, SIGLIP_B16, checkpoint
from indexer.models.engine import choose_engine
from indexer.models.load import load_encoder
from setting import CHECKOUT, HOME, Table, contender_python, cores, ratio, say, take_turns

BATCH = 32
MLX_PICTURES = {"CLIP B/32-224": 2, "SigLIP B/16-224": 1}  # its BLAS on Linux takes seconds for one
_EXPORT = "onnxruntime on torch's export"
_SCRIPT = Path(__file__).with_name("torch_contender.py")


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table for each model."""
    if quick:
        yield _table("shapes-clip", SHAPES, rounds=2, with_torch=False, batch=4)
        return
    for title, name, shape in (("CLIP B/32-224", "clip-b32", CLIP_B32), ("SigLIP B/16-224", "siglip-b16", SIGLIP_B16)):
        yield _table(title, checkpoint(HOME / "models" / name, shape), rounds=5, with_torch=True, batch=BATCH)


def _table(title: str, folder: Path, *, rounds: int, with_torch: bool, batch: int) -> Table:
    ours = {
        precision: load_encoder(folder, home=HOME, engine="onnx", precision=precision)
        for precision in ("float32", "int8")
    }
    spec = ours["float32"].pixels
    pixels = np.random.default_rng(0).integers(0, 256, (batch, spec.height, spec.width, 3), np.uint8)
    contenders: dict[str, Callable[[], object]] = {
        f"ours, {precision}": lambda encoder=encoder: encoder.embed_pixels(pixels)
        for precision, encoder in ours.items()
    }
    table = Table(f"Model: {title}, batches of {batch}, {cores()} cores", ["what", "images/s", "against"])
    python = contender_python("torch") if with_torch else None
    with ExitStack() as stack:
        if python is not None:
            onnx_file = exported(python, folder, "vision")
            session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
            normalised = np.random.default_rng(0).standard_normal((batch, 3, spec.height, spec.width), np.float32)
            contenders[_EXPORT] = lambda: session.run(None, {"input": normalised})
            ask = stack.enter_context(_torch(python, folder, batch))
            contenders |= {f"torch {kind}": lambda kind=kind: ask(kind) for kind in ("float32", "bfloat16")}
        elif with_torch:
            table.note("The rows of torch are left out: tools/setup-bench.sh could not install it.")
        seconds = take_turns(contenders, rounds)
    torch32 = seconds.get("torch float32")
    for name, spent in seconds.items():
        speed = batch / median(spent)
        if name == "ours, float32" and _EXPORT in seconds:
            table.row(name, speed, _EXPORT, ratio=ratio(seconds[_EXPORT], spent), at_least=0.95)
        elif torch32 is None or spent is torch32:
            table.row(name, speed, "")
        else:
            bound = 3 if name == "ours, int8" else None
            table.row(name, speed, "torch float32", ratio=ratio(torch32, spent), at_least=bound)
    if with_torch and importlib.util.find_spec("mlx") is not None:
        engine = choose_engine("mlx").engine
        encoder = load_encoder(folder, home=HOME, engine="mlx", precision=engine.precisions[0])
        count = MLX_PICTURES[title]
        if "float16" in engine.precisions:  # on a GPU
            count = batch
            encoder.embed_pixels(pixels)  # its kernels are compiled
        started = time.perf_counter()
        encoder.embed_pixels(pixels[:count])
        spent = time.perf_counter() - started
        table.row(f"ours, {encoder.engine} (batch of {count})", count / spent, "")
    return table


def exported(python: Path, folder: Path, tower: str) -> Path:
    """Return a tower of a checkpoint as torch itself exports it: input -> output, normalised."""
    file = folder / f"{tower}.onnx"
    if not file.exists():
        say(f"torch exports {file.relative_to(CHECKOUT)}")
        subprocess.run([python, _SCRIPT, "export", folder, tower, file], check=True, capture_output=True)
    return file


@contextmanager
def _torch(python: Path, folder: Path, batch: int) -> Generator[Callable[[str], float]]:
    """Start torch in its own process; the function given answers a type with the seconds of one batch."""
    command = [python, _SCRIPT, "serve", folder, str(batch)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        say(process.stdout.readline().strip())

        def ask(kind: str) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(kind + "\n")
            return float(process.stdout.readline())

        yield ask
        process.stdin.close()
