"""The page in a window of its own. The only module that knows pywebview."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys

from importers.extras import how_to_add
from safelight.errors import SafelightError

_WIDTH, _HEIGHT = 1280, 860
_LEAST = (420, 420)
_GROUND = "#161514"  # the page's own, so that nothing flashes before it is there
_BROWSER = "or use the browser: safelight serve --open"
_ON_LINUX = (
    "a window needs GTK with WebKit here: sudo apt install gir1.2-webkit2-4.1 python3-gi, in an environment that sees"
    f" the system's packages; {_BROWSER}"
)


def check() -> None:
    """Find out whether a window can be opened.

    Raises:
        SafelightError: There is no screen, or pywebview is not installed.
    """
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SafelightError("there is no screen here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set)")
    if not _is_here("webview"):
        raise SafelightError(f"a window needs the extra `app`; {how_to_add('app')}; {_BROWSER}")
    if sys.platform == "linux" and not (_is_here("gi") or _is_here("qtpy")):
        raise SafelightError(_ON_LINUX)


def _is_here(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def show(link: str) -> None:
    """Open a window, and return once it is closed. Nothing of Python is within reach of what it shows.

    Args:
        link: Pairs the window with the helper, once.

    Raises:
        SafelightError: No window can be opened.
    """
    import webview

    logging.getLogger("pywebview").setLevel(logging.CRITICAL)  # it would show traces of every toolkit that is not here
    webview.create_window(  # pyright: ignore[reportUnknownMemberType]  # its own annotations are not whole
        "Safelight", link, width=_WIDTH, height=_HEIGHT, min_size=_LEAST, background_color=_GROUND, text_select=True
    )
    try:
        webview.start(private_mode=True)  # a link that works once: there is nothing to keep
    except webview.WebViewException as error:
        said = _ON_LINUX if sys.platform == "linux" else f"no window can be opened ({error}); {_BROWSER}"
        raise SafelightError(said) from error
