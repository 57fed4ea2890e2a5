"""Starting without a terminal, and staying when the helper goes away."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import opened, photos, shot, wait_for_pictures
from playwright.sync_api import BrowserContext, expect
from safelight_server import RunningHelper, paint, start_helper

MANY = 600


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[RunningHelper]:
    """A helper without any photos, of a user who has some in Pictures."""
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
    page.get_by_role("button", name="Index: Pictures").click()
    page.get_by_role("button", name="Pause: Pictures").click()
    page.get_by_role("button", name="Go on: Pictures").click(timeout=300_000)
    expect(page.locator("#library")).to_have_text(re.compile(r"Library: at work \d+ of 60\d"), timeout=300_000)
    shot(page, "indexing")

    newcomer.kill()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    time.sleep(0.5)
    again = start_helper(newcomer.home)
    try:
        assert again.port == newcomer.port
        expect(page.locator("#count")).to_have_text(f"{MANY} photos", timeout=300_000)
        expect(page.get_by_role("alert")).to_be_hidden()
        wait_for_pictures(page, 8)
        expect(page.locator("#empty")).to_be_hidden()
        left_out = page.get_by_text("1 photo skipped, failed or missing")
        left_out.click()
        expect(page.locator(".problems").last).to_contain_text("broken.jpg")
        expect(page.locator(".problems").last).to_contain_text("failed: the file is cut short")
        shot(page, "indexed")
        counts = again.get("/api/v1/status")["photos"]
        assert (counts["total"], counts["indexed"], counts["failed"]) == (MANY + 1, MANY, 1)
        photos(page).first.click()
        expect(page.locator(".pswp--open")).to_be_visible()
    finally:
        again.stop()
    # The only complaints are of requests while nobody answered.
    assert all("ERR_" in line or "401" in line for line in mistakes), mistakes
