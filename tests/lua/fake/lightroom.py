"""The fake as a whole: load a plug-in, click its menu, let its tasks run, look at what became of the catalog."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from lua.fake.catalog import CatalogCalls
from lua.fake.gates import Gates
from lua.fake.http import Http
from lua.fake.marshal import from_bytes, from_text, plain, text, to_lua
from lua.fake.photos import PhotoCalls
from lua.fake.state import Catalog, Collection
from lua.fake.surroundings import Answer, Surroundings
from lua.fake.tasks import Scheduler
from lupa import lua51

HERE = Path(__file__).parent
_SDK = ("objects", "tasks", "photos", "collections", "catalog", "dialogs", "modules", "environment")
# lupa crashes where Python's collector frees a cycle that runs through a Lua state, so none is ever freed.
_KEPT: list[Any] = []


class ViolationError(Exception):
    """The plug-in did what Lightroom forbids."""


class Lightroom:
    """One running Lightroom with one catalog and, once loaded, one plug-in.

    Attributes:
        violations: What the plug-in did that it may not do; a test that ends with any fails (see conftest.py).
        busy_until: Until when, on the fake's clock, Lightroom itself holds the write access.
    """

    def __init__(self, home: Path, catalog_path: str = "/Users/me/Pictures/Lightroom/Catalog.lrcat") -> None:
        self.violations: list[str] = []
        self.busy_until = 0.0
        self.windows = False
        self.catalog = Catalog(catalog_path)
        self.toolkit_id = ""
        self.fields: dict[str, dict[str, Any]] = {}
        self.folder: Path | None = None
        self.info: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()  # calls of the SDK, by name
        self.names: dict[str, str] = {}  # UUIDs, where a test has no better names for its photos
        self._uninitialised: str | None = None
        self.runtime = lua51.LuaRuntime(
            encoding="latin-1", unpack_returned_tuples=True, register_eval=False, register_builtins=False
        )
        self.scheduler = Scheduler(self)
        self.gates = Gates(self)
        self.http = Http(self)
        self.around = Surroundings(self, home)
        self.catalog_calls = CatalogCalls(self)
        self.photo_calls = PhotoCalls(self)
        parts = (self.scheduler, self.gates, self.http, self.around, self.catalog_calls, self.photo_calls)
        self._calls: dict[str, Any] = {"violation": self.violation, "module_source": self._module_source}
        for part in parts:
            self._calls |= part.calls
        self._calls |= {
            "is_windows": lambda: self.windows,
        }
        self.sdk: Any = None
        _KEPT.append(self)

    # Loading

    def load(self, folder: Path, language: str = "en") -> None:
        """Read Info.lua, install the metadata fields and run Init.lua, as at Lightroom's start."""
        self.folder = folder
        self._start()
        dictionary = folder / f"TranslatedStrings_{language}.txt"
        if dictionary.exists():
            self.around.dictionary = dict(read_dictionary(dictionary))
        self.info = plain(self.sdk["run_info"](_source(folder / "Info.lua")))
        self.toolkit_id = self.info["LrToolkitIdentifier"]
        self.sdk["know_plugin"](self.toolkit_id, from_text(str(folder)))
        if provider := self.info.get("LrMetadataProvider"):
            self._install_fields(provider)
        if init := self.info.get("LrInitPlugin"):
            if self.info.get("LrForceInitPlugin") and self.menu_scripts():
                self.run_script(init)
            else:
                self._uninitialised = init  # until the first click

    def _start(self) -> None:
        load = self.runtime.globals()["loadstring"]
        self.sdk = self.runtime.table_from({"host": self._host})
        for part in _SDK:
            chunk = load(_sdk_source(part), f"@{part}.lua")
            assert not isinstance(chunk, tuple), chunk
            chunk(self.sdk)

    def load_code(self, **modules: str) -> None:
        """Make a plug-in of a few lines, to see the rules bite."""
        self._code = modules
        self.toolkit_id = "org.example.test"
        self._start()

    def _install_fields(self, provider: str) -> None:
        assert self.folder is not None
        declared = self.sdk["run_script"](provider, _source(self.folder / provider))
        self.fields = {field["id"]: field for field in plain(declared["metadataFieldsForPhotos"])}
        for field in self.fields.values():
            if field.get("browsable") and not (field.get("searchable") and field.get("title")):
                self.violation(f"the field {field['id']} is browsable, but has no title or is not searchable")
        update = declared["updateFromEarlierSchemaVersion"]
        if update is not None:
            update(self.sdk["catalog"], None, None)

    def _module_source(self, name: str) -> str:
        if self.folder is None:
            return from_text(self._code[name])
        if f"{name}.lua" in self.menu_scripts():
            self.violation(f"the menu script {name}.lua must not be required")
        path = self.folder / f"{name}.lua"
        if not path.exists():
            self.violation(f"there is no {name}.lua to require")
        return from_bytes(_source(path))

    def menu_scripts(self) -> set[str]:
        lists = ("LrLibraryMenuItems", "LrExportMenuItems", "LrHelpMenuItems")
        return {item["file"] for name in lists for item in self.info.get(name, [])}

    # Running

    def click(self, script: str) -> None:
        """Choose a menu item, and wait until all that it started has ended."""
        if self._uninitialised:
            init, self._uninitialised = self._uninitialised, None
            self.run_script(init)
        self.scheduler.group += 1
        self.run_script(script)
        self.scheduler.run_group(self.scheduler.group)

    def open_manager(self) -> Any:
        """Look at the plug-in in the Plug-in Manager, which runs its file anew; returns its section."""
        tasks, executed = len(self.scheduler.tasks), len(self.around.executed)
        script = self.info["LrPluginInfoProvider"]
        assert self.folder is not None
        provider = self.sdk["run_script"](script, from_bytes(_source(self.folder / script)))
        section = provider["sectionsForTopOfDialog"](self.sdk["view_factory"](), self.runtime.table())[1]
        if (len(self.scheduler.tasks), len(self.around.executed)) != (tasks, executed):
            self.violation(f"{script} starts something: Lightroom runs it anew at each look")
        return section

    def run_script(self, script: str) -> None:
        assert self.folder is not None
        self.sdk["run_script"](script, from_bytes(_source(self.folder / script)))

    def run(self, code: str, *, task: bool = True) -> None:
        """Run a few lines of Lua in the plug-in's environment."""
        self.scheduler.group += 1
        wrapped = f"import('LrTasks').startAsyncTask(function() {code} end)" if task else code
        self.sdk["run_script"]("test", from_text(wrapped))
        self.scheduler.run_group(self.scheduler.group)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.scheduler.run_for(seconds)

    def answer(self, title: str, answer: Answer | str) -> None:
        """Say what the user does with the next dialog whose title has this in it."""
        self.around.answers.append((title, (lambda _dialog: answer) if isinstance(answer, str) else answer))

    def undo(self) -> str:
        """Press Ctrl-Z once; returns the name of the step that was undone."""
        name, log = self.gates.history.pop()
        for step in reversed(log):
            step()
        return name

    # Looking

    def photos_in(self, *names: str) -> list[str]:
        """The UUIDs of the photos in a collection, smart or not, by its path of names."""
        collection = self.collection(*names)
        return [self.catalog.photos[i].uuid for i in self.catalog_calls.photos_of(collection)]

    def collection(self, *names: str) -> Collection:
        found = self.catalog.find_collection(*names)
        assert found is not None, f"there is no collection {names}"
        return found

    def photo(self, uuid: str) -> Any:
        return self.catalog.photos[self.catalog.by_uuid[uuid]]

    # From Lua

    def lua(self, value: Any) -> Any:
        return to_lua(self.runtime, value)

    def _host(self, name: str, *arguments: Any) -> Any:
        self.counts[name] += 1
        try:
            result = self._calls[name](*arguments)
        except (ViolationError, RuntimeError) as error:
            return False, from_text(str(error))
        return (True, *result) if isinstance(result, tuple) else (True, result)

    def note(self, what: str) -> None:
        self.violations.append(what)

    def violation(self, what: str) -> NoReturn:
        with contextlib.suppress(UnicodeError):  # some come from Lua, some from here
            what = text(what)
        self.note(what)
        raise ViolationError(what)


@cache
def read_dictionary(path: Path) -> dict[str, str]:
    """Read a TranslatedStrings file: one quoted "$$$/Key=Text" a line."""
    entries: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        if not line.strip():
            continue
        found = re.fullmatch(r'"(\$\$\$/[\w/]+)=(.*)"', line)
        assert found, f"{path.name}: {line}"
        entries[found[1]] = found[2]
    return entries


@cache
def _sdk_source(part: str) -> str:
    return (HERE / "sdk" / f"{part}.lua").read_text("utf-8")


def _source(path: Path) -> bytes:
    return path.read_bytes()
