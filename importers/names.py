"""How people call a camera or a lens that metadata calls by make and model."""

from __future__ import annotations

import re

_TAIL_OF_A_FIRM = """
camera cameras co company computer corp corporation electronics electric gmbh imaging inc international ltd
optical optic techwin tech technologies ag
"""


def tidy(value: object) -> str | None:
    """Cut at the first NUL, trim, and drop what is then empty or only a placeholder of dashes."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    text = " ".join(value.split("\0", 1)[0].split())
    return text if text.strip("-. ") else None


def device_name(make: object, model: object) -> str | None:
    """Name a camera or lens as people do: "Canon EOS 5D", "KODAK CX7530", "Konica Minolta DiMAGE Z3"."""
    maker, name = tidy(make), tidy(model)
    if not maker or not name:
        return name or maker
    words = re.findall(r"[\w&-]+", maker)
    if any(name.lower().startswith(word.lower()) for word in words):
        return name
    while len(words) > 1 and words[-1].lower() in _TAIL_OF_A_FIRM.split():
        words.pop()
    return " ".join([*words, name])
