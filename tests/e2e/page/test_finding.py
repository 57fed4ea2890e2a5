"""Looking at all photos, searching, and looking at one."""

from __future__ import annotations

import re
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from page_browser import answered, asks, fits, large, names, photos, shot, taken, wait_for_pictures
from playwright.sync_api import Page, Route, expect


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    answered(page)


def test_all_photos_are_there_and_their_pictures_arrive(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    wait_for_pictures(page, 21)
    shot(page, "all-dark")
    shapes = photos(page).evaluate_all(
        "cells => cells.filter(cell => cell.firstChild.complete && cell.firstChild.naturalWidth)"
        ".map(({firstChild: i}) => [i.clientWidth / i.clientHeight, i.naturalWidth / i.naturalHeight])"
    )
    assert len(shapes) > 20
    assert all(abs(shown - real) < 0.03 for shown, real in shapes), "pictures are cropped or torn"


def test_the_newest_photos_come_with_the_page_and_stay_when_the_others_do(page: Page):
    held: list[Route] = []
    page.route("**/api/v1/grid", lambda route: held.append(route))
    page.reload()
    of_all = taken(page, held)  # has been asked for, and does not come
    wait_for_pictures(page)
    expect(photos(page).first.locator("img")).to_have_class("there")
    photos(page).first.evaluate("cell => (cell.marked = true)")
    assert held == []
    of_all.continue_()
    expect(page.locator("#count")).to_have_text("96 photos")
    assert photos(page).first.evaluate("cell => cell.marked && cell.firstChild.className") == "there"
    expect(photos(page).first).to_have_attribute("aria-setsize", "96")


def test_pictures_that_are_fetched_ahead_are_those_that_are_shown(page: Page):
    asked: list[str] = []
    address = page.url
    page.goto("about:blank")  # what the page before may still ask for does not count
    page.on("request", lambda request: asked.append(request.url) if "/picture/" in request.url else None)
    page.goto(address)
    wait_for_pictures(page)
    expect(page.locator("#count")).to_have_text("96 photos")
    ahead = page.locator("link[as=image]").evaluate_all("links => links.map(link => link.imageSrcset.split(' ')[0])")
    shown = photos(page).locator("img").evaluate_all("images => images.map(image => new URL(image.src).pathname)")
    assert ahead
    assert set(ahead) <= set(shown)
    assert len(asked) == len(set(asked)), "none is fetched twice"


def test_words_find_and_the_address_keeps_them(page: Page):
    search(page, "a red circle")
    expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
    asks(page, "q=a+red+circle")
    page.reload()
    expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
    page.go_back()
    expect(page.locator("#count")).to_have_text("96 photos")


def test_signed_words_become_chips_that_turn_and_go(page: Page):
    search(page, "a circle -red")
    chip = page.locator(".chip")
    expect(chip).to_have_text("−red×")
    assert not any("red circle" in name for name in names(page)[:3])
    shot(page, "chips")
    page.get_by_role("button", name="Less of red").click()
    expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
    asks(page, "t=%2Bred")
    page.get_by_role("button", name="Take red away").click()
    expect(chip).to_have_count(0)


def test_nothing_that_matches_is_said_and_the_nearest_are_shown(page: Page):
    search(page, "qwzx vbnq")
    expect(page.get_by_role("alert")).to_contain_text("Nothing really matches")
    assert 1 <= len(names(page)) <= 24
    shot(page, "nearest")


def test_scores_are_shown_on_demand(page: Page):
    expect(page.get_by_role("button", name="Scores")).to_be_hidden()
    search(page, "a red circle")
    score = page.locator(".score").first
    expect(score).to_be_hidden()
    page.get_by_role("button", name="Scores").click()
    expect(score).to_be_visible()
    assert 0 < float(score.inner_text()) < 1
    wait_for_pictures(page, 5)
    shot(page, "scores")


def test_a_click_opens_and_similar_asks_for_more_of_it(page: Page):
    search(page, "a red circle")
    photos(page).first.click()
    viewer = page.locator(".pswp")
    large(page)
    page.keyboard.press("i")
    expect(page.locator(".details h2")).to_have_text(re.compile("^red circle"))
    expect(page.locator(".details .path")).to_contain_text("/circle/red circle")
    shot(page, "viewer")
    page.keyboard.press("s")
    expect(viewer).to_have_count(0)
    expect(page.locator(".chip img")).to_be_visible()
    answered(page)
    assert "red" in names(page)[0]


def test_a_click_opens_and_the_mark_or_a_held_key_selects(page: Page):
    chosen = page.locator("#chosen strong")
    photos(page).nth(2).hover()
    expect(photos(page).nth(2).locator(".mark")).to_have_css("opacity", "0.6")
    photos(page).nth(2).locator(".mark").click()
    expect(chosen).to_have_text("1 photo selected")
    photos(page).nth(6).click(modifiers=["Shift"])
    expect(chosen).to_have_text("5 photos selected")
    photos(page).nth(2).click(modifiers=["ControlOrMeta"])
    expect(chosen).to_have_text("4 photos selected")
    expect(page.locator(".pswp")).to_have_count(0)
    photos(page).nth(3).click()
    expect(page.locator(".pswp--open")).to_be_visible()
    expect(chosen).to_have_text("4 photos selected")


def test_a_part_of_a_photo_is_searched(page: Page):
    photos(page).first.click()
    large(page)
    page.get_by_role("button", name="Search a part of it").click()
    group = page.get_by_role("group", name="Choose a part of the photo")
    expect(group).to_be_focused()
    page.mouse.move(500, 200)
    page.mouse.down()
    page.mouse.move(800, 500, steps=4)
    shot(page, "part")
    page.mouse.up()
    expect(page.locator(".pswp")).to_have_count(0)
    expect(page.locator(".chip img")).to_have_attribute("src", re.compile("^blob:"))
    asks(page, "t=%2B%7Eup-")


def test_a_part_is_chosen_with_keys_and_given_up(page: Page):
    photos(page).first.click()
    large(page)
    page.keyboard.press("b")
    box = page.locator(".cut .box")
    before = box.bounding_box()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = box.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    assert after["height"] > before["height"]
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.locator(".pswp--open")).to_be_visible()
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.locator(".chip img")).to_have_attribute("src", re.compile("^blob:"))


