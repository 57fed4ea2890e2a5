"""Who begins: a model to choose, what may be indexed, and answers that get better as photos come in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import safelight_server
from page_browser import names, opened, photos, shapes_library, shot, taken, violations
from playwright.sync_api import BrowserContext, Route, expect
from safelight_command import Safelight
from safelight_server import MODEL, RunningHelper, own_helper, paint

from indexer.models.starter import installed


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A helper that nobody has told which model to use, of a user with photos and Lightroom previews."""
    shapes_library(tmp_path / "Pictures")
    (tmp_path / "Pictures" / "Wedding Previews.lrdata").mkdir()
    monkeypatch.setattr(safelight_server, "MODEL", "")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no models"))
    with own_helper(tmp_path) as running:
        yield running


@pytest.mark.skipif(not installed(), reason="the extra `starter` is not installed")
def test_the_welcome_says_that_a_model_is_needed_and_offers_those_that_are_there(
    context: BrowserContext, new: RunningHelper, mistakes: list[str]
):
    page = opened(context, new, mistakes)
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="First a model")).to_be_visible()
    expect(panel).to_contain_text("siglip2-base is not on this computer yet")
    start = page.get_by_role("button", name="Index: Pictures")
    expect(start).to_be_disabled()
    shot(page, "first-model")
    assert violations(page) == ""
    page.get_by_role("button", name="Use starter").click()
    expect(start).to_be_enabled()
    expect(page.get_by_role("alert")).to_contain_text("Searches now use starter. It knows no pictures yet")
    expect(panel).to_contain_text("model starter")
    assert new.get("/api/v1/status")["model"]["name"] == "starter"
    new.stop()
    new.start_again()
    assert new.get("/api/v1/status")["model"]["name"] == "starter", "it was written into the settings"
    expect(panel).to_contain_text("model starter")


def test_previews_by_themselves_are_not_offered_to_be_indexed(
    context: BrowserContext, new: RunningHelper, mistakes: list[str]
):
    (place,) = [place for place in new.get("/api/v1/places")["places"] if "Previews" in place["name"]]
    assert (place["indexable"], place["recoverable"]) == (False, True)
    refused = new.ask("POST", "/api/v1/jobs", {"kind": "index", "place": place["id"]})
    assert (refused.status, ".lrcat" in refused.json["error"]) == (409, True)
    page = opened(context, new, mistakes)
    shown = page.locator(".place").filter(has_text="Wedding Previews")
    expect(shown.get_by_role("button")).to_have_text("Recover previews")
    expect(shown).to_contain_text("Lightroom previews ·")


def test_another_model_is_taken_up_while_the_helper_runs(new: RunningHelper, tmp_path: Path):
    safelight = Safelight(new.home)
    said = safelight("model", "use", str(MODEL)).stderr
    assert "The helper that runs uses it, too" in said
    assert new.get("/api/v1/status")["model"]["name"] == str(MODEL)
    (active,) = [model for model in new.get("/api/v1/models")["models"] if model["active"]]
    assert (active["name"], "/" in active["id"], active["here"]) == ("shapes-clip", False, True)
    safelight("model", "use", "clip-b32")
    assert new.get("/api/v1/status")["model"]["name"] == "clip-b32"
    assert new.ask("POST", "/api/v1/models/use", {"id": "clip-b16"}).status == 409
    assert new.ask("POST", "/api/v1/models/use", {"id": "nothing"}).status == 404


def test_a_helper_that_was_told_its_model_says_that_it_keeps_it(tmp_path: Path):
    with own_helper(tmp_path) as helper:
        said = Safelight(helper.home)("model", "use", "clip-b32").stderr
        assert "goes on with shapes-clip: it was started with SAFELIGHT_MODEL" in said
        refused = helper.ask("POST", "/api/v1/models/use", {"id": "starter"})
        assert (refused.status, "SAFELIGHT_MODEL" in refused.json["error"]) == (409, True)


def test_a_search_that_found_nothing_is_asked_again_as_photos_come_in(
    context: BrowserContext, mistakes: list[str], tmp_path: Path
):
    pictures = tmp_path / "Pictures"
    shapes_library(pictures / "shapes")
    paint(pictures / "first.png", 1)
    with own_helper(tmp_path) as helper:
        page = opened(context, helper, mistakes)
        with page.expect_response("**/api/v1/events"):  # so that the page hears of the job that comes
            page.goto(f"http://127.0.0.1:{helper.port}/?q=a+red+circle")
        # Answered before the first photo is indexed: an answer from the middle of the run would be a different test.
        expect(page.get_by_role("alert")).to_contain_text("nothing is indexed yet")
        first = helper.post("/api/v1/jobs", {"kind": "index", "place": place_of(helper, "Pictures")})
        helper.wait_for_job(first["id"])
        expect(photos(page).first).to_have_accessible_name(re.compile("^red circle"))
        expect(page.get_by_role("alert")).to_be_hidden()
    mistakes.clear()  # a search of an empty library is refused


def place_of(helper: RunningHelper, name: str) -> str:
    return next(place["id"] for place in helper.get("/api/v1/places")["places"] if place["name"] == name)


def test_what_is_still_shown_is_not_taken_for_a_slow_answer(
    context: BrowserContext, served: RunningHelper, mistakes: list[str]
):
    page = opened(context, served, mistakes)
    expect(page.locator("#count")).to_have_text("96 photos")
    held: list[Route] = []
    page.route("**/api/v1/search", lambda route: held.append(route))
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # or a slow machine would see the second line before it has looked for the first
    page.get_by_role("searchbox").fill("a red circle")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("96 photos")
    page.clock.run_for(500)
    expect(page.locator("#count")).to_have_text("Looking…")
    expect(page.locator("#grid")).to_have_css("opacity", "0.3")
    shot(page, "looking")
    page.clock.run_for(4000)
    expect(page.locator("#count")).to_contain_text("loads the model")
    taken(page, held).continue_()
    expect(page.locator("#count")).to_contain_text("photos")
    expect(page.locator("#grid")).to_have_css("opacity", "1")
    assert "red circle" in names(page)[0]
    page.get_by_role("searchbox").fill("a blue ring")
    page.keyboard.press("Enter")
    page.clock.run_for(500)
    expect(page.locator("#count")).to_have_text("Looking…")
    taken(page, held).abort()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.locator("#count")).to_contain_text("photos")
    mistakes.clear()  # the request that was cut off
