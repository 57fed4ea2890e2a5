"""Ours beside the loop that this product grew from, with the same model on the same photos.

The loop, rebuilt from a description of its faults: every file hashed with MD5 and decoded whole, one picture a call of
the model, vectors as lists of floats, a row committed and a Chroma record added for each photo.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import chromadb
import numpy as np
from chromadb.config import Settings
from PIL import Image

from checkpoints import CLIP_B32, SHAPES, checkpoint
from commands import SAFELIGHT, cost, fresh_home
from indexer.models.load import load_encoder
from pictures import large, small
from setting import HOME, Table


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table; each run is one process from start to end."""
    photos, model = (small(20), SHAPES) if quick else (large(200), checkpoint(HOME / "models" / "clip-b32", CLIP_B32))
    count = len(list(photos.iterdir()))
    table = Table(f"The seed's loop: {count} photos, same model", ["what", "seconds", "CPU seconds", "photos/s"])
    with fresh_home() as env:
        loop = cost([sys.executable, __file__, photos, model, env["SAFELIGHT_HOME"]], env=env)
    table.row("the seed's loop, float32", loop.wall_s, loop.cpu_s, count / loop.wall_s)
    for precision in ("auto",) if quick else ("float32", "int8", "auto"):
        with fresh_home() as env:
            command = [*SAFELIGHT, "index", photos, "--model", model, "--json"]
            ours = cost(command, env=env | {"SAFELIGHT_PRECISION": precision})
        assert json.loads(ours.stdout.splitlines()[-1])["indexed"] == count
        speedup = loop.wall_s / ours.wall_s
        bound = 4 if precision == "auto" else None
        table.row(
            f"safelight index, {precision}", ours.wall_s, ours.cpu_s, count / ours.wall_s, ratio=speedup, at_least=bound
        )
    yield table


def run_loop(photos: Path, model: Path, home: Path) -> None:
    """Index as the seed did."""
    encoder = load_encoder(model, home=home, engine="onnx", precision="float32")
    spec = encoder.pixels
    db = sqlite3.connect(home / "images.db")
    db.execute("CREATE TABLE images (filename TEXT, file_path TEXT, file_md5 TEXT, embeddings BLOB)")
    client = chromadb.PersistentClient(str(home / "chroma"), Settings(anonymized_telemetry=False))
    collection = client.create_collection("images", embedding_function=None)
    for file in sorted(photos.iterdir()):
        data = file.read_bytes()
        digest = hashlib.md5(data).hexdigest()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        scale = spec.height / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        left, top = (image.width - spec.width) // 2, (image.height - spec.height) // 2
        pixels = np.asarray(image.crop((left, top, left + spec.width, top + spec.height)))
        vector = encoder.embed_pixels(pixels[None])[0].tolist()
        db.execute("INSERT INTO images VALUES (?, ?, ?, ?)", (file.name, str(file), digest, json.dumps(vector)))
        db.commit()
        collection.add(ids=[file.name], embeddings=[vector], documents=[file.name])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        run_loop(Path(sys.argv[1]), Path(sys.argv[2]), Path(scratch))
