"""Messages through a pipe between two processes: MessagePack, each message after its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_LENGTH = 4  # bytes, big-endian
_encoder = msgspec.msgpack.Encoder()


def frame(messages: Iterable[Any]) -> bytes:
    r"""Return messages as the bytes that go through the pipe.

    Args:
        messages: whatever msgspec can encode; most are structs with a tag.

    >>> frame([["opened", 3]])
    b'\x00\x00\x00\t\x92\xa6opened\x03'
    """
    bodies = [_encoder.encode(message) for message in messages]
    return b"".join(len(body).to_bytes(_LENGTH, "big") + body for body in bodies)


class Frames:
    r"""Cuts what comes out of a pipe into the bodies of messages.

    >>> frames = Frames()
    >>> list(frames.feed(b"\x00\x00")), list(frames.feed(b"\x00\x01ab"))
    ([], [b'a'])
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take some bytes and yield each body that is whole."""
        self._rest += data
        while len(self._rest) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._rest[:_LENGTH], "big")
            if len(self._rest) < end:
                return
            body = bytes(self._rest[_LENGTH:end])
            del self._rest[:end]
            yield body
