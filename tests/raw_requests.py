"""Requests to a helper as raw bytes over a real socket, so that none is put right on its way."""

from __future__ import annotations

import re

from safelight_server import RunningHelper, raw

STATUS = "/api/v1/status"


def send(
    helper: RunningHelper,
    *lines: str,
    method: str = "GET",
    path: str = STATUS,
    host: str | None = "127.0.0.1:{port}",
    token: str | None = "Bearer {token}",
    body: bytes = b"",
    version: str = "HTTP/1.1",
) -> int | None:
    """Send one request; returns the status, None where the connection was closed without an answer."""
    values = {"port": helper.port, "token": helper.token}
    head = [f"{method} {path} {version}"]
    head += [f"Host: {host.format(**values)}"] if host is not None else []
    head += [f"Authorization: {token.format(**values)}"] if token is not None else []
    head += [line.format(**values) for line in lines]
    answer = raw(helper.port, "\r\n".join([*head, "", ""]).encode("latin-1") + body)
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    if found is not None:
        assert_is_secured(answer)
    return int(found[1]) if found else None


def assert_is_secured(answer: bytes) -> None:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    if b"invalid http request" in answer.lower():
        return  # h11 did not understand it; nobody was asked
    assert b"access-control-" not in head, "no CORS header, ever"
    assert b"content-security-policy: default-src 'none'" in head
    assert b"x-content-type-options: nosniff" in head
    assert b"cross-origin-resource-policy: same-origin" in head
    assert b"referrer-policy: no-referrer" in head
    assert b"cache-control: " in head
    assert b"\r\nserver:" not in head


def post(helper: RunningHelper, *lines: str, body: bytes = b"{}", path: str = "/api/v1/search", **how) -> int | None:
    return send(helper, f"Content-Length: {len(body)}", *lines, method="POST", path=path, body=body, **how)
