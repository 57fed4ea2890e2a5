"""Tasks: Lua coroutines that take turns, on a clock of their own, so that no test waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lupa import lua51

MAX_STEPS = 500_000


@dataclass
class Task:
    name: str
    group: int
    coroutine: Any
    wake: float
    started: bool = False
    gate: str | None = None
    gate_deadline: float | None = None


class Scheduler:
    """Runs tasks in turn. The clock jumps to the next one that is due; with `pace`, each jump also takes real time."""

    def __init__(self, lightroom: Any) -> None:
        self._lightroom = lightroom
        self.now = 0.0
        self.pace = 0.0
        self.tasks: list[Task] = []
        self.current: Task | None = None
        self.group = 0
        self.pending_yield: str | None = None
        self.yields = 0  # on purpose: LrTasks.yield or LrTasks.sleep
        self.events: list[tuple[float, Callable[[], None]]] = []
        self.calls = {
            "start_task": self.start,
            "task_only": self.task_only,
            "in_task": lambda: self.current is not None,
            "os.time": self.os_time,
        }

    def os_time(self, *arguments: Any) -> int:
        if arguments:
            self._lightroom.violation("the fake's os.time takes no arguments")
        return 1_800_000_000 + int(self.now)

    def start(self, function: Any, name: str) -> None:
        group = self.current.group if self.current else self.group
        self.tasks.append(Task(name, group, function.coroutine(), self.now))

    def task_only(self, name: str) -> None:
        self.check_pending()
        if self.current is None:
            self._lightroom.violation(f"{name} was called outside a task")
        self.yields += name in ("LrTasks.yield", "LrTasks.sleep")
        self.pending_yield = name

    def check_pending(self) -> None:
        """A yield that was begun and never arrived was refused by Lua: somebody swallowed the error."""
        name, self.pending_yield = self.pending_yield, None
        if name is not None:
            self._lightroom.note(f"{name} cannot yield inside pcall, table.sort, a metamethod or an iterator in C")

    def run_group(self, group: int) -> None:
        self._run(lambda: not any(task.group == group for task in self.tasks))

    def run_for(self, seconds: float) -> None:
        end = self.now + seconds
        self._run(lambda: False, end)
        self.now = end

    def _run(self, done: Callable[[], bool], end: float = float("inf")) -> None:
        for _ in range(MAX_STEPS):
            if done():
                return
            task = min(self.tasks, key=lambda task: task.wake, default=None)
            event = min(self.events, key=lambda event: event[0], default=None)
            due = min(task.wake if task else end, event[0] if event else end)
            if due >= end:
                return
            if due > self.now:
                time.sleep(min(self.pace, due - self.now))
                self.now = due
            if event is not None and event[0] <= self.now:
                self.events.remove(event)
                event[1]()
            elif task is not None:
                self._step(task)
        raise AssertionError("the plug-in runs for ever")

    def _step(self, task: Task) -> None:
        self.current = task
        try:
            result = task.coroutine.send(None)
        except StopIteration:
            self.tasks.remove(task)
        except lua51.LuaError as error:
            self.tasks.remove(task)
            if task.gate:
                self._lightroom.gates.leave(ok=False)
            self._lightroom.note(f"task {task.name} failed: {error}")
        else:
            self.pending_yield = None
            self.tasks.remove(task)  # to the end of the line, so that all take turns
            self.tasks.append(task)
            kind, seconds = result if isinstance(result, tuple) else (result, 0)
            task.wake = self.now + (seconds if kind == "sleep" else 0)
        finally:
            self.check_pending()
            self.current = None
