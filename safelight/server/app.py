"""The helper as one ASGI application: guard, routes, and what errors become."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from importers.base import ImporterError
from importers.images import ImageProblem
from indexer.errors import IndexerError, QueryError
from safelight.bridge import BridgeError
from safelight.errors import NothingIndexedError, SafelightError
from safelight.jobs.board import NoSuchJobError
from safelight.models import NoSuchModelError
from safelight.server.cards import readable
from safelight.server.discovery import API_VERSION
from safelight.server.guard import Guard
from safelight.server.hub import Hub
from safelight.server.page import routes as page
from safelight.server.readers import TooBusyError
from safelight.server.routes import (
    duplicates,
    embeddings,
    facets,
    grid,
    jobs,
    lightroom,
    lightroom_queue,
    models,
    opening,
    pairing,
    photos,
    pictures,
    search,
    status,
)
from safelight.server.shapes import Problem
from safelight.status import NoSuchPhotoError

# In our words: what HTTP calls some of them is not the same in each version of Python, which would be said otherwise.
_ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": meaning}
    for code, meaning in {
        400: "a query or a filter cannot be understood",
        401: "the token is wrong or missing",
        403: "sent by another site's page",
        404: "there is no such thing",
        409: "not possible now",
        413: "the body is too long",
        415: "the body is of the wrong type",
        421: "asked under another name than this computer's own",
        422: "a value is wrong",
        426: "another version of this API is spoken",
        431: "the headers are too long",
        503: "busy, or something here cannot be used",
    }.items()
}
API_PATH = f"/api/v{API_VERSION}"
_OTHER_VERSION = re.compile(rf"/api/(?!v{API_VERSION}(/|$))")
# Whatever the environment says, and whatever another library has set up in this process: spans hold what was asked.
_NOTHING_LEAVES: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (QueryError, 400),
    (NoSuchJobError, 404),
    (NoSuchPhotoError, 404),
    (NoSuchModelError, 404),
    (ImageProblem, 422),
    (SafelightError, 409),
    (IndexerError, 503),
    (ImporterError, 422),
)
_BRIDGE_STATUS = {"bad_request": 422, "too_many": 422, "wrong_version": 426}


def build_api(version: str) -> FastAPI:
    """Build the API without a helper behind it, as its description needs it."""
    api = FastAPI(
        title="Safelight's helper",
        version=version,
        summary="Find photos by meaning. Listens on 127.0.0.1 alone; see docs/api.md.",
        telemetry=_NOTHING_LEAVES,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages would load scripts from the network
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host that was sent
        responses=_ERRORS,
    )
    finding = (search, photos, pictures, opening, grid, facets, embeddings)
    for module in (status, models, *finding, duplicates, jobs, pairing, lightroom, lightroom_queue, page):
        api.include_router(module.router)
    for kind in (*(kind for kind, _ in _STATUS), TooBusyError, RequestValidationError, HTTPException, Exception):
        api.add_exception_handler(kind, _answer_error)
    return api


def build_app(hub: Hub) -> ASGIApp:
    """Build the helper's application."""
    api = build_api(hub.version)
    api.state.hub = hub
    return Guard(api, hub.access)


async def _answer_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException):
        if error.status_code == 404 and _OTHER_VERSION.match(request.scope["path"]):
            return _problem(
                426,
                f"this helper is Safelight {request.app.version} and speaks {API_PATH}; the program that asked is of"
                " another version: update Safelight and its plug-in, then restart the helper: `safelight stop`",
            )
        return _problem(error.status_code, str(error.detail))
    if isinstance(error, RequestValidationError):
        return _problem(422, _first_mistake(error))
    if isinstance(error, TooBusyError):
        return _problem(503, "more requests are waiting than can be answered soon; try again in a moment", "busy")
    if isinstance(error, NothingIndexedError):
        return _problem(409, str(error), "not_indexed")
    if isinstance(error, BridgeError):
        return _problem(_BRIDGE_STATUS.get(error.code, 409), str(error), error.code)
    code = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return _problem(code, str(error) if code != 500 else "a fault in Safelight; please report it, with the log")


def _first_mistake(error: RequestValidationError) -> str:
    """Say where a request is wrong and how, without repeating what it said."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"


def _problem(code: int, reason: str, name: str | None = None) -> JSONResponse:
    # A key of the request may stand in `reason`: half surrogates in it are no UTF-8.
    text = readable(reason.encode("utf-8", "replace").decode())
    body = {"error": text, "status": code, "title": HTTPStatus(code).phrase}
    return JSONResponse(body if name is None else {**body, "code": name}, code)
