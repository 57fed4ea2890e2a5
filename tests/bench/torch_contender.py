"""Runs in build/bench/torch: torch on the same checkpoint and pixels, and its ONNX export.

    python torch_contender.py export CHECKPOINT vision|text OUT.onnx
    python torch_contender.py serve CHECKPOINT BATCH

`serve` answers each line "float32" or "bfloat16" on stdin with the seconds that one batch took.
"""

import sys
import time

import numpy as np
import torch
from transformers import AutoModel

folder = sys.argv[2]
model = AutoModel.from_pretrained(folder).eval()
clip = model.config.model_type == "clip"


class Vision(torch.nn.Module):
    def forward(self, pixels):
        pooled = model.vision_model(pixel_values=pixels).pooler_output
        pooled = model.visual_projection(pooled) if clip else pooled
        return pooled / pooled.norm(dim=-1, keepdim=True)


class Text(torch.nn.Module):
    def forward(self, ids):
        pooled = model.text_model(input_ids=ids).pooler_output
        pooled = model.text_projection(pooled) if clip else pooled
        return pooled / pooled.norm(dim=-1, keepdim=True)


size = model.config.vision_config.image_size
if sys.argv[1] == "export":
    tower, example = (
        (Vision(), torch.zeros(2, 3, size, size))
        if sys.argv[3] == "vision"
        else (Text(), torch.full((2, 77), 3, dtype=torch.int64))
    )
    with torch.inference_mode():
        torch.onnx.export(
            tower,
            (example,),
            sys.argv[4],
            input_names=["input"],
            output_names=["output"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            external_data=False,
        )
else:
    pixels = np.random.default_rng(0).standard_normal((int(sys.argv[3]), 3, size, size), dtype=np.float32)
    vision = Vision()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    for line in sys.stdin:
        kind = getattr(torch, line.strip())
        model.to(kind)
        batch = torch.from_numpy(pixels).to(kind)
        with torch.inference_mode():
            vision(batch)  # what changing the type costs is not counted
            started = time.perf_counter()
            vision(batch)
        print(time.perf_counter() - started, flush=True)
