"""LrHttp over real sockets, to this machine only."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

from lua.fake.marshal import from_bytes, from_text, is_table, raw, text, to_lua


class Http:
    """get and post with the argument rules of the real ones: a wrong type, and nothing is sent."""

    def __init__(self, lightroom: Any) -> None:
        self._lightroom = lightroom
        self.sent: list[tuple[str, str]] = []
        self.calls = {"LrHttp.get": self.get, "LrHttp.post": self.post, "LrHttp.openUrlInBrowser": self.browse}
        self.browsed: list[str] = []
        self.most_seconds = 600.0  # that a test waits for an answer, whatever the plug-in says: machines are busy
        self.on_send: Callable[[str], None] = lambda target: None
        # Answers by the end of the path, for what the helper does not answer yet; body given as sent.
        self.canned: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}

    def browse(self, url: str) -> None:
        self.browsed.append(text(url))

    def get(self, count: int, *given: Any) -> Any:
        url, headers, timeout = (*given, None, None, None)[:3]
        return self._send("GET", url, None, headers, timeout, count <= 3)

    def post(self, count: int, *given: Any) -> Any:
        url, body, headers, method, timeout, total = (*given, None, None, None, None, None, None)[:6]
        fine = count <= 6 and isinstance(body, str) and (total is None or isinstance(total, int))
        fine = fine and (method is None or isinstance(method, str))
        return self._send(method or "POST", url, body, headers, timeout, fine)

    def _send(self, method: str, url: Any, body: Any, headers: Any, timeout: Any, fine: bool) -> Any:
        fields = _fields(headers)
        if not (fine and isinstance(url, str) and fields is not None and isinstance(timeout, int | float | None)):
            self._lightroom.note(f"LrHttp {method}: an argument of a wrong type; the request is silently never made")
            return None, None
        found = re.fullmatch(r"http://([\d.]+|localhost):(\d+)(/.*)", text(url))
        if not found or not found[1].startswith("127."):
            self._lightroom.violation(f"the plug-in may talk to the literal 127.0.0.1 only, not {url}")
        assert found is not None
        host, port, target = found[1], int(found[2]), found[3]
        self.sent.append((method, target))
        self.on_send(target)
        if (answer := self.canned.get(target.rsplit("/", 1)[-1])) is not None:
            content = json.dumps(answer({} if body is None else json.loads(raw(body)))).encode()
            return from_bytes(content), to_lua(self._lightroom.runtime, {"status": 200})
        fields = {"Content-Type": "text/plain", **fields} if body is not None else fields
        connection = http.client.HTTPConnection(host, port, timeout=self.most_seconds)
        try:
            connection.request(method, target, None if body is None else raw(body), fields)
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            return None, self._failure("timedOut", "The request timed out.")
        except ConnectionRefusedError:
            return None, self._failure("cannotConnectToHost", "Could not connect to the server.")
        except (OSError, http.client.HTTPException):
            return None, self._failure("networkConnectionLost", "The network connection was lost.")
        finally:
            connection.close()
        info = to_lua(self._lightroom.runtime, [{"field": k, "value": v} for k, v in answer.getheaders()])
        info["status"] = answer.status
        return from_bytes(content), info

    def _failure(self, code: str, name: str) -> Any:
        return to_lua(self._lightroom.runtime, {"error": {"errorCode": code, "name": name, "nativeCode": 61}})


def _fields(headers: Any) -> dict[str, str] | None:
    """Headers as a dict; None where they are not a list of { field =, value = } with strings."""
    if headers is None:
        return {}
    if not is_table(headers):
        return None
    fields: dict[str, str] = {}
    for entry in headers.values():
        if not is_table(entry) or not isinstance(entry["field"], str) or not isinstance(entry["value"], str):
            return None
        fields[text(entry["field"])] = from_text(text(entry["value"]))
    return fields
