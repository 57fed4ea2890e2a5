"""The page without a mouse, and for those who hear it."""

from __future__ import annotations

import re

import pytest
from page_browser import answered, large, photos, shot, violations, wait_for_pictures
from playwright.sync_api import Page, expect


def focused(page: Page) -> dict[str, str]:
    return page.evaluate(
        "() => ({place: document.activeElement.getAttribute('aria-posinset'),"
        " selected: document.activeElement.getAttribute('aria-selected'), role: document.activeElement.role})"
    )


def test_arrows_go_from_photo_to_photo_and_keys_select(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    page.keyboard.press("ArrowRight")
    assert focused(page) == {"place": "1", "selected": "false", "role": "option"}
    page.keyboard.press("ArrowRight")
    assert focused(page)["place"] == "2"
    page.keyboard.press("ArrowDown")
    below = int(focused(page)["place"])
    assert below > 4
    page.keyboard.press("ArrowUp")
    assert int(focused(page)["place"]) in (1, 2, 3)
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#chosen strong")).to_have_text("4 photos selected")
    wait_for_pictures(page)
    shot(page, "selection")
    page.keyboard.press("End")
    assert focused(page)["place"] == "96"
    expect(page.locator("[aria-posinset='96']")).to_be_in_viewport()
    page.keyboard.press("Home")
    assert focused(page)["place"] == "1"
    page.keyboard.press("Escape")
    expect(page.locator("#chosen")).to_be_hidden()


def test_everything_is_reached_without_a_mouse(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    page.keyboard.press("/")
    page.keyboard.type("a red circle")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text(re.compile(r"^(?!96)\d+ photos"))
    page.keyboard.press("Escape")  # from the field to the photos
    assert focused(page)["role"] == "option"
    page.keyboard.press("Enter")
    large(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    assert focused(page)["place"] == "2"
    page.keyboard.press("x")
    page.keyboard.press("m")
    expect(page.locator(".chip img")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Filters")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Filters")).to_be_focused()


def test_a_question_mark_shows_the_keys(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    shot(page, "keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_to_mend(page: Page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{page.url}?q=a+red+circle&t=-blue")
    expect(photos(page).first).to_be_visible()
    answered(page)
    page.get_by_role("button", name="Scores").click()
    photos(page).first.locator(".mark").click(force=True)
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("checkbox", name="star")).to_be_visible()
    assert violations(page) == ""
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Library").click()
    expect(page.get_by_role("heading", name="Places")).to_be_visible()
    assert violations(page) == ""
    page.keyboard.press("Escape")
    page.get_by_role("button", name="?").click()
    assert violations(page) == ""
    page.keyboard.press("Escape")
    photos(page).nth(1).locator("img").click()
    large(page)
    page.keyboard.press("i")
    expect(page.locator(".details h2")).to_be_visible()
    assert violations(page) == ""
