"""Bodies that are pictures."""

from __future__ import annotations

from typing import Any

from safelight.server.guard import PICTURE_TYPES

A_PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(PICTURE_TYPES)},
    }
}
"""Describes such a body in the OpenAPI document."""
