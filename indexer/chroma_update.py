"""Bring Chroma up to date in a process of its own, for processes that live long and must stay small and quick.

Run as `python -m indexer.chroma_update HOME MODEL_ID update|rebuild`. Chroma takes hundreds of megabytes and holds
the interpreter's lock for seconds; here both end with the process. What it writes survives being killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from indexer.errors import IndexerError, VectorError

_LOOK_EVERY_S = 0.2


def run_apart(home: Path, model_id: int, what: str, watch: Callable[[], None]) -> None:
    """Update or rebuild Chroma for a model, in another process, and wait for it.

    Args:
        what: "update" or "rebuild".
        watch: Called now and then; what it raises ends the process and goes on.

    Raises:
        VectorError: It failed; the truth in the catalog is untouched.

    Writes: chroma/ in our own data folder.
    """
    command = [sys.executable, "-P", "-m", "indexer.chroma_update", str(home), str(model_id), what]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        while process.poll() is None:
            watch()
            time.sleep(_LOOK_EVERY_S)
        _, said = process.communicate()
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()
    if process.returncode:
        lines = [line for line in said.splitlines() if line.strip()]
        raise VectorError(lines[-1] if lines else f"updating Chroma ended with exit code {process.returncode}")


def main() -> None:
    """Do it."""
    from indexer.catalog import Catalog
    from indexer.vectors import ChromaIndex, rebuild

    home, model_id, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with suppress(OSError):
        os.nice(10)  # who searches goes first
    catalog = Catalog(home)
    try:
        if what == "rebuild":
            rebuild(home, catalog.db, model_id)
        else:
            with ChromaIndex(home, catalog.db, model_id, "indexing photos") as chroma:
                chroma.apply()
    except IndexerError as error:
        sys.exit(str(error))
    finally:
        catalog.close()


if __name__ == "__main__":
    main()
