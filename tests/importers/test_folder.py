"""Walking folders: every photo once, whatever lies in the way."""

import os
import socket
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from importers import folder as folder_module
from importers.base import ImporterError
from importers.folder import FolderSource, display_name
from importers.live import MOST_BYTES
from importers.sources import open_source

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def put(root, *names, data=PNG):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def keys(path, **options):
    return [photo.key for photo in FolderSource(path).photos(**options)]


def test_photos_come_folder_by_folder_in_order(tmp_path):
    put(tmp_path, "b.jpg", "a.JPG", "trip/z.heic", "trip/day 2/c.nef", "sub/x.tif", "notes.txt", "clip.mov", "a.xmp")
    source = FolderSource(tmp_path)
    photos = list(source.photos())
    assert [photo.key for photo in photos] == [
        b"a.JPG",
        b"b.jpg",
        b"sub/x.tif",
        b"trip/z.heic",
        b"trip/day 2/c.nef",
    ]
    assert source.ignored == 3
    photo = photos[3]
    assert (photo.name, photo.path) == ("z.heic", tmp_path / "trip" / "z.heic")
    assert photo.renditions[0].path == photo.path
    status = photo.path.stat()
    assert photo.stamp.size_bytes == status.st_size
    assert (photo.stamp.mtime_ns, photo.stamp.inode) == (status.st_mtime_ns, status.st_ino)
    assert photo.problem is None


def test_the_moving_half_of_a_live_photo_is_a_part_of_it(tmp_path):
    put(tmp_path, "a/IMG_1.HEIC", "a/IMG_1.jpg", "a/IMG_1.MOV", "a/IMG_2.JPG", "a/img_2.mov", "a/IMG_3.HEIC")
    put(tmp_path, "a/IMG_4.MOV", "a/IMG_5.PNG", "a/IMG_5.MOV", "b/IMG_3.MOV", "a/film.jpg")
    (tmp_path / "a" / "film.mov").open("wb").truncate(MOST_BYTES + 1)
    source = FolderSource(tmp_path)
    photos = {photo.key: photo for photo in source.photos()}
    movies = {key: [(part.role, part.name) for part in photo.parts] for key, photo in photos.items() if photo.parts}
    assert movies == {b"a/IMG_1.HEIC": [("live video", "IMG_1.MOV")], b"a/IMG_2.JPG": [("live video", "img_2.mov")]}
    assert {key for key, photo in photos.items() if "live" in photo.facts.media} == set(movies)
    assert source.ignored == 3
    (alone,) = FolderSource(tmp_path / "a" / "IMG_1.HEIC").photos()
    assert alone.parts == photos[b"a/IMG_1.HEIC"].parts
    (tmp_path / "a" / "IMG_1.MOV").unlink()
    again = {photo.key: photo for photo in FolderSource(tmp_path).photos()}
    assert again[b"a/IMG_1.HEIC"].facts_token != photos[b"a/IMG_1.HEIC"].facts_token


def test_what_belongs_to_others_is_not_walked_into(tmp_path):
    put(
        tmp_path,
        ".hidden.jpg",
        "._a.jpg",
        ".hidden/a.jpg",
        "@eaDir/a.jpg",
        "#recycle/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        "System Volume Information/a.jpg",
        ".Trashes/501/a.jpg",
        "Pictures.photoslibrary/originals/0/a.jpg",
        "Old.aplibrary/a.jpg",
        "Catalog Previews.lrdata/0/a.jpg",
        "node_modules/icons/a.png",
        "__MACOSX/a.jpg",
        "mine.jpg",
    )
    assert keys(tmp_path) == [b"mine.jpg"]


def test_a_folder_that_was_named_is_walked_whatever_it_is_called(tmp_path):
    put(tmp_path, ".hidden/a.jpg")
    assert keys(tmp_path / ".hidden") == [b"a.jpg"]


def test_a_single_file_is_a_source(tmp_path):
    put(tmp_path, "a.jpg", "b.jpg")
    source = open_source(tmp_path / "a.jpg")
    assert [(photo.key, photo.path) for photo in source.photos()] == [(b"a.jpg", tmp_path / "a.jpg")]
    assert source.root == tmp_path / "a.jpg"
    assert source.folder == tmp_path


# Names


