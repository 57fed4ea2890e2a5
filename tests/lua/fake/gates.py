"""Write access: one holder at a time, never nested, rolled back on an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lua.fake.marshal import is_table, text

MOST_PHOTOS = 200


@dataclass
class Block:
    """One block of writes, for tests to count."""

    kind: str
    name: str
    calls: list[str] = field(default_factory=list)
    photos: int = 0
    ok: bool = True


class Gates:
    def __init__(self, lightroom: Any) -> None:
        self._lightroom = lightroom
        self.holder: Any = None
        self.serial = 0
        self._yields = 0  # that there had been when the last block ended
        self.blocks: list[Block] = []
        self.history: list[tuple[str, list[Any]]] = []
        self.calls = {"gate_enter": self.enter, "gate_leave": lambda ok: self.leave(ok=bool(ok))}

    def enter(self, kind: str, name: str, params: Any = None) -> str:
        scheduler = self._lightroom.scheduler
        task = scheduler.current
        if task.gate:
            self._lightroom.violation("write access was asked for inside write access")
        if params is not None and not (is_table(params) and isinstance(params["timeout"], int | float)):
            self._lightroom.violation("write access: timeoutParams must have a timeout")
        if self.holder is not None or self._lightroom.busy_until > scheduler.now:
            if params is None:
                raise RuntimeError("LrCatalog:withWriteAccessDo: could not get write access, somebody else has it")
            if task.gate_deadline is None:
                task.gate_deadline = scheduler.now + params["timeout"]
            if scheduler.now >= task.gate_deadline:
                task.gate_deadline = None
                return "aborted"
            return "wait"
        if self.blocks and self.blocks[-1].photos >= MOST_PHOTOS // 2 and self._yields == scheduler.yields:
            self._lightroom.violation("two large blocks without LrTasks.yield between: Lightroom cannot be worked with")
        task.gate, task.gate_deadline = kind, None
        self.holder = task
        self.serial += 1
        self._lightroom.catalog.undo_log.clear()
        self.blocks.append(Block(kind, text(name)))
        return "entered"

    def leave(self, *, ok: bool) -> None:
        catalog = self._lightroom.catalog
        if ok:
            if self.holder.gate == "write" and catalog.undo_log:
                self.history.append((self.blocks[-1].name, list(catalog.undo_log)))
        else:
            self.blocks[-1].ok = False
            catalog.roll_back()
        catalog.undo_log.clear()
        self._yields = self._lightroom.scheduler.yields
        self.holder.gate = None
        self.holder = None

    def need(self, call: str, *, private: bool = False, photos: int = 0) -> None:
        """Refuse a write outside write access; only few calls may use the private one."""
        task = self._lightroom.scheduler.current
        if task is None or task.gate is None:
            self._lightroom.violation(f"{call} needs write access")
        if task.gate == "private" and not private:
            self._lightroom.violation(f"{call} is not possible in private write access")
        block = self.blocks[-1]
        block.calls.append(call)
        block.photos += photos
        if block.photos > MOST_PHOTOS:
            self._lightroom.violation(
                f"more than {MOST_PHOTOS} photos are written to in one block: Lightroom stands still"
            )

    def inside(self) -> bool:
        task = self._lightroom.scheduler.current
        return task is not None and task.gate is not None
