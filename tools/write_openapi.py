"""Write docs/openapi.json from the code; a test compares the two."""

import json
from pathlib import Path

import safelight
from safelight.server.app import build_api

document = build_api(safelight.__version__).openapi()
Path(__file__).parents[1].joinpath("docs", "openapi.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
