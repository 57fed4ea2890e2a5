"""Choose what runs the models on this machine; each engine's library is imported only when it is chosen."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import ModelError
from indexer.models.ops import Engine

_NVIDIA = Path("/dev/nvidiactl")  # Linux, where NVIDIA's driver is loaded
_NO_CUDA = 'the NVIDIA GPU here needs MLX\'s build for CUDA: pip install "mlx[cuda13]" (docs/models.md, "CUDA")'


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine, and for people why it was chosen."""

    engine: Engine
    reason: str


def choose_engine(name: str = "auto") -> Choice:
    """Choose the engine: MLX on an Apple or CUDA GPU, ONNX Runtime on a plain CPU, or the one named.

    Args:
        name: "auto", "mlx" or "onnx".

    Raises:
        ModelError: There is no such engine, or it does not run here.
    """
    if name == "onnx":
        engine = _onnx()
        return Choice(engine, f"{engine.name}, as asked for")
    if name == "mlx":
        engine = _mlx()
        return Choice(engine, f"{engine.name}, as asked for")
    if name != "auto":
        raise ModelError(f"there is no engine {name!r}; say auto, mlx or onnx")
    problem = "MLX is not installed"
    if importlib.util.find_spec("mlx") is not None:
        try:
            engine = _mlx()
        except ModelError as error:
            problem = str(error)
        else:
            if engine.on_gpu:
                return Choice(engine, f"{engine.name}: a GPU was found")
            problem = _NO_CUDA if _NVIDIA.exists() else "no Apple GPU and no CUDA device was found"
    engine = _onnx()
    return Choice(engine, f"{engine.name}: {problem}")


def _onnx() -> Engine:
    from indexer.models.engine_onnx import OnnxEngine

    return OnnxEngine()


def _mlx():  # the class is not known before MLX is imported
    try:
        from indexer.models.engine_mlx import MlxEngine
    except ImportError as error:  # the wheel without its library, an old macOS
        raise ModelError(f"MLX does not run here ({error}); use --engine onnx") from None
    return MlxEngine()
