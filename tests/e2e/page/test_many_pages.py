"""More pages at once than a browser holds connections to one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_browser import opened, photos
from playwright.sync_api import BrowserContext, expect
from safelight_server import RunningHelper, index, own_helper, paint

PAGES = 8


@pytest.fixture
def few(tmp_path: Path):
    """A helper with a few photos, for what must not disturb others."""
    folder = tmp_path / "Pictures"
    folder.mkdir()
    for number in range(8):
        paint(folder / f"{number}.png", number)
    index(tmp_path / "home", folder)
    with own_helper(tmp_path) as running:
        yield running


def test_eight_pages_load_search_and_follow_the_work_over_one_stream(
    context: BrowserContext, few: RunningHelper, mistakes: list[str]
):
    streams: list[str] = []
    context.on("request", lambda asked: streams.append(asked.url) if asked.url.endswith("/events") else None)
    with context.expect_event("request", lambda asked: asked.url.endswith("/events")):
        pages = [opened(context, few, mistakes)]
    for _ in range(PAGES - 1):
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{few.port}/")
        page.wait_for_selector("body[data-ready]")
        pages.append(page)
    for page in pages:
        expect(page.locator("#count")).to_have_text("8 photos")
    assert len(streams) == 1, "one page holds the stream; the others hear from it"
    last = pages[-1]
    last.get_by_role("searchbox").fill("a red circle")
    last.keyboard.press("Enter")
    expect(photos(last).first).to_have_accessible_name(re.compile("png"))

    few.wait_for_job(few.post("/api/v1/jobs", {"kind": "duplicates"})["id"])
    for page in (pages[0], pages[3], last):
        page.get_by_role("button", name=re.compile("^Library")).click()
        expect(page.locator(".job")).to_contain_text(re.compile("Look for duplicates.*done"))

    pages[0].close()  # which held the stream
    job = few.post("/api/v1/jobs", {"kind": "rebuild"})
    few.wait_for_job(job["id"])
    for page in (pages[1], pages[3], last):
        if not page.locator("#panel").is_visible():
            page.get_by_role("button", name=re.compile("^Library")).click()
        expect(page.locator(".job").first).to_contain_text(re.compile("Rebuild.*done"))
    assert len(streams) == 2
    assert mistakes == []
