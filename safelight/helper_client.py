"""Speaking to the helper that runs on this computer: what the commands use, so that one model in memory serves all."""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from safelight.errors import SafelightError
from safelight.server import discovery

_HELLO_TIMEOUT_S = 5.0
_TIMEOUT_S = 300.0  # the first search loads the model


class HelperError(SafelightError):
    """The helper said no; the message is what it said.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class HelperGoneError(SafelightError):
    """The helper does not answer; the message is for people."""


class HelperClient:
    """A running helper.

    Attributes:
        status: What /api/v1/status said.
    """

    def __init__(self, helper: discovery.Helper) -> None:
        self.helper = helper
        self.status: dict[str, Any] = {}

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        timeout_s: float = _TIMEOUT_S,
    ) -> Any:
        """Send one request and return what came back, out of its JSON.

        Args:
            body: Sent as JSON; bytes as they are.

        Raises:
            HelperError: The helper refused.
            HelperGoneError: It does not answer.
        """
        headers = {"Authorization": f"Bearer {self.helper.token}"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if method == "POST":
            headers["Content-Type"] = content_type
        connection = HTTPConnection("127.0.0.1", self.helper.port, timeout=timeout_s)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            said: Any = json.loads(answer.read() or b"null")
        except OSError as error:
            why = error.strerror or error
            raise HelperGoneError(f"the helper has ended ({why}); what is done is kept, run it again") from error
        except (HTTPException, ValueError) as error:
            what = f"what listens on port {self.helper.port} is no helper ({type(error).__name__})"
            raise HelperGoneError(what) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise HelperError(answer.status, str(said["error"]) if "error" in (said or ()) else f"HTTP {answer.status}")
        return said


def find_helper(home: Path) -> HelperClient | None:
    """Find the helper that runs for this data folder; None where there is none, or where helper.json is stale.

    Raises:
        SafelightError: It is of a version that this one cannot speak to.
    """
    helper = discovery.running(home)
    if helper is None:
        return None
    if helper.api != discovery.API_VERSION:
        raise SafelightError(
            f"the helper that runs is Safelight {helper.version}, another version than this one;"
            " end it with `safelight stop`, or update Safelight"
        )
    client = HelperClient(helper)
    # Another program may listen where a helper did that is gone: it does not know the token.
    with suppress(HelperGoneError, HelperError):
        client.status = client.ask("GET", f"/api/v{helper.api}/status", timeout_s=_HELLO_TIMEOUT_S)
        return client if client.status.get("name") == "safelight" else None
    return None
