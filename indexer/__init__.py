"""Pixels into vectors, vectors into answers. Never prints, never exits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indexer.model import Model

__all__ = ["Model"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: `import indexer` alone stays light."""
    if name == "Model":
        from indexer.model import Model

        return Model
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
