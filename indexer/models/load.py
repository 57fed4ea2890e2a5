"""The one door to a model: a short name or a folder in, a loaded Encoder out."""

from __future__ import annotations

from pathlib import Path

from indexer.errors import ModelError
from indexer.models import files, registry
from indexer.models.encoder import Encoder


def load_encoder(name_or_folder: str | Path, *, home: Path, engine: str = "auto", precision: str = "auto") -> Encoder:
    """Load a model that is on this computer. Never asks the network: `download.fetch` brings what is missing.

    Args:
        name_or_folder: A name of the registry, "owner/name" on the hub, or a folder with a model's files.
        home: Our data folder.
        engine: "auto", "mlx" or "onnx".
        precision: "auto", "float32", "float16" or "int8"; the starter is float32 always.

    Raises:
        ModelError: There is no such model, it is not here, or it is damaged.
    """
    folder = Path(name_or_folder).expanduser()
    if name_or_folder == registry.STARTER:
        from indexer.models.engine import choose_engine
        from indexer.models.starter import StarterEncoder

        return StarterEncoder(choose_engine(engine).engine)
    from indexer.models.dual_encoder import DualEncoder

    cache = home / "models"
    if folder.is_dir():
        files.check_folder(folder)
        return DualEncoder.load(folder, name=str(name_or_folder), engine=engine, precision=precision, cache=cache)
    name = registry.lookup(str(name_or_folder)).name
    found = registry.find(name, home=home)
    if found is None:
        raise ModelError(
            f"the model {name} is not on this computer: `safelight model fetch {name}` gets it, and"
            " `safelight model use starter` does without a download"
        )
    space = registry.space(name, home=home)
    return DualEncoder.load(found, name=name, space=space, engine=engine, precision=precision, cache=cache)
