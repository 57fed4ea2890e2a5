"""What the Lightroom plug-in sends and gets, as types; docs/lightroom-plugin.md tells it to people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from safelight.server import shapes
from safelight.server.shapes import Asked, Name, Words

CatalogId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Uuid = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Token = Annotated[str, StringConstraints(pattern=r"^sq[0-9a-z]{8}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
RowId = Annotated[int, Field(ge=0, lt=1 << 63)]
"""What our databases number; SQLite counts no further."""
Empty = dict[str, Any]
"""A Lua table without anything in it is written as {} where a list is meant."""


class HelloIn(Asked):
    """Who speaks. The catalog's path is compared, never opened."""

    protocol: int
    plugin: Name
    catalog: FilePath
    lightroom: Name


class ModelHere(BaseModel):
    """The model in use, and whether it is on this computer."""

    name: str
    here: bool


class HelloOut(BaseModel):
    """Who answers, and the id by which the catalog is named from now on."""

    protocol: int
    version: str
    catalog: str
    model: ModelHere
    photos: int = Field(description="photos that are indexed, of all places")


class FromCatalog(Asked):
    """A request of the plug-in of one catalog."""

    catalog: CatalogId


class PhotoRef(Asked):
    """A photo as Lightroom names it; one of the two is there."""

    uuid: Uuid | None = None
    path: FilePath | None = Field(default=None, description="of the original; compared, never opened")


class UploadRef(Asked):
    """A list that was sent before, in pieces."""

    upload: CatalogId


Photos = Annotated[list[PhotoRef], Field(max_length=20_000)] | UploadRef | Empty


class PollOut(BaseModel):
    """What is to be done; `stamp` changes whenever a living collection may have."""

    actions: list[dict[str, Any]]
    stamp: str


class ReportIn(FromCatalog):
    """How an action ended."""

    action: RowId
    ok: bool
    says: Line


class UploadIn(FromCatalog):
    """A piece of a list."""

    upload: CatalogId | None = None
    items: list[Any] = Field(max_length=20_000)


class UploadOut(BaseModel):
    """The list's id."""

    upload: str


class QuestionIn(Asked):
    """What to look for."""

    words: Words = ""
    like: list[PhotoRef] | Empty = Field(default=[], max_length=32)
    unlike: list[PhotoRef] | Empty = Field(default=[], max_length=32)
    since: str = Field(default="", max_length=40)
    until: str = Field(default="", max_length=40)
    limit: int | None = Field(default=None, ge=1, le=100_000)
    everything: bool = Field(default=False, description="also what lies below the cut; needs a limit")


class SearchIn(FromCatalog):
    """A search, maybe among some photos only, or a page of one."""

    question: QuestionIn
    within: Photos | None = None
    offset: int | None = Field(default=None, ge=0, le=1 << 40, description="where the page begins; not with `within`")


class Named(BaseModel):
    """A photo as the plug-in is to look for it: by UUID, else by path."""

    uuid: str | None = None
    path: str | None = None
    spellings: list[str] = Field(default=[], description="the path with its accents written in the other ways")
    any_case: bool = Field(default=False, description="whether the path may be in another case in Lightroom")


class FoundPhoto(Named):
    """A photo that answers."""

    name: str
    score: float


class SearchOut(BaseModel):
    """What was found, best first."""

    photos: list[FoundPhoto]
    reason: str
    next: int | None = Field(default=None, description="where the next page begins")


class MissingIn(FromCatalog):
    """Photos to be looked up."""

    photos: Photos


class RefOut(BaseModel):
    """A photo as it was named."""

    uuid: str | None = None
    path: str | None = None


class MissingOut(BaseModel):
    """Those that are not indexed."""

    photos: list[RefOut]


class ThumbnailOut(BaseModel):
    """Whether the thumbnail was needed; a photo that was read is left as it is."""

    taken: bool


class KeywordIn(Asked):
    """A keyword of the user, with those that it lies under, outermost first."""

    steps: list[Name] = Field(min_length=1, max_length=32)
    synonyms: list[Name] | Empty = Field(default=[], max_length=64)


class KeywordsIn(FromCatalog):
    """Photos, and the keywords that there are."""

    photos: Photos
    keywords: Annotated[list[KeywordIn], Field(max_length=20_000)] | UploadRef | Empty


class Suggestion(BaseModel):
    """A keyword that a photo stands out for."""

    steps: list[str]
    new: bool
    clarity: float


class SuggestedFor(RefOut):
    """The suggestions for one photo."""

    suggestions: list[Suggestion]


