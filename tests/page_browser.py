"""A real Chromium on a real helper with a generated library: drawn shapes, and the tiny CLIP that knows them."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from needed import lacking
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, TimeoutError, expect, sync_playwright
from safelight_server import RunningHelper, index, start_helper
from shapes import COLOURS, SHAPES, Scene, draw

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ROOT / "build" / "screenshots"
REBOUND = "rebind.test"
PATIENCE_MS = 180_000
"""How long a state is waited for. Machines are busy and may be slow: only what never comes is to end a test."""
expect.set_options(timeout=PATIENCE_MS)


def shapes_library(folder: Path) -> None:
    """Draw 96 photos: every colour and shape twice, of several proportions."""
    scenes = [
        Scene(colour, shape, "black" if colour != "black" else "white")
        for colour, shape in itertools.product(COLOURS, SHAPES)
    ]
    for seed in range(2):
        for number, scene in enumerate(scenes):
            picture = draw(scene, seed)
            wide, high = ((160, 120), (120, 160), (192, 120), (128, 128))[(number + seed) % 4]
            canvas = picture.resize((min(wide, high),) * 2)
            background = picture.getpixel((2, 2))
            shown = canvas.copy() if wide == high else canvas.crop((0, 0, wide, high))
            if wide != high:
                shown.paste(background, (0, 0, wide, high))
                shown.paste(canvas, ((wide - canvas.width) // 2, (high - canvas.height) // 2))
            path = folder / scene.shape / f"{scene.colour} {scene.shape} {seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            shown.save(path)


@pytest.fixture(scope="session")
def shapes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "shapes"
    shapes_library(folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, shapes_folder: Path) -> Iterator[RunningHelper]:
    home = tmp_path_factory.mktemp("page-helper") / "home"
    index(home, shapes_folder)
    running = start_helper(home)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = subprocess.run([ROOT / "tools" / "setup-chromium.sh"], capture_output=True, text=True)
    if found.returncode:
        lacking(found.stderr.strip())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found.stdout.strip(),
            # A rebound name leads to us, and the browser's own guard against that is off: ours has to hold alone.
            args=[
                "--no-sandbox",
                "--disable-smooth-scrolling",  # a wheel scrolls at once, on slow machines, too
                f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            ],
        )
        yield chromium
        chromium.close()


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    context = new_context(browser)
    yield context
    context.close()


@contextmanager
def been_here(browser: Browser, helper: RunningHelper) -> Iterator[BrowserContext]:
    """A browser that has been here before: it is paired with the helper, and has the files of the page."""
    context = new_context(browser)
    page = opened(context, helper, [])
    # Something of the same place stays open, so that the next page finds a process that has compiled its scripts.
    page.goto(f"http://127.0.0.1:{helper.port}/api/v1/status")
    yield context
    context.close()


@pytest.fixture(scope="session")
def regular(browser: Browser, served: RunningHelper) -> Iterator[BrowserContext]:
    """A browser that has been where the shapes are."""
    with been_here(browser, served) as context:
        yield context


@pytest.fixture
def mistakes() -> list[str]:
    """What the browser complained about: errors, and everything that the CSP refused."""
    return []


def opened(context: BrowserContext, helper: RunningHelper, mistakes: list[str], search: str = "") -> Page:
    """Open the page as `safelight serve --open` does: by a link that pairs the browser once."""
    page = watched(context, mistakes)
    page.goto(helper.post("/api/v1/link")["url"])
    if search:
        page.goto(f"http://127.0.0.1:{helper.port}/{search}")
    page.wait_for_selector("body[data-ready]")
    return page


def watched(context: BrowserContext, mistakes: list[str]) -> Page:
    """Open an empty page; what goes wrong on it is noted."""
    page = context.new_page()
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", lambda line: mistakes.append(line.text) if line.type == "error" else None)
    return page


@pytest.fixture
def page(regular: BrowserContext, served: RunningHelper, mistakes: list[str]) -> Iterator[Page]:
    """The page with the shapes, in a window of its own."""
    page = watched(regular, mistakes)
    page.goto(f"http://127.0.0.1:{served.port}/")
    page.wait_for_selector("body[data-ready]")
    yield page
    page.close()
    assert not mistakes


def shot(page: Page, name: str) -> None:
    """Keep what the page looks like, for people; with the pictures that it has asked for."""
    page.wait_for_function("() => [...document.querySelectorAll('.cell img')].every(image => image.complete)")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def photos(page: Page) -> Locator:
    """The photos in sight."""
    return page.locator("#grid [role=option]")


def names(page: Page) -> list[str]:
    """What the photos in sight are called, in order."""
    return photos(page).evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-label'))")


def large(page: Page) -> None:
    """Wait until a photo is shown large, has its picture, and has come to rest."""
    expect(page.locator(".pswp[data-ready]")).to_be_visible()
    page.wait_for_function(
        "() => { const image = document.querySelector("
        "'.pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)');"
        " return image?.complete && image.naturalWidth; }"
    )


def wait_for_pictures(page: Page, count: int = 16) -> None:
    """Wait until so many photos show their pictures."""
    arrived = "count => document.querySelectorAll('.cell img.there').length >= count"
    try:
        page.wait_for_function(arrived, arg=count)
    except TimeoutError as error:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / "failed.png")  # as it is: shot() would wait for the same pictures
        images = page.locator(".cell img").evaluate_all("images => images.map(i => [i.className, i.complete, i.src])")
        raise AssertionError(f"the pictures do not arrive: {images}") from error


def answered(page: Page) -> None:
    """Wait until what was asked for last has been answered: a page is busy from the press of a key on."""
    expect(page.locator("body")).not_to_have_class(re.compile("busy"))


def asks(page: Page, *parts: str) -> None:
    """Wait until the address has these parts, in this order."""
    expect(page).to_have_url(re.compile(".*".join(map(re.escape, parts))))


def fits(page: Page, width: int) -> None:
    """Wait until the page is no wider than this: it is laid out anew a moment after its window has changed."""
    page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def taken(page: Page, held: list[Route]) -> Route:
    """Take the request that is held back, once it has been made: a page tells that it waits before one hears of it."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not held:
        assert time.monotonic() < deadline, "nothing was asked for"
        page.wait_for_timeout(10)
    return held.pop(0)


