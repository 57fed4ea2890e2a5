"""Looking at all photos, searching, and looking at one."""

from __future__ import annotations

import re

from page_browser import names, photos, shot
from playwright.sync_api import Page, expect


def test_all_photos_are_there_and_their_pictures_arrive(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    page.wait_for_function("() => document.querySelectorAll('.cell img.there').length > 20")
    shot(page, "all-dark")


def test_words_find_and_the_address_keeps_them(page: Page):
    page.get_by_role("searchbox").fill("a red circle")
    page.keyboard.press("Enter")
    expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
    assert "q=a+red+circle" in page.url
    page.reload()
    expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
    page.go_back()
    expect(page.locator("#count")).to_have_text("96 photos")


def test_a_click_opens_and_similar_asks_for_more_of_it(page: Page):
    photos(page).nth(3).click()
    viewer = page.get_by_role("dialog")
    expect(viewer).to_be_visible()
    page.wait_for_function("() => document.querySelector('.pswp__item img.pswp__img')?.complete")
    page.wait_for_timeout(500)
    shot(page, "viewer")
    page.keyboard.press("s")
    expect(viewer).not_to_be_visible()
    expect(page.locator(".chip img")).to_be_visible()
    assert len(names(page)) > 2
