"""What hostile files and hostile pages can do to ours: nothing. In a browser that was paired, cookie and all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from page_browser import REBOUND, large, names, opened, photos, wait_for_pictures
from PIL import Image, PngImagePlugin
from playwright.sync_api import BrowserContext, Page, expect
from safelight_server import RunningHelper, index, paint, start_helper

from indexer.catalog import Catalog
from indexer.tags import ALBUM, PERSON

ATTACK = "<img src=x onerror=window.pwned=1>"
BOLD = "<b onmouseover=window.pwned=1>x"
LONG = f"{ATTACK} long text " * 256  # 10 kB
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
    "T&lt;script&gt;window.pwned=1&lt;/script&gt;</rdf:li></rdf:Alt></dc:title><dc:description><rdf:Alt>"
    '<rdf:li xml:lang="x-default">D&lt;svg onload=window.pwned=1&gt;</rdf:li></rdf:Alt></dc:description>'
    "<dc:subject><rdf:Bag><rdf:li>K&lt;img src=x onerror=window.pwned=1&gt;</rdf:li></rdf:Bag></dc:subject>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHelper]:
    folder = tmp_path_factory.mktemp("hostile") / ATTACK
    folder.mkdir()
    for number, name in enumerate(
        (
            f"{ATTACK}.png",
            "javascript:window.pwned=1.png",
            "a\nb <script>window.pwned=1<",
            "\u202egnp.exe.png",
            "n" * 250,
        )
    ):
        paint(folder / f"{name.removesuffix('.png')}.png", number)
    described = PngImagePlugin.PngInfo()
    described.add_itxt("XML:com.adobe.xmp", XMP)
    Image.new("RGB", (90, 60), "teal").save(folder / "described.png", pnginfo=described)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x010F], exif[0x0110] = ATTACK, ATTACK, ATTACK, BOLD
    Image.new("RGB", (60, 90), "olive").save(folder / "exif.jpg", exif=exif, comment=b"<script>window.pwned=1</script>")
    (folder / "page.jpg").write_text("<!doctype html><script>window.pwned=1</script>")
    (folder / "drawing.png").write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"/>')
    home = tmp_path_factory.mktemp("hostile-helper") / "home"
    index(home, folder)
    catalog = Catalog(home)  # folders know no albums or people: planted as a library's would be
    with catalog.transaction():
        (row,) = catalog.db.execute("SELECT id FROM photo WHERE name = 'exif.jpg'").fetchone()
        for kind in (ALBUM, PERSON):
            catalog.db.execute("INSERT INTO tag VALUES (?, ?, ?, ?)", (row, kind, f"{kind}{ATTACK}", kind))
        catalog.db.execute("INSERT INTO tag VALUES (?, ?, ?, ?)", (row, ALBUM, f"nul\0{ATTACK}", "nul"))
        catalog.db.execute("UPDATE photo SET title = ?, caption = ? WHERE id = ?", (f"N\0{ATTACK}", LONG, row))
    catalog.close()
    running = start_helper(home)
    yield running
    running.stop()


def assert_dead(page: Page) -> None:
    assert page.evaluate("() => window.pwned") is None
    made = (
        "() => document.querySelectorAll('[onerror],[onload],[onmouseover],body script,body svg:not(.pswp svg)').length"
    )
    assert page.evaluate(made) == 0, "markup from a file became elements"


def test_what_files_say_is_shown_as_text(context: BrowserContext, hostile: RunningHelper, mistakes: list[str]):
    page = opened(context, hostile, mistakes)
    wait_for_pictures(page, 7)
    seen = ""
    photos(page).first.click()
    large(page)
    page.keyboard.press("i")
    count = photos(page).count()
    for number in range(1, count + 1):
        expect(page.locator(".pswp__counter")).to_have_text(f"{number} / {count}")
        expect(page.locator(".details h2")).to_be_visible()
        seen += page.locator(".details").inner_text()
        page.keyboard.press("ArrowRight")
    for told in (
        LONG.strip(),
        "nul",
        f"{ATTACK}.png",
        "T<script>",
        "D<svg onload",
        f"album{ATTACK}",
        f"person{ATTACK}",
        BOLD,
    ):
        assert told in seen
    assert_dead(page)
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    page.get_by_role("button", name="Filters").click()
    for heading in ("Keywords", "Cameras"):
        page.get_by_text(heading, exact=True).click()
    expect(page.locator("#panel")).to_contain_text(f"album{ATTACK}")
    expect(page.locator("#panel")).to_contain_text("K<img src=x")
    assert_dead(page)
    page.get_by_role("button", name="Library").click()
    page.get_by_text("2 photos skipped, failed or missing").click()
    expect(page.locator(".problems")).to_contain_text("page.jpg")
    assert_dead(page)
    assert mistakes == []


def test_what_the_address_says_is_shown_as_text(context: BrowserContext, hostile: RunningHelper, mistakes: list[str]):
    page = opened(
        context, hostile, mistakes, "?q=%22%3E%3Cimg+src%3Dx+onerror%3Dwindow.pwned%3D1%3E&t=%2B%3Csvg+onload%3Dx%3E"
    )
    expect(page.locator(".chip")).to_contain_text("<svg onload=x>")
    expect(photos(page).first).to_be_visible()
    assert any(ATTACK in name for name in names(page))
    assert_dead(page)
    assert mistakes == []


# Foreign pages

ATTEMPTS = """async helper => {
    const settled = async work => {
        try { return String(await work()); } catch (error) { return `refused: ${error.name}`; }
    };
    const loads = (tag, source) => new Promise(resolve => {
        const element = document.createElement(tag);
        element.onload = () => resolve("loaded");
        element.onerror = () => resolve("refused");
        element.src = source;
        document.body.append(element);
    });
    const credentials = {credentials: "include"};
    const form = document.body.appendChild(Object.assign(document.createElement("form"), {
        method: "POST", enctype: "text/plain", action: `${helper}/api/v1/shutdown`, target: "sink"}));
    document.body.append(Object.assign(document.createElement("iframe"), {name: "sink"}));
    form.submit();
    return {
        get: await settled(async () => (await fetch(`${helper}/api/v1/status`, credentials)).status),
        json: await settled(async () => (await fetch(`${helper}/api/v1/jobs`, {...credentials, method: "POST",
            headers: {"Content-Type": "application/json"}, body: '{"kind": "rebuild"}'})).status),
        plain: await settled(async () => (await fetch(`${helper}/api/v1/shutdown`, {...credentials, method: "POST",
            mode: "no-cors", body: "{}"})).type),
        image: await loads("img", `${helper}/api/v1/photos/PHOTO/picture/160`),
        script: await loads("script", `${helper}/api/v1/status`),
        frame: await settled(async () => {
            await loads("iframe", helper);
            return frames[frames.length - 1].document.body.innerText;
        }),
        opened: await settled(async () => {
            const other = open(helper);
            const until = performance.now() + 180_000;
            // Empty and of this page, until the helper's is there.
            while (other.document.URL === "about:blank" && performance.now() < until)
                await new Promise(resolve => setTimeout(resolve, 50));
            return other.document.body.innerText;
        }),
        socket: await new Promise(resolve => {
            const socket = new WebSocket(helper.replace("http", "ws") + "/api/v1/events");
            socket.onopen = () => resolve("opened");
            socket.onerror = () => resolve("refused");
        }),
        worker: await settled(async () => (await navigator.serviceWorker.register(`${helper}/static/x/main.js`)).scope),
    };
}"""


@pytest.fixture(scope="module")
def foreign_requests() -> list[dict[str, str]]:
    """What someone else's page was asked, and with which headers."""
    return []


