"""What the conductor and the reader of its MIDI ports tell each other over a pipe: MessagePack after its length."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

_LENGTH = 4  # bytes, big-endian


class Listen(Struct, frozen=True, array_like=True, tag="listen"):
    """Read a port under a number.

    Args:
        number: of the port, in what is told of it.
        port: its name, or a part of it; of a virtual one the name that it gets.
        virtual: whether it is made.
        wait: whether to look for it until it is there, in place of refusing.
    """

    number: int
    port: str
    virtual: bool
    wait: bool = False


class Opened(Struct, frozen=True, array_like=True, tag="opened"):
    """A port is read, for the first time or again."""

    number: int


class Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """A port is not read; `why` is a sentence."""

    number: int
    why: str


class Gone(Struct, frozen=True, array_like=True, tag="gone"):
    """A port that was read is no more; it is looked for."""

    number: int


class Messages(Struct, frozen=True, array_like=True, tag="messages", gc=False):
    """Messages of a port: each with the ns of `time.monotonic_ns` at which it came."""

    number: int
    messages: list[tuple[int, bytes]]


Answer = Opened | Refused | Gone | Messages

_encoder = msgspec.msgpack.Encoder()
orders: msgspec.msgpack.Decoder[Listen] = msgspec.msgpack.Decoder(Listen)
answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def frame(messages: Sequence[Listen | Answer]) -> bytes:
    r"""Return messages as the bytes that go through the pipe.

    >>> frame([Opened(3)])
    b'\x00\x00\x00\t\x92\xa6opened\x03'
    """
    bodies = [_encoder.encode(message) for message in messages]
    return b"".join(len(body).to_bytes(_LENGTH, "big") + body for body in bodies)
