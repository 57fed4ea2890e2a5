"""The port that browsers and clients leave out of the Host header: 80, and no other."""

from __future__ import annotations

import re
import socket

import pytest
from safelight_server import raw, start_helper

OURS = ("127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST", "[::1]")
OTHERS = ("evil.test", "evil.test:80", "127.0.0.1:8080", "127.0.0.1:", "localhost.", "127.0.0.1@evil.test", "")


@pytest.fixture
def helper(tmp_path):
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 80))
    except OSError as error:
        pytest.skip(f"port 80 cannot be had here: {error}")
    running = start_helper(tmp_path / "home", "--port", "80")
    yield running
    running.stop()


def test_on_port_80_the_port_need_not_be_named(helper):
    def status(*lines: str) -> int:
        head = ("GET /api/v1/status HTTP/1.1", f"Authorization: Bearer {helper.token}", *lines, "", "")
        answer = raw(80, "\r\n".join(head).encode())
        return int(re.match(rb"HTTP/1\.1 (\d{3})", answer)[1])

    assert helper.get("/api/v1/status")["name"] == "safelight"  # as commands ask
    for host in OURS:
        assert status(f"Host: {host}") == 200
    for host in OTHERS:
        assert status(f"Host: {host}") == 421
    for origin in ("http://127.0.0.1", "http://localhost", "http://[::1]", "http://127.0.0.1:80"):
        assert status("Host: 127.0.0.1", f"Origin: {origin}") == 200
    for origin in ("http://evil.test", "https://127.0.0.1", "http://127.0.0.1:8080", "null", "http://127.0.0.1/"):
        assert status("Host: 127.0.0.1", f"Origin: {origin}") == 403
