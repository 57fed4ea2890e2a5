"""The report of a recovery: nothing in it is taken for more than text, however long it is."""

import csv
from html.parser import HTMLParser

from preview_folders import Library
from recoveries import run

from safelight.recover.ledger import Ledger, Outcome, Row


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_report_escapes_everything_and_loads_nothing(tmp_path):
    evil = '<script>alert("1")</script>&amp;'
    with Library(tmp_path / "lib", root=f"/{evil}/") as library:
        library.photo("a#b?c%20'\".JPG", f"{evil}/")
        library.writer.photo("=cmd|' /C calc'!A0.JPG")
    run(tmp_path / "lib", tmp_path / "out")
    page = (tmp_path / "out/recovery-report.html").read_text("utf-8")
    found = Texts()
    found.feed(page)
    assert "script" not in [tag for tag, _ in found.tags]
    assert evil in found.text
    sources = [attrs["src"] for _, attrs in found.tags if "src" in attrs]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    links = [attrs["href"] for tag, attrs in found.tags if tag == "a"]
    assert links
    assert all(not link.startswith(("http", "//", "javascript")) for link in links)
    from urllib.parse import unquote

    assert all((tmp_path / "out" / unquote(link)).is_file() for link in links)
    assert len(page) < 40_000


def test_the_table_is_safe_for_spreadsheets(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    from safelight.recover import report

    starts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'fine, "quoted"', "Ünï"]
    with Ledger(out, "r") as ledger:
        for start in starts:
            ledger.record(Row(start, start, "p.jpg", "current", Outcome.FAILED, note=start), None)
        report.write(out, ledger, 0)
    text = (out / "recovery-report.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    originals = {row["original"] for row in rows}
    assert originals == {f"'{start}" for start in starts[:6]} | set(starts[6:])
    assert all(row["recovered"] == "" for row in rows)


def test_a_large_report_goes_on_page_by_page(tmp_path):
    from safelight.recover import report

    with Ledger(tmp_path, "r") as ledger:
        for number in range(2500):
            outcome = Outcome.MISSING if number % 500 == 7 else Outcome.RECOVERED
            ledger.record(Row(f"{number}", f"/p/{number:05}.jpg", f"{number}.jpg", "current", outcome, 1000, 900), None)
        report.write(tmp_path, ledger, 0)
    pages = [tmp_path / f"recovery-report{end}.html" for end in ("", "-2", "-3")]
    texts = [page.read_text() for page in pages]
    assert [text.count("<li>") for text in texts] == [1000, 1000, 500]
    assert texts[0].index("02007.jpg") < texts[0].index("00000.jpg")  # what needs a look comes first
    assert 'href="recovery-report-3.html"' in texts[0]
