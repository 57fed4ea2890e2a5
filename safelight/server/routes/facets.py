"""What photos can be filtered by, with counts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from indexer.tags import ALBUM, KEYWORD, LABEL, MEDIA, PERSON, STEP
from safelight.folders import folders
from safelight.server.cards import readable
from safelight.server.hub import TheHub
from safelight.server.shapes import FacetOut, FacetsOut, FolderOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1", tags=["photos"])

_COUNTS = {
    "sources": "SELECT r.source, count(*) FROM photo p JOIN root r ON r.id = p.root_id WHERE {here} GROUP BY 1",
    "cameras": "SELECT p.camera, count(*) FROM photo p WHERE {here} AND p.camera IS NOT NULL GROUP BY 1",
    "years": "SELECT substr(p.taken_at, 1, 4) AS y, count(*) FROM photo p WHERE {here} AND p.content_id IS NOT NULL"
    " AND p.taken_at IS NOT NULL GROUP BY 1",  # as photo_newest has it: the index alone is read
    "formats": "SELECT c.format, count(*) FROM photo p JOIN content c ON c.id = p.content_id WHERE {here} GROUP BY 1",
}
_TAGS = {"albums": ALBUM, "people": PERSON, "keywords": KEYWORD, "labels": LABEL, "media": MEDIA}
_MOST = 2000


@router.get("/facets", response_model=FacetsOut)
async def facets(hub: TheHub) -> Response:
    """List sources, folders, keywords, cameras, formats and years, each with how many photos it holds."""

    def run(library: Library) -> bytes:
        return hub.grids.get("facets", lambda: _facets(library).model_dump_json().encode())

    return Response(await hub.read(run), media_type="application/json")


def _facets(library: Library) -> FacetsOut:
    counted: dict[str, list[FacetOut]] = {}
    for name, sql in _COUNTS.items():
        rows = library.catalog.db.execute(sql.format(here="p.state = 'indexed'") + f" ORDER BY 2 DESC, 1 LIMIT {_MOST}")
        counted[name] = [FacetOut(value=readable(str(value)), photos=count) for value, count in rows]
    for name, kind in _TAGS.items():
        rows = library.catalog.db.execute(
            "SELECT t.path, count(*) FROM tag t JOIN photo p ON p.id = t.photo_id"
            f" WHERE t.kind = ? AND p.state = 'indexed' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST}",
            (kind,),
        )
        counted[name] = [FacetOut(value=readable(path.replace(STEP, "/")), photos=count) for path, count in rows]
    return FacetsOut(
        folders=[
            FolderOut(
                id=folder.id, name=readable(folder.path.name), path=readable(str(folder.path)), photos=folder.photos
            )
            for folder in folders(library.catalog)
        ],
        **counted,
    )