def test_names_are_kept_as_they_are_on_disk(tmp_path):
    names = [
        "-rf.jpg",
        "two\nlines.jpg",
        "tab\there.jpg",
        unicodedata.normalize("NFC", "é.jpg"),
        unicodedata.normalize("NFD", "é.jpg"),
        "鳥 🦆.jpg",
        "x" * 251 + ".jpg",
    ]
    put(tmp_path, *names)
    not_text = b"caf\xe9.jpg"
    (tmp_path / os.fsdecode(not_text)).write_bytes(PNG)
    photos = {photo.key: photo for photo in FolderSource(tmp_path).photos()}
    assert set(photos) == {os.fsencode(name) for name in names} | {not_text}
    for photo in photos.values():
        assert photo.path.read_bytes() == PNG
        photo.name.encode("utf-8")
        assert photo.name.isprintable()
    assert photos[not_text].name == "caf\N{REPLACEMENT CHARACTER}.jpg"
    assert display_name(b"a/two\nlines.jpg") == "two\N{REPLACEMENT CHARACTER}lines.jpg"


def test_a_deep_tree_is_walked(tmp_path):
    # Deeper than Python's recursion limit; made from inside, as the whole path is longer than one may say.
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)
    try:
        assert keys(tmp_path) == [b"d/" * 1200 + b"a.jpg"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # pytest's own sweeping recurses


# Files without a suffix


def test_only_files_whose_name_says_nothing_are_opened(tmp_path, monkeypatch):
    put(tmp_path, "IMG_0001", "picture.jpg")
    put(tmp_path, "LICENSE", "Makefile", data=b"all: test")
    opened = []
    really_open = os.open
    monkeypatch.setattr(
        folder_module.os, "open", lambda path, *rest: opened.append(path.name) or really_open(path, *rest)
    )
    photos = list(FolderSource(tmp_path).photos())
    assert [photo.key for photo in photos] == [b"IMG_0001", b"picture.jpg"]
    assert sorted(opened) == ["IMG_0001", "LICENSE", "Makefile"]
    known = {(photo.key, photo.stamp) for photo in photos}
    opened.clear()
    assert keys(tmp_path, known=lambda key, stamp: (key, stamp) in known) == [b"IMG_0001", b"picture.jpg"]
    assert sorted(opened) == ["LICENSE", "Makefile"], "what was seen unchanged is not opened again"


def test_the_count_ahead_takes_the_same_names_for_photos(tmp_path):
    put(tmp_path, "IMG_0001", "picture.jpg", "a/IMG_2.", "a/IMG_3.HEIC", "a/IMG_3.MOV", "notes.txt", "a.b/c.xmp")
    source = FolderSource(tmp_path)
    assert list(source.count()) == [1, 2, 3, 4]
    assert len(list(source.photos())) == 4
    assert source.ignored == 2
    assert list(FolderSource(tmp_path / "notes.txt").count()) == []


# Links


def test_links_to_files_and_folders_are_followed_once(tmp_path):
    put(tmp_path, "root/real/a.jpg", "outside/b.jpg", "outside/deep/c.jpg")
    root = tmp_path / "root"
    (root / "link.jpg").symlink_to(root / "real" / "a.jpg")
    (root / "again").symlink_to(root / "real")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "out too").symlink_to(tmp_path / "outside")
    (root / "out deep").symlink_to(tmp_path / "outside" / "deep")
    assert keys(root) == [b"link.jpg", b"real/a.jpg", b"out/b.jpg", b"out/deep/c.jpg"]


def test_loops_of_links_end(tmp_path):
    put(tmp_path, "root/a/1.jpg", "root/b/2.jpg")
    root = tmp_path / "root"
    (root / "self").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "a" / "to b").symlink_to(root / "b")
    (root / "b" / "to a").symlink_to(root / "a")
    (root / "round.jpg").symlink_to(root / "round.jpg")
    (root / "ping").symlink_to(root / "pong")
    (root / "pong").symlink_to(root / "ping")
    photos = {photo.key: photo for photo in FolderSource(root).photos()}
    assert set(photos) == {b"a/1.jpg", b"b/2.jpg", b"round.jpg"}
    assert photos[b"round.jpg"].problem == "the link leads nowhere"


# What is no file


