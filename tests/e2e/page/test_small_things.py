"""What a new user stumbles over: weights, arrows, names of libraries, photos that are away, jobs of yesterday."""

from __future__ import annotations

import re
from pathlib import Path

from page_browser import large, opened, photos, shot, violations
from playwright.sync_api import BrowserContext, Page, expect
from safelight_server import RunningHelper, index, own_helper, paint

from safelight.jobs.journal import Journal, State, new_job, now


def test_a_chip_shows_its_weight(page: Page):
    page.get_by_role("searchbox").fill("circle +2:red -1.5:blue +green")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text(["+2red×", "−1.5blue×", "+green×"])


def test_the_arrow_to_the_next_photo_is_not_behind_the_details(page: Page):
    page.emulate_media(reduced_motion="reduce")
    photos(page).first.click()
    large(page)
    arrow = page.locator(".pswp__button--arrow--next")
    expect(arrow).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator(".details h2")).to_be_visible()
    expect(page.locator(".details .where")).to_contain_text("Folder")
    before = page.locator(".details h2").inner_text()
    arrow.click()  # is tried in vain where something else would get it
    expect(page.locator(".details h2")).not_to_have_text(before)
    shot(page, "details-arrow")


def test_on_a_phone_the_counter_stands_in_one_line(context: BrowserContext, served: RunningHelper, mistakes: list[str]):
    page = opened(context, served, mistakes)
    page.set_viewport_size({"width": 390, "height": 800})
    photos(page).first.click()
    counter = page.locator(".pswp__counter")
    expect(counter).to_be_visible()
    lines = """element => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return range.getClientRects().length;
    }"""
    assert counter.evaluate(lines) == 1
    shot(page, "phone-viewer")


def test_filters_that_lead_nowhere_are_told_in_words_of_the_page(
    context: BrowserContext, served: RunningHelper, mistakes: list[str]
):
    page = opened(context, served, mistakes, "?q=red&folder_id=4w4d7tylquxuxo3t")
    expect(page.get_by_role("alert")).to_contain_text("the folder that is asked for holds no photos any more")
    page.goto(f"http://127.0.0.1:{served.port}/?q=red&since=nonsense")
    expect(page.get_by_role("alert")).to_contain_text('since: "nonsense" is no date')
    assert "--" not in page.get_by_role("alert").inner_text()


def test_photos_that_are_away_say_so_and_work_that_was_mended_is_forgotten(
    context: BrowserContext, mistakes: list[str], tmp_path: Path
):
    folder, home = tmp_path / "photos", tmp_path / "home"
    folder.mkdir()
    for number in range(5):
        paint(folder / f"{number}.png", number)
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    index(home, folder)
    (folder / "3.png").unlink()
    for title, state, error in (
        ("Pictures", State.FAILED, "it was locked"),
        ("Pictures", State.FAILED, "it was locked"),
        ("Pictures", State.DONE, ""),
        ("Other", State.FAILED, "no disk"),
    ):
        job = new_job("index", title, {"paths": []})
        job.state, job.error, job.ended = state, error, now()
        Journal(home).save(job)
    with own_helper(tmp_path) as helper:
        found = helper.post("/api/v1/search", {"words": "x", "show_all": True})["photos"]
        (seen,) = [photo["id"] for photo in found if photo["name"] == "4.png"]
        for size in (160, 320, 640, 1280):
            assert helper.ask("GET", f"/api/v1/photos/{seen}/picture/{size}").status == 200
        (folder / "4.png").unlink()  # its picture is kept
        page = opened(context, helper, mistakes)
        absent = page.locator(".cell .absent")
        expect(absent).to_have_text("3.png no longer there")
        expect(page.get_by_role("option", name="3.png no longer there")).to_be_visible()
        page.get_by_role("button", name=re.compile("^Library")).click()
        expect(page.locator(".panel-body")).to_contain_text("6 of 6 photos indexed; they are 5 different pictures")
        expect(page.locator(".job")).to_have_count(2)
        expect(page.locator(".job").first).to_contain_text("Other")
        expect(page.locator(".job").last).to_contain_text("done")
        shot(page, "absent")
        assert violations(page) == ""
        page.get_by_role("searchbox").fill("anything at all")
        page.keyboard.press("Enter")
        away = page.get_by_role("option", name="4.png, no longer there")
        expect(away.locator(".away")).to_have_text("no longer there")
        expect(page.get_by_role("option", name="2.png").locator(".away")).to_be_hidden()
    mistakes.clear()  # the picture that is not there
