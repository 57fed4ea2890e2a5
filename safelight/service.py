"""Use cases on one library: what the command line and the helper both call. Prints nothing, exits never."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from indexer.catalog import Catalog, Model
from indexer.errors import CatalogError, ModelError
from indexer.events import OnProgress, ignore
from indexer.home import data_home, nothing_indexed, why_unwritable
from indexer.models import registry
from safelight import status
from safelight.config import Settings, save_setting
from safelight.errors import NothingIndexedError
from safelight.worker import MERGED_TEXTS, ModelRoom, ModelThread

if TYPE_CHECKING:
    import threading

    import numpy as np
    from numpy.typing import NDArray

    from indexer.filters import Filters
    from indexer.models.encoder import Encoder
    from indexer.query import Query
    from indexer.search import Answer, FindPicture, Search


class Library:
    """Everything Safelight knows, opened in one thread of one process.

    Attributes:
        not_kept: Why some of what was found out meanwhile could not be kept, and is found out anew the next time.
    """

    def __init__(
        self,
        settings: Settings,
        home: Path | None = None,
        *,
        room: ModelRoom | None = None,
        find_picture: FindPicture | None = None,
        chroma_apart: bool = False,
        reading: bool = False,
    ) -> None:
        """Open the library, creating it where absent and not only to be read.

        Args:
            settings: How to work.
            home: The data folder; None is Safelight's own.
            room: Models that are shared with other libraries, and stay when this one is closed.
            find_picture: What finds the pictures that queries name; without it, they are photo ids and paths of files.
            chroma_apart: Whether Chroma is brought up to date in a process of its own.
            reading: Whether it is only to be read; see Catalog.

        Raises:
            CatalogError: The catalog cannot be opened.

        Writes: our own data folder.
        """
        self.settings = settings
        self.home = home or data_home()
        self.catalog = Catalog(self.home, reading=reading)
        self.not_kept: str | None = None
        self._room, self._shares_room = room or ModelRoom(), room is not None
        self._find_picture = find_picture
        self._chroma_apart = chroma_apart
        self._opened_search: tuple[Model, Search] | None = None

    def close(self) -> None:
        """Let go of the model and the catalog."""
        if not self._shares_room:
            self._room.close()
        self.catalog.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def writing_if_possible(self) -> Generator[None]:
        """Keep in the catalog what is written inside, all or, where that cannot be, none of it: not_kept says why then.

        For what a look has found out, which is as true when it is not kept: on a full disk, say.
        """
        try:
            with self.catalog.transaction():
                yield
        except CatalogError as error:
            self.not_kept = why_unwritable(self.home) or str(error.__cause__)

    # Models

    @property
    def model_name(self) -> str:
        """The model to use: the one asked for, else that of the last run, else the default."""
        if self.settings.model:
            folder = Path(self.settings.model).expanduser()
            return str(folder.absolute()) if folder.is_dir() else self.settings.model
        last = next(iter(self.catalog.models()), None)
        return last.name if last else registry.DEFAULT

    @property
    def model_thread(self) -> ModelThread:
        """The model, loaded in its own thread at first use."""
        name = self.model_name
        return self._room.get(name, self._loader(name))

    def _loader(self, name: str) -> Callable[[], Encoder]:
        from indexer.models.load import load_encoder

        home, settings = self.home, self.settings
        return lambda: load_encoder(name, home=home, engine=settings.engine, precision=settings.precision)

    def try_model(self, name: str) -> str:
        """Load a model, by name or folder, anew and embed a word and a picture, where damage shows wherever it is.

        Returns:
            What runs it, in which precision and why, for people.

        Raises:
            ModelError: It is not here, or damaged.
        """
        import numpy as np

        thread = ModelThread(self._loader(name))
        try:
            thread.embed_texts(["a photo"])
            pixels = thread.encoder.pixels
            thread.embed_pixels(np.zeros((1, pixels.height, pixels.width, 3), np.uint8)).result()
            return f"{thread.encoder.engine}: {thread.encoder.precision_reason}"
        finally:
            thread.close()

    def model_for_indexing(self) -> tuple[ModelThread, Model]:
        """Load the model and record that a run with it begins.

        Raises:
            ModelError: It is not here, or damaged.

        Writes: the catalog.
        """
        thread = self.model_thread
        if all(model.space != thread.encoder.space for model in self.catalog.models()):
            # A damaged tokenizer shows now, not when all pictures have been read and the first words are needed.
            thread.embed_texts(["a photo"])
        return thread, self.catalog.add_model(thread.encoder.space, self.model_name, thread.encoder.dim)

    def is_here(self, name: str) -> bool:
        """Tell whether a model, by name or folder, can be loaded without the network."""
        if name == registry.STARTER:
            from indexer.models.starter import installed

            return installed()
        folder = Path(name)
        return registry.is_complete(folder) if folder.is_dir() else registry.find(name, home=self.home) is not None

    def use_model(self, name: str) -> str:
        """Make a model, by name or folder, the one to use; returns a remark on what it has indexed.

        Raises:
            ModelError: There is no such model.
            SafelightError: The settings cannot be written.

        Writes: config.toml.
        """
        if Path(name).is_dir():
            return self.use_folder(Path(name))
        return self._use(registry.lookup(name).name)

    def use_folder(self, folder: Path) -> str:
        """Make the model in a folder the one to use, if it works; see use_model.

        Raises:
            ModelError: The folder holds no model, or a damaged one.
            SafelightError: The settings cannot be written.

        Writes: config.toml.
        """
        folder = folder.expanduser().absolute()
        if not folder.is_dir():
            raise ModelError(f"{folder} is no folder; name one with config.json, *.safetensors and tokenizer.json")
        self.try_model(str(folder))
        return self._use(str(folder))

    def _use(self, name: str) -> str:
        save_setting("model", name)
        seen = {model.name: model.vectors for model in status.models(self.catalog, name)}.get(name, 0)
        if seen:
            return f"Searches now use {name}, which knows {seen:,} pictures."
        fetch = "" if self.is_here(name) else f" It is not downloaded yet: `safelight model fetch {name}` does that."
        return f"Searches now use {name}.{fetch} It knows no pictures yet: run `safelight index`."

    # Searching

    def search(
        self, words: Sequence[str], *, like: Sequence[str] = (), unlike: Sequence[str] = (), **how: Any
    ) -> Answer:
        """Find photos by words and pictures; see query.parse and Filters for what may be said.

        Raises:
            QueryError: The query or a filter cannot be understood, or names a picture that is not there.
            ModelError: The model cannot be loaded.
            SafelightError: Nothing is indexed with this model.
        """
        from indexer.query import parse

        show_all, limit, filters = self._how(**how)
        return self.find(parse(words, like, unlike), filters, limit, show_all=show_all)

    def find(self, query: Query, filters: Filters, limit: int, *, show_all: bool = False) -> Answer:
        """Answer a query that has been read already; see search.

        Raises:
            QueryError: It names a picture that is not there.
            ModelError: The model cannot be loaded.
            SafelightError: Nothing is indexed with this model.
        """
        self.refuse_emptiness()
        return self._searcher.run(query, filters, limit, show_all=show_all)

    def similar(self, target: str, **how: Any) -> Answer:
        """Find photos that look like a picture: a file's path, or a photo's id, for which no model is loaded.

        Raises:
            QueryError: There is no such picture, or a filter cannot be understood.
            SafelightError: Nothing is indexed with this model.
        """
        _, limit, filters = self._how(**how)
        self.refuse_emptiness()
        return self._searcher.similar(target, filters, limit)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts with the model in use: float32 (N, D), L2 norm 1."""
        return self._matching_model().embed_texts(texts)

    def embed_file(self, path: Path) -> NDArray[np.float32]:
        """Embed the picture in a file with the model in use: float32 (D,), L2 norm 1."""
        return self._matching_model().embed_file(path)

    def _how(self, *, show_all: bool = False, limit: int | None = None, **filters: Any) -> tuple[bool, int, Filters]:
        from indexer.filters import Filters

        return show_all, limit or self.settings.results, Filters(**filters)

    @property
    def _searcher(self) -> Search:
        """What searches the vectors of the model in use, which another process or a run may have changed."""
        from indexer.search import Search

        model = self.model
        if self._opened_search is None or self._opened_search[0] != model:
            self._opened_search = (model, Search(self.catalog, model, self, self._find_picture))
        return self._opened_search[1]

    def refuse_emptiness(self) -> None:
        """Say of a library whose photos were all forgotten what is said of a new one.

        Raises:
            SafelightError: Nothing is indexed.
        """
        if self.catalog.db.execute("SELECT 1 FROM photo LIMIT 1").fetchone() is None:
            raise NothingIndexedError(nothing_indexed())

    @property
    def model(self) -> Model:
        """The catalog's row of the model in use.

        Raises:
            SafelightError: Nothing is indexed with it.
        """
        models = self.catalog.models()
        found = next((model for model in models if model.name == self.model_name), None)
        if found is not None:
            return found
        if not models:
            raise NothingIndexedError(nothing_indexed())
        others = ", ".join(model.name for model in models)
        raise NothingIndexedError(
            f"nothing is indexed with {self.model_name} yet (but with: {others}); run `safelight index` with it first,"
            f" or go back: safelight model use {models[0].name}"
        )

    def _matching_model(self) -> ModelThread:
        """Load the model; refuse one whose vectors would not meet those in the catalog."""
        thread = self.model_thread
        if thread.encoder.space != self.model.space:
            raise ModelError(
                f"{self.model_name} is no longer the model that this library was indexed with; run `safelight index`"
            )
        return thread

    # Indexes

    def update_indexes(self, model: Model, on_progress: OnProgress, stop: threading.Event) -> str | None:
        """Bring all that is derived from the vectors up to date; returns what went wrong, for people.

        That is the exact index, what a match looks like in this library, and Chroma. Whatever happens here, every
        photo stays findable.

        Args:
            stop: Once set, what takes seconds is left to the next run or search.

        Writes: vectors/ and chroma/ in our own data folder, the model's calibration in the catalog.
        """
        from indexer import matrix_file
        from indexer.calibrate import calibrate
        from indexer.errors import VectorError
        from indexer.lock import LockedError
        from indexer.matrix import Matrix
        from indexer.vectors import ChromaIndex, is_current

        try:
            matrix_file.update(self.home, self.catalog.db, model.id, on_progress)
            matrix = Matrix.open(self.home, self.catalog.db, model.id)
            if len(matrix) and not stop.is_set():
                # Done here, or the first search would have to embed hundreds of texts before its own.
                calibrate(self.catalog, model, matrix, lambda texts: self._embed_unless(stop, texts))
            if stop.is_set() or is_current(self.home, self.catalog.db, model.id):
                return None
            if self._chroma_apart:
                self._run_chroma_apart(model, "update", on_progress)
            else:
                with ChromaIndex(self.home, self.catalog.db, model.id, "indexing photos", on_progress) as chroma:
                    chroma.apply(on_progress)
        except CancelledError:
            return None
        except (VectorError, LockedError) as error:
            return f"The index is not up to date ({error}). Every photo can be found all the same, only slower."
        return None

    def _embed_unless(self, stop: threading.Event, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts in the parts that the model takes.

        Raises:
            CancelledError: It was to stop on the way.
        """
        import numpy as np

        parts: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), MERGED_TEXTS):
            if stop.is_set():
                raise CancelledError
            parts.append(self.model_thread.embed_texts(texts[start : start + MERGED_TEXTS]))
        return np.concatenate(parts)

    def rebuild_indexes(self, on_progress: OnProgress = ignore) -> str:
        """Build the exact index and Chroma anew from the catalog, for every model; returns a line on what was built.

        Raises:
            LockedError: Another process uses them.
            VectorError: They cannot be written.

        Writes: vectors/ and chroma/ in our own data folder.
        """
        import shutil

        from indexer import matrix_file, vectors

        for model in self.catalog.models():
            shutil.rmtree(matrix_file.folder_of(self.home, model.id), ignore_errors=True)
            matrix_file.update(self.home, self.catalog.db, model.id, on_progress)
            if self._chroma_apart:
                self._run_chroma_apart(model, "rebuild", on_progress)
            else:
                vectors.rebuild(self.home, self.catalog.db, model.id, on_progress)
        built = [f"{model.name} ({model.vectors:,} pictures)" for model in status.models(self.catalog, None)]
        return f"the exact index and Chroma of {', '.join(built)}" if built else "nothing, as nothing is indexed yet"

    def _run_chroma_apart(self, model: Model, what: str, on_progress: OnProgress) -> None:
        from indexer.chroma_update import run_apart
        from indexer.events import Progress

        (count,) = self.catalog.db.execute("SELECT count(*) FROM embedding WHERE model_id = ?", (model.id,)).fetchone()
        run_apart(self.home, model.id, what, lambda: on_progress(Progress("building the vector index", 0, count, True)))
        on_progress(Progress("building the vector index", count, count, True))
