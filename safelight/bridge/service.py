"""Every request of the plug-in, answered: JSON objects in, JSON objects out. HTTP is the server's matter."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import safelight
from indexer.events import ignore
from safelight import places
from safelight.bridge import consent
from safelight.bridge.actions import Actions, Plugin
from safelight.bridge.catalogs import same_file
from safelight.bridge.duplicates import for_catalog
from safelight.bridge.errors import BridgeError
from safelight.bridge.given import Json, as_object, number, object_of, text
from safelight.bridge.journal import Journal
from safelight.bridge.keywords import Suggester, read_keywords
from safelight.bridge.known import Known, catalog_path
from safelight.bridge.matching import difference, find, page
from safelight.bridge.paths import nfc
from safelight.bridge.queries import SavedQueries, SavedQuery, read_name, read_query, read_rules
from safelight.bridge.question import Question, Ref, read_refs
from safelight.bridge.store import Store
from safelight.bridge.thumbnails import take
from safelight.bridge.uploads import Uploads
from safelight.service import Library

PROTOCOL = 1
"""Changes when an older plug-in and a newer helper would misunderstand each other."""


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
                f"the plug-in ({text(given, 'plugin')}) and the helper ({version}) do not fit; {todo}",
            )
        path = text(given, "catalog")
        met = {plugin.path: plugin.id for plugin in self.actions.plugins()}
        known = same_file(path, list(met))
        lightroom_id = met[known] if known else secrets.token_hex(8)
        self.actions.seen(lightroom_id, path, text(given, "plugin"), text(given, "lightroom"))
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
        self.actions.report(number(given, "action"), ok=given.get("ok") is True, says=text(given, "says"))
        return {}

    def stamp(self) -> str:
        """Return what changes when photos are indexed or forgotten, or a saved query changes."""
        db = self.library.catalog.db
        last, count = db.execute("SELECT coalesce(max(id), 0), count(*) FROM embedding").fetchone()
        queries = [f"{query.token}{query.changed_at}" for query in self.queries.list()]
        return "-".join([str(last), str(count), self.library.model_name, str(len(queries)), max(queries, default="")])

    def push(self, name: str, question: Question, rules: Json | None) -> None:
        """Queue a collection or, with `rules`, a smart one, which lives only once it is wanted there.

        Raises:
            BridgeError: The name or a rule is not what it should be.

        Writes: our own data folder.
        """
        asked = question.record()
        if rules is None:
            self.actions.push("collection", {"name": name, "question": asked})
        else:
            self.actions.push("smart", {"name": read_name(name), "question": asked, "rules": read_rules(rules)})

    # Finding

    def search(self, given: Json) -> dict[str, Any]:
        """Answer {question, within} with photos, best first.

        With {offset} in place of {within}, a page: only Lightroom knows which photos its catalog has. It asks on, with
        the offset that `next` names, until it has as many as the question's limit.
        """
        question, catalog = Question.read(object_of(given, "question")), self._catalog(given)
        if given.get("offset") is not None:
            found = page(self.library, question, catalog, number(given, "offset"))
        else:
            within = None if given.get("within") is None else self._refs(given, "within")
            found = find(self.library, question, catalog, within)
        return {"photos": [match.record() for match in found.photos], "reason": found.reason, "next": found.next}

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
        uuid, name = text(given, "uuid"), text(given, "name")
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
                (keeper,) = read_refs([object_of(given, "keeper")])
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

    def propose_query(self, given: Json) -> dict[str, Any]:
        """Tell how {name, question, rules} would be saved, and whether that changes anything; saves nothing."""
        query = self._proposed(given)
        before = self.queries.named(query.name)
        changed = before is None or (before.question, before.rules) != (query.question, query.rules)
        return {"query": query.record(), "changed": changed}

    def save_query(self, given: Json) -> dict[str, Any]:
        """Make or change a saved query that was proposed: {token, name, question, rules} -> it.

        What it was before is written down in {run}, so that taking that back takes this back, too.

        Writes: our own data folder.
        """
        query = self._proposed(given)
        before = self.queries.named(query.name)
        if before is None:
            query = replace(query, token=text(given, "token"))
        change = {"op": "query", "token": query.token, "before": before and before.record()}
        self.journal.add(number(given, "run"), [change])
        return {"query": self.queries.put(query).record()}

    def _proposed(self, given: Json) -> SavedQuery:
        chosen: Json = {} if given.get("rules") is None else object_of(given, "rules")
        return self.queries.propose(text(given, "name"), Question.read(object_of(given, "question")), chosen)

    def restore_query(self, given: Json) -> dict[str, Any]:
        """Let the saved queries that {run} has changed be as they were before it; those that it made are forgotten.

        Writes: our own data folder.
        """
        for change in self.journal.queries(number(given, "run")):
            if change["before"] is None:
                self.queries.remove(change["token"])
            else:
                self.queries.put(read_query(change["before"]))
        return {}

    def list_queries(self, given: Json) -> dict[str, Any]:
        """List the saved queries."""
        return {"queries": [query.record() for query in self.queries.list()]}

    def difference(self, given: Json) -> dict[str, Any]:
        """Say which photos answer {question} and are none of {carriers}, and which of {carriers} do not answer it."""
        question, carriers = Question.read(object_of(given, "question")), self._refs(given, "carriers")
        change = difference(self.library, question, self._catalog(given), carriers)
        return {
            "add": [match.record() for match in change.add],
            "remove": [ref.record() for ref in change.remove],
            "matching": change.matching,
        }

    # The journal

    def journal_begin(self, given: Json) -> dict[str, Any]:
        """Open a run of changes: {title} -> {run}.

        Writes: our own data folder.
        """
        return {"run": self.journal.begin(self._plugin(given).id, text(given, "title"))}

    def journal_add(self, given: Json) -> dict[str, Any]:
        """Write down {changes} of {run} before they are made.

        Writes: our own data folder.
        """
        changes = given.get("changes")
        if not isinstance(changes, list):
            raise BridgeError("bad_request", "changes must come as a list of objects")
        checked = [as_object(change) for change in cast("list[object]", changes)]
        self.journal.add(number(given, "run"), checked)
        return {}

    def journal_last(self, given: Json) -> dict[str, Any]:
        """Return the last change of the catalog that was not taken back, newest entries first, before {before}."""
        run = self.journal.last(self._plugin(given).id)
        if run is None:
            return {"changes": []}
        before = number(given, "before") if given.get("before") is not None else None
        entries = self.journal.entries(run.id, before)
        return {
            "run": run.id,
            "title": run.title,
            "made_at": run.made_at,
            "total": run.entries,
            "changes": [{"entry": entry_id, **change} for entry_id, change in entries],
        }

    def journal_undone(self, given: Json) -> dict[str, Any]:
        """Record that {run} was taken back; saved queries that it has changed are as they were.

        Writes: our own data folder.
        """
        self.restore_query(given)
        self.journal.undone(number(given, "run"))
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
