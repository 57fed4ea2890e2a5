"""Facts and renditions as JSON and back: how they go between processes, and into the catalog."""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from importers.base import Exposure, Facts, Rendition, Smaller, Span

_LISTS = ("keywords", "people", "labels", "media")
_LISTS_OF_STEPS = ("keyword_paths", "albums")

_FACTS, _EXPOSURE, _RENDITION, _SPAN = (
    {field.name: field.default for field in fields(kind)} for kind in (Facts, Exposure, Rendition, Span)
)
_NO_EXPOSURE = Exposure()


def pack_facts(facts: Facts) -> dict[str, Any]:
    """Return facts as what json.dumps takes; what is unknown is left out."""
    packed = _known(facts, _FACTS)  # asdict() would copy every value, and take five times as long
    if facts.taken_at is not None:
        packed["taken_at"] = facts.taken_at.isoformat()
    del packed["exposure"]
    if facts.exposure != _NO_EXPOSURE:
        packed["exposure"] = _known(facts.exposure, _EXPOSURE)
    return packed


def _known(values: object, usual: dict[str, Any]) -> dict[str, Any]:
    """Return what is not as it is where nothing is known."""
    return {name: value for name, default in usual.items() if (value := getattr(values, name)) != default}


def unpack_facts(packed: dict[str, Any]) -> Facts:
    """Read what pack_facts wrote, through JSON or not."""
    values = dict(packed)
    if "taken_at" in values:
        values["taken_at"] = datetime.fromisoformat(values["taken_at"])
    if "exposure" in values:
        values["exposure"] = Exposure(**values["exposure"])
    values |= {name: tuple(values[name]) for name in _LISTS if name in values}
    values |= {name: tuple(tuple(steps) for steps in values[name]) for name in _LISTS_OF_STEPS if name in values}
    return Facts(**values)


def pack_rendition(rendition: Rendition) -> dict[str, Any]:
    """Return a rendition as what json.dumps takes; what is unknown, or as most have it, is left out."""
    packed = _known(rendition, _RENDITION) | {"path": os.fspath(rendition.path)}
    if rendition.span is not None:
        packed["span"] = _known(rendition.span, _SPAN)
    if rendition.smaller:
        packed["smaller"] = [(each.edge, _known(each.span, _SPAN)) for each in rendition.smaller]
    return packed


def unpack_rendition(packed: dict[str, Any]) -> Rendition:
    """Read what pack_rendition wrote, through JSON or not."""
    span: dict[str, Any] | None = packed.get("span")
    values: dict[str, Any] = packed | {"path": Path(packed["path"]), "span": Span(**span) if span else None}
    values["smaller"] = tuple(Smaller(edge, Span(**span)) for edge, span in packed.get("smaller", ()))
    return Rendition(**values)
