"""Looking for duplicates decodes nothing in the process that looks: pictures come from strangers (here generated)."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from indexer.duplicates.verify import Sensitivity
from safelight import duplicates_kept
from safelight.config import Settings
from safelight.indexing import index_paths
from safelight.jobs.board import Board
from safelight.jobs.journal import Journal
from safelight.jobs.kinds import kinds
from safelight.service import Library

MODEL = str(Path(__file__).resolve().parents[1] / "data" / "shapes-clip")
DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"


def ignore(*_: object) -> None:
    pass


def test_a_duplicates_job_decodes_nothing_in_the_helpers_own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, home = tmp_path / "photos", tmp_path / "home"
    folder.mkdir()
    cat = Image.open(DEMO / "cat.jpg").convert("RGB")
    cat.save(folder / "cat.png")
    cat.save(folder / "cat.bmp")
    with Library(Settings(model=MODEL, workers=1), home) as library:
        index_paths(
            library, [str(folder)], stop=threading.Event(), on_progress=ignore, on_problem=ignore, on_remark=ignore
        )

    def refuse(*_: object, **__: object):
        raise AssertionError("a picture was opened in the helper's own process")

    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    monkeypatch.setattr("importers.images.open_upright", refuse)
    monkeypatch.setattr("indexer.decode_worker.open_upright", refuse)
    board = Board(Journal(home), kinds(lambda _: Library(Settings(model=MODEL, workers=1), home)))
    job = board.start("duplicates", "x", {"sensitivity": "normal"})
    while not (ended := board.get(job.id)).state.is_over:
        threading.Event().wait(0.02)
    assert board.close(300)
    assert (ended.state, ended.error) == ("done", "")
    look = duplicates_kept.read(home, Sensitivity.NORMAL)
    assert look is not None
    assert [group.kind for group in look.groups] == ["same pixels"], "which only decoding both in full tells"