def test_a_picture_is_chosen(page: Page, shapes_folder: Path):
    picture = shapes_folder / "ring" / "green ring 1.png"
    page.locator("#file").set_input_files(picture)
    expect(page.locator(".chip img")).to_be_visible()
    expect(photos(page).first).to_have_accessible_name(re.compile("^green ring"))


DATA = """async () => {
    const all = new DataTransfer();
    const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 64});
    Object.assign(canvas.getContext("2d"), {fillStyle: "red"}).fillRect(0, 0, 64, 64);
    const blob = await new Promise(resolve => canvas.toBlob(resolve));
    all.items.add(new File([blob], "red.png", {type: "image/png"}));
    return all;
}"""


def test_a_picture_is_dropped_or_pasted(page: Page):
    data = page.evaluate_handle(DATA)
    page.dispatch_event("#box", "dragover", {"dataTransfer": data})
    expect(page.locator("body.dropping")).to_be_visible()
    page.dispatch_event("#box", "drop", {"dataTransfer": data})
    expect(page.locator(".chip img")).to_have_attribute("src", re.compile("^blob:"))
    expect(page.locator("body.dropping")).to_have_count(0)
    page.goto(page.url.split("?")[0])
    data = page.evaluate_handle(DATA)
    pasting = "all => new ClipboardEvent('paste', {clipboardData: all, bubbles: true, cancelable: true})"
    page.locator("#words").evaluate(f"(field, all) => field.dispatchEvent(({pasting})(all))", data)
    expect(page.locator(".chip img")).to_have_attribute("src", re.compile("^blob:"))
    asks(page, "t=%2B%7Eup-")


def test_less_like_those_keeps_away_from_what_is_selected(page: Page):
    search(page, "a red circle")
    least = names(page)[0]
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.get_by_role("button", name="Less like those").click()
    expect(page.locator(".chip.less img")).to_have_count(2)
    expect(page.locator("#chosen")).to_be_hidden()
    asks(page, "t=-0.5%3A%7E", "t=-0.5%3A%7E")  # both together weigh as much as one
    expect(photos(page).first).not_to_have_accessible_name(least)


def test_filters_are_ticked_and_kept_in_the_address(page: Page):
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("checkbox", name="star").check()
    expect(page.locator("#count")).to_have_text("16 photos")
    page.get_by_role("checkbox", name="ring").check()
    expect(page.locator("#count")).to_have_text("32 photos")
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    wait_for_pictures(page)
    shot(page, "filters")
    page.reload()
    expect(page.locator("#count")).to_have_text("32 photos")
    search(page, "something red")
    assert all("star" in name or "ring" in name for name in names(page))


def test_what_is_written_of_photos_is_looked_for_and_kept_in_the_address(page: Page):
    page.get_by_role("button", name="Filters").click()
    page.locator("summary", has_text="Place and title").click()
    page.get_by_label("Title or caption").fill("birthday")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("0 photos")
    asks(page, "text=birthday")
    page.get_by_label("Title or caption").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("96 photos")
    page.get_by_label("Place", exact=True).fill("Iceland")
    page.keyboard.press("Enter")
    asks(page, "place=Iceland")
    page.reload()
    expect(page.locator("#count")).to_have_text("0 photos")
    asks(page, "place=Iceland")


