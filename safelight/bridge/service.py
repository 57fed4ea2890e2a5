"""Every request of the plug-in, answered: JSON objects in, JSON objects out. HTTP is the server's matter."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import safelight
from indexer.events import ignore
from safelight import places
from safelight.bridge import consent
from safelight.bridge.actions import NOT_WANTED, Actions, Plugin
from safelight.bridge.catalogs import same_file
from safelight.bridge.duplicates import for_catalog
from safelight.bridge.errors import BridgeError
from safelight.bridge.journal import Journal
from safelight.bridge.keywords import Suggester, read_keywords
from safelight.bridge.known import Known, catalog_path
from safelight.bridge.matching import difference, find
from safelight.bridge.paths import nfc
from safelight.bridge.queries import SavedQueries
from safelight.bridge.question import Question, Ref, read_refs
from safelight.bridge.store import Store
from safelight.bridge.thumbnails import take
from safelight.bridge.uploads import Uploads
from safelight.service import Library

PROTOCOL = 1
"""Changes when an older plug-in and a newer helper would misunderstand each other."""

Json = Mapping[str, object]


class Bridge:
    """The bridge over one library; belongs to the thread that opened the library."""

    def __init__(self, library: Library, stop: threading.Event | None = None) -> None:
        """Open the bridge's database.

        Args:
            stop: Once set, long work ends.

        Raises:
            SafelightError: It cannot be opened.

        Writes: our own data folder.
        """
        self.library = library
        self._stop = stop or threading.Event()
        self._store = Store(library.home)
        self.queries = SavedQueries(self._store)
        self.actions = Actions(self._store)
        self.journal = Journal(self._store)
        self._uploads = Uploads(self._store)
        self._suggester = Suggester(library)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Who is there

    def hello(self, given: Json) -> dict[str, Any]:
        """Meet a plug-in: {protocol, plugin, catalog (its path), lightroom} -> who we are, and its catalog's id.

        Raises:
            BridgeError: It speaks another protocol.

        Writes: our own data folder.
        """
        protocol, version = given.get("protocol"), safelight.__version__
        if protocol != PROTOCOL:
            newer = isinstance(protocol, int) and protocol > PROTOCOL
            todo = "upgrade Safelight" if newer else "run `safelight lightroom install` and restart Lightroom"
            raise BridgeError(
                "wrong_version",
                f"the plug-in ({_text(given, 'plugin')}) and the helper ({version}) do not fit; {todo}",
            )
        path = _text(given, "catalog")
        met = {plugin.path: plugin.id for plugin in self.actions.plugins()}
        known = same_file(path, list(met))
        lightroom_id = met[known] if known else secrets.token_hex(8)
        self.actions.seen(lightroom_id, path, _text(given, "plugin"), _text(given, "lightroom"))
        consent.invite(self.library.home)
        name = self.library.model_name
        return {
            "protocol": PROTOCOL,
            "version": version,
            "catalog": lightroom_id,
            "model": {"name": name, "here": self.library.is_here(name)},
            "photos": self._indexed(),
        }

    def poll(self, given: Json) -> dict[str, Any]:
        """Hand out queued actions; `stamp` changes whenever a living collection may have changed.

        Writes: our own data folder.
        """
        plugin = self._plugin(given)
        self.actions.seen_again(plugin.id)
        return {"actions": [action.record() for action in self.actions.take()], "stamp": self.stamp()}

    def report(self, given: Json) -> dict[str, Any]:
        """Record how an action ended: {action, ok, says}.

        Writes: our own data folder.
        """
        action = self.actions.get(_number(given, "action"))
        said = _text(given, "says")
        self.actions.report(action.id, ok=given.get("ok") is True, says=said)
        if action.kind == "smart" and said == NOT_WANTED and "before" in action.payload:
            self._take_back(action.payload)
        return {}

    def push_smart(self, name: str, question: Question, rules: Json | None = None) -> None:
        """Queue a smart collection that follows; one of this name gets another query, unless that is declined.

        Raises:
            BridgeError: The name or a rule is not what it should be.

        Writes: our own data folder.
        """
        known = {query.token: query for query in self.queries.list()}
        saved = self.queries.save(name, question, rules)
        if any(a.state == "waiting" and a.payload.get("token") == saved.token for a in self.actions.list()):
            return  # what waits already is made with the query as it is then
        before = known.get(saved.token)
        self.actions.push("smart", {"token": saved.token, "before": before and before.record()})

    def _take_back(self, payload: Json) -> None:
        before = payload["before"]
        if before is None:
            self.queries.remove(str(payload["token"]))
        else:
            was = _as_object(before)
            self.queries.save(_text(was, "name"), Question.read(_object(was, "question")), _object(was, "rules"))

    def stamp(self) -> str:
        """Return what changes when photos are indexed or forgotten, or a saved query changes."""
        db = self.library.catalog.db
        last, count = db.execute("SELECT coalesce(max(id), 0), count(*) FROM embedding").fetchone()
        queries = [f"{query.token}{query.changed_at}" for query in self.queries.list()]
        return "-".join([str(last), str(count), self.library.model_name, str(len(queries)), max(queries, default="")])

    # Finding

    def search(self, given: Json) -> dict[str, Any]:
        """Answer {question, within} with photos, best first."""
        within = None if given.get("within") is None else self._refs(given, "within")
        found = find(self.library, Question.read(_object(given, "question")), self._catalog(given), within)
        return {"photos": [match.record() for match in found.photos], "reason": found.reason}

    def missing(self, given: Json) -> dict[str, Any]:
        """Tell which of {photos} are not indexed."""
        missing = Known(self.library, self._catalog(given)).missing(self._refs(given, "photos"))
        return {"photos": [ref.record() for ref in missing]}

    def keywords(self, given: Json) -> dict[str, Any]:
        """Suggest keywords for {photos} from {keywords} and everyday words."""
        found, missing = self._suggester.suggest(
            self._refs(given, "photos"),
            read_keywords(self._uploads.resolve(given.get("keywords"))),
            self._catalog(given),
        )
        return {
            "photos": [
                {
                    **ref.record(),
                    "suggestions": [
                        {"steps": list(s.keyword.steps), "new": s.keyword.new, "clarity": round(s.clarity, 3)}
                        for s in suggestions
                    ],
                }
                for ref, suggestions in found.items()
            ],
            "missing": [ref.record() for ref in missing],
        }

    def thumbnail(self, given: Json, jpeg: bytes, vector: NDArray[np.float32]) -> dict[str, Any]:
        """Let a thumbnail stand for the photo {uuid}, called {name}, that nobody else can show.

        Writes: the catalog of photos.
        """
        uuid, name = _text(given, "uuid"), _text(given, "name")
        return {"taken": take(self.library, self._catalog(given), uuid, name, jpeg, vector)}

    def duplicates(self, given: Json) -> dict[str, Any]:
        """List the groups of near-duplicates that the catalog may have photos of, or only those among {within}.

        Long work, the first time: minutes in a large library.

        Raises:
            BridgeError: It was told to stop; half of the groups would be taken for all.

        Writes: features and verdicts, into the catalog of photos.
        """
        from safelight.duplicates import find_duplicates

        catalog = self._catalog(given)
        within = None if given.get("within") is None else self._refs(given, "within")
        found = find_duplicates(self.library, on_progress=ignore, stop=self._stop)
        groups = for_catalog(self.library, found, catalog, within)
        if self._stop.is_set():
            raise BridgeError("stopping", "the helper is ending; look for near-duplicates again in a moment")
        return {"groups": groups}

    def decide(self, given: Json) -> dict[str, Any]:
        """Remember {decision}: that {keeper} is the one to keep of {photos}, or that {photos} are not duplicates.

        Writes: the catalog of photos.
        """
        from indexer.duplicates.store import Decision
        from safelight.duplicates import record_decision, record_keeper

        known = Known(self.library, self._catalog(given))
        photos = [known.photo_id(ref, embedded=False) for ref in self._refs(given, "photos")]
        match given.get("decision"):
            case "keeper":
                (keeper,) = read_refs([_object(given, "keeper")])
                record_keeper(self.library.catalog, known.photo_id(keeper, embedded=False), photos)
            case "not_duplicates":
                record_decision(self.library.catalog, Decision.DIFFERENT, photos)
            case _:
                raise BridgeError("bad_request", "`decision` must be keeper or not_duplicates")
        return {}

    def catalog_to_index(self, given: Json) -> str:
        """Return the path of the catalog that speaks, where it may be read: a known place, or said by the user.

        Raises:
            BridgeError: Neither; a path that came in a request alone is not opened.
        """
        plugin, catalog = self._plugin(given), self._catalog(given)
        if any(str(place.path) == catalog for place in places.places(self.library.catalog)):
            return catalog
        said = consent.said(self.library.home)
        if said and nfc(said) == nfc(plugin.path):
            return said
        raise BridgeError("no_place", "Safelight has not met this catalog yet, and opens no file on a request alone")

    # Living collections

    def save_query(self, given: Json) -> dict[str, Any]:
        """Make or change a saved query: {name, question, rules} -> it, with its token.

        Writes: our own data folder.
        """
        question = Question.read(_object(given, "question"))
        chosen: Json = {} if given.get("rules") is None else _object(given, "rules")
        return {"query": self.queries.save(_text(given, "name"), question, chosen).record()}

    def list_queries(self, given: Json) -> dict[str, Any]:
        """List the saved queries, or the one with {token}."""
        if given.get("token") is not None:
            return {"queries": [self.queries.get(_text(given, "token")).record()]}
        return {"queries": [query.record() for query in self.queries.list()]}

    def remove_query(self, given: Json) -> dict[str, Any]:
        """Forget the saved query with {token}.

        Writes: our own data folder.
        """
        self.queries.remove(_text(given, "token"))
        return {}

    def difference(self, given: Json) -> dict[str, Any]:
        """Say who should carry {token} and does not, and which of {carriers} should not."""
        query = self.queries.get(_text(given, "token"))
        carriers = self._refs(given, "carriers")
        change = difference(self.library, query.question, self._catalog(given), carriers)
        return {
            "query": query.record(),
            "add": [match.record() for match in change.add],
            "remove": [ref.record() for ref in change.remove],
            "matching": change.matching,
        }

    # The journal

    def journal_begin(self, given: Json) -> dict[str, Any]:
        """Open a run of changes: {title} -> {run}.

        Writes: our own data folder.
        """
        return {"run": self.journal.begin(self._plugin(given).id, _text(given, "title"))}

    def journal_add(self, given: Json) -> dict[str, Any]:
        """Write down {changes} of {run} before they are made.

        Writes: our own data folder.
        """
        changes = given.get("changes")
        if not isinstance(changes, list):
            raise BridgeError("bad_request", "changes must come as a list of objects")
        checked = [_as_object(change) for change in cast("list[object]", changes)]
        self.journal.add(_number(given, "run"), checked)
        return {}

    def journal_last(self, given: Json) -> dict[str, Any]:
        """Return the last change of the catalog that was not taken back, newest entries first, before {before}."""
        run = self.journal.last(self._plugin(given).id)
        if run is None:
            return {"changes": []}
        before = _number(given, "before") if given.get("before") is not None else None
        entries = self.journal.entries(run.id, before)
        return {
            "run": run.id,
            "title": run.title,
            "made_at": run.made_at,
            "total": run.entries,
            "changes": [{"entry": entry_id, **change} for entry_id, change in entries],
        }

    def journal_undone(self, given: Json) -> dict[str, Any]:
        """Record that {run} was taken back.

        Writes: our own data folder.
        """
        self.journal.undone(_number(given, "run"))
        return {}

    # Shared

    def upload(self, given: Json) -> dict[str, Any]:
        """Take {items} as a piece of a list, of {upload} or of a new one -> {upload}, to be named in place of a list.

        Writes: our own data folder.
        """
        return {"upload": self._uploads.add(given.get("upload"), given.get("items"))}

    def _refs(self, given: Json, key: str) -> tuple[Ref, ...]:
        return read_refs(self._uploads.resolve(given.get(key)))

    def _plugin(self, given: Json) -> Plugin:
        """Return who speaks, by the id that hello gave its catalog."""
        wanted = given.get("catalog")
        found = next((plugin for plugin in self.actions.plugins() if plugin.id == wanted), None)
        if found is None:
            raise BridgeError("unknown", "the helper does not know this catalog yet; say hello first")
        return found

    def _catalog(self, given: Json) -> str:
        """Return the path of the catalog that speaks, as the index writes it."""
        return catalog_path(self.library, self._plugin(given).path)

    def _indexed(self) -> int:
        (count,) = self.library.catalog.db.execute("SELECT count(*) FROM photo WHERE state = 'indexed'").fetchone()
        return count


def _text(given: Json, key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value or len(value) > 10_000:
        raise BridgeError("bad_request", f"`{key}` must be text")
    return value


def _number(given: Json, key: str) -> int:
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BridgeError("bad_request", f"`{key}` must be a whole number")
    return value


def _object(given: Json, key: str) -> Json:
    return _as_object(given.get(key), key)


def _as_object(value: object, key: str = "changes") -> dict[str, Any]:
    if value == []:  # how dkjson may write an empty Lua table
        return {}
    if not isinstance(value, Mapping):
        raise BridgeError("bad_request", f"`{key}` must be an object")
    return dict(cast("Mapping[str, Any]", value))
