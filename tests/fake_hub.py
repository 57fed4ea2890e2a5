"""A model hub on the loopback that serves one folder and can misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

REPOSITORY = "tests/shapes-clip"


@dataclass
class FakeHub:
    """What the hub serves, and what it saw.

    Attributes:
        files: File name -> bytes.
        commit: The commit that the main branch points to; any other commit is unknown.
        stall_after: Bytes of model.safetensors after which the hub says no more; None: it sends all.
        cut_after: Bytes of model.safetensors after which each connection closes.
        dead_after: Offset in model.safetensors beyond which nothing is ever sent.
        damage: Send model.safetensors with its last byte changed.
        requests: Method and path of each request.
        ranges: The Range headers seen.
    """

    files: dict[str, bytes]
    commit: str = "5" * 40
    stall_after: int | None = None
    cut_after: int | None = None
    dead_after: int | None = None
    damage: bool = False
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    url: str = ""
    stalled: threading.Event = field(default_factory=threading.Event)

    def entry(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        found: dict[str, Any] = {"size": len(data), "oid": hashlib.sha1(data).hexdigest()}
        if name.endswith((".safetensors", ".bin")):
            found["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return found


@contextmanager
def serve(folder: Path) -> Iterator[FakeHub]:
    """Serve the files of `folder` as the repository tests/shapes-clip."""
    hub = FakeHub({file.name: file.read_bytes() for file in folder.iterdir()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            api = f"/api/models/{REPOSITORY}"
            if path in (api, f"{api}/revision/main", f"{api}/revision/{hub.commit}"):
                siblings = []
                for name in hub.files:
                    entry = hub.entry(name)
                    siblings.append({"rfilename": name, "size": entry["size"], "blobId": entry["oid"]})
                    siblings[-1] |= {"lfs": entry["lfs"]} if "lfs" in entry else {}
                self._json({"id": REPOSITORY, "modelId": REPOSITORY, "sha": hub.commit, "siblings": siblings})
            elif path == f"{api}/tree/{hub.commit}":
                tree = [{"type": "file", "path": name, **hub.entry(name)} for name in hub.files]
                for entry in tree:
                    if "lfs" in entry:
                        entry["lfs"]["oid"] = entry["lfs"].pop("sha256")
                self._json(tree)
            elif path.startswith(f"/{REPOSITORY}/resolve/{hub.commit}/") and path.rsplit("/")[-1] in hub.files:
                self._file(path.rsplit("/")[-1])
            else:
                code = "RevisionNotFound" if REPOSITORY in path else "RepoNotFound"
                self._json({"error": code}, 404, {"X-Error-Code": code})

        def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            for key, text in (
                {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
            ).items():
                self.send_header(key, text)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def _file(self, name: str) -> None:
            data, entry = hub.files[name], hub.entry(name)
            etag = entry["lfs"]["sha256"] if "lfs" in entry else entry["oid"]
            start = 0
            if span := self.headers.get("Range"):
                hub.ranges.append(span)
                start = int(span.removeprefix("bytes=").split("-")[0])
            weights = name == "model.safetensors"
            if weights and hub.damage:
                data = data[:-1] + bytes([data[-1] ^ 1])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            for key, text in (
                ("X-Repo-Commit", hub.commit),
                ("ETag", f'"{etag}"'),
                ("Accept-Ranges", "bytes"),
                ("Content-Length", str(len(data) - start)),
            ):
                self.send_header(key, text)
            self.end_headers()
            if self.command == "HEAD":
                return
            end = len(data)
            if weights and hub.stall_after is not None:
                end = min(end, hub.stall_after)
            if weights and hub.cut_after is not None:
                end = min(end, start + hub.cut_after)
            if weights and hub.dead_after is not None:
                end = min(end, hub.dead_after)
            self.wfile.write(data[start:end])
            self.wfile.flush()
            if weights and hub.stall_after is not None:
                hub.stalled.set()
                threading.Event().wait(600)
            if end < len(data):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
