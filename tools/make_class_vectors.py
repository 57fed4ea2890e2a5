"""Write indexer/models/imagenet_vectors.npy: the starter's vector of each class name, float16 (1000, 384)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from indexer.models.engine_onnx import OnnxEngine
from indexer.models.starter import StarterEncoder, class_names, class_vectors

OUT = Path(__file__).resolve().parent.parent / "indexer" / "models" / "imagenet_vectors.npy"

if __name__ == "__main__":
    np.save(OUT, class_vectors(StarterEncoder(OnnxEngine()), class_names()).astype(np.float16))
    print(f"{OUT}: {OUT.stat().st_size} bytes")
