"""The page with 100,000 photos in a real Chromium, beside a plain wall of lazy images, which is what one writes first.

The library is planted: every row is in the catalog, and thumbnails of those that come into sight lie in the cache, so
that the page is measured and not the decoder. Left out, with a line that says so, where there is no Chromium.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from indexer import matrix_file
from pictures import small
from safelight.helper_client import HelperClient
from search import plant
from server import Running
from setting import CHECKOUT, Table, say

MODEL = CHECKOUT / "tests" / "data" / "shapes-clip"
ROUNDS = 5
NEWEST = 12_000  # photos that scrolling may reach, and so need thumbnails
FRAMES = 240
STEP = 60  # pixels a frame: a brisk wheel
WIDTH, HEIGHT = 1440, 900

_WATCH = """
window.watched = {first: 0, all: 0};
const look = () => {
    const images = [...document.querySelectorAll("img")].filter(image => {
        const {top, bottom} = image.getBoundingClientRect();
        return bottom > 100 && top < innerHeight;
    });
    const there = images.filter(image => image.complete && image.naturalWidth);
    if (there.length && !watched.first) watched.first = performance.now();
    if (images.length > 10 && there.length === images.length) watched.all = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
_TIMES = """() => {
    const shell = performance.getEntriesByType("navigation")[0].responseEnd;
    const grid = performance.getEntriesByName(location.origin + "/api/v1/grid")[0];
    return {first: watched.first - shell, all: watched.all - shell, grid: grid.duration, bytes: grid.encodedBodySize,
        cells: document.querySelectorAll("#grid > *").length, heap: performance.memory.usedJSHeapSize / 2 ** 20};
}"""
_SCROLL = """async ([frames, step]) => {
    const box = document.querySelector("#box");
    const spent = [];
    let before = await new Promise(requestAnimationFrame);
    for (let i = 0; i < frames; i += 1) {
        box.scrollTop += step;
        const now = await new Promise(requestAnimationFrame);
        spent.push(now - before);
        before = now;
    }
    return spent;
}"""
_WALL = """async () => {
    const began = performance.now();
    const headers = {"Content-Type": "application/json"};
    const buffer = await (await fetch("/api/v1/grid", {method: "POST", headers, body: "{}"})).arrayBuffer();
    const count = new DataView(buffer).getUint32(4, true);
    const aspects = new Uint16Array(buffer, 8, count);
    const ids = new TextDecoder().decode(new Uint8Array(buffer, 8 + 2 * count));
    const wall = document.createElement("div");
    Object.assign(wall.style, {display: "flex", flexWrap: "wrap", gap: "4px"});
    for (let i = 0; i < count; i += 1) {
        const image = new Image();
        image.loading = "lazy";
        Object.assign(image.style, {height: "208px", width: `${208 * aspects[i] / 1000}px`, flexGrow: 1});
        image.src = `/api/v1/photos/${ids.slice(12 * i, 12 * i + 12)}/picture/320`;
        wall.append(image);
    }
    document.querySelector("#grid").remove();
    document.querySelector("#box").append(wall);
    wall.getBoundingClientRect();
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""


def measure(*, quick: bool) -> Iterator[Table]:
    """Make one table, or none where there is no Chromium."""
    found = subprocess.run([CHECKOUT / "tools" / "setup-chromium.sh"], capture_output=True, text=True)
    count = 2_000 if quick else 100_000
    table = Table(f"The page: {count:,} photos, {WIDTH} x {HEIGHT}", ["what", "median", "p95"])
    if found.returncode:
        say(found.stderr.strip())
        table.note("Left out: there is no Chromium here.")
        yield table
        return
    with tempfile.TemporaryDirectory(prefix="safelight-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        _plant(home, count, small(64))
        with Running(home, str(MODEL)) as client, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=["--no-sandbox"])
            _fill(table, browser, client, rounds=1 if quick else ROUNDS, frames=30 if quick else FRAMES)
            browser.close()
    yield table


def _fill(table: Table, browser: Browser, client: HelperClient, *, rounds: int, frames: int) -> None:
    times: dict[str, list[float]] = {}
    scrolled: list[float] = []
    cold = 0.0
    for number in range(rounds + 1):
        page = _open(browser, client)
        found = page.evaluate(_TIMES)
        if number == 0:
            cold = found["first"]  # the helper has just started, and the disk's cache is its own affair
            page.context.close()
            continue
        for name, value in found.items():
            times.setdefault(name, []).append(value)
        scrolled += page.evaluate(_SCROLL, [frames, STEP])
        page.context.close()
    page = _open(browser, client)
    wall_ms = page.evaluate(_WALL)
    wall = page.evaluate(_SCROLL, [max(2, frames // 24), STEP])
    page.context.close()
    first, frame = times["first"], median(scrolled)
    table.row(
        "first photos painted, ms after the shell", median(first), max(first), ratio=median(first) / 500, at_most=1
    )
    table.row("the same, right after the helper's start", cold, "")
    table.row("all in sight painted, ms after the shell", median(times["all"]), max(times["all"]))
    table.row("ids and shapes fetched, ms", median(times["grid"]), max(times["grid"]))
    table.row("a frame while scrolling, ms", frame, _p95(scrolled), ratio=frame / 20, at_most=1)
    table.row("elements in the grid", int(times["cells"][-1]), "")
    table.row("memory of its scripts, MiB", times["heap"][-1], "")
    table.row("lazy images: until they are laid out, ms", wall_ms, "", ratio=wall_ms / median(first))
    table.row("lazy images: a frame while scrolling, ms", median(wall), _p95(wall), ratio=median(wall) / frame)
    table.note(
        "Ratio: to the targets, 500 ms and 20 ms a frame; lazy images: to the page. A screen shows 60 frames a second,"
        f" 16.7 ms each. Ids and shapes are {times['bytes'][-1] / 1e6:.1f} MB."
    )


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _open(browser: Browser, client: HelperClient) -> Page:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(client.ask("POST", "/api/v1/link", {})["url"])  # a browser that has nothing of the page yet
    page.wait_for_function("() => window.watched?.all && document.querySelector('#count').textContent", timeout=60_000)
    page.wait_for_timeout(300)
    return page


def _plant(home: Path, count: int, photos: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.standard_normal((count, 8), dtype=np.float32)
    catalog, model = plant(home, pictures / np.linalg.norm(pictures, axis=1, keepdims=True))
    matrix_file.update(home, catalog.db, model.id)
    with catalog.transaction():  # landscape mostly, as photographers do
        for rest, (width, height) in enumerate(((6000, 4000), (4000, 3000), (3000, 4000), (4000, 4000), (5000, 2812))):
            catalog.db.execute(
                "UPDATE content SET width = ?, height = ? WHERE id * 7 / 3 % 5 = ?", (width, height, rest)
            )
    catalog.close()
    originals = {size: _thumbnails(photos, size) for size in (160, 320, 640)}
    for row in {*range(max(0, count - NEWEST), count)}:
        name = row.to_bytes(16, "big").hex()
        folder = home / "thumbs" / name[:2]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for size, made in originals.items():
            (folder / f"{name}-{size}.jpg").write_bytes(made[row % len(made)])


def _thumbnails(photos: Path, size: int) -> list[bytes]:
    made: list[bytes] = []
    for path in sorted(photos.iterdir()):
        with Image.open(path) as image:
            image.thumbnail((size, size))
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=82)
            made.append(buffer.getvalue())
    return made
