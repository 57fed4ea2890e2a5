"""The names that Google has been seen to give, written out: what test_takeout_names.py takes from our own lists."""

from __future__ import annotations

import pytest
from takeout_exports import picture, sidecar, unpack

from importers.takeout import TakeoutSource
from importers.takeout_pairs import relate

COPIES = (
    "-edited",
    "-bearbeitet",
    "-modifié",
    "-modificato",
    "-ha editado",
    "-editado",
    "-editat",
    "-bewerkt",
    "-edytowane",
    "-編集済み",
    "-编辑",
)
MADE_BY_GOOGLE = ("-effects", "-smile", "-mix", "-collage", "-animation", "-motion")
ALBUMS = (
    "metadata.json",
    "metadata(1).json",
    "métadonnées.json",
    "metadatos.json",
    "metadades.json",
    "metadati.json",
    "Metadaten.json",
    "метаданные.json",
)


@pytest.mark.parametrize("added", COPIES + MADE_BY_GOOGLE)
def test_an_edited_copy_has_the_json_of_its_original_in_every_language_seen(added: str) -> None:
    copy, described = f"IMG{added}(1).jpg", "IMG.jpg.supplemental-metadata(1).json"
    kinship = relate(["IMG.jpg", "IMG(1).jpg", copy], [described, "IMG.jpg.supplemental-metadata.json"])
    assert kinship.originals == {copy: "IMG(1).jpg"}
    assert kinship.sidecars[copy] == described
    assert relate([copy, "other.jpg"], [described]).sidecars == {copy: described}, "its original is in a missing part"


@pytest.mark.parametrize("root", ["Google Photos", "Google Foto", "Google Fotos", "Fotky Google", "Google Снимки"])
@pytest.mark.parametrize("name", ALBUMS)
def test_an_album_is_known_by_its_json_in_every_language_seen(tmp_path, root: str, name: str) -> None:
    inside = f"Takeout/{root}"
    files = {
        f"{inside}/Photos from 2018/a.jpg": picture(1),
        f"{inside}/Photos from 2018/a.jpg.json": sidecar("a.jpg"),
        f"{inside}/Folder/a.jpg": picture(1),
        f"{inside}/Folder/{name}": '{"title": "Été"}'.encode(),
        f"{inside}/print-subscriptions.json": b"{}",
        f"{inside}/user-generated-memory-titles.json": b'{"title": ["x"]}',
    }
    (photo,) = TakeoutSource(unpack(files, tmp_path) / "Takeout").photos()
    assert (photo.name, photo.facts.albums) == ("a.jpg", (("Été",),))
