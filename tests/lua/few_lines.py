"""A plug-in of a few lines, in a Lightroom with four photos: what the fake's own tests run."""

from __future__ import annotations

from pathlib import Path

from lua.fake import Lightroom

PREPARE = """
local LrTasks, LrHttp, LrDialogs = import 'LrTasks', import 'LrHttp', import 'LrDialogs'
local LrFunctionContext, LrProgressScope = import 'LrFunctionContext', import 'LrProgressScope'
local catalog = import('LrApplication').activeCatalog()
local photo = catalog:getAllPhotos()[1]
"""


def lightroom_with_four_photos(home: Path) -> Lightroom:
    it = Lightroom(home)
    it.load_code(Sleeps="import('LrTasks').sleep(1)", Fine="return { 1 }")
    it.fields = {
        "words": {"id": "words", "title": "Words", "searchable": True, "dataType": "string"},
        "role": {
            "id": "role", "title": "Role", "searchable": True, "dataType": "enum",
            "values": [{"value": "keeper", "title": "Keeper"}],
        },
        "hidden": {"id": "hidden", "dataType": "string"},
    }  # fmt: skip
    for i in range(4):
        it.catalog.add_photo(f"U{i}", f"/p/{i}.jpg", rating=i, captured=f"2024-0{i + 1}-01T10:00:00", jpeg=b"\xff\xd8")
    return it


def fine(lr: Lightroom, code: str) -> None:
    """Run lines that Lightroom takes."""
    lr.run(PREPARE + code)
    assert lr.violations == []
