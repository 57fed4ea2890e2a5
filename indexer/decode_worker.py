"""What one decoder process does: a photo's files in; hashes, facts and model pixels out, or the one problem it met.

Run by indexer.decoders as `python -m indexer.decode_worker FD SETTINGS`; FD is its end of a socket.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import sys
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from importers import icc
from importers.as_json import pack_facts, pack_rendition, unpack_facts, unpack_rendition
from importers.base import Facts, FileStamp, Rendition, Span
from importers.colour import rgb_to_srgb
from importers.images import ImageProblem, Picture, open_regular, open_upright, read_facts
from importers.xmp import facts_of_packet
from importers.xmp_packet import MAX_XMP_BYTES
from indexer.duplicates.features import MIN_EDGE, describe_picture
from indexer.duplicates.features import pack as pack_features
from indexer.frames import Frame, receive, send
from indexer.preprocess import PixelSpec, fit, reduce_to

READ_AT_ONCE_BYTES = 64 << 20
"""Files up to this size are read once, and hashed and decoded from memory."""
MAX_SPAN_BYTES = 1 << 30
"""A picture inside an archive may be no longer, unpacked."""
_CHUNK_BYTES = 1 << 20  # what the processor's caches hold; 4 MB take a seventh longer
_STRIP_ROWS = 256
_ENCODER = json.JSONEncoder(default=os.fspath)  # once: json.dumps() would make one for each job


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read of one photo.

    Attributes:
        ticket: Comes back in the answer.
        renditions: The first that can be decoded serves.
        hash_only: Hash the first rendition and read its facts; decode nothing.
        exact: The original, where it is not among the renditions: hashed, never decoded.
        exact_names: Whether the original's bytes name what the renditions show; not so where they show edits.
        facts: Whether what the picture's own metadata say is wanted, too.
        sidecars: XMP files with facts, which win over those in the picture; the first one over the next.
        longest: Pixels of the longer side, for pictures that people look at: whole, in proportion, never blown up.
            None: as the model wants them.
        in_full: Decode every pixel, and answer with their digest instead of any.
        describe: Whether what it looks like is wanted, too.
    """

    ticket: int
    renditions: tuple[Rendition, ...]
    hash_only: bool = False
    exact: Path | None = None
    exact_names: bool = False
    facts: bool = True
    sidecars: tuple[Path, ...] = ()
    longest: int | None = None
    in_full: bool = False
    describe: bool = True

    @classmethod
    def of_file(cls, ticket: int, path: Path, *, hash_only: bool = False) -> Job:
        """Ask for a file that is the picture."""
        return cls(ticket, (Rendition(path),), hash_only)

    def pack(self) -> Frame:
        """Write it as a frame; what is as it is for most is left out."""
        job = {name: value for name, usual in _USUAL.items() if (value := getattr(self, name)) != usual}
        job |= {"ticket": self.ticket, "renditions": [pack_rendition(rendition) for rendition in self.renditions]}
        return Frame(_ENCODER.encode(job).encode())

    @classmethod
    def unpack(cls, frame: Frame) -> Job:
        """Read it from a frame."""
        job: dict[str, Any] = json.loads(frame.header)
        job["renditions"] = tuple(unpack_rendition(packed) for packed in job["renditions"])
        if "exact" in job:
            job["exact"] = Path(job["exact"])
        job["sidecars"] = tuple(Path(path) for path in job.get("sidecars", ()))
        return cls(**job)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file gave no picture: "skipped" or "failed", a line for people, and whether the reason may pass."""

    kind: Literal["skipped", "failed"]
    reason: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """The one answer to a job.

    Attributes:
        ticket: As it was submitted.
        problem: Set where no file gave a picture; then nothing below is.
        digest: xxh3_128 of the bytes that name the picture, 16 bytes: the rendition's, or the original's.
        size_bytes: Length of those bytes.
        original_digest: xxh3_128 of the original where it was asked for and could be read, else b"".
        served: Which of the renditions was read.
        stamp: Of the file that was read.
        width: Pixels of the full picture, upright; 0 where only the hash was asked for.
        height: Pixels of the full picture, upright; 0 where only the hash was asked for.
        format: What people call its format; "" where only the hash was asked for.
        pixels: uint8 (H, W, 3) as the job wants them; None where only the hash or the digest of all was asked for.
        pixel_digest: xxh3_128 of all pixels, upright and in sRGB, and of their shape; b"" where not asked for.
        features: What the picture looks like, packed: duplicates/features.py; b"" where it was not asked for.
    """

    ticket: int
    problem: Problem | None = None
    digest: bytes = b""
    size_bytes: int = 0
    original_digest: bytes = b""
    served: int = 0
    stamp: FileStamp | None = None
    width: int = 0
    height: int = 0
    format: str = ""
    facts: Facts = field(default_factory=Facts)
    pixels: NDArray[np.uint8] | None = None
    pixel_digest: bytes = b""
    features: bytes = b""


_USUAL: dict[str, object] = {field.name: field.default for field in fields(Job) if field.default is not MISSING}


def read_photo(job: Job, spec: PixelSpec, max_pixels: int) -> Decoded:
    """Hash and decode a photo; every way in which that can fail is an answer.

    Where a rendition gives no picture the next one is tried; where none does, the first one's problem is the answer.
    """
    first: Problem | None = None
    for served, rendition in enumerate(job.renditions):
        problem, decoded = _attempt(job, served, rendition, spec, max_pixels)
        if decoded is not None:
            return decoded
        first = first or problem
    return Decoded(job.ticket, first or Problem("skipped", "there is no picture of it on this machine"))


def _attempt(
    job: Job, served: int, rendition: Rendition, spec: PixelSpec, max_pixels: int
) -> tuple[Problem | None, Decoded | None]:
    try:
        with open_regular(rendition.path) as file:
            decoded = _read(job, file, rendition, spec, max_pixels)
        return None, replace(decoded, served=served)
    except ImageProblem as problem:
        return Problem(problem.kind, str(problem), problem.passing), None
    except OSError as error:  # the disk failed on the way, or the drive was pulled out
        reason = f"the file cannot be read: {(error.strerror or str(error)).lower()}"
        return Problem("failed", reason, passing=True), None
    except MemoryError:
        return Problem("failed", "reading it needs more memory than a picture is given"), None


def _read(job: Job, file: BinaryIO, rendition: Rendition, spec: PixelSpec, max_pixels: int) -> Decoded:
    stamp = _stamp(file)
    if rendition.span is not None:
        whole = _spanned(file, rendition.span)
    else:
        whole = file.read(stamp.size_bytes + 1) if stamp.size_bytes <= READ_AT_ONCE_BYTES else None
    source = file if whole is None else whole
    facts, pixels, picture, pixel_digest, features = Facts(), None, None, b"", b""
    if job.hash_only:
        facts = read_facts(source) if job.facts else Facts()
    else:
        picture = _decode(job, file, rendition, source, _min_edge(job, spec), max_pixels)
        facts = picture.facts
    digest, size = _hash(file) if whole is None else (xxhash.xxh3_128_digest(whole), len(whole))
    if _stamp(file) != stamp:
        reason = "the file was changed while it was being read; index again when it is at rest"
        raise ImageProblem("failed", reason, passing=True)
    if picture is not None and job.in_full:
        pixel_digest = _digest_of_pixels(picture.rgb)
    elif picture is not None:
        pixels = reduce_to(picture.stored, job.longest) if job.longest else fit(picture.stored, spec)
        if picture.profile:  # colours last: of a hundred thousand pixels, not of a million
            pixels = np.asarray(rgb_to_srgb(Image.fromarray(pixels), picture.profile))
        features = pack_features(describe_picture(picture)) if job.describe and not job.longest else b""
    original_digest, original_size = _exact(job.exact)
    if original_digest and job.exact_names:
        digest, size = original_digest, original_size
    return Decoded(
        job.ticket,
        digest=digest,
        size_bytes=size,
        original_digest=original_digest,
        stamp=stamp,
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        format=picture.format if picture else "",
        facts=_sidecar_facts(job.sidecars).over(facts),
        pixels=pixels,
        pixel_digest=pixel_digest,
        features=features,
    )


def _decode(
    job: Job, file: BinaryIO, rendition: Rendition, source: BinaryIO | bytes, min_edge: int | None, max_pixels: int
) -> Picture:
    """Decode a rendition, or the smallest picture of it in the same file that has twice the pixels that are needed.

    Both margins are the same, be it the decoder that reduces or whoever stored it: see open_upright.
    """
    decode = partial(
        open_upright,
        min_edge=min_edge,
        max_pixels=max_pixels,
        orientation=rendition.orientation,
        profile=icc.profile(rendition.profile),
        facts=job.facts,
    )
    enough = (smaller for smaller in rendition.smaller if min_edge and smaller.edge >= 2 * min_edge)
    if rendition.span and rendition.width and rendition.height and (smaller := next(enough, None)):
        with suppress(ImageProblem):
            return replace(decode(_spanned(file, smaller.span)), width=rendition.width, height=rendition.height)
    return decode(source)


def _min_edge(job: Job, spec: PixelSpec) -> int | None:
    if job.in_full:
        return None
    return (job.longest + 1) // 2 if job.longest else max(spec.min_edge, MIN_EDGE)


def _digest_of_pixels(rgb: Image.Image) -> bytes:
    """Hash a picture in strips, or the largest would be in memory twice."""
    hasher = xxhash.xxh3_128(repr(rgb.size).encode())
    for top in range(0, rgb.height, _STRIP_ROWS):
        hasher.update(rgb.crop((0, top, rgb.width, min(top + _STRIP_ROWS, rgb.height))).tobytes())
    return hasher.digest()


def _sidecar_facts(paths: Iterable[Path]) -> Facts:
    """Read what sidecars say; one that cannot be read says nothing."""
    facts = Facts()
    for path in paths:
        with suppress(ImageProblem, OSError), open_regular(path) as file:
            facts = facts.over(facts_of_packet(file.read(MAX_XMP_BYTES)))
    return facts


def _spanned(file: BinaryIO, span: Span) -> bytes:
    """Read a picture that lies inside a file: a level of a preview, a member of a zip."""
    file.seek(span.offset_bytes)
    stored = file.read(min(span.length_bytes, MAX_SPAN_BYTES + 1))
    if len(stored) != span.length_bytes:
        raise ImageProblem("failed", "the file that holds the picture is cut short, or the picture is too long")
    if not span.deflated:
        return stored
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        picture = inflater.decompress(stored, MAX_SPAN_BYTES)
    except zlib.error as error:
        raise ImageProblem("failed", f"the archive that holds the picture is damaged ({error})") from error
    if not inflater.eof:
        raise ImageProblem("failed", "the archive that holds the picture is damaged, or the picture is too long")
    return picture


def _exact(path: Path | None) -> tuple[bytes, int]:
    """Hash an original; it may be offline, which is no reason to do without its preview."""
    if path is None:
        return b"", 0
    try:
        with open_regular(path) as file:
            stamp = _stamp(file)
            found = _hash(file)
            return found if _stamp(file) == stamp else (b"", 0)
    except (ImageProblem, OSError):
        return b"", 0


def _stamp(file: BinaryIO) -> FileStamp:
    status = os.fstat(file.fileno())
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _hash(file: BinaryIO) -> tuple[bytes, int]:
    """Hash a file too large to hold; returns its length, too."""
    file.seek(0)
    hasher, size = xxhash.xxh3_128(), 0
    while chunk := file.read(_CHUNK_BYTES):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.digest(), size


# Frames: JSON, never pickle, for what comes back was made from strangers' files; features and pixels lie beside it.

_PLAIN = ("ticket", "size_bytes", "served", "width", "height", "format")
_DIGESTS = ("digest", "original_digest", "pixel_digest")


def pack(decoded: Decoded) -> Frame:
    """Write an answer as a frame; what is empty is left out."""
    if decoded.problem is not None:
        return Frame(_ENCODER.encode({"ticket": decoded.ticket, "problem": asdict(decoded.problem)}).encode())
    header: dict[str, Any] = {name: getattr(decoded, name) for name in _PLAIN}
    header |= {name: digest.hex() for name in _DIGESTS if (digest := getattr(decoded, name))}
    if decoded.stamp is not None:
        header["stamp"] = (decoded.stamp.size_bytes, decoded.stamp.mtime_ns, decoded.stamp.inode)
    if facts := pack_facts(decoded.facts):
        header["facts"] = facts
    if decoded.pixels is None:
        return Frame(_ENCODER.encode(header).encode(), decoded.features)
    header["pixels"] = decoded.pixels.shape
    return Frame(_ENCODER.encode(header).encode(), decoded.features, decoded.pixels)


def unpack(frame: Frame) -> Decoded:
    """Read an answer from a frame."""
    header: dict[str, Any] = json.loads(frame.header)
    if "problem" in header:
        return Decoded(header["ticket"], Problem(**header["problem"]))
    header |= {name: bytes.fromhex(header[name]) for name in _DIGESTS if name in header}
    if "stamp" in header:
        header["stamp"] = FileStamp(*header["stamp"])
    if "facts" in header:
        header["facts"] = unpack_facts(header["facts"])
    if "pixels" in header:
        header["pixels"] = frame.pixels.reshape(header["pixels"])
    return Decoded(**header, features=frame.features)


def main() -> None:
    """Answer jobs in order until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    connection = socket.socket(fileno=int(sys.argv[1]))
    settings: dict[str, Any] = json.loads(sys.argv[2])
    spec = PixelSpec(**settings["spec"])
    _limit_memory(settings["memory_bytes"])
    send(connection, Frame(b"ready"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what image libraries mutter about damaged files
    jobs: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    while True:
        job = Job.unpack(jobs.get())
        # Should the parent go away while a library hangs with the interpreter's lock held, the alarm ends us.
        signal.setitimer(signal.ITIMER_REAL, 2 * settings["timeout_s"])
        decoded = read_photo(job, spec, settings["max_pixels"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(connection, pack(decoded))


def _receive(connection: socket.socket, jobs: queue.SimpleQueue[Frame]) -> None:
    """Take jobs in; end this process when the parent is gone, be it in the middle of a picture."""
    try:
        while True:
            jobs.put(receive(connection))
    except (EOFError, OSError):
        os._exit(0)


def _limit_memory(memory_bytes: int) -> None:
    """Let a picture that asks for too much fail instead of the machine; macOS does not enforce it."""
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):
        pass  # a stricter limit is in force already


if __name__ == "__main__":
    main()
