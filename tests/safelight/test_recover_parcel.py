"""What one process hands another comes out as it went in, but for what only a plan needs."""

import marshal
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest

from importers.lightroom import open_catalog
from importers.lightroom_photo import CatalogPhoto, Exposure, Position, Stack
from lrprev import CacheEntry, LevelSize, Pyramid, State, StoredPreview
from safelight.recover.ledger import Outcome, Row
from safelight.recover.names import Name
from safelight.recover.parcel import packed, unpacked
from safelight.recover.plan import Job

UUID, DIGEST = "0A1B2C3D-0000-4000-8000-00000000AAAA", "0123456789abcdef" * 2
BARE = CatalogPhoto(7, "I", UUID, "/Volumes/Photos/", "2024/", "IMG_1", "CR2")
FULL = BARE._replace(
    taken_at=datetime(2024, 5, 17, 10, 30, 1, 250_000, timezone(timedelta(hours=5, minutes=45))),
    title="Fähre \udcff",
    keywords=("a", "b"),
    keyword_paths=(("a", "b"),),
    position=Position(-48.5, 11.25, None),
    exposure=Exposure(Fraction(1, 30), 2.8, 100.0, 50.0, flash_fired=True),
)
LEFT_OUT = {
    "original": Path("/Volumes/Photos/2024/IMG_1.CR2"),
    "xmp": b"<xmp/>",
    "collections": (("Set", "Best"),),
    "stack": Stack(1, 2),
}
STORED = StoredPreview(UUID, DIGEST, State.CURRENT, (Path("/a b/x.lrprev"), Path("/y")))
PYRAMID = Pyramid(UUID, DIGEST, (), "AdobeRGB", "final", 6000, 4000, datetime(2014, 1, 11, 18, 8, 35, 5, UTC))


def through(job: Job) -> Job:
    row = Row(job.key, job.original, job.name.path(), str(job.state), Outcome.PLANNED, note=job.note)
    row_there, there = unpacked(marshal.loads(marshal.dumps(packed(row, job))))
    assert row_there == row
    assert type(row_there.outcome) is Outcome
    assert there.name.path() == job.name.path()
    return there._replace(name=job.name)


def job(**parts) -> Job:
    return Job(
        **{"key": "image:I", "original": "/o", "name": Name("2024", "IMG_1", ".CR2.jpg"), "state": "current"} | parts
    )


@pytest.mark.parametrize("photo", [None, BARE, FULL, FULL._replace(exposure=Exposure(Fraction(30)), taken_at=None)])
@pytest.mark.parametrize("stored", [None, STORED, STORED._replace(recorded=PYRAMID), STORED._replace(files=())])
def test_a_job_comes_out_as_it_went_in(photo, stored):
    before = job(photo=photo, stored=stored, orientation="BC", thumbnail=b"\xff\xd8\xff\xd9", note="a note")
    assert through(before) == before
    smart = job(photo=photo, smart=Path("/smart previews/x.dng"), is_developed=True)
    assert through(smart) == smart


def test_what_only_a_plan_needs_stays_behind():
    stored = STORED._replace(cache_entries=(CacheEntry(7, DIGEST, "AB"),), recorded=PYRAMID)
    lean = job(photo=FULL, stored=stored._replace(cache_entries=()))
    recorded = PYRAMID._replace(levels=(LevelSize(1, 90, 60),))
    assert through(job(photo=FULL._replace(**LEFT_OUT), stored=stored._replace(recorded=recorded))) == lean


def test_every_photo_of_the_real_catalogs_comes_out_as_it_went_in(samples):
    photos = []
    for path in sorted(samples.rglob("*.lrcat")):
        with open_catalog(path) as catalog:
            photos += catalog.photos()
    assert photos
    for photo in photos:
        lean = photo._replace(original=None, xmp=None, collections=(), stack=None)
        assert through(job(photo=photo)).photo == lean
