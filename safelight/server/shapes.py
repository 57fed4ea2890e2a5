"""What the API takes and gives, as types; docs/api.md tells it to people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

PhotoId = Annotated[str, StringConstraints(pattern=r"^[2-9bcdfghjkmnpqrstvwxz]{12}$")]
PictureId = Annotated[str, StringConstraints(pattern=r"^(up-)?[2-9bcdfghjkmnpqrstvwxz]{12}$")]
Words = Annotated[str, StringConstraints(max_length=10_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
FolderName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\\]+$")]
Weight = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class Asked(BaseModel):
    """A body that is asked with; a key that is not known is refused, as it would do nothing."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why a request was not answered."""

    error: str
    status: int
    title: str
    code: str | None = Field(default=None, description="names the problem for the Lightroom plug-in")


# Searching


class TermIn(Asked):
    """One thing to look for, or to keep away from: either words or a picture."""

    text: Words | None = None
    picture: PictureId | None = None
    weight: Weight = 1.0


class FiltersIn(Asked):
    """Which photos may answer; the values of one filter are joined by "or", the filters by "and"."""

    since: Name | None = Field(
        default=None, description="2019, 2019-07, 2019-07-04, 2019-07-04T18:30, or an age: 30d 2w 6m 1y"
    )
    until: Name | None = Field(default=None, description="as `since`; that day, month or year included")
    source: list[Name] = Field(default=[], max_length=64, description='kinds of source: "folder", "lightroom"')
    folder: list[FolderName] = Field(default=[], max_length=64, description="bare names of folders on a photo's path")
    folder_id: list[Name] = Field(default=[], max_length=64, description="ids that GET /api/v1/facets gives")
    camera: list[Name] = Field(default=[], max_length=64, description="words that the camera's name holds")
    near: Name | None = Field(default=None, description="LAT,LON,KM")
    place: list[Name] = Field(default=[], max_length=64, description="words that the name of the place holds")
    text: list[Name] = Field(default=[], max_length=64, description="words that title and caption hold")
    format: list[Name] = Field(default=[], max_length=64, description='file formats: "jpeg", "heic", "raw"')
    person: list[Name] = Field(default=[], max_length=64, description="names of people, whole, in any case")
    album: list[Name] = Field(default=[], max_length=64, description='by name, or with its folders: "Travel/Iceland"')
    keyword: list[Name] = Field(default=[], max_length=64, description='likewise: "bee", "Animals/Insects"')
    label: list[Name] = Field(default=[], max_length=64, description='what the library itself recognised: "Beach"')
    media: list[Name] = Field(default=[], max_length=64, description='kinds of picture: "live", "panorama"')
    favorite: bool = Field(default=False, description="only favourites")
    rating: int | None = Field(default=None, ge=0, le=5, description="stars at least")


class SearchIn(Asked):
    """A search: words as typed, terms with weights, pictures, or all of them together."""

    words: Words = Field(default="", description='as typed into a search field: dog -beach "red car"')
    terms: list[TermIn] = Field(default=[], max_length=32)
    like: list[PictureId] = Field(default=[], max_length=32, description="ids of photos or uploads to look for")
    unlike: list[PictureId] = Field(default=[], max_length=32)
    filters: FiltersIn = Field(default_factory=FiltersIn)
    limit: int = Field(default=60, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=10_000)
    show_all: bool = Field(default=False, description="show what is nearest, even where nothing is like it")


class Place(BaseModel):
    """Where a photo lies."""

    id: str
    name: str
    source: str
    state: str = Field(description="here, missing (gone from a place that is there) or offline (its drive is away)")
    path: str | None = Field(description="for people; bytes that are no text are shown as U+FFFD")
    uri: str | None = Field(description="the same, exactly: file:///...")
    key: str | None = Field(description="what its library calls it, its uuid; null for a file in a folder")
    ref: str | None = Field(description="what its library calls it beside that: Lightroom's number of the image")


class Hit(Place):
    """A photo that answers."""

    score: float
    clarity: float | None
    taken_at: str | None
    width: int | None
    height: int | None
    also_at: list[Place]


class SearchOut(BaseModel):
    """What a search found, best first."""

    photos: list[Hit]
    more: bool = Field(description="whether there are more behind these")
    nearest: Hit | None = Field(description="the photo that came nearest, found or not")
    reason: str = Field(description='why there are none, in one line; ""')
    upload: str | None = Field(default=None, description="names the uploaded picture in `like` of later searches")


# Status


class PhotoCounts(BaseModel):
    """How many photos there are, by how they stand."""

    total: int
    indexed: int
    skipped: int
    failed: int
    missing: int
    different: int = Field(description="different pictures among the indexed ones: what a grid of all shows")


class ModelOut(BaseModel):
    """The model in use."""

    name: str
    here: bool = Field(description="whether it is on this computer")
    loaded: bool
    seen: int = Field(description="pictures that it has seen")


JobKind = Literal["index", "rebuild", "recover", "duplicates"]
Sensitivity = Literal["exact", "strict", "normal", "loose"]


class JobOut(BaseModel):
    """Long work."""

    id: str
    kind: JobKind
    state: Literal["queued", "running", "paused", "done", "failed", "cancelled"]
    title: str
    stage: str
    done: int
    total: int
    total_final: bool
    counts: dict[str, int] = Field(description="how it ended for how many photos")
    remarks: list[str]
    error: str
    created: str
    started: str | None
    ended: str | None


