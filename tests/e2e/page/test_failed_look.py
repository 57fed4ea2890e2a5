"""A look for duplicates that fails says so where one waits for it."""

from __future__ import annotations

from pathlib import Path

from page_browser import opened, shot
from playwright.sync_api import BrowserContext, expect
from safelight_server import index, own_helper, paint


def test_a_look_that_failed_says_so_and_why_until_one_succeeds(
    context: BrowserContext, mistakes: list[str], tmp_path: Path
):
    folder, home = tmp_path / "photos", tmp_path / "home"
    folder.mkdir()
    for number in range(4):
        paint(folder / f"{number}.png", number)
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    index(home, folder)
    (home / "duplicates").write_text("what was found cannot be kept: this is no folder")
    with own_helper(tmp_path) as helper:
        page = opened(context, helper, mistakes, "#duplicates")
        expect(page.locator("#review .nothing")).to_contain_text("has not looked")
        page.get_by_role("button", name="Look for duplicates").click()
        failure = page.locator("#review .error")
        expect(failure).to_contain_text("The last look for duplicates failed: what was found cannot be kept")
        expect(page.locator("#review .nothing")).to_contain_text("looking for them failed")
        shot(page, "duplicates-failed")
        page.reload()
        expect(failure).to_be_visible()

        (home / "duplicates").unlink()
        page.get_by_role("button", name="Look for duplicates").click()
        expect(page.locator("#review .group")).to_have_count(1)
        expect(failure).to_be_hidden()
        assert helper.get("/api/v1/duplicates")["failed"] == ""
    assert mistakes == []
