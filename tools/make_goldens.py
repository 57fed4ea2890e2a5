"""Write tests/data/goldens: tiny random-weight checkpoints, and what the reference implementation makes of them.

    python -m venv VENV && VENV/bin/pip install torch==2.13.0 transformers==5.23.0 pillow sentencepiece protobuf
    VENV/bin/python tools/make_goldens.py

The tests need none of that. Each family's folder is a model folder as the hub has them, and goldens.npz beside it holds
each stage: ids, pixel_values, hidden (vision), image_features, text_pooled, text_features, and the unit vectors.
"""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipTokenizer,
)

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "goldens"

TEXTS = [
    "",
    "a photo of a cat",
    "A PHOTO of Two Dogs, running!",
    "“curly quotes” aren't 'straight' — she’s here…",
    "sunset 🌅 over the sea 👨‍👩‍👧‍👦",
    "Straße in Zürich, naïve café, İstanbul",
    "貓 在 桌子上; кошка на столе; قطة",
    "many   spaces\tand\nlines  ",
    "3 red balloons, 12:45 (50%) #party @home",
    "a photo of a very long sentence about boats on a lake at night " * 12,
    "<|endoftext|> <pad> <eos> <0x41>",
]
CORPUS = [text.lower() for text in TEXTS[1:9]] + [
    "a photo of a lake with boats and mountains behind it",
    "two children play with a dog on the beach at sunset",
    "red, green and blue balloons over the old town of a city",
    "portrait of a woman reading books by the window at night",
    "a cat sleeps on the table beside a cup of coffee",
]


def pictures() -> list[np.ndarray]:
    """Smooth colours, edges and noise in sizes that make rounding matter: upright RGB, uint8 (H, W, 3)."""
    chance = np.random.default_rng(0)
    made = []
    for height, width in ((64, 97), (113, 75), (40, 40), (31, 33), (9, 120), (20, 30)):
        y, x = np.mgrid[0:height, 0:width]
        waves = [127 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(3)]
        image = np.stack(waves, -1)
        image[height // 4 : height // 2, width // 3 :] = chance.integers(0, 256, 3)
        image[-height // 3 :] += chance.normal(0, 20, image[-height // 3 :].shape)
        made.append(np.clip(image, 0, 255).astype(np.uint8))
    return made


def clip_tokenizer() -> CLIPTokenizer:
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    trained.normalizer = normalizers.Lowercase()
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=640, end_of_word_suffix="</w>", initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(CORPUS, trainer)
    learnt = json.loads(trained.to_str())["model"]
    merges = [tuple(merge) for merge in learnt["merges"]]
    # As in the original: bytes, bytes that end a word, merges, and the two marks last.
    letters = sorted(alphabet)
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge) for merge in merges)]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    for mark in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[mark] = len(vocabulary)
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


def siglip_tokenizer(folder: Path) -> SiglipTokenizer:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        vocab_size=130,
        model_type="unigram",
        normalization_rule_name="identity",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    (folder / "spiece.model").write_bytes(model.getvalue())
    slow = SiglipTokenizer(str(folder / "spiece.model"))
    slow.save_pretrained(folder)
    pieces = [(slow.sp_model.id_to_piece(n), slow.sp_model.get_score(n)) for n in range(slow.sp_model.get_piece_size())]
    # In the shape of the hub's tokenizer.json, which leaves the cleaning to its normaliser.
    fast = Tokenizer(models.Unigram(pieces, unk_id=2))
    fast.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[!\"\#\$%\&'\(\)\*\+,\-\./:;<=>\?@\[\\\]\^_`\{\|\}\~]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    fast.pre_tokenizer = pre_tokenizers.Metaspace()
    fast.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    fast.save(str(folder / "tokenizer.json"))
    (folder / "spiece.model").unlink()
    return slow


def gemma_tokenizer(folder: Path) -> Siglip2Tokenizer:
    marks = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    trainer = trainers.BpeTrainer(
        vocab_size=640, special_tokens=[*marks, *(f"<0x{n:02X}>" for n in range(256))], show_progress=False
    )
    trained.train_from_iterator(CORPUS, trainer)
    learnt = json.loads(trained.to_str())["model"]
    reference = Siglip2Tokenizer(
        vocab=learnt["vocab"],
        merges=[tuple(merge) for merge in learnt["merges"]],
        padding_side="right",
        model_max_length=64,
    )
    reference.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", 1)]
    )
    reference.save_pretrained(folder)
    # The hub's files are the plain Gemma tokenizer, which keeps case; the reference class lower-cases.
    file = folder / "tokenizer.json"
    stored = json.loads(file.read_text("utf-8"))
    stored["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    file.write_text(json.dumps(stored, ensure_ascii=False), "utf-8")
    settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8")) | {"tokenizer_class": "GemmaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), "utf-8")
    return reference


