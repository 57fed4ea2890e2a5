"""What is said of near-duplicates, taken apart into codes that the plug-in can say in its own language.

Other parts of Safelight speak English; each phrase that they may put together has a code here. A text with anything
else in it is left as it is.
"""

from __future__ import annotations

import re
from typing import Any

PHRASES: dict[str, str] = {
    "copy": "a copy of the file",
    "saved_again": "saved in another way, without loss",
    "encoded_again": "encoded again in the same size",
    "size": "^1 x ^2 instead of ^3 x ^4",
    "squeezed": "squeezed",
    "mirrored": "mirrored",
    "mirrored_down": "mirrored top to bottom",
    "mirrored_turned": "mirrored and turned",
    "turned": "turned by ^1 degrees",
    "gray": "black and white",
    "colour": "in colour, not black and white",
    "tones": "other tones or colours",
    "one_place": "changed in one place",
    "retouched": "blurred, sharpened or retouched",
    "cropped": "cropped to ^1 %",
    "keeper_cropped": "the keeper is a crop of it, of ^1 %",
    "framed": "with a border, a caption or a screen around it; the picture takes ^1 %",
    "unframed": "without the border, caption or screen around it, where the picture takes ^1 %",
    "from_keeper": "made from the keeper",
    "keeper_from_it": "the keeper was made from it",
    "other_from_it": "^1 was made from it",
    "compared": "compared with ^1",
    "saved_by": "saved by ^1",
    "no_notes": "without the camera's notes",
    "other_size": "in another size than its camera recorded",
    "no_thumbnail": "without the camera's small picture",
    "traces": "with the traces of the other's encoding in it",
    "squares": "with the squares of a JPEG in it",
    "foreign": "saved as ^1, which no camera writes",
    "complete": "from a JPEG that has all that its camera wrote",
    "enlarged": "enlarged",
    "pair": "RAW and JPEG of one shot",
    "live": "Live Photo",
    "burst": "burst",
    "bracket": "exposure bracket",
    "lapse": "time-lapse",
    "scene": "shots of one scene",
    "chosen": "you chose it",
    "raw": "it is the RAW file",
    "camera": "it is the camera's own file",
    "pixels": "it has more pixels",
    "edited": "it was edited",
    "rated": "it is rated higher",
    "known": "more is known of it",
    "preferred": "it is from the source you prefer",
    "larger": "its file is larger",
    "oldest": "it is the oldest",
    "lossless_source": "a copy without loss was saved from it",
    "original": "it is the original: the other was encoded again",
    "original_enlarged": "it is the original: the other was enlarged",
    "original_edited": "it is the original: the other was edited",
    "original_turned": "it is the original: the other was turned",
    "first": "nothing tells them apart; it comes first",
}
"""By code; ^1 to ^4 stand for numbers or names."""


def coded(said: str) -> list[dict[str, Any]]:
    """Take a text apart: [{"before", "code", "parts"}], what stands before a phrase and its numbers or names.

    Returns:
        Nothing where a part of the text is no phrase that has a code.
    """
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(said):
        before = "" if not found else said[at : at + 2]
        if found and before not in (", ", "; "):
            return []
        forms = ((code, form.match(said, at + len(before))) for code, form in _FORMS.items())
        fits = [(code not in _WITH_NAMES, match.end(), code, match) for code, match in forms if match]
        if not fits:
            return []
        _, at, code, match = max(fits, key=lambda it: it[:2])  # a name may hold anything, and a phrase begin another
        found.append({"before": before, "code": code, "parts": list(match.groups())})
    return found


def _form(code: str, phrase: str) -> re.Pattern[str]:
    part = r"(.+?)" if code in _WITH_NAMES else r"(\d+)"
    return re.compile(re.sub(r"\\\^\d", lambda _: part, re.escape(phrase)) + "(?=, |; |$)")


_WITH_NAMES = {"other_from_it", "compared", "saved_by", "foreign"}
_FORMS = {code: _form(code, phrase) for code, phrase in PHRASES.items()}
