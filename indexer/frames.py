"""What crosses between this process and a decoder, over a socket: a header, features and pixels, each as it lies.

Pixels are the bulk of it. They are sent from where the decoder has them and received where they are to stay, so that
neither side joins or copies them; and a wait is the system's, not a selector's that would be made for each answer.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LENGTHS = struct.Struct("<III")
_BUFFER_BYTES = 1 << 20  # what a decoder may be ahead of its reader: some pictures of 224 pixels; the system may cap it
_NO_PIXELS = np.empty(0, np.uint8)


class Frame(NamedTuple):
    """One message.

    Attributes:
        header: JSON, or a word.
        features: As features.pack() made them.
        pixels: uint8, any shape when sent, (N,) when received.
    """

    header: bytes
    features: bytes = b""
    pixels: NDArray[np.uint8] = _NO_PIXELS


def pair() -> tuple[socket.socket, socket.socket]:
    """Make two sockets that are joined."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return ours, theirs


def send(connection: socket.socket, frame: Frame) -> None:
    """Send a message.

    Raises:
        OSError: The other end is closed.
    """
    pixels = frame.pixels.ravel().data
    lengths = _LENGTHS.pack(len(frame.header), len(frame.features), len(pixels))
    start = lengths + frame.header + frame.features
    sent = connection.sendmsg((start, pixels))
    if sent < len(start):
        connection.sendall(start[sent:])
    if sent < len(start) + len(pixels):
        connection.sendall(pixels[max(0, sent - len(start)) :])


def receive(connection: socket.socket) -> Frame:
    """Wait for the next message, for as long as the socket's timeout says.

    Raises:
        TimeoutError: None came in time.
        EOFError: The other end is closed.
        OSError: The other end is closed.
    """
    header_bytes, features_bytes, pixels_bytes = _LENGTHS.unpack(_read(connection, _LENGTHS.size))
    start = bytes(_read(connection, header_bytes + features_bytes))
    pixels = np.asarray(_read(connection, pixels_bytes)) if pixels_bytes else _NO_PIXELS
    return Frame(start[:header_bytes], start[header_bytes:], pixels)


def _read(connection: socket.socket, length: int) -> memoryview:
    """Read so many bytes."""
    data = np.empty(length, np.uint8).data  # not a bytearray, which would be filled with zeros first
    rest = data
    while rest:
        got = connection.recv_into(rest)
        if not got:
            raise EOFError
        rest = rest[got:]
    return data
