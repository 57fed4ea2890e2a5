"""What the helper lets through, and what not: raw bytes over a real socket, the good ones among the bad.

The cases are those by which other local servers were broken into: rebinding, foreign pages, traversal, smuggling.
"""

from __future__ import annotations

import re

import pytest
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


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        (None, {400, 421}),
        ("", 421),
        ("127.0.0.1", 421),
        ("localhost", 421),
        ("127.0.0.1:80", 421),
        ("127.0.0.1:{port}0", 421),
        ("127.0.0.1:0{port}", 421),
        ("evil.test", 421),
        ("evil.test:{port}", 421),
        ("127.0.0.1.evil.test:{port}", 421),
        ("localhost.:{port}", 421),
        ("user@127.0.0.1:{port}", 421),
        ("127.0.0.1:{port}@evil.test", 421),
        ("127.0.0.1:{port}/", 421),
        ("127.0.0.1:{port}/api/v1/status?", 421),
        ("127.1:{port}", 421),
        ("0.0.0.0:{port}", 421),
        ("2130706433:{port}", 421),
        ("[::ffff:127.0.0.1]:{port}", 421),
        ("[::]:{port}", 421),
        ("127.0.0.1:{port}, evil.test", 421),
        ("127.0.0.1:{port} evil.test", {400, 421}),
        ("[", {400, 421}),
    ],
)
def test_only_our_own_name_is_answered(helper, host, status):
    got = send(helper, host=host)
    assert got in status if isinstance(status, set) else got == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Host: evil.test"], {400, 421}),
        (["Host: 127.0.0.1:{port}"], {400, 421}),
        (["X-Forwarded-Host: evil.test"], {200}),
        (["Forwarded: host=evil.test"], {200}),
        (["X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https"], {200}),
    ],
)
def test_there_is_one_host(helper, lines, status):
    assert send(helper, *lines) in status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Origin: http://127.0.0.1:{port}"], 200),
        (["Origin: http://localhost:{port}"], 200),
        (["Origin: null"], 403),
        (["Origin: "], 403),
        (["Origin: http://evil.test"], 403),
        (["Origin: https://127.0.0.1:{port}"], 403),
        (["Origin: http://127.0.0.1"], 403),
        (["Origin: http://127.0.0.1:{port}.evil.test"], 403),
        (["Origin: http://127.0.0.1:{port}/"], 403),
        (["Origin: file://"], 403),
        (["Origin: http://127.0.0.1:1"], 403),
        (["Origin: http://127.0.0.1:{port}", "Origin: http://evil.test"], 403),
        (["Origin: chrome-extension://abc"], 403),
        (["Sec-Fetch-Site: same-origin"], 200),
        (["Sec-Fetch-Site: none"], 200),
        (["Sec-Fetch-Site: same-site"], 403),
        (["Sec-Fetch-Site: cross-site"], 403),
        (["Sec-Fetch-Site: "], 403),
        (["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"], 403),
        (["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"], 403),
    ],
)
def test_foreign_pages_are_not_answered(helper, lines, status):
    assert send(helper, *lines) == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Type: application/json"], 400),  # let through: there is nothing to look for
        (["Content-Type: application/json; charset=utf-8"], 400),
        (["Content-Type: APPLICATION/JSON"], 400),
        ([], 415),
        (["Content-Type: text/plain"], 415),
        (["Content-Type: application/x-www-form-urlencoded"], 415),
        (["Content-Type: multipart/form-data; boundary=x"], 415),
        (["Content-Type: text/plain; application/json"], 415),
        (["Content-Type: application/json, text/plain"], 415),
        (["Content-Type: application/json; charset=utf-16"], 415),
        (["Content-Type: application/json", "Content-Type: text/plain"], 415),
        (["Content-Type: image/jpeg"], 415),
        (["Content-Type: application/json", "Content-Encoding: gzip"], 415),
        (["Content-Type: application/json", "Content-Encoding: identity"], 400),
    ],
)
def test_bodies_are_of_a_kind_that_pages_cannot_send_unasked(helper, lines, status):
    assert post(helper, *lines) == status


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/json", "application/pdf", "image/*", ""])
def test_uploads_are_pictures(helper, kind):
    assert post(helper, f"Content-Type: {kind}", path="/api/v1/search/image", body=b"<svg/>") == 415


@pytest.mark.parametrize(
    ("token", "lines", "status"),
    [
        ("Bearer {token}", [], 200),
        ("bearer {token}", [], 200),
        (None, [], 401),
        ("", [], 401),
        ("Bearer", [], 401),
        ("Bearer ", [], 401),
        ("Bearer null", [], 401),
        ("Bearer {token}x", [], 401),
        ("Bearer x{token}", [], 401),
        ("Basic {token}", [], 401),
        ("{token}", [], 401),
        ("Bearer {token}", ["Authorization: Bearer x"], 401),
        ("Bearer \xff\xfe", [], 401),
        (None, ["Cookie: safelight_{port}={token}"], 401),
        (None, ["Cookie: safelight_{port}="], 401),
        (None, ["Cookie: safelight={token}"], 401),
        (None, ["X-Api-Key: {token}"], 401),
        (None, ["Proxy-Authorization: Bearer {token}"], 401),
    ],
)
def test_the_token_is_asked_for(helper, token, lines, status):
    assert send(helper, *lines, token=token) == status


def test_a_token_in_the_query_is_none(helper):
    assert send(helper, path=f"{STATUS}?token={helper.token}", token=None) == 401


BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/", BROWSER, b"text/html; charset=utf-8"),
        ("/?<script>", BROWSER, b"text/html; charset=utf-8"),
        ("/", "Accept: */*", b"application/json"),
        ("/", "X-Accept: text/html", b"application/json"),
        (STATUS, BROWSER, b"application/json"),
        ("/<script>", BROWSER, b"application/json"),
    ],
)
def test_a_person_is_told_in_a_page_how_to_open_it(helper, path, accept, kind):
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{helper.port}\r\n{accept}\r\n\r\n"
    answer = raw(helper.port, head.encode())
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert_is_secured(answer)
    assert b"content-type: " + kind + b"\r\n" in answer
    assert b"<script>" not in answer
    assert (b"<pre>safelight serve --open</pre>" in answer) == kind.startswith(b"text/html")


