"""Search descriptions, evaluated: smart collections, findPhotos and .lrsmcol files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lua.fake.keys import OPERATIONS, STRING
from lua.fake.state import Catalog, Photo


class HangError(Exception):
    """The real Lightroom would never come back from this."""


Fields = dict[str, dict[str, Any]]


def matching(catalog: Catalog, description: Any, toolkit_id: str, fields: Fields) -> list[int]:
    """The ids of the photos that a description matches, in catalog order."""
    test = compile_description(description, catalog, toolkit_id, fields)
    return [photo.id for photo in catalog.photos.values() if test(photo)]


def compile_description(description: Any, catalog: Catalog, toolkit_id: str, fields: Fields) -> Callable[[Photo], bool]:
    if isinstance(description, list):
        description = dict(enumerate(description, 1))
    if "criteria" in description:
        return _criterion(description, catalog, toolkit_id, fields)
    parts = [
        compile_description(description[key], catalog, toolkit_id, fields)
        for key in sorted(k for k in description if isinstance(k, int))
    ]
    combine = description.get("combine", "intersect")
    if set(description) - set(range(1, len(parts) + 1)) - {"combine"}:
        raise HangError(f"a search description has keys that nobody knows: {description}")
    if combine == "intersect":
        return lambda photo: all(part(photo) for part in parts)
    if combine == "union":
        return lambda photo: any(part(photo) for part in parts)
    if combine == "exclude":
        return lambda photo: not any(part(photo) for part in parts)
    raise HangError(f"combine = {combine!r}")


def _criterion(rule: dict[str, Any], catalog: Catalog, toolkit_id: str, fields: Fields) -> Callable[[Photo], bool]:
    criteria, operation, value = rule["criteria"], rule.get("operation"), rule.get("value")
    unknown = set(rule) - {"criteria", "operation", "value", "value2", "value_units"}
    if unknown:
        raise HangError(f"a criterion has keys that nobody knows: {unknown}")
    allowed = _allowed(criteria, toolkit_id, fields)
    if operation not in allowed:
        raise HangError(f"{criteria} has no operation {operation!r}: Lightroom would hang")
    read = _reader(criteria, catalog, toolkit_id)
    if criteria in ("captureTime", "touchTime"):
        return _date_test(read, operation, value, rule.get("value2"))
    if isinstance(value, str):
        return lambda photo: _string(operation, str(read(photo) or ""), value)
    return lambda photo: _number(operation, read(photo) or 0, value, rule.get("value2"))


def _allowed(criteria: str, toolkit_id: str, fields: Fields) -> set[str]:
    if criteria.startswith(("sdktext:", "sdk:")):
        prefix, _, rest = criteria.partition(":")
        if not rest.startswith(toolkit_id + "."):
            raise HangError(f"{criteria} belongs to no plug-in that is installed")
        field = fields.get(rest.removeprefix(toolkit_id + "."))
        if field is None or not field.get("searchable") or not field.get("title"):
            raise HangError(f"{criteria} is no searchable field")
        return STRING | {"==", "!="} if prefix == "sdktext" else {"==", "!="}
    if criteria not in OPERATIONS:
        raise HangError(f"there are no criteria {criteria!r}")
    return OPERATIONS[criteria]


def _reader(criteria: str, catalog: Catalog, toolkit_id: str) -> Callable[[Photo], Any]:
    if criteria.startswith(("sdktext:", "sdk:")):
        field = criteria.partition(":")[2].removeprefix(toolkit_id + ".")
        return lambda photo: photo.properties.get(field, "")
    readers: dict[str, Callable[[Photo], Any]] = {
        "rating": lambda p: p.rating,
        "pick": lambda p: p.pick,
        "labelColor": lambda p: {"red": 1, "yellow": 2, "green": 3, "blue": 4, "purple": 5}.get(p.color, "none"),
        "filename": lambda p: p.file_name,
        "copyname": lambda p: p.copy_name,
        "title": lambda p: p.title,
        "caption": lambda p: p.caption,
        "folder": lambda p: p.path.rsplit("/", 1)[0],
        "captureTime": lambda p: p.captured,
        "keywords": lambda p: " ".join(catalog.keywords[k].name for k in sorted(p.keywords)),
    }
    return readers[criteria]


def _string(operation: str, has: str, wanted: str) -> bool:
    has, wanted = has.casefold(), wanted.casefold()
    words = wanted.split()
    if operation == "any":
        return any(word in has for word in words)
    if operation == "all":
        return all(word in has for word in words)
    if operation == "noneOf":
        return not any(word in has for word in words)
    if operation == "words":
        return set(words) <= set(re.findall(r"[^\s,;]+", has))
    return {
        "beginsWith": has.startswith(wanted),
        "endsWith": has.endswith(wanted),
        "==": has == wanted,
        "!=": has != wanted,
        "empty": not has,
        "notEmpty": bool(has),
    }[operation]


def _number(operation: str, has: Any, wanted: Any, upto: Any) -> bool:
    return {
        "==": lambda: has == wanted,
        "!=": lambda: has != wanted,
        ">": lambda: has > wanted,
        "<": lambda: has < wanted,
        ">=": lambda: has >= wanted,
        "<=": lambda: has <= wanted,
        "in": lambda: wanted <= has <= upto,
    }[operation]()


def _date_test(read: Callable[[Photo], Any], operation: str, value: Any, upto: Any) -> Callable[[Photo], bool]:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?", str(value)):
        return lambda photo: False  # seen in the real one: any other way to write a date matches nothing
    long = len(str(value))

    def test(photo: Photo) -> bool:
        has = read(photo)
        if not has:
            return False
        day = has[:long]
        if operation == "in":
            return value <= day <= str(upto)
        return {"==": day == value, "!=": day != value, ">": day > value, "<": day < value}[operation]

    return test
