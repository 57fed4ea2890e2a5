"""Duplicates: what the last look found, page by page, and what the user says about it.

Looking itself is a job (POST /api/v1/jobs, kind "duplicates"): it may take minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from indexer.duplicates import store, verify
from safelight.duplicates import SERIES, Group, Member
from safelight.duplicates_kept import Look, library_now
from safelight.duplicates_said import AllSaid, Said, put_back, say
from safelight.jobs.journal import Job, State
from safelight.server.cards import readable
from safelight.server.duplicates_shapes import (
    DecidedOut,
    DecideIn,
    GroupOut,
    GroupsOut,
    Kind,
    MemberOut,
    SaidShape,
    UndoIn,
)
from safelight.server.hub import TheHub
from safelight.server.shapes import Sensitivity
from safelight.service import Library

router = APIRouter(prefix="/api/v1/duplicates", tags=["duplicates"])


@router.get("")
async def groups(
    hub: TheHub,
    sensitivity: Sensitivity = "normal",
    kind: Kind | None = None,
    show: Literal["all", "open", "decided"] = "all",
    limit: Annotated[int, Query(ge=1, le=200)] = 40,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> GroupsOut:
    """List the groups that the last look of this sensitivity found: duplicates first, then series."""

    def run(library: Library) -> GroupsOut:
        look = hub.looks.get(verify.Sensitivity(sensitivity))
        failed = _failed(hub.board.list(), sensitivity, look)
        if look is None:
            return GroupsOut(looked=None, changed=False, failed=failed, kinds={}, decided=0, total=0, groups=[])
        return _page(library, look, failed, kind, show, slice(offset, offset + limit))

    return await hub.read(run)


@router.post("/decide")
async def decide(asked: DecideIn, hub: TheHub) -> DecidedOut:
    """Remember what is so about a group; it holds for these contents wherever they lie."""

    def run(library: Library) -> DecidedOut:
        before = say(library.catalog, store.Decision(asked.decision), asked.photos, asked.keeper)
        return DecidedOut(before=[SaidShape(decision=one.decision.value, photos=list(one.photos)) for one in before])

    return await hub.read(run)


@router.post("/undo")
async def undo(asked: UndoIn, hub: TheHub) -> dict[str, str]:
    """Make what was said within a group what it was before."""
    before = [Said(store.Decision(one.decision), tuple(one.photos)) for one in asked.before]
    await hub.read(lambda library: put_back(library.catalog, asked.photos, before))
    return {"status": "taken back"}


def _failed(jobs: Iterable[Job], sensitivity: Sensitivity, look: Look | None) -> str:
    """Say why the last look failed, where it did, and none was kept since."""
    ended = (job for job in jobs if job.kind == "duplicates" and job.ended and job.state is not State.CANCELLED)
    last = next((job for job in ended if job.arguments.get("sensitivity") == sensitivity), None)
    if last is None or last.state is not State.FAILED or last.ended is None:
        return ""
    is_older = look is not None and datetime.fromisoformat(look.ended) > datetime.fromisoformat(last.ended)
    return "" if is_older else readable(last.error)


def _page(library: Library, look: Look, failed: str, kind: Kind | None, show: str, part: slice) -> GroupsOut:
    said = AllSaid(library.catalog)
    decided = [said.of([member.photo_id for member in group.members]) for group in look.groups]
    passing = [
        (group, *answer)
        for group, answer in zip(look.groups, decided, strict=True)
        if kind in (None, group.kind) and (show == "all" or (answer[0] is not None) == (show == "decided"))
    ]
    return GroupsOut(
        looked=look.ended,
        changed=look.library != library_now(library.catalog),
        failed=failed,
        kinds=Counter(group.kind for group in look.groups),  # type: ignore[arg-type]  # pydantic checks them
        decided=sum(
            answer[0] is not None and group.kind != SERIES for group, answer in zip(look.groups, decided, strict=True)
        ),
        total=len(passing),
        groups=[_group(*one) for one in passing[part]],
    )


def _group(group: Group, decision: store.Decision | None, chosen: str | None) -> GroupOut:
    proposed = None if group.kind == SERIES else group.members[0].photo_id
    return GroupOut(
        kind=group.kind,  # type: ignore[arg-type]  # pydantic checks it
        what=group.what,
        keeper=chosen or proposed,
        decision=None if decision is None else decision.value,
        members=[_member(member) for member in group.members],
    )


def _member(member: Member) -> MemberOut:
    return MemberOut(
        id=member.photo_id,
        name=readable(member.name),
        path=None if member.path is None else readable(member.path),
        relation=member.relation,
        reason=member.reason,
        made_from=member.source,  # type: ignore[arg-type]  # pydantic checks it
        width=member.width,
        height=member.height,
        size_bytes=member.size_bytes,
        picture=f"/api/v1/photos/{member.photo_id}/picture/320",
    )
