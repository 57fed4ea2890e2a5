"""Where a photo lives, and the ways there: copied, shown in its folder, opened. Programs here are stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_browser import large, opened, photos, shot
from playwright.sync_api import BrowserContext, expect
from safelight_server import RunningHelper, index, own_helper, paint, stand_in_for_the_desktop


@pytest.fixture
def travelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningHelper]:
    """A helper of who has one photo in two folders, and programs that write down what they were to show."""
    stand_in_for_the_desktop(tmp_path, monkeypatch)
    for folder in ("Iceland", "Best of"):
        (tmp_path / folder).mkdir()
        paint(tmp_path / folder / "geyser.png", 1, (600, 400))
    index(tmp_path / "home", tmp_path / "Iceland", tmp_path / "Best of")
    with own_helper(tmp_path) as running:
        yield running


def test_a_photo_tells_all_its_places_and_leads_to_each(
    context: BrowserContext, travelled: RunningHelper, mistakes: list[str]
):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(context, travelled, mistakes)
    expect(page.locator("#count")).to_have_text("1 photo")
    photos(page).first.click()
    large(page)
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("heading", name="In 2 places")).to_be_visible()
    places = page.locator(".where")
    paths = places.locator(".path").all_inner_texts()
    user = travelled.home.parent
    assert sorted(paths) == [str(user / folder / "geyser.png") for folder in ("Best of", "Iceland")]
    shot(page, "places")

    places.nth(1).get_by_role("button", name="Copy path").click()
    expect(page.locator(".line")).to_have_text("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == paths[1]
    places.nth(1).get_by_role("button", name="Show in its folder").click()
    places.nth(0).get_by_role("button", name="Open", exact=True).click()
    told = user / "opened"
    travelled.wait_until(lambda: told.exists() and len(told.read_text().splitlines()) == 2)
    assert sorted(told.read_text().splitlines()) == sorted([str(Path(paths[1]).parent), paths[0]])

    Path(paths[0]).unlink()
    places.nth(0).get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".line")).to_contain_text("is not there now; is its drive connected?")
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    photos(page).first.locator(".mark").click()
    page.get_by_role("button", name="Copy paths").click()
    expect(page.get_by_role("alert")).to_have_text("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") in paths
    assert all("409" in line for line in mistakes), mistakes
