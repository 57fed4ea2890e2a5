"""What stands before every request: who may speak to the helper, from where, how, and how much.

Other programs and every web page that the user visits can reach a loopback port. So a request is let through only when
it names us as its host (DNS rebinding), comes from no foreign page (CSRF), is of a kind that a page cannot send
unasked, is of bounded size, and brings the secret. The checks read the raw request, never a URL that a framework made
of it (CVE-2026-48710: a malformed Host changed the path that checks saw).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from safelight.server.access import Access

MAX_HEADERS = 64
MAX_HEADER_BYTES = 16_384  # names and values together; browsers stay below 4 kB
MAX_JSON_BYTES = 1 << 20
MAX_PICTURE_BYTES = 128 << 20
MAX_PICTURES_BYTES = 32 << 20  # several in one body of JSON, which is read as a whole
BODY_TIMEOUT_S = 30.0
_HTTP_PORT = 80

PICTURE_ROUTES = frozenset({"/api/v1/search/image", "/api/v1/embeddings/image", "/api/v1/lightroom/thumbnail"})
PICTURES_ROUTE = "/api/v1/embeddings/images"
OPEN_ROUTES = frozenset({"/pair"})
"""What needs no secret, because the code that it is asked with is one."""

PICTURE_TYPES = frozenset(
    f"image/{name}"
    for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "heif", "avif", "jp2", "x-adobe-dng")
) | {"application/octet-stream"}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)


_DRAIN_BYTES, _DRAIN_SECONDS = 1 << 20, 0.2


_UNPAIRED = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Safelight</title>
<h1>This browser is not paired with Safelight yet</h1>
<p>Type this in a terminal; it opens the page, here or in your usual browser:</p>
<pre>safelight serve --open</pre>
</html>
"""
"""What a person sees who types the address; nothing of the request, nothing of the library."""


