"""Train the tiny CLIP of tests/data/shapes-clip on drawn shapes: torch and transformers, minutes on two cores.

    python -m venv VENV && VENV/bin/pip install torch transformers tokenizers pillow
    VENV/bin/python tools/train_shapes_clip.py

It exists so that the dual encoder is tested with weights that mean something, made here, free of anybody's licence.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import shapes  # noqa: E402

OUT = ROOT / "tests" / "data" / "shapes-clip"
EDGE, STEPS, BATCH, VARIANTS = 64, 900, 96, 40


def tokenizer() -> Tokenizer:
    words = ["a", "on", "background", *shapes.COLOURS, *shapes.SHAPES]
    vocabulary = {"<pad>": 0, "<unk>": 1, "<start>": 2, "<end>": 3} | {word: 4 + n for n, word in enumerate(words)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 3)]
    )
    return made


def model(vocabulary: int) -> CLIPModel:
    tower = {"hidden_size": 80, "intermediate_size": 240, "num_attention_heads": 4, "projection_dim": 64}
    text = tower | {"num_hidden_layers": 2, "vocab_size": vocabulary, "max_position_embeddings": 16}
    text |= {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    vision = tower | {"num_hidden_layers": 3, "image_size": EDGE, "patch_size": 8}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))


def pixels(images: list[Image.Image]) -> torch.Tensor:
    small = np.stack([np.asarray(image.resize((EDGE, EDGE), Image.Resampling.BICUBIC)) for image in images])
    return (torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5


def unit(output) -> torch.Tensor:
    vector = output if isinstance(output, torch.Tensor) else output.pooler_output
    return torch.nn.functional.normalize(vector, dim=-1)


@torch.no_grad()
def recall(clip: CLIPModel, ids: dict[str, list[int]], scenes: list[shapes.Scene], seed: int) -> float:
    image = unit(clip.get_image_features(pixel_values=pixels([shapes.draw(scene, seed) for scene in scenes])))
    text = unit(clip.get_text_features(input_ids=torch.tensor([ids[scene.caption] for scene in scenes])))
    return float(((text @ image.T).argmax(1) == torch.arange(len(scenes))).float().mean())


def main() -> None:
    torch.manual_seed(0)
    chance = random.Random(0)
    seen, held_out = shapes.scenes()
    words = tokenizer()
    ids = {scene.caption: words.encode(scene.caption).ids for scene in seen + held_out}
    library = {scene: pixels([shapes.draw(scene, seed) for seed in range(VARIANTS)]) for scene in seen}
    clip = model(words.get_vocab_size())
    print(f"{sum(p.numel() for p in clip.parameters()):,} parameters")
    optimiser = torch.optim.AdamW(clip.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS, pct_start=0.1)
    started = time.time()
    for step in range(STEPS):
        batch = chance.sample(seen, BATCH)
        out = clip(
            input_ids=torch.tensor([ids[scene.caption] for scene in batch]),
            pixel_values=torch.stack([library[scene][chance.randrange(VARIANTS)] for scene in batch]),
            return_loss=True,
        )
        optimiser.zero_grad()
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            clip.eval()
            print(step + 1, f"loss {out.loss:.3f}, held out R@1 {recall(clip, ids, held_out, 1):.2f}", flush=True)
            clip.train()
    clip.eval().half()
    OUT.mkdir(parents=True, exist_ok=True)
    clip.save_pretrained(OUT)
    PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<start>",
        eos_token="<end>",
        model_max_length=16,
    ).save_pretrained(OUT)
    CLIPImageProcessor(
        size={"shortest_edge": EDGE},
        crop_size={"height": EDGE, "width": EDGE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    ).save_pretrained(OUT)
    print(f"{time.time() - started:.0f} s; held out R@1 of other drawings in float32:")
    print([round(recall(clip.float(), ids, held_out, seed), 3) for seed in range(2, 7)])


if __name__ == "__main__":
    main()