def test_a_foreign_page_is_told_nothing_in_a_page(helper):
    assert send(helper, BROWSER, "Origin: http://evil.test", path="/", token=None) == 403


@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/docs", "/redoc", "/favicon.ico", "/api/v1/events"])
def test_nothing_is_told_without_it(helper, path):
    assert send(helper, path=path, token=None) == 401


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/../../etc/passwd",
        "/static/..%2f..%2fhelper.json",
        "/api/v1/photos/..%2f..%2fhelper.json",
        "/api/v1/photos/%2e%2e",
        "/api/v1/photos/..%5c..%5chelper.json",
        "/api/v1/photos/%00",
        "/api/v1/photos/%2fetc%2fpasswd",
        "/api/v1/photos//etc/passwd",
        "/api/v1/photos/2222222222222",
        "/api/v1/photos/%252e%252e%252f",
        "/api/v1/photos/\xff\xfe",
        "/api/v1/jobs/..%2f..%2fhelper",
        "/api/v1//status",
        "/api/v1/status/",
        "/api/v1/status%00",
        "/api/v1/status;x",
        "/API/V1/STATUS",
        "//127.0.0.1/api/v1/status",
        "/pair/../api/v1/nothing",
        "/docs",
        "/redoc",
        "/docs/oauth2-redirect",
    ],
)
def test_paths_lead_nowhere_but_to_routes(helper, path):
    assert send(helper, path=path) in {400, 404, 422}


@pytest.mark.parametrize(
    "path", ["http://evil.test/api/v1/status", "http://127.0.0.1/api/v1/status", "*", "evil.test:80"]
)
def test_a_request_for_another_server_is_refused(helper, path):
    assert send(helper, path=path) in {400, 404}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1&offset=0", 200),
        ("limit=0", 422),
        ("limit=-1", 422),
        ("limit=1e3", 422),
        ("limit=99999999999999999999999", 422),
        ("limit=1%00", 422),
        ("limit=%ff", 422),
        ("offset=-5", 422),
        ("limit=NaN", 422),
        ("limit[]=1", 200),  # not a name that we know
        ("limit=1&limit=2", 200),
        ("%", 200),
    ],
)
def test_query_values_are_checked(helper, query, status):
    assert send(helper, path=f"/api/v1/problems?{query}") == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"words"', 422),
        (b"\xff\xfe{}", {400, 422}),
        (b'{"words": "\xff"}', {400, 422}),
        (b'{"words": 1}', 422),
        (b'{"words": "x", "path": "/etc/passwd"}', 422),
        (b'{"words": "x", "limit": 1e400}', 422),
        (b'{"words": "x", "limit": ' + b"9" * 5000 + b"}", {400, 422}),
        (b'{"terms": [{"text": "x", "weight": NaN}]}', 422),
        (b'{"words": "\\ud800"}', {200, 400, 422}),
        (b'{"words": "a\\u0000b"}', 200),
        (b"[" * 100_000, {400, 422}),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, {400, 422}),
        (b'{"words": "' + b"x" * 10_001 + b'"}', 422),
        (b'{"like": ["../../etc/passwd"]}', 422),
        (b'{"like": ["/etc/passwd"]}', 422),
        (b'{"words": "/etc/passwd"}', 200),  # words, not a file
        (b'{"words": "~/x.jpg ./y.png"}', 200),
        (b'{"words": "x", "filters": {"folder": ["/etc"]}}', 422),
        (b'{"words": "x", "filters": {"folder": [".."]}}', 400),
        (b'{"words": "x", "filters": {"folder_id": ["../etc"]}}', 200),  # no such id: no photo passes
        (b'{"words": "x", "filters": {"near": "1,1,nan"}}', 400),
        (b'{"words": "x", "filters": {"since": "\'; DROP TABLE photo; --"}}', 400),
    ],
)
def test_bodies_are_checked(helper, body, status):
    got = post(helper, "Content-Type: application/json", body=body)
    assert got in status if isinstance(status, set) else got == status


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (["Content-Length: 9999999999"], b"", {413}),
        (["Content-Length: 1048577"], b"", {413}),
        (["Content-Length: 99999999999999999999999999"], b"", {400, 413}),
        (["Content-Length: -1"], b"", {400}),
        (["Content-Length: +2"], b"{}", {400}),
        (["Content-Length: 0x10"], b"", {400}),
        (["Content-Length: 2", "Content-Length: 3"], b"{}", {400}),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", {400}),
        (["Transfer-Encoding: gzip, chunked"], b"", {400, 501}),
        (["Transfer-Encoding: x"], b"", {400, 501}),
        (["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", {400}),  # let through, and nothing is asked for
        (["Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n", {400}),
        (["Transfer-Encoding: chunked"], (b"fffff\r\n" + b" " * 0xFFFFF + b"\r\n") * 2 + b"0\r\n\r\n", {413}),
    ],
)
def test_lengths_are_believed_and_bounded(helper, lines, body, status):
    got = send(helper, JSON, *lines, method="POST", path="/api/v1/search", body=body)
    assert got in status