class _Refused(Exception):  # noqa: N818  # an answer, not an error
    def __init__(self, status: int, reason: str, *headers: tuple[bytes, bytes], page: bytes | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers, self.page = status, reason, headers, page


class Guard:
    """ASGI middleware around the whole helper."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        names = ("127.0.0.1", "localhost", "[::1]")
        hosts = [f"{name}:{access.port}" for name in names]
        if access.port == _HTTP_PORT:  # which browsers and clients leave out
            hosts += names
        self._hosts = frozenset(host.encode() for host in hosts)
        self._origins = frozenset(f"http://{host}".encode() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with its whole body read, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        secured = _secured(send)
        try:
            self._check(scope)
            body = await _body(scope, receive) if scope["method"] == "POST" else b""
        except _Refused as refusal:
            await _drain(receive)
            await _answer(secured, refusal)
            return
        except asyncio.CancelledError:
            return  # the helper ends, and the rest of the body has not come
        # Only the end of the helper cancels a request; uvicorn would log a traceback for each.
        with suppress(asyncio.CancelledError):
            await self._app(scope, _replayed(body, receive), secured)

    def _check(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if (host := _only(headers, b"host")) is None or host.lower() not in self._hosts:
            raise _Refused(421, "this helper answers to 127.0.0.1 and its port alone")
        if scope["http_version"] not in ("1.0", "1.1"):
            raise _Refused(505, "HTTP/1.1 is what is understood")
        _check_origin(headers, self._origins)
        if scope["method"] not in ("GET", "POST"):
            raise _Refused(405, "GET and POST are all that is understood", (b"allow", b"GET, POST"))
        if scope["method"] == "POST":
            _check_type(scope["path"], headers)
        if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
            raise _Refused(431, "the headers are too many or too long")
        _check_length(scope["path"], headers)
        if not scope["path"].startswith("/"):
            raise _Refused(400, "the request names no path of this helper")
        if scope["path"] not in OPEN_ROUTES and not self._access.permits(headers):
            raise _unpaired(scope["path"], headers)


def _unpaired(path: str, headers: list[tuple[bytes, bytes]]) -> _Refused:
    bearer = (b"www-authenticate", b"Bearer")
    if path != "/":
        return _Refused(401, "the token of helper.json is needed, or a browser that was paired", bearer)
    is_browser = any(b"text/html" in accepted.lower() for accepted in _values(headers, b"accept"))
    return _Refused(
        401,
        "this browser is not paired with the helper yet; open the page with: safelight serve --open",
        bearer,
        page=_UNPAIRED if is_browser else None,
    )


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the value of a header that stands there exactly once."""
    values = _values(headers, name)
    return values[0] if len(values) == 1 else None


def _check_origin(headers: list[tuple[bytes, bytes]], origins: frozenset[bytes]) -> None:
    """Refuse what a foreign page sends; "null" is what a sandboxed frame or a local file calls itself."""
    if any(origin not in origins for origin in _values(headers, b"origin")) or len(_values(headers, b"origin")) > 1:
        raise _Refused(403, "requests of other pages are not answered")
    # "same-site" is another port of this computer: someone else's page.
    if any(site not in (b"same-origin", b"none") for site in _values(headers, b"sec-fetch-site")):
        raise _Refused(403, "requests of other pages are not answered")


def _check_type(path: str, headers: list[tuple[bytes, bytes]]) -> None:
    """Ask for a type that a plain form or a no-cors request cannot send."""
    given = _only(headers, b"content-type")
    kind, *parameters = (given or b"").decode("latin-1").lower().split(";")
    if path in PICTURE_ROUTES:
        if kind.strip() not in PICTURE_TYPES:
            raise _Refused(415, "send the picture itself, with its type: Content-Type: image/jpeg")
    elif kind.strip() != "application/json" or any(p.strip() not in ("charset=utf-8", "") for p in parameters):
        raise _Refused(415, "send JSON: Content-Type: application/json")
    if any(encoding.strip().lower() != b"identity" for encoding in _values(headers, b"content-encoding")):
        raise _Refused(415, "send the body as it is, not compressed")


def _limit(path: str) -> int:
    if path in PICTURE_ROUTES:
        return MAX_PICTURE_BYTES
    return MAX_PICTURES_BYTES if path == PICTURES_ROUTE else MAX_JSON_BYTES


def _check_length(path: str, headers: list[tuple[bytes, bytes]]) -> None:
    lengths = _values(headers, b"content-length")
    if lengths and _values(headers, b"transfer-encoding"):
        raise _Refused(400, "a request has one length, not two")
    if any(not length.isdigit() for length in lengths) or len(set(lengths)) > 1:
        raise _Refused(400, "the length of the body is not a number")
    if lengths and (len(lengths[0]) > 12 or int(lengths[0]) > _limit(path)):
        raise _too_long(path)


def _too_long(path: str) -> _Refused:
    return _Refused(413, f"the body is longer than the {_limit(path):,} bytes that are taken here")


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Read the whole body, chunked or not; whoever comes after deals with bytes that are all there."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Refused(400, "the request was cut off")
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > _limit(scope["path"]):
                    raise _too_long(scope["path"])
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise _Refused(408, "the body did not arrive in time") from None


async def _drain(receive: Receive) -> None:
    """Take in the little that may be on its way: a connection closed on unread bytes is reset, and the answer lost."""
    left = _DRAIN_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Hand over a body that has been read, then whatever the client does next: hang up."""
    handed_over = False

    async def replay() -> Message:
        nonlocal handed_over
        if handed_over:
            return await receive()
        handed_over = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _secured(send: Send) -> Send:
    """Put the security headers on every answer."""

    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", []))
            given = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in _SECURITY_HEADERS if name not in given]
            if b"cache-control" not in given:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return secured


async def _answer(send: Send, refusal: _Refused) -> None:
    said = {"error": refusal.reason, "status": refusal.status, "title": HTTPStatus(refusal.status).phrase}
    content = refusal.page or json.dumps(said).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8" if refusal.page else b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),  # what may still come of the body is not read
        *refusal.headers,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
