"""Recovering from Lightroom's previews as a job: started by a place's id, cancelled, gone on with after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest
from preview_folders import Library, fingerprint, levels_of, picture
from safelight_server import STOP_S, RunningHelper, own_helper

PHOTOS = 600
"""More than are begun before the first of them are told to be done."""


@pytest.fixture(scope="module")
def lightroom(tmp_path_factory) -> Path:
    """A generated catalog with previews of many photos, eight pictures in turn."""
    folder = tmp_path_factory.mktemp("previews") / "Family"
    levels = [levels_of(picture(seed)) for seed in range(8)]
    with Library(folder) as library:
        for number in range(PHOTOS):
            library.photo(f"{number:04}.CR2", levels=levels[number % 8])
    return folder


@pytest.fixture
def own(lightroom, tmp_path, gate):
    """A helper of a user whose pictures hold that catalog."""
    (tmp_path / "Pictures").mkdir()
    (tmp_path / "Pictures" / "Family").symlink_to(lightroom)
    with own_helper(tmp_path, gate) as running:
        yield running


def recover(helper: RunningHelper) -> str:
    place = next(place for place in helper.get("/api/v1/places")["places"] if place["name"] == "Lib.lrcat")
    assert place["recoverable"]
    job = helper.post("/api/v1/jobs", {"kind": "recover", "place": place["id"]})
    assert (job["kind"], job["title"]) == ("recover", "Lib.lrcat")
    return job["id"]


def wait_until_some(helper: RunningHelper, job_id: str) -> None:
    def is_so() -> bool:
        job = helper.get(f"/api/v1/jobs/{job_id}")
        return job["state"] == "running" and job["stage"] == "recovering photos" and job["done"] >= 16

    helper.wait_until(is_so)


def files(helper: RunningHelper) -> list[Path]:
    """What lies in the folder for recovered photos, beside the user's pictures."""
    return sorted((helper.home.parent / "Pictures" / "Recovered by Safelight" / "Lib").rglob("*.CR2.jpg"))


def test_killed_and_stopped_in_the_middle_it_goes_on_and_every_photo_is_there_once(own, gate, lightroom):
    before = fingerprint(lightroom)
    job_id = recover(own)
    wait_until_some(own, job_id)
    own.kill()
    own.start_again()
    wait_until_some(own, job_id)
    assert own.stop() < STOP_S
    assert 0 < len(files(own)) < PHOTOS, "stopped in the middle"
    gate.unlink()
    own.start_again()
    job = own.wait_for_job(job_id)
    assert (job["state"], job["error"]) == ("done", "")
    assert (job["done"], job["total"], job["total_final"]) == (PHOTOS, PHOTOS, True)
    assert job["counts"]["recovered"] + job["counts"]["unchanged"] == PHOTOS
    assert job["counts"]["unchanged"] >= 16, "not from the beginning"
    assert len(files(own)) == PHOTOS
    folder = own.home.parent / "Pictures" / "Recovered by Safelight" / "Lib"
    assert job["remarks"][-1] == f"The pictures and a report are in {folder}."
    assert all(file.read_bytes()[:2] == b"\xff\xd8" for file in files(own))
    assert fingerprint(lightroom) == before, "what is recovered from is only read"


def test_pause_resume_and_cancel(own):
    job_id = recover(own)
    wait_until_some(own, job_id)
    own.post(f"/api/v1/jobs/{job_id}/pause")
    assert own.wait_for_job(job_id, "paused", "done")["state"] == "paused"
    kept = len(files(own))
    assert 0 < kept < PHOTOS
    own.post(f"/api/v1/jobs/{job_id}/resume")
    wait_until_some(own, job_id)
    own.post(f"/api/v1/jobs/{job_id}/cancel")
    assert own.wait_for_job(job_id)["state"] == "cancelled"
    assert kept <= len(files(own)) < PHOTOS, "what is done is kept"
    assert not list((own.home.parent / "Pictures" / "Recovered by Safelight").rglob("*.safelight-part"))


def test_a_place_without_previews_says_so(own, tmp_path):
    (tmp_path / "Pictures" / "Lightroom trip").mkdir()
    (tmp_path / "Desktop").mkdir()
    places = own.get("/api/v1/places")["places"]
    desktop = next(place for place in places if place["name"] == "Desktop")
    assert not desktop["recoverable"]
    job = own.wait_for_job(own.post("/api/v1/jobs", {"kind": "recover", "place": desktop["id"]})["id"])
    assert job["state"] == "failed"
    assert "preview" in job["error"].lower()
    assert str(tmp_path) not in str({name: job[name] for name in ("title", "stage")})