def shake(model: torch.nn.Module) -> None:
    """Draw weights that make every part matter: the library's own would leave most of it near zero."""
    for name, value in model.named_parameters():
        noise = torch.randn_like(value)
        if "norm" in name or "layrnorm" in name:
            value.data = noise * 0.1 + (1 if name.endswith("weight") else 0)
        elif value.ndim < 2:
            value.data = noise * 0.1
        else:
            fan_in = 1 if "embedding.weight" in name and value.ndim == 2 else value[0].numel()
            value.data = noise * min(1.0, 1.5 * fan_in**-0.5)


def unit(features: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(features, dim=-1).numpy()


@torch.inference_mode()
def write(name: str, model, tokenizer, processor, dtype: torch.dtype, **saving) -> None:
    folder = OUT / name
    shake(model)
    model.eval().to(dtype).save_pretrained(folder, **saving)
    model.float()  # the goldens are float32 arithmetic on the numbers that were stored
    processor.save_pretrained(folder)
    length = model.config.text_config.max_position_embeddings
    ids = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=length, return_tensors="pt").input_ids
    pixels = processor(images=[Image.fromarray(p) for p in pictures()], return_tensors="pt").pixel_values
    vision, text = model.get_image_features(pixels), model.get_text_features(ids)
    clip = isinstance(model, CLIPModel)
    pooled = model.text_model(ids).last_hidden_state
    if clip:
        end = tokenizer.eos_token_id
        pooled = pooled[torch.arange(len(ids)), (ids == end).int().argmax(1)]
    else:
        pooled = pooled[:, -1]
    np.savez_compressed(
        folder / "goldens.npz",
        ids=ids.numpy().astype(np.int32),
        pixel_values=pixels.numpy(),
        hidden=vision.last_hidden_state.numpy(),
        image_features=vision.pooler_output.numpy(),
        text_pooled=pooled.numpy(),
        text_features=text.pooler_output.numpy(),
        image_vectors=unit(vision.pooler_output),
        text_vectors=unit(text.pooler_output),
    )


def clip(name: str, *, activation: str, end: int | None, projection: int, dtype: torch.dtype, **vision) -> None:
    folder = OUT / name
    tokenizer = clip_tokenizer()
    tokenizer.save_pretrained(folder)
    last = len(tokenizer) - 1
    text = {"hidden_size": 32, "intermediate_size": 96, "num_attention_heads": 2, "num_hidden_layers": 2}
    text |= {"vocab_size": len(tokenizer), "hidden_act": activation, "projection_dim": projection}
    text |= {"bos_token_id": last - 1, "eos_token_id": last if end is None else end, "pad_token_id": last}
    size = vision["image_size"]
    vision |= {"num_hidden_layers": 2, "hidden_act": activation, "projection_dim": projection}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection)
    processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    write(name, CLIPModel(config), tokenizer, processor, dtype)


def siglip(name: str, make_tokenizer, *, dtype: torch.dtype, text_heads: int, **vision) -> None:
    folder = OUT / name
    folder.mkdir(parents=True)
    tokenizer = make_tokenizer(folder)
    text = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": text_heads, "num_hidden_layers": 2}
    text |= {"vocab_size": len(tokenizer), "projection_size": vision["hidden_size"]}
    size = vision["image_size"]
    config = SiglipConfig(text_config=text, vision_config=vision | {"num_hidden_layers": 2})
    processor = SiglipImageProcessorPil(size={"height": size, "width": size}, resample=2 if size == 32 else 3)
    write(name, SiglipModel(config), tokenizer, processor, dtype, max_shard_size="300KB" if size == 32 else "5GB")


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(0)
    clip(
        "clip-quick-gelu",
        activation="quick_gelu",
        end=2,  # as in openai's files
        projection=64,
        dtype=torch.float32,
        image_size=32,
        patch_size=8,
        hidden_size=64,
        intermediate_size=128,
        num_attention_heads=1,
    )
    clip(
        "clip-gelu",
        activation="gelu",
        end=None,
        projection=48,
        dtype=torch.float16,
        image_size=28,
        patch_size=7,
        hidden_size=128,
        intermediate_size=160,
        num_attention_heads=2,
    )
    siglip(
        "siglip",
        siglip_tokenizer,
        dtype=torch.float16,
        text_heads=1,
        image_size=38,  # four patches of 9 and a rest, as so400m has it
        patch_size=9,
        hidden_size=72,
        intermediate_size=190,
        num_attention_heads=1,
    )
    siglip(
        "siglip2",
        gemma_tokenizer,
        dtype=torch.bfloat16,
        text_heads=2,
        image_size=32,
        patch_size=8,
        hidden_size=96,
        intermediate_size=192,
        num_attention_heads=4,
    )
    np.savez_compressed(OUT / "pictures.npz", *pictures())
    (OUT / "texts.json").write_text(json.dumps(TEXTS, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
