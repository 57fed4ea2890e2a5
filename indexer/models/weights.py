"""A checkpoint's tensors, where they lie: safetensors mapped into memory, nothing copied, no code ever executed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import xxhash
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from indexer.errors import ModelError
from indexer.models.files import weight_files

_DTYPES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16, "I64": np.int64}
_SAMPLED_TENSORS = 64
_SAMPLE_BYTES = 256


class Checkpoint(Mapping[str, NDArray[np.generic]]):
    """The tensors of a model folder by name: read-only views of mapped files, of the type they are stored in.

    One of a type that no tower can use is not among them, and an error only where it is asked for: checkpoints carry
    numbers that nothing needs, such as position_ids.
    """

    def __init__(self, tensors: dict[str, NDArray[np.generic]], folder: Path, of_other_types: dict[str, str]) -> None:
        self._tensors = tensors
        self._of_other_types = of_other_types
        self.folder = folder

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        """Return a tensor.

        Raises:
            KeyError: There is none of this name.
            ModelError: It is of a type that cannot be read.
        """
        if dtype := self._of_other_types.get(name):
            raise ModelError(f"{self.folder} stores {name} as {dtype}; float32, float16 and bfloat16 can be read")
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def fingerprint(self) -> str:
        """Hash what tells one checkpoint from another: names, types, shapes, and a sample of the numbers.

        Not all of them: a query would have to read gigabytes before its first answer. Training moves every tensor, so
        256 bytes from the middle of 64 tensors tell any two trainings apart.
        """
        names = sorted(self._tensors)
        digest = xxhash.xxh3_128()
        for name in names:
            tensor = self._tensors[name]
            digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
        for name in names[:: -(-len(names) // _SAMPLED_TENSORS)]:
            raw = self._tensors[name].reshape(-1).view(np.uint8)
            middle = max(0, raw.size // 2 - _SAMPLE_BYTES // 2)
            digest.update(raw[middle : middle + _SAMPLE_BYTES].tobytes())
        return digest.hexdigest()


def open_checkpoint(folder: Path) -> Checkpoint:
    """Map the weights of a Hugging Face model folder, in one file or in shards.

    Raises:
        ModelError: There are none, they are truncated or damaged, or they are pickled.
    """
    tensors: dict[str, NDArray[np.generic]] = {}
    of_other_types: dict[str, str] = {}
    for file in weight_files(folder):
        data, header = _map(file)
        for name, entry in header.items():
            if (dtype := _DTYPES.get(entry["dtype"])) is None:
                of_other_types[name] = entry["dtype"]
            else:
                first, last = entry["data_offsets"]
                # A plain view: memmap objects cost time at every slice.
                tensors[name] = np.asarray(data[first:last]).view(dtype).reshape(entry["shape"])
    return Checkpoint(tensors, folder, of_other_types)


def _map(file: Path) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Map a file; returns its numbers, and the header that says where each tensor lies in them."""
    try:
        # The library checks the header: sizes, overlaps, gaps, the file's length. It would copy the tensors, though.
        with safe_open(file, "numpy"):
            pass
        data = np.memmap(file, np.uint8, "r")
    except FileNotFoundError:
        raise ModelError(f"{file} is missing; fetch the model again") from None
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror or error})") from None
    except (SafetensorError, ValueError) as error:
        raise ModelError(_damage(file, error)) from None
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header: dict[str, Any] = json.loads(data[8:start].tobytes())
    header.pop("__metadata__", None)
    return data[start:], header


def _damage(file: Path, error: Exception) -> str:
    with file.open("rb") as opened:
        begin = opened.read(8)
    if begin[:1] == b"\x80" or begin[:4] == b"PK\x03\x04":
        return f"{file} is pickled, whatever its name says, and could run code when read; fetch it from a trusted place"
    if begin[:8] == b"version ":
        return f"{file} is only a pointer of Git LFS, not the weights; run `git lfs pull` in that folder"
    return f"{file} is truncated or damaged ({error}); fetch the model again"
