"""A collection in Lightroom from the search that is shown; the plug-in's part is played over its own routes."""

from __future__ import annotations

from page_browser import opened, photos, shot
from playwright.sync_api import BrowserContext, expect
from safelight_server import RunningHelper

HELLO = {"protocol": 1, "plugin": "0.1.0", "catalog": "/Users/me/Lightroom/Family.lrcat", "lightroom": "14.3"}


def test_a_search_becomes_a_collection_and_it_is_seen_whether_lightroom_is_there(
    context: BrowserContext, served: RunningHelper, mistakes: list[str]
):
    page = opened(context, served, mistakes)
    page.clock.install()  # so that nobody waits for the panel to look again
    button = page.get_by_role("button", name="To Lightroom")
    expect(button).to_be_hidden()
    page.get_by_role("searchbox").fill("a circle -red")
    page.keyboard.press("Enter")
    expect(photos(page).first).to_be_visible()
    button.click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text("safelight lightroom install")
    name = page.get_by_label("Name of the collection")
    expect(name).to_have_value("a circle − red")
    name.fill("Circles <b>")
    page.get_by_role("button", name="Make it in Lightroom").click()
    expect(panel).to_contain_text("smart collection, waits for Lightroom")

    catalog = served.post("/api/v1/lightroom/hello", HELLO)["catalog"]
    (action,) = served.post("/api/v1/lightroom/poll", {"catalog": catalog})["actions"]
    payload = action["payload"]
    assert (payload["name"], payload["question"]["words"]) == ("Circles <b>", '"a circle" -"red"')
    page.clock.fast_forward(3000)
    expect(panel).to_contain_text("Lightroom is there, with Family.lrcat")
    shot(page, "to-lightroom")
    report = {"catalog": catalog, "action": action["id"], "ok": True, "says": "16 photos"}
    served.post("/api/v1/lightroom/report", report)
    page.clock.fast_forward(3000)
    expect(panel).to_contain_text("smart collection, done")
    expect(panel).to_contain_text("16 photos")
    page.get_by_role("link", name="Safelight").click()
    expect(page.get_by_role("button", name="To Lightroom")).to_be_hidden()
    assert not mistakes