def test_pipes_sockets_and_devices_are_problems_and_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket.jpg"))
        photos = {photo.key: photo for photo in FolderSource(tmp_path).photos()}
    assert set(photos) == {b"pipe.jpg", b"zero.jpg", b"gone.jpg", b"socket.jpg"}
    for key in (b"pipe.jpg", b"zero.jpg", b"socket.jpg"):
        assert photos[key].problem == "it is a pipe, a socket or a device, not a file"
        assert photos[key].stamp is None
    assert photos[b"gone.jpg"].problem == "the link leads nowhere"


def test_a_placeholder_of_icloud_is_a_problem(tmp_path, monkeypatch):
    put(tmp_path, "away.jpg", "here.jpg")
    really_stat = Path.stat

    def mac_stat(path, **options):
        status = really_stat(path, **options)
        fields = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        return SimpleNamespace(**fields | {"st_flags": 0x40000000 if path.name == "away.jpg" else 0x20})

    monkeypatch.setattr(Path, "stat", mac_stat)
    away, here = FolderSource(tmp_path).photos()
    assert away.problem.startswith("it is only in iCloud")
    assert here.problem is None


# What cannot be read


def test_an_unreadable_folder_is_told_and_the_walk_goes_on():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        put(root, "a.jpg", "locked/b.jpg", "z/c.jpg")
        (root / "locked").chmod(0)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:  # as nobody, for whom permissions count
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setuid(65534)
                source = FolderSource(root)
                os.write(writing, repr(([photo.key for photo in source.photos()], source.unreadable)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading) as told:  # noqa: PTH123
            assert told.read() == "([b'a.jpg', b'z/c.jpg'], {b'locked': 'permission denied'})"
        os.waitpid(child, 0)
        (root / "locked").chmod(0o755)


def test_a_folder_that_fails_is_told_and_the_walk_goes_on(tmp_path, monkeypatch):
    put(tmp_path, "a.jpg", "broken/b.jpg", "z/c.jpg")
    really_scan = os.scandir

    def scan(path):
        if path.endswith(b"/broken"):
            raise OSError(5, "Input/output error")
        return really_scan(path)

    monkeypatch.setattr(folder_module.os, "scandir", scan)
    source = FolderSource(tmp_path)
    assert [photo.key for photo in source.photos()] == [b"a.jpg", b"z/c.jpg"]
    assert source.unreadable == {b"broken": "input/output error"}


def test_a_root_that_goes_away_on_the_way_is_no_empty_root(tmp_path):
    put(tmp_path, "drive/a/1.jpg", "drive/b/2.jpg")
    source = FolderSource(tmp_path / "drive")
    photos = source.photos()
    next(photos)
    (tmp_path / "drive").rename(tmp_path / "elsewhere")
    with pytest.raises(ImporterError, match="went away"):
        list(photos)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a file system: Linux, as root")
def test_an_unplugged_drive_is_told_from_an_empty_folder(tmp_path):
    mount = tmp_path / "drive"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", mount], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        put(mount, "a/1.jpg", "b/2.jpg")
        source = FolderSource(mount)
        assert source.device == mount.stat().st_dev
        photos = source.photos()
        next(photos)
        subprocess.run(["umount", "-l", mount], check=True)
        with pytest.raises(ImporterError, match="went away"):
            list(photos)
        assert list(mount.iterdir()) == []
        assert FolderSource(mount).device != source.device
    finally:
        subprocess.run(["umount", "-l", mount], capture_output=True)


def test_what_is_no_source_says_so(tmp_path):
    put(tmp_path, "letter.txt", data=b"dear all")
    put(tmp_path, "Mine.cocatalog/database/x.jpg")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImporterError, match="does not exist"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(ImporterError, match="neither a folder nor a picture"):
        open_source(tmp_path / "letter.txt")
    with pytest.raises(ImporterError, match="neither a folder nor a picture"):
        open_source(tmp_path / "pipe")
    with pytest.raises(ImporterError, match="library of another program"):
        open_source(tmp_path / "Mine.cocatalog")


def test_real_folders_are_walked(samples):
    source = FolderSource(samples / "images" / "words")
    photos = list(source.photos())
    assert len(photos) == 38
    assert all(photo.problem is None for photo in photos)
    assert source.ignored == 2, "a licence and a text"
