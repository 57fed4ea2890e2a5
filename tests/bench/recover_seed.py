"""Previews to JPEG files by the method of the tool that this grew from, and with no import but its own.

Rebuilt from a description of its faults: each file is read whole, a regular expression finds the JPEG markers, what
lies between the last two is opened with Pillow and written; no name, profile or metadata.
"""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image


def main(previews: Path, out: Path) -> None:
    out.mkdir()
    for path in previews.rglob("*.lrprev"):
        data = path.read_bytes()
        start = [match.start() for match in re.finditer(b"\xff\xd8", data)][-1]
        end = [match.end() for match in re.finditer(b"\xff\xd9", data)][-1]
        with Image.open(BytesIO(data[start:end])) as picture:
            assert picture.size
        (out / f"{path.stem[:36]}.jpg").write_bytes(data[start:end])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