class KeywordsOut(BaseModel):
    """Suggestions, and the photos that are not indexed."""

    photos: list[SuggestedFor]
    missing: list[RefOut]


class DuplicatesIn(FromCatalog):
    """Near-duplicates, maybe among some photos only."""

    within: Photos | None = None


class Phrase(BaseModel):
    """A part of what is said, for a plug-in in another language."""

    before: str = Field(description="what stands between it and the one before")
    code: str
    parts: list[str] = Field(description="its numbers and names")


class DuplicateOut(Named):
    """A photo of a group; the reason is for people."""

    name: str
    role: Literal["keeper", "duplicate", "series"]
    reason: str
    phrases: list[Phrase] = Field(description="the reason in codes; empty where a part of it has none")


class GroupOut(BaseModel):
    """Photos that are one, or a series."""

    id: str
    name: str
    kind: str
    members: list[DuplicateOut]


class DuplicatesOut(BaseModel):
    """The groups that the catalog may have photos of."""

    groups: list[GroupOut]


class DecideIn(FromCatalog):
    """A decision of the user: which photo of a group to keep, or that photos are no duplicates."""

    decision: Literal["keeper", "not_duplicates"]
    photos: list[PhotoRef] = Field(min_length=1, max_length=1000)
    keeper: PhotoRef | None = None


class RulesIn(Asked):
    """Further rules of a smart collection, which Lightroom evaluates."""

    rating: int | None = Field(default=None, ge=1, le=5)
    keyword: Name | None = None
    taken_since: Name | None = None
    taken_until: Name | None = None


class ProposeQueryIn(FromCatalog):
    """A saved query to make, or to change where there is one of this name."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    question: QuestionIn
    rules: RulesIn = Field(default_factory=RulesIn)


class SaveQueryIn(ProposeQueryIn):
    """A saved query that was proposed and is wanted."""

    token: Token = Field(description="that was proposed")
    run: RowId = Field(description="of the journal; taking it back takes this back")


class SavedQueryOut(BaseModel):
    """A saved query, with the token that the photos that match it carry."""

    token: str
    name: str
    question: dict[str, Any]
    rules: dict[str, Any]
    changed_at: str


class QueryOut(BaseModel):
    """One saved query."""

    query: SavedQueryOut


class ProposedOut(QueryOut):
    """How a query would be saved."""

    changed: bool = Field(description="whether it differs from what lives now")


class QueriesOut(BaseModel):
    """Saved queries, by name."""

    queries: list[SavedQueryOut]


class DifferenceIn(FromCatalog):
    """A question, and who carries its token now."""

    question: QuestionIn
    carriers: Photos


class DifferenceOut(BaseModel):
    """Who should carry it and does not, and who does and should not."""

    add: list[FoundPhoto]
    remove: list[RefOut]
    matching: int


class JournalBeginIn(FromCatalog):
    """A change that begins."""

    title: Line


class RunOut(BaseModel):
    """A run of the journal."""

    run: int


class JournalAddIn(FromCatalog):
    """Changes that are about to be made."""

    run: RowId
    changes: list[dict[str, Any]] = Field(max_length=1000)


class JournalLastIn(FromCatalog):
    """The last change, its entries from the end; `before` an entry."""

    before: RowId | None = None


class JournalLastOut(BaseModel):
    """The last change that was not taken back; without `run` there is none."""

    run: int | None = None
    title: str | None = None
    made_at: str | None = None
    total: int = 0
    changes: list[dict[str, Any]]


class RunIn(FromCatalog):
    """A run of the journal."""

    run: RowId


class Done(BaseModel):
    """It is done."""

    status: Literal["done"] = "done"


# The queue, for people


class PushIn(Asked):
    """A collection to make in Lightroom."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
    smart: bool = Field(default=False, description="a smart collection, which follows as photos are indexed")
    search: shapes.SearchIn = Field(description="what it is to hold; its limit and offset mean nothing here")


class PluginOut(BaseModel):
    """A catalog whose plug-in has spoken to us."""

    name: str
    lightroom: str
    alive: bool = Field(description="whether it asked so lately that it must still be there")


class ActionOut(BaseModel):
    """What was queued."""

    id: int
    smart: bool
    name: str
    state: Literal["waiting", "taken", "done", "failed"]
    says: str = Field(description="what the plug-in reported, for people")
    queued: str


class QueueOut(BaseModel):
    """Whether Lightroom is there, and what was queued for it, the newest first."""

    plugins: list[PluginOut]
    actions: list[ActionOut]