def axe() -> str:
    """The source of axe-core, from npm; skips, saying so, where it cannot be had."""
    path = Path(os.environ.get("AXE_CORE", ROOT / "build" / "axe" / "package" / "axe.min.js"))
    if not path.exists():
        _fetch_axe(path.parent)
    return path.read_text("utf-8")


def _fetch_axe(package: Path) -> None:
    """Fetch it beside its place and move it there whole: tests that run beside each other want it at the same time."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=package.parent) as folder:
        try:
            pack = ["npm", "pack", "--silent", "axe-core@4.14.1"]
            name = subprocess.run(pack, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
            subprocess.run(["tar", "xzf", name], cwd=folder, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            lacking(f"axe-core cannot be had from npm: {error}")
        with suppress(OSError):  # another was faster
            (Path(folder) / "package").rename(package)


AXE = """async () => {
    const fades = document.getAnimations().filter(({effect}) => effect.getComputedTiming().endTime !== Infinity);
    await Promise.all(fades.map(({finished}) => finished.catch(() => null)));
    return (await axe.run(document, {resultTypes: ["violations"]})).violations;
}"""


def violations(page: Page) -> str:
    """Say what axe-core finds to mend, once the page is at rest: half faded in, a text has too little contrast."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe())
    found = page.evaluate(AXE)
    return "\n".join(f"{rule['id']}: {json.dumps([node['html'] for node in rule['nodes']])[:600]}" for rule in found)
