"""Starting without a terminal, and staying when the helper goes away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import opened, photos, shot, wait_for_pictures
from playwright.sync_api import BrowserContext, expect
from safelight_server import RunningHelper, paint, start_helper

MANY = 100

# In the helper: a run that has indexed some photos, and has counted all, waits for as long as there is a file "hold".
HOLD = """
import sys, time
from pathlib import Path

if "serve" in sys.orig_argv:
    from indexer.pipeline import IndexRun

    report, hold = IndexRun._report, Path(__file__).with_name("hold")

    def waiting(run, **given):
        while hold.exists() and not run._total_final:
            time.sleep(0.02)
        report(run, **given)
        while hold.exists():
            time.sleep(0.02)

    IndexRun._report = waiting
"""


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningHelper]:
    """A helper without any photos, of a user who has some in Pictures; its runs are held where a test holds them."""
    (tmp_path / "sitecustomize.py").write_text(HOLD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "Pictures"
    folder.mkdir()
    for number in range(MANY):
        paint(folder / f"{number}.png", number, (120 + number % 60, 90))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    running = start_helper(tmp_path / "home")
    yield running
    if running.process.poll() is None:
        running.stop()


def test_the_first_run_a_pause_and_a_helper_that_is_killed_in_the_middle(
    context: BrowserContext, newcomer: RunningHelper, mistakes: list[str], tmp_path: Path
):
    page = opened(context, newcomer, mistakes)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.locator("#empty")).to_contain_text("No photos yet")
    shot(page, "first-run")
    hold = tmp_path / "hold"
    hold.touch()
    page.get_by_role("button", name="Index: Pictures").click()
    at_work = re.compile(rf"Library: at work \d+ of {MANY + 1}$")
    expect(page.locator("#library")).to_have_text(at_work)
    with page.expect_response("**/pause"):
        page.get_by_role("button", name="Pause: Pictures").click()
    hold.unlink()
    go_on = page.get_by_role("button", name="Go on: Pictures")
    expect(go_on).to_be_visible()
    hold.touch()
    go_on.click()
    expect(page.locator("#library")).to_have_text(at_work)
    shot(page, "indexing")

    newcomer.kill()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    hold.unlink()
    again = start_helper(newcomer.home)
    try:
        assert again.port == newcomer.port
        expect(page.locator("#count")).to_have_text(f"{MANY} photos")
        expect(page.get_by_role("alert")).to_be_hidden()
        wait_for_pictures(page, 8)
        expect(page.locator("#empty")).to_be_hidden()
        left_out = page.get_by_text("1 photo skipped, failed or missing")
        left_out.click()
        expect(page.locator(".problems").last).to_contain_text("broken.jpg")
        expect(page.locator(".problems").last).to_contain_text("failed: the file is cut short")
        shot(page, "indexed")
        page.locator("details", has=left_out).evaluate("section => (section.old = true)")
        again.post("/api/v1/jobs", {"kind": "rebuild"})
        page.wait_for_function("() => ![...document.querySelectorAll('details')].some(section => section.old)")
        expect(page.locator(".problems").last).to_contain_text("broken.jpg")  # what one reads stays open
        counts = again.get("/api/v1/status")["photos"]
        assert (counts["total"], counts["indexed"], counts["failed"]) == (MANY + 1, MANY, 1)
        photos(page).first.click()
        expect(page.locator(".pswp--open")).to_be_visible()
    finally:
        again.stop()
    # The only complaints are of requests while nobody answered.
    assert all("ERR_" in line or "401" in line for line in mistakes), mistakes
