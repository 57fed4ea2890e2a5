"""What the folders of a Google Takeout are, whatever the language of the account: years, albums, the bin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

from importers.takeout_names import describes_a_picture, normal

_GOOGLE_PHOTOS = frozenset(
    normal(name).casefold()
    for name in ("Google Photos", "Google Foto", "Google Fotos", "Fotky Google", "Google Фото", "Google Снимки")
)
_YEAR = re.compile(
    r"(?:photos|photo|fotos|foto|foto's|fotky|foton|bilder|billeder|zdjęcia|фото|фотографии|снимки)"
    r" (?:from|von|del|de|da|di|uit|z|z roku|från|fra|за|от|из) (?:19|20)\d\d(?: (?:г\.|года))?"
    r"|(?:19|20)\d\d ?(?:年|년)\S*(?: \S+)?",
    re.IGNORECASE,
)
_HAS_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

_BIN_NAMES = """
Trash, Bin, Papierkorb, Corbeille, Papelera, Cestino, Lixeira, Lixo, Prullenbak, Kosz, Koš, Papirkurv, Papperskorg,
Корзина, Кош, Paperera, ゴミ箱, 回收站, 휴지통
"""
_OTHER_NAMES = """
Archive, Archiv, Archives, Archivio, Archivo, Arquivo, Archief, Archiwum, Arkiv, Архив, Arxiu, アーカイブ, 归档, 보관함,
Failed Videos, Fehlgeschlagene Videos, Vidéos ayant échoué, Vídeos con errores, Video non riusciti, Vídeos com falha
"""
_BINS = frozenset(normal(name.strip()).casefold() for name in _BIN_NAMES.split(","))
_NO_ALBUMS = frozenset(normal(name.strip()).casefold() for name in _OTHER_NAMES.split(","))


class Kind(Enum):
    """What a folder of an export is."""

    YEAR = auto()  # all photos of a year; each photo is in one, and again in each of its albums
    ALBUM = auto()
    BIN = auto()
    OTHER = auto()  # the archive, videos that could not be converted: photos, but no album


def kind_of(folder: str, *, has_album_json: bool) -> Kind:
    """Tell what a folder is by its name, and where that leaves it open, by whether there is an album's JSON in it."""
    name = normal(folder).rsplit("/", 1)[-1].casefold()
    if is_year(folder):
        return Kind.YEAR
    if has_album_json:
        return Kind.ALBUM
    if name in _BINS:
        return Kind.BIN
    if not name or name in _NO_ALBUMS:
        return Kind.OTHER
    # A year in a language that is not known; an album's JSON would be here.
    return Kind.YEAR if _HAS_YEAR.search(name) else Kind.ALBUM


def is_year(folder: str) -> bool:
    """Tell whether a folder is that of a year for sure: by its name, in a language that has been seen."""
    return _YEAR.fullmatch(normal(folder).rsplit("/", 1)[-1].casefold()) is not None


def is_google_photos(folder: str, inner: Iterable[str], names: Iterable[str] = ()) -> bool:
    """Tell whether this is the Google Photos folder of an export, in any language.

    Args:
        folder: Its name.
        inner: Names of the folders in it.
        names: Of files in those; looked at only where the folders leave it open.
    """
    if normal(folder).casefold() in _GOOGLE_PHOTOS:
        return True
    if not has_googles_name(folder):
        return any(_YEAR.search(normal(year)) for year in inner)
    # A part of an export may hold albums alone; none of Google's other products describes pictures one by one.
    return any(_HAS_YEAR.search(normal(year)) for year in inner) or any(map(describes_a_picture, names))


def has_googles_name(folder: str) -> bool:
    """Tell whether a folder may be that of Google Photos, which has the company's name in every language."""
    return "google" in normal(folder).casefold()
