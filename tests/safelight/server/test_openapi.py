"""The API is as it is written down, and nothing that its own description allows makes it stumble."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import safelight
from safelight.server.app import build_api

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
CASES = Path(__file__).with_name("openapi_cases.py")


def test_the_document_is_that_of_the_code():
    described = build_api(safelight.__version__).openapi()
    assert json.loads(DOCUMENT.read_text("utf-8")) == described, "run: .venv/bin/python tools/write_openapi.py"


def test_nothing_that_is_described_makes_it_stumble():
    """In a process of its own: making the cases takes ten seconds, for each process that collects them."""
    plain = ("-p", "no:cacheprovider", "--assert=plain")  # or it compiles all of Schemathesis anew
    command = [sys.executable, "-m", "pytest", "-p", "schemathesis", *plain, CASES]
    run = subprocess.run(command, cwd=DOCUMENT.parents[1], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    operations = sum(len(methods) for methods in json.loads(DOCUMENT.read_text("utf-8"))["paths"].values())
    assert f"{operations - 2 + 1} passed" in run.stdout, "all but two, and that the helper stands"


def test_no_whole_number_is_asked_for_that_the_catalog_could_not_hold():
    """SQLite has 64 bits; whoever sends more is told so, and not that the helper failed."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    schemas = document["components"]["schemas"]

    def unbounded(schema, name, met=frozenset()):
        if (reference := schema.get("$ref", "").rpartition("/")[2]) and reference not in met:
            yield from unbounded(schemas[reference], f"{name} {reference}", met | {reference})
        if schema.get("type") == "integer" and not {"maximum", "exclusiveMaximum", "const"} & set(schema):
            yield name
        for inner, within in schema.get("properties", {}).items():
            yield from unbounded(within, f"{name} {inner}", met)
        for within in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *filter(None, [schema.get("items")])]:
            yield from unbounded(within, name, met)

    asked = [
        (f"{method} {path} {parameter['name']}", parameter["schema"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for parameter in operation.get("parameters", ())
    ]
    asked += [
        (f"{method} {path}", content["schema"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert [name for name, schema in asked for name in unbounded(schema, name)] == [
        "post /api/v1/lightroom/hello HelloIn protocol"  # which is compared alone
    ]
