"""A look at places that are there, gone, or hang."""

import threading
import time

from safelight import at_hand
from safelight.at_hand import away


def test_a_place_that_hangs_holds_nobody_up(tmp_path, monkeypatch):
    fine, empty, hangs = (tmp_path / name for name in ("fine", "empty", "hangs"))
    for folder in (fine, empty, hangs):
        folder.mkdir()
    (fine / "a.jpg").touch()
    look, over = at_hand.is_mounted, threading.Event()
    monkeypatch.setattr(at_hand, "is_mounted", lambda place: over.wait(3600) if place == hangs else look(place))
    started = time.monotonic()
    files = {fine: [fine / "a.jpg", fine / "b.jpg"], empty: [empty / "a.jpg"], hangs: [hangs / "a.jpg"]}
    assert away(files | {tmp_path / "gone": []}, seconds=2) == ({empty, hangs, tmp_path / "gone"}, {fine / "b.jpg"})
    assert time.monotonic() - started < 600
    over.set()
