"""Going through duplicates on the page: decided with keys and for good, compared at one place and zoom."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from double_photos import double_photos
from page_browser import been_here, fits, opened, shot, violations, watched
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from safelight_server import RunningHelper, index, own_helper, paint, start_helper

from indexer.catalog import Catalog


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHelper]:
    folder = tmp_path_factory.mktemp("doubled")
    double_photos(folder / "photos")
    (folder / "photos" / "espresso.jpg").rename(folder / "photos" / "<img src=x onerror=window.pwned=1>.jpg")
    index(folder / "home", folder / "photos")
    running = start_helper(folder / "home")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def reviewer(browser: Browser, doubled: RunningHelper) -> Iterator[BrowserContext]:
    with been_here(browser, doubled) as context:
        yield context


@pytest.fixture
def review(reviewer: BrowserContext, doubled: RunningHelper, mistakes: list[str]) -> Iterator[Page]:
    """The review, after a look, with nothing decided."""
    if doubled.get("/api/v1/duplicates")["looked"] is None:
        doubled.wait_for_job(doubled.post("/api/v1/jobs", {"kind": "duplicates"})["id"])
    catalog = Catalog(doubled.home)
    with catalog.transaction():
        catalog.db.execute("DELETE FROM decision")
    catalog.close()
    page = watched(reviewer, mistakes)
    page.goto(f"http://127.0.0.1:{doubled.port}/#duplicates")
    expect(groups(page)).to_have_count(5)
    yield page
    assert page.evaluate("() => window.pwned") is None
    page.close()
    assert not mistakes


def groups(page: Page) -> Locator:
    return page.locator("#review .group")


def group(page: Page, name: str) -> Locator:
    return groups(page).filter(has_text=name).first


def pictures_are_there(page: Page) -> None:
    page.wait_for_function(
        "() => [...document.querySelectorAll('#review img')].every(i => i.loading === 'lazy' || i.complete)"
        " && [...document.querySelectorAll('#review img')].filter(i => i.naturalWidth).length > 3"
    )


def test_a_look_is_started_here_and_its_groups_appear(
    context: BrowserContext, doubled: RunningHelper, mistakes: list[str]
):
    page = opened(context, doubled, mistakes)
    page.get_by_role("button", name="Duplicates", exact=True).click()
    expect(page.get_by_role("heading", name="Duplicates")).to_be_focused()
    expect(page.locator("#review")).to_contain_text("has not looked for duplicates")
    shot(page, "duplicates-none")
    page.get_by_role("button", name="Look for duplicates").click()
    expect(groups(page)).to_have_count(5, timeout=300_000)
    expect(page.locator("#review [role=status]").first).to_contain_text("4 groups, 0 decided · 1 series")
    page.keyboard.press("Escape")
    expect(page.locator("#review")).to_be_hidden()
    expect(page.get_by_role("button", name="Duplicates", exact=True)).to_be_focused()
    page.go_back()
    expect(groups(page)).to_have_count(5)
    page.get_by_role("searchbox").fill("cat")
    page.keyboard.press("Enter")
    expect(page.locator("#review")).to_be_hidden()
    assert not mistakes


def test_each_group_says_why_and_which_to_keep_and_a_series_is_no_duplicates(review: Page):
    cat = group(review, "cat small.jpg")
    expect(cat.get_by_role("heading")).to_have_text("Edited, 4 photos")
    expect(cat.locator(".member").first).to_contain_text("it has more pixels")
    expect(cat.get_by_role("button", name=re.compile(r"Keep cat( copy)?\.jpg$"))).to_be_visible()
    expect(cat.get_by_role("button", name=re.compile("Keep this cat small.jpg$"))).to_be_visible()
    expect(cat).to_contain_text("made from the one to keep")
    burst = group(review, "IMG_0410.jpg")
    expect(burst.get_by_role("heading")).to_have_text("burst, 3 photos")
    expect(burst).to_contain_text("belong together, no duplicates")
    expect(burst.locator(".keep")).to_have_count(0)
    expect(groups(review).filter(has_text="<img src=x")).to_have_count(1)
    pictures_are_there(review)
    shot(review, "duplicates-dark")
    review.emulate_media(color_scheme="light")
    shot(review, "duplicates-light")
    review.set_viewport_size({"width": 390, "height": 780})
    shot(review, "duplicates-phone")
    fits(review, 390)
    review.get_by_label("Kind").select_option("series")
    expect(groups(review)).to_have_count(1)
    review.reload()
    expect(groups(review)).to_have_count(1)
    expect(review.get_by_label("Kind")).to_have_value("series")


def test_keys_decide_a_reload_shows_it_and_undo_takes_it_back(review: Page, doubled: RunningHelper):
    first, second = groups(review).nth(0), groups(review).nth(1)
    expect(first).to_be_focused()
    chosen = first.locator(".member").nth(1).locator("strong").inner_text()
    review.keyboard.press("2")
    expect(first).to_contain_text("Decided")
    expect(first.get_by_role("button", name=re.compile(f"Kept {chosen}$"))).to_have_attribute("aria-pressed", "true")
    expect(second).to_be_focused()
    review.keyboard.press("n")
    expect(second).to_contain_text("Not duplicates")
    expect(groups(review).nth(2)).to_be_focused()
    review.keyboard.press("ArrowUp")
    expect(second).to_be_focused()
    expect(review.locator("#review [role=status]").first).to_contain_text("2 decided")
    pictures_are_there(review)
    shot(review, "duplicates-decided")

    review.reload()
    expect(first.locator(".said")).to_have_text("Decided")
    expect(second.locator(".said")).to_have_text("Not duplicates")
    expect(groups(review).nth(2)).to_be_focused()
    assert doubled.get("/api/v1/duplicates")["decided"] == 2
    review.get_by_label("Which groups").select_option("open")
    expect(groups(review)).to_have_count(3)
    review.get_by_label("Which groups").select_option("all")
    second.get_by_role("button", name="Take back").click()
    expect(second.locator(".said")).to_have_count(0)
    review.keyboard.press("i")
    expect(second.locator(".said")).to_have_text("Shown no more")
    review.keyboard.press("u")
    expect(second.locator(".said")).to_have_count(0)
    expect(second).to_be_focused()
    assert doubled.get("/api/v1/duplicates")["decided"] == 1


def place(page: Page) -> list[str]:
    return page.locator(".view img").evaluate_all("images => images.map(image => image.style.transform)")


def test_two_are_compared_at_the_same_place_and_zoom(review: Page):
    group(review, "cat small.jpg").get_by_role("button", name="Compare cat cropped.jpg").click()
    stage = review.locator(".stage")
    expect(stage).to_be_focused()
    expect(review.locator(".pane.kept strong")).to_have_text(re.compile(r"^cat( copy)?\.jpg$"))
    expect(review.locator(".pane:not(.kept) strong")).to_have_text("cat cropped.jpg")
    pictures_are_there(review)
    shot(review, "compare-beside")
    box = review.locator(".pane").nth(1).bounding_box()
    assert box is not None
    review.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    for _ in range(4):
        review.mouse.wheel(0, -240)
    expect(stage).to_have_attribute("data-zoom", "11.02")  # of all four turns
    one, other = place(review)
    assert one == other != ""
    review.mouse.down()
    review.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6, steps=3)
    review.mouse.up()
    review.wait_for_function("one => document.querySelector('.view img').style.transform !== one", arg=one)
    one, other = place(review)
    assert one == other
    pictures_are_there(review)
    shot(review, "compare-close")

    review.keyboard.press("b")  # one over the other: one is seen, and Space swaps
    seen = review.locator(".pane:not(.under) strong")
    expect(seen).to_have_text("cat cropped.jpg")
    moved = place(review)
    review.keyboard.press("Space")
    expect(seen).to_have_text(re.compile(r"^cat( copy)?\.jpg$"))
    assert place(review) == moved, "the place stays"
    shot(review, "compare-over")
    review.keyboard.press("f")
    for is_cropped in (True, False):  # looked at in each frame: it swaps again soon
        swapped = "is => (document.querySelector('.pane:not(.under) strong').textContent === 'cat cropped.jpg') === is"
        review.wait_for_function(swapped, arg=is_cropped)
    review.keyboard.press("f")
    review.keyboard.press("0")
    expect(stage).to_have_attribute("data-zoom", "1.00")
    review.keyboard.press("ArrowRight")
    expect(review.locator(".strip .shown")).to_have_count(2)
    review.keyboard.press("n")
    expect(review.locator(".compare-head h3")).not_to_have_text("Edited, 4 photos")
    review.keyboard.press("u")
    expect(review.locator(".compare-head h3")).to_have_text("Edited, 4 photos")
    expect(review.locator(".said")).to_have_count(0)
    review.keyboard.press("Escape")
    expect(groups(review)).to_have_count(5)
    expect(group(review, "cat small.jpg")).to_be_focused()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_to_mend_in_the_review(review: Page, scheme):
    review.emulate_media(color_scheme=scheme)
    review.keyboard.press("1")
    review.keyboard.press("n")
    expect(review.locator(".said")).to_have_count(2)
    pictures_are_there(review)
    assert violations(review) == ""
    review.keyboard.press("c")
    expect(review.locator(".stage")).to_be_visible()
    pictures_are_there(review)
    assert violations(review) == ""
    review.keyboard.press("?")
    expect(review.get_by_role("dialog")).to_contain_text("keep this photo of the group")
    assert violations(review) == ""


def test_what_a_command_finds_meanwhile_is_shown_when_one_comes_back(review: Page, doubled: RunningHelper):
    looked = doubled.get("/api/v1/duplicates")["looked"]
    review.get_by_label("What counts as a duplicate").select_option("exact")
    expect(review.locator("#review")).to_contain_text("has not looked for duplicates")
    environment = os.environ | {"SAFELIGHT_HOME": str(doubled.home)}
    command = [sys.executable, "-m", "safelight", "duplicates", "--sensitivity", "exact"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    review.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(groups(review)).to_have_count(2)
    assert doubled.get("/api/v1/duplicates")["looked"] == looked, "of another sensitivity"


def test_of_hundreds_of_copies_any_one_is_kept(context: BrowserContext, tmp_path: Path, mistakes: list[str]):
    folder = tmp_path / "copies"
    folder.mkdir()
    paint(folder / "0.png", 1)
    for number in range(1, 520):
        (folder / f"{number}.png").write_bytes((folder / "0.png").read_bytes())
    index(tmp_path / "home", folder)
    with own_helper(tmp_path) as helper:
        helper.wait_for_job(helper.post("/api/v1/jobs", {"kind": "duplicates"})["id"])
        page = opened(context, helper, mistakes, "#duplicates")
        members = page.locator(".member")
        expect(page.get_by_role("heading", name="Same bytes, 520 photos")).to_be_visible()
        expect(members).to_have_count(24)
        for left in (496, 376, 256, 136, 16):
            page.get_by_role("button", name=f"more of {left}").click()
        expect(members).to_have_count(520)
        name = members.last.locator("strong").inner_text()
        members.last.get_by_role("button", name=f"Keep this {name}").click()
        expect(page.locator(".said")).to_have_text("Decided")
        (group,) = helper.get("/api/v1/duplicates")["groups"]
        assert (group["decision"], group["keeper"]) == ("keeper", group["members"][519]["id"])
        page.reload()
        expect(page.locator(".member.kept strong")).to_have_text(name)
        page.keyboard.press("c")
        expect(page.locator(".pane.kept strong")).to_have_text(name)
    assert not mistakes


def test_a_phone_compares_one_over_the_other(review: Page):
    review.set_viewport_size({"width": 390, "height": 780})
    review.reload()
    expect(groups(review)).to_have_count(5)
    review.get_by_role("button", name="One by one").click()
    expect(review.locator(".stage.over")).to_be_visible()
    pictures_are_there(review)
    shot(review, "compare-phone")
    fits(review, 390)
