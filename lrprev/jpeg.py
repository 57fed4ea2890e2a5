"""The structure of a JPEG, marker by marker: its size, and whether it is whole. No pixel is decoded.

Markers are followed through their lengths, never searched for, so that a thumbnail inside an EXIF segment is part of
that segment and not a picture. Lightroom ends every row of blocks with a restart marker (seen, 116 of 116 levels), and
the frame says how many there must be: that tells a picture with bytes lost in the middle from a whole one.

Source: ITU-T T.81, annex B, and A.2 for the number of MCUs.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from lrprev.errors import LrprevError
from lrprev.layout import DRI_MARKER, EOI, EOI_MARKER, SOF_MARKERS, SOI, SOS_MARKER, STANDALONE_MARKERS
from lrprev.source import Peek

_FRAME_HEAD = struct.Struct(">BHHB")  # precision, height, width, number of components
_DCT_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # whose MCUs are made of blocks
_BLOCK_EDGE = 8
_MAX_FILL_BYTES = 16
_MAX_SAMPLING = 4
_SAMPLINGS = {h << 4 | v: (h, v) for h in range(1, _MAX_SAMPLING + 1) for v in range(1, _MAX_SAMPLING + 1)}
# In entropy-coded data FF is followed by 00 (a data byte), by RST0-7, or by FF (fill); anything else ends the scan.
_MARKER_IN_SCAN = re.compile(rb"\xff([^\x00\xff])")
_RESTART_MARKERS = range(0xD0, 0xD8)
_RESTARTS_ROUND = bytes(_RESTART_MARKERS)
_RESTARTS = frozenset(bytes((marker,)) for marker in _RESTART_MARKERS)  # as _MARKER_IN_SCAN finds them
_DISK_BLOCK_BYTES, _SAMPLE_BYTES = 4096, 256
_BLOCKS_AT_ONCE = 32
_SAMPLES = struct.Struct(
    f"{_SAMPLE_BYTES}s{_DISK_BLOCK_BYTES - _SAMPLE_BYTES}x" * (_BLOCKS_AT_ONCE - 1) + f"{_SAMPLE_BYTES}s"
)
_DOT_BYTES = 128
_ZERO_DOTS, _ONE_DOTS = bytes(3), b"\xff" * 3  # every 512 bytes that are blank hold so many dots or more
_NO_SEGMENT_MARKERS = STANDALONE_MARKERS | {0x00, 0xFF}
_SOS = bytes((0xFF, SOS_MARKER))
_BARE_MARKERS = _NO_SEGMENT_MARKERS | {EOI_MARKER}
_WINDOW_BYTES = 1024  # a header is many small pieces close together; more would read pictures that nobody asked for

_Bytes: TypeAlias = bytes | memoryview
_Peek: TypeAlias = Callable[[int, int], _Bytes]


class Segment(NamedTuple):
    """A marker and the payload that its length gives it; both offsets in the stream. A tuple: there are many."""

    marker: int
    offset_bytes: int
    payload_offset: int
    end: int


class Frame(NamedTuple):
    """What the SOF segment says.

    Attributes:
        kind: Its marker: 0xC0 is baseline, 0xC2 progressive.
        width: Pixels.
        height: Pixels.
        sampling: Horizontal and vertical sampling factor of each component id.
    """

    kind: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]


class Picture(NamedTuple):
    """A JPEG that is whole from its first marker to its last.

    Attributes:
        end: Offset of the first byte after the EOI marker.
        restarts_counted: Whether restart markers, all present and in order, vouch for the data between them.
    """

    frame: Frame
    end: int
    restarts_counted: bool


class _Header(NamedTuple):
    """What a JPEG's header says, up to where the data of its first scan start.

    Attributes:
        segments: All of them, the scan's own last.
        restarts: How many restart markers the scan has; None where that cannot be told.
    """

    segments: tuple[Segment, ...]
    frame: Frame
    restarts: int | None


class _Restarts:
    """The restart markers of one scan: how many, how many in order from the first, and where the order breaks."""

    __slots__ = ("count", "in_order", "wrong_at")

    def __init__(self) -> None:
        self.count = 0
        self.in_order = 0
        self.wrong_at: int | None = None


def read_frame(peek: Peek, offset_bytes: int, end: int) -> Frame:
    """Read a JPEG's header up to its first scan, skipping what the segments hold.

    Raises:
        LrprevError: There is no complete JPEG header between `offset_bytes` and `end`.
    """
    if header := _header_in(peek(offset_bytes, min(_WINDOW_BYTES, end - offset_bytes))):
        return header.frame
    frame, window = None, _window(peek)
    for segment in _segments(window, offset_bytes, end):
        if segment.marker in SOF_MARKERS:
            frame = _parse_frame(window, segment)
        elif segment.marker == SOS_MARKER and frame:
            return frame
    raise LrprevError(offset_bytes, "a JPEG with a frame and a scan", "one without")


def check(data: bytes, offset_bytes: int = 0) -> Picture:
    """Follow the JPEG at an offset from its first marker to its last; bytes after it do not matter.

    Raises:
        LrprevError: It is cut, or its markers or restart markers do not fit together.
    """
    peek = _slice(data)
    frame: Frame | None = None
    open_scan: Segment | None = None
    scans, interval, restarts_counted = 0, 0, False
    for segment, restarts in _walk(data, offset_bytes):
        if open_scan and frame:
            expected = _expected_restarts(frame, interval, _payload(peek, open_scan, 2, "a scan header"))
            _check_restarts(data, restarts, segment.offset_bytes, expected)
            restarts_counted = bool(expected)
            scans += 1
        open_scan = segment if segment.marker == SOS_MARKER else None
        if segment.marker in SOF_MARKERS:
            frame = _parse_frame(peek, segment)
        elif segment.marker == DRI_MARKER:
            interval = int.from_bytes(_payload(peek, segment, 2, "a restart interval"))
        elif segment.marker == EOI_MARKER and scans and frame:
            return Picture(frame, segment.end, restarts_counted)
    raise LrprevError(offset_bytes, "a JPEG with a frame and a scan", "one without")


def seems_whole(data: bytes, start: int, end: int) -> bool:
    """Tell whether a picture that is said to fill a range shows no sign of damage, without looking at every byte.

    Looked at are its header and its end, the first and the last restart marker, the first bytes of each disk block,
    and whether a block anywhere is blank, as lost sectors and what a crash left unwritten are. That takes a fifth of
    the time of `check`, which tells more: where this says no, and where the file around the picture is damaged.
    """
    header = _header_in(data[start : min(end, start + _WINDOW_BYTES)])
    if header is None or header.restarts is None or data[end - len(EOI) : end] != EOI:
        return False
    scan, last = start + header.segments[-1].end, end - len(EOI)
    dots = data[scan:last:_DOT_BYTES]
    if _ZERO_DOTS in dots or _ONE_DOTS in dots:
        return False
    if header.restarts and not _starts_and_ends_with_restarts(data, scan, end, header.restarts):
        return False
    blocks = range(-(-scan // _DISK_BLOCK_BYTES) * _DISK_BLOCK_BYTES, last - _SAMPLE_BYTES, _DISK_BLOCK_BYTES)
    samples = b"\0".join(_samples(data, blocks))  # a 0 after FF: a data byte, no marker
    allowed: frozenset[bytes] = _RESTARTS if header.restarts else frozenset()
    return allowed.issuperset(_MARKER_IN_SCAN.findall(samples))


def _samples(data: bytes, blocks: range) -> list[bytes]:
    """Return the first bytes of blocks; by themselves, each would take five times as long."""
    samples: list[bytes] = []
    while len(blocks) >= _BLOCKS_AT_ONCE:
        samples += _SAMPLES.unpack_from(data, blocks.start)
        blocks = blocks[_BLOCKS_AT_ONCE:]
    return samples + [data[at : at + _SAMPLE_BYTES] for at in blocks]


def walk(data: bytes, offset_bytes: int) -> Iterator[Segment]:
    """Yield every segment of the JPEG at an offset, with all its scans, up to and with EOI.

    Raises:
        LrprevError: The chain of segments breaks.
    """
    return (segment for segment, _ in _walk(data, offset_bytes))


def segments(data: _Bytes) -> Sequence[Segment]:
    """List the segments of a JPEG's header, up to and with the first SOS or EOI.

    Raises:
        LrprevError: The chain of segments breaks.
    """
    header = _header_in(bytes(data[:_WINDOW_BYTES]))
    return header.segments if header else tuple(_segments(_slice(data), 0, len(data)))


def _header_in(start: bytes) -> _Header | None:
    """Read a header where the first bytes of a JPEG hold a sound one whole, as they do nearly always."""
    scan = start.find(_SOS)
    end = scan + 2 + int.from_bytes(start[scan + 2 : scan + 4])
    return _parse_header(start[:end]) if 0 <= scan < end <= len(start) else None


@lru_cache(maxsize=256)
def _parse_header(header: bytes) -> _Header | None:
    """Parse a header up to the data of its scan; None where it is unsound, or a table's bytes were taken for its end.

    Lightroom uses the same tables for all (two sets of them in 20 levels seen), so that levels of one size have the
    same header, byte for byte. Parsing each anew was a third of the time that reading a preview takes.
    """
    peek = _slice(header)
    with suppress(LrprevError):
        found = tuple(_segments(peek, 0, len(header)))
        frames = [segment for segment in found if segment.marker in SOF_MARKERS]
        if frames and found[-1].marker == SOS_MARKER:
            frame = _parse_frame(peek, frames[-1])
            return _Header(found, frame, _restarts_after(peek, found, frame))
    return None


def _restarts_after(peek: _Peek, header: Sequence[Segment], frame: Frame) -> int | None:
    intervals = [segment for segment in header if segment.marker == DRI_MARKER]
    try:
        interval = int.from_bytes(_payload(peek, intervals[-1], 2, "a restart interval")) if intervals else 0
        return _expected_restarts(frame, interval, _payload(peek, header[-1], 2, "a scan header"))
    except LrprevError:
        return None


def _segments(peek: _Peek, offset: int, end: int) -> Iterator[Segment]:
    offset = _after_soi(peek, offset)
    while True:
        segment = _read_segment(peek, offset, end)
        yield segment
        if segment.marker in (SOS_MARKER, EOI_MARKER):
            return
        offset = segment.end


def _walk(data: bytes, offset_bytes: int) -> Iterator[tuple[Segment, _Restarts]]:
    """Yield every segment with the restart markers of the scan before it, found in one pass over the data."""
    peek = _slice(data)
    offset, restarts = _after_soi(peek, offset_bytes), _Restarts()
    while True:
        segment = _read_segment(peek, offset, len(data))
        yield segment, restarts
        if segment.marker == EOI_MARKER:
            return
        offset, restarts = _scan(data, segment.end) if segment.marker == SOS_MARKER else (segment.end, _Restarts())


def _slice(data: _Bytes) -> _Peek:
    return lambda offset, length: data[offset : offset + length]


def _window(source: Peek) -> Peek:
    """Look into a file a window at a time."""
    start, window = 0, b""

    def peek(offset: int, length: int) -> bytes:
        nonlocal start, window
        if not start <= offset <= offset + length <= start + len(window):
            start, window = offset, source(offset, max(length, _WINDOW_BYTES))
        return window[offset - start : offset - start + length]

    return peek


def _read(peek: _Peek, offset: int, length: int, expected: str) -> bytes:
    data = bytes(peek(offset, length))
    if len(data) != length:
        raise LrprevError(offset, f"{expected} ({length} bytes)", f"only {len(data)} bytes before the end")
    return data


def _after_soi(peek: _Peek, offset_bytes: int) -> int:
    start = _read(peek, offset_bytes, len(SOI), "a JPEG")
    if start != SOI:
        raise LrprevError(offset_bytes, "a JPEG", start)
    return offset_bytes + len(SOI)


def _read_segment(peek: _Peek, offset_bytes: int, end: int) -> Segment:
    head = peek(offset_bytes, 4)
    if len(head) == 4 and head[0] == 0xFF and head[1] not in _BARE_MARKERS:  # nearly all, and there are many
        segment = Segment(head[1], offset_bytes, offset_bytes + 4, offset_bytes + 2 + (head[2] << 8 | head[3]))
    else:
        segment = _read_rare_segment(peek, offset_bytes)
    if not segment.payload_offset <= segment.end <= end:
        message = f"a segment that ends by byte {end}", f"one that ends at byte {segment.end}"
        raise LrprevError(segment.offset_bytes, *message)
    return segment


def _read_rare_segment(peek: _Peek, offset_bytes: int) -> Segment:
    """Read the end of the image, a segment behind fill bytes, or what is none at all."""
    head = _read(peek, offset_bytes, 2, "a JPEG marker")
    for _ in range(_MAX_FILL_BYTES):
        if head != b"\xff\xff":
            break
        offset_bytes += 1
        head = _read(peek, offset_bytes, 2, "a JPEG marker")
    marker = head[1]
    if head[0] != 0xFF or marker in _NO_SEGMENT_MARKERS:
        raise LrprevError(offset_bytes, "a JPEG segment", head)
    if marker == EOI_MARKER:
        return Segment(marker, offset_bytes, offset_bytes + 2, offset_bytes + 2)
    length = int.from_bytes(_read(peek, offset_bytes + 2, 2, "a segment length"))
    return Segment(marker, offset_bytes, offset_bytes + 4, offset_bytes + 2 + length)


def _payload(peek: _Peek, segment: Segment, minimum_bytes: int, what: str) -> bytes:
    payload = _read(peek, segment.payload_offset, segment.end - segment.payload_offset, what)
    if len(payload) < minimum_bytes:
        raise LrprevError(segment.payload_offset, f"{what} of {minimum_bytes} bytes or more", payload)
    return payload


def _parse_frame(peek: _Peek, segment: Segment) -> Frame:
    payload = _payload(peek, segment, _FRAME_HEAD.size, "a frame header")
    _, height, width, count = _FRAME_HEAD.unpack_from(payload)
    if not (height and width and count and len(payload) == _FRAME_HEAD.size + 3 * count):
        raise LrprevError(segment.payload_offset, "a frame with a size and components", payload)
    ids, factors = payload[_FRAME_HEAD.size :: 3], payload[_FRAME_HEAD.size + 1 :: 3]
    try:
        sampling = {component: _SAMPLINGS[factor] for component, factor in zip(ids, factors, strict=True)}
    except KeyError:
        raise LrprevError(segment.payload_offset, f"1 to {_MAX_SAMPLING} samples a component", payload) from None
    return Frame(segment.marker, width, height, sampling)


def _scan(data: bytes, offset_bytes: int) -> tuple[int, _Restarts]:
    """Tell where a scan's data end, and which restart markers are in them."""
    restarts = _Restarts()
    for match in _MARKER_IN_SCAN.finditer(data, offset_bytes):
        marker = data[match.start() + 1]
        if marker not in _RESTART_MARKERS:
            return match.start(), restarts
        if restarts.wrong_at is None and marker & 7 != restarts.in_order & 7:
            restarts.wrong_at = match.start()
        restarts.count += 1
        restarts.in_order += restarts.wrong_at is None
    raise LrprevError(len(data), "an end-of-image marker", "the end of the data")


