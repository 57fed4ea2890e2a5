"""A whole indexing run beside its two halves alone: what decodes, and what embeds."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from checkpoints import CLIP_B32, SHAPES, SIGLIP_B16, checkpoint
from importers.base import Source
from importers.folder import FolderSource
from indexer.catalog import Catalog
from indexer.decoders import DecoderPool, Job
from indexer.models.encoder import Encoder
from indexer.models.engine import choose_engine
from indexer.models.load import load_encoder
from indexer.pipeline import BATCH, IndexRun
from indexer.preprocess import PixelSpec
from pictures import large, small
from safelight.worker import ModelThread
from setting import HOME, Table, cores, ratio, take_turns


class Accelerator:
    """Stands in for a model on a GPU: takes its time for a batch, and none of the CPU's."""

    name, space, dim, engine = "accelerator", "accelerator", 512, "none"

    def __init__(self, pixels: PixelSpec, batch_s: float) -> None:
        self.pixels, self._batch_s = pixels, batch_s
        self._vectors = np.eye(BATCH, self.dim, dtype=np.float32)

    def embed_pixels(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        time.sleep(self._batch_s * len(pixels) / BATCH)
        return self._vectors[: len(pixels)]


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table; every row is one library with one model."""
    table = Table(
        f"Pipeline: photos/s, {cores()} cores",
        ["model, photos", "decode only", "model only", "whole run", "halves in turn / whole"],
    )
    for title, load, photos in _libraries(quick):
        thread = ModelThread(load)
        spec = thread.encoder.pixels
        files = sorted(photos.iterdir())
        contenders: dict[str, Callable[[], float]] = {
            "decode": lambda files=files, spec=spec: _decode_only(files, spec),
            "model": lambda thread=thread, files=files: _model_only(thread, len(files)),
            "whole": lambda thread=thread, photos=photos: whole(thread, FolderSource(photos), next(photos.iterdir())),
        }
        seconds = take_turns(contenders, 1 if quick else 3)
        decode, model, run = (len(files) / median(seconds[name]) for name in contenders)
        slower = [max(pair) for pair in zip(seconds["decode"], seconds["model"], strict=True)]
        summed = [sum(pair) for pair in zip(seconds["decode"], seconds["model"], strict=True)]
        table.row(
            title,
            decode,
            model,
            run,
            f"{ratio(summed, seconds['whole']):.2f}",
            ratio=ratio(slower, seconds["whole"]),
            at_least=0.9,
        )
        thread.close()
    table.note(
        "The ratio is the slower half alone over the whole run. Alone, each half has every core; a model on the CPU"
        " must share them with the decoders; then no order of work beats both halves in turn: see the column before."
    )
    yield table


def _libraries(quick: bool) -> Iterator[tuple[str, Callable[[], Encoder], Path]]:
    def model(folder: Path | str, precision: str = "float32", engine: str = "onnx") -> Callable[[], Encoder]:
        return lambda: load_encoder(folder, home=HOME, engine=engine, precision=precision)

    if quick:
        yield "shapes-clip", model(SHAPES), small(20)
        return
    photos, pictures = large(200), small(2000)  # drawn before any model is loaded, in processes that are forked
    clip, siglip = (
        checkpoint(HOME / "models" / "clip-b32", CLIP_B32),
        checkpoint(HOME / "models" / "siglip-b16", SIGLIP_B16),
    )
    spec = model(clip)().pixels

    def accelerator(photos_per_s: float) -> Callable[[], Encoder]:
        return lambda: Accelerator(spec, BATCH / photos_per_s)  # pyright: ignore

    if "float16" in choose_engine().engine.precisions:  # on a GPU
        for title, folder in (("CLIP B/32", clip), ("SigLIP B/16", siglip)):
            yield f"{title} on the GPU, 200 of 12 MP", model(folder, "float16", "mlx"), photos
            yield f"{title} on the GPU, 2,000 small", model(folder, "float16", "mlx"), pictures
    yield "accelerator of 20/s, 200 of 12 MP", accelerator(20), photos
    yield "accelerator of 1,000/s, 200 of 12 MP", accelerator(1000), photos
    yield "accelerator of 200/s, 2,000 small", accelerator(200), pictures
    yield "starter, 2,000 small", model("starter"), pictures
    yield "CLIP B/32 int8, 200 of 12 MP", model(clip, "int8"), photos
    yield "CLIP B/32, 200 of 12 MP", model(clip), photos
    yield "SigLIP B/16 int8, 200 of 12 MP", model(siglip, "int8"), photos
    yield "CLIP B/32 int8, 2,000 small", model(clip, "int8"), pictures


def _decode_only(files: list[Path], spec: PixelSpec) -> float:
    with DecoderPool(spec) as pool:
        _wait_until_up(pool, files[0])
        started = time.perf_counter()
        for ticket, file in enumerate(files):
            while pool.full:
                pool.results(wait=True)
            pool.submit(Job.of_file(ticket, file))
        while pool.outstanding:
            pool.results(wait=True)
        return time.perf_counter() - started


def _model_only(thread: ModelThread, count: int) -> float:
    spec = thread.encoder.pixels
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, spec.height, spec.width, 3), np.uint8)
    thread.embed_pixels(pixels).result()
    started = time.perf_counter()
    for at in range(0, count, BATCH):
        thread.embed_pixels(pixels[: count - at]).result()
    return time.perf_counter() - started


def whole(thread: ModelThread, source: Source, file: Path) -> float:
    """Time one run over a source, without what is paid once at the start: processes, warmed up on `file`, and model."""
    encoder = thread.encoder
    thread.embed_pixels(np.zeros((BATCH, encoder.pixels.height, encoder.pixels.width, 3), np.uint8)).result()
    with tempfile.TemporaryDirectory() as home, DecoderPool(encoder.pixels) as pool:
        _wait_until_up(pool, file)
        catalog = Catalog(Path(home))
        root = catalog.add_root(source.name, source.root, source.device)
        model = catalog.add_model(encoder.space, encoder.name, encoder.dim)
        run = IndexRun(
            catalog,
            root,
            model,
            pool,
            thread.embed_pixels,
            reader="bench",
            on_progress=lambda event: None,
            on_problem=lambda row: None,
            stop=threading.Event(),
        )
        started = time.perf_counter()
        tally = run.run(source)
        spent = time.perf_counter() - started
        assert tally.indexed == tally.photos > 0, tally
        catalog.close()
        return spent


def _wait_until_up(pool: DecoderPool, file: Path) -> None:
    for ticket in range(2 * cores()):
        pool.submit(Job.of_file(-ticket, file))
    while pool.outstanding:
        pool.results(wait=True)
