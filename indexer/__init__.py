"""Pixels into vectors, vectors into answers. Never prints, never exits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Nothing leaves this computer. These libraries count their users unless told not to; they read this when imported.
os.environ |= {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "ANONYMIZED_TELEMETRY": "False"}

if TYPE_CHECKING:
    from indexer.model import Model

__all__ = ["Model"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: `import indexer` alone stays light."""
    if name == "Model":
        from indexer.model import Model

        return Model
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