@pytest.fixture(scope="module")
def foreign_port(foreign_requests: list[dict[str, str]]) -> Iterator[int]:
    """Someone else's page, on another port of this computer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            foreign_requests.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
            body = b"<!doctype html><title>evil</title><body>"
            if self.path == "/sandboxed":
                body += b'<iframe name="box" sandbox="allow-scripts" srcdoc="<body>"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture
def paired(context: BrowserContext, served: RunningHelper, mistakes: list[str]) -> Page:
    page = opened(context, served, mistakes)
    expect(page.locator("#count")).to_have_text("96 photos")
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", REBOUND])
def test_a_foreign_page_gets_nothing(paired: Page, context: BrowserContext, served: RunningHelper, foreign_port, host):
    photo = photos(paired).first.locator("img").get_attribute("src")
    page = context.new_page()
    page.goto(f"http://{host}:{foreign_port}/")
    attempts = ATTEMPTS.replace("/api/v1/photos/PHOTO/picture/160", photo)
    found = page.evaluate(attempts, f"http://127.0.0.1:{served.port}")
    assert found.pop("plain") in ("opaque", "refused: TypeError")  # sent blind at most, and refused at the other end
    assert all(answer.startswith("refused") or answer == "loaded" for answer in found.values()), found
    assert found["image"] == found["script"] == "refused"
    assert served.get("/api/v1/status")["jobs"] == []
    assert served.process.poll() is None


def test_a_sandboxed_frame_gets_nothing(paired: Page, context: BrowserContext, served: RunningHelper, foreign_port):
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{foreign_port}/sandboxed")
    frame = page.frames[1]
    asked = "helper => fetch(`${helper}/api/v1/status`, {credentials: 'include'}).then(a => a.status, e => e.name)"
    assert frame.evaluate("() => origin") == "null"
    assert frame.evaluate(asked, f"http://127.0.0.1:{served.port}") == "TypeError"


def test_a_rebound_name_gets_nothing(paired: Page, context: BrowserContext, served: RunningHelper):
    page = context.new_page()
    answer = page.goto(f"http://{REBOUND}:{served.port}/")
    assert answer is not None
    assert answer.status == 421
    for path in ("/", "/api/v1/status", "/static/x/main.js", "/pair?code=x"):
        asked = "path => fetch(path, {credentials: 'include'}).then(answer => answer.status)"
        assert page.evaluate(asked, path) == 421


def test_a_browser_that_was_not_paired_gets_nothing(context: BrowserContext, served: RunningHelper):
    answer = context.new_page().goto(f"http://127.0.0.1:{served.port}/")
    assert answer is not None
    assert answer.status == 401
    assert "safelight serve --open" in answer.text()


def test_a_script_that_got_into_the_page_would_not_run(paired: Page, mistakes: list[str]):
    refused = paired.evaluate(
        """async () => {
            const said = [];
            document.addEventListener("securitypolicyviolation", event => said.push(event.effectiveDirective));
            document.body.append(Object.assign(document.createElement("script"), {textContent: "window.pwned = 1"}));
            document.body.append(Object.assign(document.createElement("script"), {src: "https://evil.test/x.js"}));
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.pwned = 1'>");
            await fetch("https://evil.test/").catch(() => null);
            const until = performance.now() + 180_000;
            while (new Set(said).size < 3 && performance.now() < until)
                await new Promise(resolve => setTimeout(resolve, 50));
            return [window.pwned ?? null, ...new Set(said)];
        }"""
    )
    assert refused[0] is None
    assert set(refused[1:]) == {"script-src-elem", "script-src-attr", "connect-src"}
    mistakes.clear()  # which are those refusals


def test_no_other_place_learns_where_one_came_from(paired: Page, foreign_port, foreign_requests: list[dict]):
    """The link that pairs a browser has its code in the address; no address of ours goes anywhere."""
    address = f"http://127.0.0.1:{foreign_port}/followed"
    paired.evaluate(
        "to => document.body.append(Object.assign(document.createElement('a'), {href: to, id: 'out'}))", address
    )
    paired.evaluate("() => document.querySelector('#out').click()")
    paired.wait_for_url(address)
    (followed,) = [headers for headers in foreign_requests if headers["path"] == "/followed"]
    assert "referer" not in followed
    assert paired.evaluate("() => document.referrer") == ""


def test_the_cookie_is_out_of_reach_of_scripts(paired: Page, context: BrowserContext):
    assert paired.evaluate("() => document.cookie") == ""
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_the_static_files_are_a_list_and_no_folder(served: RunningHelper):
    digest = served.ask("GET", "/").body.decode().split("/static/")[1].split("/")[0]
    for name in ("../routes.py", "..%2froutes.py", "%2e%2e/assets.py", "vendor/photoswipe/LICENSE", "/etc/passwd", ""):
        assert served.ask("GET", f"/static/{digest}/{name}").status in (404, 400), name
    kept = served.ask("GET", f"/static/{digest}/main.js")
    assert (kept.status, "immutable" in kept.headers["cache-control"]) == (200, True)
    assert "no-store" in served.ask("GET", "/static/0/main.js").headers["cache-control"]