class StatusOut(BaseModel):
    """How the helper stands."""

    name: Literal["safelight"] = "safelight"
    version: str
    api: int
    started: str
    summary: str = Field(description="for people: 1,200 of 4,000 photos indexed")
    photos: PhotoCounts
    model: ModelOut
    jobs: list[JobOut] = Field(description="those that are not over")


JobId = Annotated[str, StringConstraints(pattern=r"^[2-9bcdfghjkmnpqrstvwxz]{12}$")]


class SimilarIn(Asked):
    """A photo whose likes are looked for."""

    id: PictureId
    filters: FiltersIn = Field(default_factory=FiltersIn)
    limit: int = Field(default=60, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=10_000)


class JobIn(Asked):
    """A job to start."""

    kind: JobKind
    place: Name | None = Field(default=None, description="an id that GET /api/v1/places gives; none: everything before")
    retry: bool = Field(default=False, description="try again what failed before, although its file has not changed")
    sensitivity: Sensitivity = Field(default="normal", description="of duplicates: how much may have been done to one")


class JobsOut(BaseModel):
    """The jobs, newest first."""

    jobs: list[JobOut]


class PlaceOut(BaseModel):
    """A place of photos that can be indexed."""

    id: str
    name: str
    path: str
    source: str
    indexed: bool
    state: str
    indexable: bool = Field(description="whether it holds photos; not so a folder of Lightroom previews by itself")
    recoverable: bool


class PlacesOut(BaseModel):
    """What can be indexed."""

    places: list[PlaceOut]


class UnreadOut(BaseModel):
    """A photo that could not be read, and why."""

    id: str | None
    path: str
    state: str
    reason: str


class ProblemsOut(BaseModel):
    """What could not be read."""

    problems: list[UnreadOut]
    more: bool


class ModelChoice(BaseModel):
    """A model that can be chosen."""

    id: str
    name: str
    note: str = Field(description='what it is good for, in a few words; ""')
    here: bool = Field(description="whether it is on this computer")
    active: bool = Field(description="whether searches use it")
    seen: int = Field(description="pictures that it has seen")
    size_mb: int = Field(description="of the download; 0 where there is none, or that is unknown")


class ModelsOut(BaseModel):
    """The models."""

    models: list[ModelChoice]


class UseModelIn(Asked):
    """The model to use."""

    id: Name = Field(description="an id that GET /api/v1/models gives")


class TextsIn(Asked):
    """Texts to embed."""

    texts: list[Words] = Field(min_length=1, max_length=64)


class ImagesIn(Asked):
    """Pictures to embed."""

    images: list[Base64Bytes] = Field(min_length=1, max_length=32, description="files of pictures, each in Base64")


class VectorsOut(BaseModel):
    """Vectors of one model, L2 norm 1."""

    model: str
    dim: int
    vectors: list[list[float]]


class LinkOut(BaseModel):
    """A link that pairs one browser, once."""

    url: str


class LookupIn(Asked):
    """What a library calls some of its photos."""

    source: Name
    by: Literal["key", "ref"] = "key"
    keys: list[Name] = Field(max_length=1000)


class FoundOut(BaseModel):
    """A photo of a library that is known here."""

    id: str
    state: str


class LookupOut(BaseModel):
    """Our photos by what the library calls them."""

    photos: dict[str, FoundOut | None]


class RecordPlace(BaseModel):
    """Where a photo lies, as its record tells it."""

    model_config = ConfigDict(extra="allow")

    id: str
    source: str
    path: str | None
    state: str
    reason: str | None


class PhotoOut(BaseModel):
    """Everything known about a photo; what the catalog learns to know appears here by itself."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    taken_at: str | None
    taken_from: str | None
    latitude: float | None
    longitude: float | None
    camera: str | None
    lens: str | None
    title: str | None
    caption: str | None
    keywords: list[str]
    people: list[str]
    albums: list[str]
    labels: list[str]
    media: list[str]
    rating: int | None
    favorite: int | None
    flag: int | None
    added_at: str
    width: int | None
    height: int | None
    format: str | None
    models: list[str]
    places: list[RecordPlace]


class GridIn(Asked):
    """Which photos to lay out, and in which order."""

    order: Literal["time", "oldest", "added", "random"] = "time"
    seed: int = Field(default=0, ge=0, le=0xFFFF_FFFF)
    filters: FiltersIn = Field(default_factory=FiltersIn)


class MonthOut(BaseModel):
    """A month of photos."""

    month: str | None = Field(description="2019-07; null: of unknown time")
    photos: int


class MonthsOut(BaseModel):
    """The months of a list of photos, in its order; none where that is not by time."""

    months: list[MonthOut]


class FacetOut(BaseModel):
    """A value to filter by."""

    value: str
    photos: int


class FolderOut(BaseModel):
    """A folder to filter by, with `folder_id`."""

    id: str
    name: str
    path: str
    photos: int


class FacetsOut(BaseModel):
    """What photos can be filtered by."""

    sources: list[FacetOut]
    folders: list[FolderOut]
    albums: list[FacetOut]
    people: list[FacetOut]
    keywords: list[FacetOut]
    labels: list[FacetOut]
    media: list[FacetOut]
    cameras: list[FacetOut]
    formats: list[FacetOut]
    years: list[FacetOut]
