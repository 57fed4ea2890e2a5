"""What a recovery did, written from the ledger a row at a time: pages for people, a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from safelight.recover import page
from safelight.recover.files import write_whole
from safelight.recover.ledger import Ledger, Row

_Cells = tuple[str | int | None, ...]
TABLE = "recovery-report.csv"
_ROWS_A_PAGE = 1000
_CHUNK_CHARACTERS = 64 * 1024
_HEADINGS = (
    "original", "recovered", "state", "outcome", "width", "height", "full_width", "full_height", "size_bytes",
    "note", "details",
)  # fmt: skip
# A cell that starts so is a formula to a spreadsheet, whatever quotes are around it (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write(out: Path, ledger: Ledger, stale_left: int) -> None:
    """Write the report of everything that was ever recovered into a folder.

    Args:
        out: The folder.
        ledger: Its ledger, which is ended once all is read.
        stale_left: Older renders that were not asked for.

    Raises:
        OSError: It cannot be written.

    Writes: recovery-report.html, with further pages from a thousand photos on, and recovery-report.csv.
    """
    summary = page.Summary(ledger.totals(), *ledger.count_sizes(of_this_run=False), stale_left)
    write_whole(out / TABLE, _table(_pages(out, ledger, summary)))


def _pages(out: Path, ledger: Ledger, summary: page.Summary) -> Iterator[_Cells]:
    """Write the pages, and yield the cells of the table: the rows are sorted and read only once."""
    rows = ledger.rows()
    pages = max(1, -(-summary.photos // _ROWS_A_PAGE))
    for number in range(1, pages + 1):
        here, cells = list(rows if number == pages else islice(rows, _ROWS_A_PAGE)), list[_Cells]()
        if number == pages:
            ledger.end()
        write_whole(out / page.file_name(number), page.page(summary, _noted(here, cells), number, pages))
        yield from cells


def _noted(rows: Iterable[Row], cells: list[_Cells]) -> Iterator[Row]:
    """Pass rows on, and note what the table has of them: far less than a row with its thumbnail."""
    for row in rows:
        path = row.path if row.is_there else ""
        numbers = (row.width, row.height, row.full_width, row.full_height, row.size_bytes)
        texts = map(_harmless, (row.original, path, row.state, row.outcome))
        cells.append((*texts, *numbers, _harmless(row.note), _harmless(row.details)))
        yield row


def _table(rows: Iterable[_Cells]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"  # tells spreadsheets that it is UTF-8
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_HEADINGS)
    for cells in rows:
        table.writerow(cells)
        if text.tell() > _CHUNK_CHARACTERS:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    """Return what was written so far, and start anew."""
    taken = text.getvalue().encode("utf-8", "backslashreplace")
    text.seek(0)
    text.truncate()
    return taken


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
