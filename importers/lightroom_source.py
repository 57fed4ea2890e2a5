"""Lightroom Classic catalogs as a source of photos: names and facts from the catalog, pixels from its previews.

What is read, from where and how safely: docs/lightroom.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from importers.base import Known, Options, Photo
from importers.lightroom import open_catalog
from importers.lightroom_facts import facts_of, facts_token, name_of, parts_of
from importers.lightroom_photo import CatalogPhoto
from importers.lightroom_previews import Previews
from importers.lightroom_renditions import Pictures, pictures_of
from importers.opened import OpenedPlace

_PLAIN = Options()


class LightroomSource(OpenedPlace):
    """A catalog, opened anew for each reading; see importers.base.Source for the attributes."""

    name: ClassVar[str] = "lightroom"
    keys_are_paths: ClassVar[bool] = False

    def __init__(self, path: Path, options: Options = _PLAIN) -> None:
        """Name the catalog; nothing is read yet.

        Raises:
            ImporterError: There is nothing at `path`.
        """
        super().__init__(path)
        self._options = options

    @classmethod
    def recognise(cls, path: Path) -> bool:
        """Tell whether `path` is named as a catalog; one that is damaged is to be told as such."""
        return path.suffix.lower() == ".lrcat" and path.is_file()

    def count(self) -> Iterator[int]:
        """Yield the number of photos, virtual copies included."""
        with open_catalog(self.root) as catalog:
            yield catalog.count()

    def photos(self, known: Known | None = None) -> Iterator[Photo]:
        """Yield every photo and virtual copy, in the order of their ids; a few hundred are in memory.

        Args:
            known: A photo whose preview is known is not opened.

        Raises:
            ImporterError: The catalog cannot be read, or is taken away.
        """
        self.remarks = []
        absent: Counter[str] = Counter()
        with open_catalog(self.root, self._options.moved) as catalog, Previews(catalog) as previews:
            for photo in catalog.photos():
                if photo.original is None:
                    absent[photo.root_path] += 1
                key = photo.uuid.encode()
                yield self._photo(photo, key, pictures_of(photo, previews, self._options, key, known))
            self.remarks += catalog.warnings
            self.remarks += previews.problems
            if previews.folder is None:
                self.remarks.append(
                    f"There are no previews beside {self.root.name}; its photos are read from their originals."
                )
        self.remarks += _absent(absent)

    def _photo(self, photo: CatalogPhoto, key: bytes, pictures: Pictures) -> Photo:
        facts, parts, name = facts_of(photo), tuple(parts_of(photo)), name_of(photo)
        series, ref = photo.stack and str(photo.stack.stack_id), str(photo.image_id)
        return Photo(
            key,
            name,
            photo.original,
            pictures.renditions,
            pictures.stamp,
            facts=facts,
            problem=pictures.problem,
            away=pictures.problem is not None,
            facts_complete=True,
            facts_token=facts_token(facts, parts, name, photo.original, series, ref),
            exact=_exact(photo, pictures),
            parts=parts,
            series=series,
            ref=ref,
        )


def _exact(photo: CatalogPhoto, pictures: Pictures) -> Path | None:
    """Return the original where its bytes are worth reading: those of RAW files and videos are terabytes.

    Where nobody knows whether a preview shows edits, the original must not give it its name.
    """
    if photo.is_raw or photo.is_video or photo.is_edited is None or not pictures.renditions:
        return None
    return None if pictures.renditions[0].path == photo.original else photo.original


def _absent(absent: Counter[str]) -> Iterator[str]:
    """Say how many originals are missing, and from where most of them are."""
    if absent:
        ((root, most),) = absent.most_common(1)
        where, total = root.rstrip("/") or "/", absent.total()
        missing = "1 original is" if total == 1 else f"{total:,} originals are"
        part = "" if total == 1 else "all of them " if most == total else "most of them "
        yield (
            f"{missing} not on this machine, {part}in {where}. If that folder lies elsewhere now:"
            f' --map "{where}=NEW FOLDER"'
        )