def test_a_date_that_is_none_is_explained_in_words_for_a_page(page: Page, mistakes: list[str]):
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("From").fill("yesterday")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(re.compile('^since: "yesterday" is no date; write 2019,'))
    assert all("400" in line for line in mistakes)
    mistakes.clear()


def test_photos_come_in_the_order_that_is_chosen(page: Page):
    expect(page.locator("#count")).to_have_text("96 photos")
    ids = "() => [...document.querySelectorAll('.cell')].map(cell => cell.dataset.id).join()"
    newest = page.evaluate(ids)  # all in sight: the first one may be the first in another order, too
    page.get_by_label("Order").select_option("random")
    expect(page).to_have_url(re.compile(r"order=random&seed=\d+"))
    answered(page)
    assert page.evaluate(ids) != newest


def test_the_month_in_sight_is_told_while_one_scrolls(page: Page):
    month = page.locator("#month")
    expect(month).to_be_hidden()
    scrolling = "document.querySelector('#box').scrollTop = 40 + performance.now() % 40"
    page.wait_for_function(f"() => {{ {scrolling}; return !document.querySelector('#month').hidden; }}")
    expect(month).to_have_text(re.compile(r"^[A-Z][a-z]+ 20\d\d$"))
    expect(month).to_be_hidden()
    page.get_by_label("Order").select_option("random")
    answered(page)
    with page.expect_response("**/api/v1/grid/months") as months:
        page.evaluate(f"() => {{ {scrolling}; }}")
    months.value.finished()
    # As long as it takes the page to hear of it, and to scroll.
    scrolled = """async box => {
        const frame = () => new Promise(seen => requestAnimationFrame(seen));
        for (let y = 100; y < 130; y += 5) {
            box.scrollTop = y;
            await frame();
        }
        await frame();
    }"""
    page.locator("#box").evaluate(scrolled)
    assert not month.is_visible(), "photos in no order of time have no month"


NEAR_THE_MIDDLE = "() => Math.abs(document.querySelectorAll('.cell')[20].ariaPosInSet - 5e5) < 2e4"


def test_a_million_photos_are_scrolled_to_the_last(page: Page):
    """The list is made up (the ids are of the photos there are); the grid, the browser and its limits are real."""
    expect(page.locator("#count")).to_have_text("96 photos")
    ids = page.evaluate("() => [...document.querySelectorAll('.cell img')].map(i => i.src.split('/').at(-3))")
    count = 1_000_000
    aspects = np.random.default_rng(0).choice([667, 750, 1000, 1333, 1500, 1778], count).astype("<u2")
    body = b"SLG1" + count.to_bytes(4, "little") + aspects.tobytes() + "".join(islice(cycle(ids), count)).encode()
    page.route("**/api/v1/grid", lambda route: route.fulfill(body=body, content_type="application/octet-stream"))
    page.reload()
    expect(page.locator("#count")).to_have_text("1,000,000 photos")
    page.wait_for_selector("body[data-ready]")
    height = page.locator("#grid").evaluate("grid => grid.getBoundingClientRect().height")
    assert height == 8_000_000
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    last = page.locator("[aria-posinset='1000000']")
    expect(last).to_be_in_viewport()
    expect(last).to_be_focused()
    page.locator("#box").evaluate("box => (box.scrollTop = 4_000_000)")
    middle = photos(page).nth(20)
    page.wait_for_function(NEAR_THE_MIDDLE)
    place = middle.get_attribute("aria-posinset")
    before = page.locator(f"[aria-posinset='{place}']").bounding_box()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 120)
    assert before is not None
    # It has moved, and rests: then the box is put back to where the proportion says, and what is seen stays.
    page.wait_for_function(
        "([place, y]) => document.querySelector(`[aria-posinset='${place}']`).getBoundingClientRect().y < y - 100"
        " && document.querySelector('#box').scrollTop < 4_000_060",
        arg=[place, before["y"]],
    )
    after = page.locator(f"[aria-posinset='{place}']").bounding_box()
    assert after is not None
    assert before["y"] - after["y"] == pytest.approx(120, abs=2)
    page.locator("#box").evaluate("box => (box.scrollTop = 0)")
    expect(page.locator("[aria-posinset='1']")).to_be_in_viewport()
    # The page is busy when the box would be put back, and just then somebody drags the scroll bar.
    page.locator("#box").evaluate("""async (box) => {
        box.scrollTop = 1_000_000;
        await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
        const until = performance.now() + 300;
        while (performance.now() < until);
        box.scrollTop = 4_000_000;
    }""")
    page.wait_for_function(NEAR_THE_MIDDLE)


def test_light_and_phone(page: Page):
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 780})
    wait_for_pictures(page, 8)
    shot(page, "phone-light")
    fits(page, 390)


def test_a_browser_can_install_it_as_an_app(page: Page):
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["url"].endswith("safelight.webmanifest")
    assert manifest["errors"] == []
    lacking = {error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert lacking <= {"in-incognito"}, "which tests are"
