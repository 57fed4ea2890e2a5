"""How a browser comes to speak to the helper: a program that holds the token asks for a link, the browser opens it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import RedirectResponse

from safelight.server.hub import TheHub
from safelight.server.shapes import LinkOut

router = APIRouter(tags=["helper"])

_A_YEAR_S = 365 * 24 * 3600


@router.post("/api/v1/link", status_code=201)
async def link(hub: TheHub) -> LinkOut:
    """Make a link that opens the page in one browser, once, within two minutes."""
    return LinkOut(url=f"http://127.0.0.1:{hub.access.port}/pair?code={hub.access.new_code()}")


@router.get("/pair", status_code=303, response_class=RedirectResponse, responses={303: {"description": "paired"}})
async def pair(code: Annotated[str, Query(max_length=200)], hub: TheHub) -> RedirectResponse:
    """Burn the code of a link, and give the browser its cookie."""
    session = hub.access.redeem(code)
    if session is None:
        raise HTTPException(
            401, "this link was used, or is older than two minutes; get a new one: safelight serve --open"
        )
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        hub.access.cookie, session, max_age=_A_YEAR_S, path="/", httponly=True, samesite="strict", secure=False
    )
    return answer