def _expected_restarts(frame: Frame, interval: int, scan_header: bytes) -> int | None:
    """Count the restart markers that a scan must have; None where this kind of frame does not tell."""
    if not interval:
        return 0
    if frame.kind not in _DCT_FRAMES:
        return None
    h_max = max(h for h, _ in frame.sampling.values())
    v_max = max(v for _, v in frame.sampling.values())
    component_count, component_id = scan_header[:2]
    # A scan of one component counts that component's own blocks, any other the blocks of all components together.
    h, v = frame.sampling.get(component_id, (1, 1)) if component_count == 1 else (1, 1)
    columns = -(-frame.width * h // (_BLOCK_EDGE * h_max))
    rows = -(-frame.height * v // (_BLOCK_EDGE * v_max))
    return -(-columns * rows // interval) - 1


def _starts_and_ends_with_restarts(data: bytes, scan: int, end: int, expected: int) -> bool:
    """Tell whether the first marker of a scan is its first restart, and the last before EOI its last."""
    first = _MARKER_IN_SCAN.search(data, scan, end)
    at = data.rfind(bytes((0xFF, _RESTARTS_ROUND[(expected - 1) % len(_RESTARTS_ROUND)])), scan, end)
    after = _MARKER_IN_SCAN.findall(data, at + 2, end)
    return bool(first) and data[first.start() + 1] == _RESTARTS_ROUND[0] and at >= 0 and after == [EOI[1:]]


def _check_restarts(data: bytes, restarts: _Restarts, end: int, expected: int | None) -> None:
    """Check that the restart markers of a scan count 0 to 7 round and round, and how many there are."""
    if restarts.wrong_at is not None:
        found = data[restarts.wrong_at : restarts.wrong_at + 2]
        raise LrprevError(restarts.wrong_at, f"restart marker {restarts.in_order & 7}", found)
    if expected is not None and restarts.count != expected:
        raise LrprevError(end, f"{expected} restart markers in the scan", restarts.count)