def test_the_secret_is_asked_for_before_the_body_is_read(helper):
    assert send(helper, JSON, "Content-Length: 1000", method="POST", path="/api/v1/search", token=None) == 401


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("HEAD", 405),
        ("OPTIONS", 405),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
        ("TRACE", 405),
        ("get", 405),
        ("FOO", 405),
        ("PROPFIND", 405),
    ],
)
def test_get_and_post_are_all_there_is(helper, method, status):
    assert send(helper, method=method) == status


def test_a_preflight_is_refused(helper):
    asks = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"]
    assert send(helper, "Origin: http://evil.test", *asks, method="OPTIONS", token=None) == 403
    assert send(helper, "Access-Control-Request-Private-Network: true", *asks, method="OPTIONS", token=None) == 405


def test_get_on_what_takes_post_and_the_other_way_round(helper):
    assert send(helper, path="/api/v1/search") == 405
    assert post(helper, JSON, path=STATUS) == 405


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([f"X-{number}: y" for number in range(100)], {431}),
        ([f"X-{number}: y" for number in range(5000)], {400, 431, None}),
        (["X-Long: " + "y" * 20_000], {400, 431}),
        (["X-Long: " + "y" * 100_000], {400, 431, None}),
        (["Cookie: " + "a=b; " * 4000], {400, 431}),
        (["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="], {200}),
        (["Connection: upgrade, HTTP2-Settings", "Upgrade: h2c"], {200}),
        (["Expect: 100-continue"], {200, 100}),
        ([" folded: header"], {400, 401}),  # h11 reads it as more of the line before, which is the token
        (["Bad Header: x"], {400}),
        (["X-Nul: a\x00b"], {400}),
        ([": empty"], {400}),
        (["Range: bytes=0-" + ",0-" * 2000], {200, 400}),
    ],
)
def test_odd_headers(helper, lines, status):
    assert send(helper, *lines) in status


@pytest.mark.parametrize(
    ("version", "status"),
    [("HTTP/1.0", {200}), ("HTTP/0.9", {400, 505}), ("HTTP/2.0", {400, 505}), ("HTTP/9.9", {400, 505}), ("", {400})],
)
def test_odd_versions(helper, version, status):
    assert send(helper, version=version) in status


def test_what_is_no_http_is_closed(helper):
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        answer = raw(helper.port, noise + b"\r\n\r\n")
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_two_requests_in_one_go_are_two_requests(helper):
    smuggled = f"GET {STATUS} HTTP/1.1\r\nHost: evil.test\r\n\r\n"
    first = f"GET {STATUS} HTTP/1.1\r\nHost: 127.0.0.1:{helper.port}\r\n\r\n"
    answer = raw(helper.port, (first + smuggled).encode())
    assert answer.startswith(b"HTTP/1.1 401")
    assert b" 200 " not in answer


def test_the_helper_still_answers_and_has_told_nobody(helper):
    assert send(helper) == 200
    log = helper.log()
    assert helper.token not in log
    assert "passwd" not in log
    assert "Traceback" not in log
