"""What the API takes and gives about duplicates, as types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from safelight.duplicates_said import MOST_APART
from safelight.server.shapes import Asked, PhotoId

Kind = Literal["same bytes", "same pixels", "re-encoded", "resized", "edited", "turned", "series"]
Decided = Literal["keeper", "different", "ignored"]
Photos = Annotated[list[PhotoId], Field(min_length=2, max_length=20_000)]


class MemberOut(BaseModel):
    """A photo in a group."""

    id: str
    name: str
    path: str | None = Field(description="for people; bytes that are no text are shown as U+FFFD")
    relation: str = Field(description='what it is to the photo that was proposed to be kept; "keeper": that photo')
    reason: str = Field(description="the same in words, or why it was proposed")
    made_from: Literal["keeper", "member"] | None = Field(description="which of the two was made from the other")
    width: int
    height: int
    size_bytes: int
    picture: str = Field(description="its picture, 320 pixels: GET it; other sizes in place of the 320")


class GroupOut(BaseModel):
    """Photos that are one, or a series, which is no duplicates."""

    kind: Kind = Field(description="what is least alike in it")
    what: str = Field(description='of a series: "burst", "time-lapse" ...')
    keeper: str | None = Field(
        description="the photo to keep: the one that was chosen, else proposed; null in a series"
    )
    decision: Decided | None = Field(description="what the user said")
    members: list[MemberOut]


class GroupsOut(BaseModel):
    """What the last look for duplicates found."""

    looked: str | None = Field(description="when that ended, ISO 8601, UTC; null: never with this sensitivity")
    changed: bool = Field(description="whether photos have come or gone since")
    failed: str = Field(description='why a later look than that failed, in one line; ""')
    kinds: dict[Kind, int] = Field(description="how many groups of each kind there are, whatever is asked for")
    decided: int = Field(description="how many of those that are no series are decided")
    total: int = Field(description="how many groups pass what is asked for")
    groups: list[GroupOut]


class SaidShape(Asked):
    """One decision: which photo to keep, or of which no two belong together: different, or ignored."""

    decision: Decided
    photos: list[PhotoId] = Field(min_length=1, max_length=MOST_APART)


class DecideIn(Asked):
    """What is so about the photos of a group, in place of all that was said within it."""

    decision: Decided = Field(description="keeper: keep `keeper`; different: no duplicates; ignored: show them no more")
    photos: Photos
    keeper: PhotoId | None = None


class DecidedOut(BaseModel):
    """That it is remembered."""

    before: list[SaidShape] = Field(description="what was said before: POST it to /api/v1/duplicates/undo")


class UndoIn(Asked):
    """What was said within a group before; nothing: all that was said there is forgotten."""

    photos: Photos
    before: list[SaidShape] = Field(default=[], max_length=20_000)
