"""Everything around the catalog: dialogs, progress, files, paths, commands, texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lua.fake.marshal import from_bytes, from_text, is_table, plain, raw, text


@dataclass
class Dialog:
    """A modal dialog as a test sees it."""

    title: str
    action: str | None
    texts: list[str]
    props: Any
    other: str | None = None

    def set(self, **values: Any) -> None:
        for name, value in values.items():
            self.props[name] = from_text(value) if isinstance(value, str) else value

    def get(self, name: str) -> Any:
        return plain(self.props[name])


@dataclass
class Progress:
    title: str
    caption: str = ""
    shares: list[tuple[int, int]] = field(default_factory=list)
    asked: int = 0
    done: bool = False


Answer = Callable[[Dialog], str]


class Surroundings:
    def __init__(self, lightroom: Any, home: Path) -> None:
        self._lr = lightroom
        self.home = home
        self.messages: list[str] = []
        self.bezels: list[str] = []
        self.answers: list[tuple[str, Answer]] = []
        self.dialogs: list[Dialog] = []
        self.progress: list[Progress] = []
        self.cancel_after: int | None = None
        self.executed: list[str] = []
        self.execute: Callable[[str], int] = lambda command: 0
        self.chosen_file: str | None = None
        self.logged: list[str] = []
        self.dictionary: dict[str, str] = {}
        self.calls = {
            "LrDialogs.message": self.message,
            "LrDialogs.error_dialog": lambda problem: self._lr.note(f"an error dialog was shown: {problem}"),
            "LrDialogs.showBezel": lambda shown, _delay=None: self.bezels.append(text(shown)),
            "LrDialogs.messageWithDoNotShow": lambda arguments: self.message(arguments["message"], arguments["info"]),
            "LrDialogs.confirm": self.confirm,
            "LrDialogs.presentModalDialog": self.present,
            "LrDialogs.runOpenPanel": lambda _arguments: self._lr.lua([self.chosen_file]) if self.chosen_file else None,
            "progress_new": self.progress_new,
            "progress_set": lambda n, done, total: self.progress[n].shares.append((done, total)),
            "progress_caption": lambda n, caption: setattr(self.progress[n], "caption", text(caption)),
            "progress_canceled": self.progress_canceled,
            "progress_done": lambda n: setattr(self.progress[n], "done", True),
            "LrTasks.execute": self.run_command,
            "LrPathUtils.child": lambda parent, name: f"{parent}/{name}",
            "LrPathUtils.parent": lambda path: path.rsplit("/", 1)[0],
            "LrPathUtils.leafName": lambda path: path.rsplit("/", 1)[-1],
            "LrPathUtils.getStandardFilePath": self.standard_path,
            "LrFileUtils.exists": self.exists,
            "LrFileUtils.readFile": lambda path: from_bytes(Path(text(path)).read_bytes()),
            "LrFileUtils.delete": lambda path: Path(text(path)).unlink(),
            "LrStringUtils.lower": lambda shown: from_text(text(shown).lower()),
            "LrShell.revealInShell": lambda path: None,
            "LrApplicationView.gridView": lambda: None,
            "LrApplicationView.switchToModule": lambda name: None,
            "log": lambda level, line: self.logged.append(f"{level}: {text(line)}"),
            "io_open": self.io_open,
            "LOC": self.localise,
        }

    # Dialogs

    def message(self, shown: str, info: str | None = None, style: str | None = None) -> None:
        if style not in (None, "info", "warning", "critical"):
            self._lr.violation(f"LrDialogs.message has no style {style!r}")
        if style == "critical":
            self._lr.note(f"the plug-in reported a fault of its own: {info and text(info)}")
        self.messages.append(text(shown) + ("\n" + text(info) if info else ""))

    def confirm(self, shown: str, info: Any = None, action: Any = None, cancel: Any = None, other: Any = None) -> str:
        texts = [text(info)] if info else []
        dialog = Dialog(text(shown), action and text(action), texts, None, other and text(other))
        return self._answer(dialog)

    def present(self, arguments: Any) -> str:
        if not is_table(arguments) or not isinstance(arguments["title"], str) or not is_table(arguments["contents"]):
            self._lr.violation("presentModalDialog wants { title = , contents = }")
        contents = arguments["contents"]
        action = arguments["actionVerb"]
        props = _find(contents, "bind_to_object")
        return self._answer(Dialog(text(arguments["title"]), action and text(action), _texts(contents), props))

    def _answer(self, dialog: Dialog) -> str:
        self.dialogs.append(dialog)
        for i, (part, answer) in enumerate(self.answers):
            if part in dialog.title:
                del self.answers[i]
                return answer(dialog)
        return self._lr.violation(f"nobody expected the dialog {dialog.title!r}: {dialog.texts}")

    # Progress

    def progress_new(self, title: str) -> int:
        self.progress.append(Progress(text(title)))
        return len(self.progress) - 1

    def progress_canceled(self, number: int) -> bool:
        self.progress[number].asked += 1
        return self.cancel_after is not None and self.progress[number].asked > self.cancel_after

    # Machine

    def run_command(self, command: str) -> int:
        self.executed.append(text(command))
        return self.execute(text(command))

    def standard_path(self, name: str) -> Any:
        known = {
            "home": self.home,
            "temp": self.home / "tmp",
            "appPrefs": self.home / "prefs",
            "appData": self.home / "data",
            "documents": self.home / "Documents",
        }
        if name not in known:
            self._lr.violation(f"getStandardFilePath({name!r})")
        return from_text(str(known[name]))

    def exists(self, path: str) -> Any:
        there = Path(text(path))
        return "directory" if there.is_dir() else "file" if there.exists() else False

    def io_open(self, path: str, mode: str | None = None) -> bool:
        if not Path(text(path)).is_relative_to(self.home):
            self._lr.violation(f"io.open outside the home folder: {path}")
        return path.isascii() or not self._lr.windows  # seen on Windows: such a file is not found

    # Texts

    def localise(self, given: Any, *arguments: Any) -> str:
        if not isinstance(given, str) or not (found := re.fullmatch(r"(\$\$\$/[\w/]+)=(.*)", given, re.DOTALL)):
            return self._lr.violation(f"LOC wants $$$/Key=Default, not {given!r}")
        if raw(given).decode("latin-1").isascii() is False:
            self._lr.violation(f"LOC wants plain ASCII: {given!r}")
        shown = self.dictionary.get(found[1], found[2])
        shown = shown.replace("^n", "\n").replace("^r", "\r").replace('^"', '"')
        numbered = re.findall(r"\^(\d)", shown)
        if numbered and int(max(numbered)) > len(arguments):
            self._lr.violation(f"LOC lacks arguments for {found[1]}")
        return from_text(re.sub(r"\^(\d)", lambda m: _shown(arguments[int(m[1]) - 1]), shown))


def _shown(value: Any) -> str:
    return text(value) if isinstance(value, str) else str(value)


def _find(view: Any, key: str) -> Any:
    if view[key] is not None:
        return view[key]
    for part in view.values():
        if is_table(part) and (found := _find(part, key)) is not None:
            return found
    return None


def _texts(view: Any) -> list[str]:
    found = [text(view["title"])] if isinstance(view["title"], str) else []
    for part in view.values():
        if is_table(part) and part["view_kind"] is not None:
            found += _texts(part)
    return found
