"""What the helper lets through, and what not: raw bytes over a real socket, the good ones among the bad.

The cases are those by which other local servers were broken into: rebinding, foreign pages, traversal, smuggling.
"""

from __future__ import annotations

import pytest
from raw_requests import STATUS, assert_is_secured, post, send
from safelight_server import raw


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
