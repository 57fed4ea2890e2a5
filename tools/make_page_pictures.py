"""Make the pictures in docs/page.md: the real page, the starter model, the demo's photographs.

usage: .venv/bin/python tools/make_page_pictures.py
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from double_photos import double_photos  # noqa: E402
from safelight_server import index, start_helper  # noqa: E402

OUT = ROOT / "assets"
SIZE = {"width": 1280, "height": 760}


def main() -> None:
    chromium = subprocess.run([ROOT / "tools" / "setup-chromium.sh"], check=True, capture_output=True, text=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environment = os.environ | {"SAFELIGHT_HOME": str(home), "SAFELIGHT_MODEL": "starter", "HOME": folder}
        safelight = [sys.executable, "-m", "safelight"]
        subprocess.run([*safelight, "index", ROOT / "assets" / "demo"], env=environment, check=True, cwd=ROOT)
        helper = subprocess.Popen([*safelight, "serve"], env=environment, cwd=ROOT)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium.stdout.strip(), args=["--no-sandbox"])
                page = browser.new_page(viewport=SIZE, color_scheme="dark")
                page.goto(pairing_link(home / "helper.json"))
                take(page, "page")
                page.get_by_role("searchbox").fill("an animal")
                page.keyboard.press("Enter")
                page.get_by_role("button", name="Scores").click()
                page.get_by_role("button", name="Filters").click()
                page.locator(".panel-body summary").first.wait_for()
                take(page, "page-search")
                browser.close()
        finally:
            helper.terminate()
            helper.wait()
    make_duplicates()


def make_duplicates() -> None:
    """Show the review, with copies made for it."""
    chromium = subprocess.run([ROOT / "tools" / "setup-chromium.sh"], check=True, capture_output=True, text=True)
    with tempfile.TemporaryDirectory() as folder:
        double_photos(Path(folder) / "photos")
        index(Path(folder) / "home", Path(folder) / "photos")
        helper = start_helper(Path(folder) / "home")
        helper.wait_for_job(helper.post("/api/v1/jobs", {"kind": "duplicates"})["id"])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.stdout.strip(), args=["--no-sandbox"])
            page = browser.new_page(viewport=SIZE, color_scheme="dark")
            page.goto(helper.post("/api/v1/link")["url"])
            page.goto(f"http://127.0.0.1:{helper.port}/#duplicates")
            page.locator(".group").first.wait_for()
            take(page, "page-duplicates")
            browser.close()
        helper.stop()


def pairing_link(info: Path) -> str:
    while not info.exists():
        time.sleep(0.1)
    helper = json.loads(info.read_text())
    headers = {"Authorization": f"Bearer {helper['token']}", "Content-Type": "application/json"}
    with urlopen(Request(f"{helper['url']}/api/v1/link", b"{}", headers)) as answer:
        return json.load(answer)["url"]


def take(page: Page, name: str) -> None:
    page.wait_for_function("() => document.querySelector('.cell img.there')")
    page.wait_for_timeout(4000)  # until all have come
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(OUT / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
