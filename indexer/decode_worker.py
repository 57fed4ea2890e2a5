"""What one decoder process does: a path in; hash, facts and model pixels out, or the one problem that it met.

Run by indexer.decoders as `python -m indexer.decode_worker FD SETTINGS`; FD is its end of a socket.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from importers.base import Facts, FileStamp
from importers.colour import rgb_to_srgb
from importers.images import ImageProblem, open_regular, open_upright
from indexer.preprocess import PixelSpec, fit

READ_AT_ONCE_BYTES = 64 << 20
"""Files up to this size are read once, and hashed and decoded from memory."""
_CHUNK_BYTES = 4 << 20


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
        problem: Set where the file gave no picture; then nothing below is.
        digest: xxh3_128 of the whole file, 16 bytes.
        stamp: Of the bytes that were read.
        width: Pixels of the full picture, upright; 0 where only the hash was asked for.
        height: Pixels of the full picture, upright; 0 where only the hash was asked for.
        format: What people call its format; "" where only the hash was asked for.
        pixels: uint8 (H, W, 3) as the model wants them; None where only the hash was asked for.
    """

    ticket: int
    problem: Problem | None = None
    digest: bytes = b""
    stamp: FileStamp | None = None
    width: int = 0
    height: int = 0
    format: str = ""
    facts: Facts = field(default_factory=Facts)
    pixels: NDArray[np.uint8] | None = None

    @property
    def size_bytes(self) -> int:
        """Length of the file that was read."""
        return self.stamp.size_bytes if self.stamp else 0


def read_file(ticket: int, path: Path, spec: PixelSpec, max_pixels: int, *, hash_only: bool) -> Decoded:
    """Hash and decode one file; every way in which that can fail is an answer."""
    try:
        with open_regular(path) as file:
            return _read(ticket, file, spec, max_pixels, hash_only=hash_only)
    except ImageProblem as problem:
        return Decoded(ticket, Problem(problem.kind, str(problem), problem.passing))
    except OSError as error:  # the disk failed on the way, or the drive was pulled out
        reason = f"the file cannot be read: {(error.strerror or str(error)).lower()}"
        return Decoded(ticket, Problem("failed", reason, passing=True))
    except MemoryError:
        return Decoded(ticket, Problem("failed", "reading it needs more memory than a picture is given"))


def _read(ticket: int, file: BinaryIO, spec: PixelSpec, max_pixels: int, *, hash_only: bool) -> Decoded:
    stamp = _stamp(file)
    whole = file.read(stamp.size_bytes + 1) if stamp.size_bytes <= READ_AT_ONCE_BYTES else None
    source = file if whole is None else whole
    picture = None if hash_only else open_upright(source, min_edge=spec.min_edge, max_pixels=max_pixels)
    digest = _hash(file) if whole is None else xxhash.xxh3_128_digest(whole)
    if _stamp(file) != stamp:
        reason = "the file was changed while it was being read; index again when it is at rest"
        raise ImageProblem("failed", reason, passing=True)
    if picture is None:
        return Decoded(ticket, None, digest, stamp)
    pixels = fit(picture.stored, spec)
    if picture.profile:  # colours last: of a hundred thousand pixels, not of a million
        pixels = np.asarray(rgb_to_srgb(Image.fromarray(pixels), picture.profile))
    return Decoded(ticket, None, digest, stamp, picture.width, picture.height, picture.format, picture.facts, pixels)


def _stamp(file: BinaryIO) -> FileStamp:
    status = os.fstat(file.fileno())
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _hash(file: BinaryIO) -> bytes:
    """Hash a file too large to hold."""
    file.seek(0)
    hasher = xxhash.xxh3_128()
    while chunk := file.read(_CHUNK_BYTES):
        hasher.update(chunk)
    return hasher.digest()


# Frames: JSON, never pickle, for what comes back was made from strangers' files; pixels follow it raw.


def pack(decoded: Decoded) -> bytes:
    """Write an answer as a frame."""
    facts = asdict(decoded.facts)
    facts["taken_at"] = decoded.facts.taken_at and decoded.facts.taken_at.isoformat()
    header: dict[str, Any] = {
        "ticket": decoded.ticket,
        "problem": decoded.problem and asdict(decoded.problem),
        "digest": decoded.digest.hex(),
        "stamp": decoded.stamp and asdict(decoded.stamp),
        "width": decoded.width,
        "height": decoded.height,
        "format": decoded.format,
        "facts": facts,
        "shape": None if decoded.pixels is None else decoded.pixels.shape,
    }
    return json.dumps(header).encode() + b"\n" + (b"" if decoded.pixels is None else decoded.pixels.tobytes())


def unpack(frame: bytes) -> Decoded:
    """Read an answer from a frame."""
    header_bytes, _, pixels = frame.partition(b"\n")
    header: dict[str, Any] = json.loads(header_bytes)
    facts: dict[str, Any] = header["facts"]
    facts["taken_at"] = datetime.fromisoformat(facts["taken_at"]) if facts["taken_at"] else None
    facts["keywords"] = tuple(facts["keywords"])
    shape = header.pop("shape")
    return Decoded(
        ticket=header["ticket"],
        problem=Problem(**header["problem"]) if header["problem"] else None,
        digest=bytes.fromhex(header["digest"]),
        stamp=FileStamp(**header["stamp"]) if header["stamp"] else None,
        width=header["width"],
        height=header["height"],
        format=header["format"],
        facts=Facts(**facts),
        pixels=np.frombuffer(pixels, np.uint8).reshape(shape) if shape else None,
    )


def main() -> None:
    """Answer jobs in order until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    connection = Connection(int(sys.argv[1]))
    settings: dict[str, Any] = json.loads(sys.argv[2])
    spec = PixelSpec(**settings["spec"])
    _limit_memory(settings["memory_bytes"])
    connection.send_bytes(b"ready")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what image libraries mutter about damaged files
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    while True:
        job: dict[str, Any] = json.loads(jobs.get())
        # Should the parent go away while a library hangs with the interpreter's lock held, the alarm ends us.
        signal.setitimer(signal.ITIMER_REAL, 2 * settings["timeout_s"])
        decoded = read_file(job["ticket"], Path(job["path"]), spec, settings["max_pixels"], hash_only=job["hash_only"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(pack(decoded))


def _receive(connection: Connection, jobs: queue.SimpleQueue[bytes]) -> None:
    """Take jobs in; end this process when the parent is gone, be it in the middle of a picture."""
    try:
        while True:
            jobs.put(connection.recv_bytes())
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
