"""All photos at once, as a grid needs them: ids and shapes, a few bytes each."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Response
from numpy.typing import NDArray

from indexer.filters import prepare
from safelight.server import asking
from safelight.server.hub import Hub, TheHub
from safelight.server.shapes import FiltersIn, GridIn, MonthOut, MonthsOut
from safelight.service import Library

router = APIRouter(prefix="/api/v1", tags=["photos"])

MAGIC = b"SLG1"
ID_BYTES = 12
FIRST = 160
"""Photos that come with the page itself: more than any screen shows at once."""
_SHAPE = "min(65535, max(1, 1000 * content.width / max(1, content.height)))"
_ORDERS = {
    "time": "photo.taken_at DESC, photo.id DESC",
    "oldest": "photo.taken_at, photo.id",
    "added": "photo.id DESC",
    "random": "photo.id",
}


@router.post(
    "/grid",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def grid(asked: GridIn, hub: TheHub) -> Response:
    """List all photos that pass the filters, in order: see docs/api.md for the bytes."""

    def run(library: Library) -> bytes:
        if asked.order == "random" or asked.filters != FiltersIn():  # too many to keep; and ages like "30d" go on
            return _grid(library, asked, hub)
        return hub.grids.get(asked.order, lambda: _grid(library, asked, hub))

    return Response(await hub.read(run), media_type="application/octet-stream")


@router.post("/grid/months")
async def months(asked: GridIn, hub: TheHub) -> MonthsOut:
    """Count the photos of the same list by month, in its order: what is in sight, without asking for each photo."""
    if asked.order not in ("time", "oldest"):
        return MonthsOut(months=[])
    way = "DESC" if asked.order == "time" else "ASC"

    def run(library: Library) -> MonthsOut:
        photos, params = _photos(library, asked, hub)
        rows = library.catalog.db.execute(
            f"SELECT substr(photo.taken_at, 1, 7) AS month, count(*) FROM {photos} GROUP BY 1 ORDER BY 1 {way}", params
        )
        return MonthsOut(months=[MonthOut(month=month, photos=count) for month, count in rows])

    return await hub.read(run)


def _photos(library: Library, asked: GridIn, hub: Hub) -> tuple[str, list[Any]]:
    """Write the tables of photos that pass, each content once, for SQL."""
    prepare(library.catalog.db)
    where, params = asking.filters(asked.filters, lambda name: hub.folder(library, name)).where()
    return (
        "(SELECT min(photo.id) AS id FROM photo WHERE photo.state = 'indexed'"
        f" AND photo.content_id IS NOT NULL AND {where} GROUP BY photo.content_id) AS one"
        " JOIN photo ON photo.id = one.id",
        params,
    )


def _grid(library: Library, asked: GridIn, hub: Hub) -> bytes:
    photos, params = _photos(library, asked, hub)
    # SQLite joins the columns into two texts: 100,000 rows as Python objects would take four times as long.
    ids, shapes = library.catalog.db.execute(
        "SELECT group_concat(public_id, ''), group_concat(shape) FROM (SELECT photo.public_id,"
        f" {_SHAPE} AS shape FROM {photos} JOIN content ON content.id = photo.content_id"
        f" ORDER BY {_ORDERS[asked.order]})",
        params,
    ).fetchone()
    aspects, names = _read(ids, shapes)
    if asked.order == "random":
        shuffled = np.random.default_rng(asked.seed).permutation(len(names))
        aspects, names = aspects[shuffled], names[shuffled]
    return _pack(aspects, names)


def first_rows(library: Library) -> bytes:
    """List the newest photos, in the bytes and the order of the grid of all: what a page shows before it has asked."""
    # A content at several places is shown once, in the place of its first photo.
    ids, shapes = library.catalog.db.execute(
        "SELECT group_concat(public_id, ''), group_concat(shape) FROM (SELECT photo.public_id,"
        f" {_SHAPE} AS shape FROM (SELECT id, public_id, content_id, taken_at FROM photo"
        f" WHERE state = 'indexed' AND content_id IS NOT NULL ORDER BY {_ORDERS['time']} LIMIT {FIRST}) AS photo"
        " JOIN content ON content.id = photo.content_id WHERE photo.id = (SELECT min(other.id) FROM photo AS other"
        f" WHERE other.content_id = photo.content_id AND other.state = 'indexed') ORDER BY {_ORDERS['time']})"
    ).fetchone()
    return _pack(*_read(ids, shapes))


def _read(ids: str | None, shapes: str | None) -> tuple[NDArray[np.uint16], NDArray[np.bytes_]]:
    aspects = np.fromstring(shapes or "", np.int64, sep=",").astype("<u2")
    return aspects, np.frombuffer((ids or "").encode(), f"S{ID_BYTES}")


def _pack(aspects: NDArray[np.uint16], names: NDArray[np.bytes_]) -> bytes:
    return MAGIC + len(names).to_bytes(4, "little") + aspects.tobytes() + names.tobytes()


def unpack(rows: bytes) -> list[tuple[str, int]]:
    """Read ids and shapes from the bytes of a grid; none from no bytes."""
    if not rows:
        return []
    count = int.from_bytes(rows[4:8], "little")
    names = rows[8 + 2 * count :].decode("ascii")
    aspects: list[int] = np.frombuffer(rows, "<u2", count, 8).tolist()
    return [(names[ID_BYTES * n : ID_BYTES * (n + 1)], aspect) for n, aspect in enumerate(aspects)]
