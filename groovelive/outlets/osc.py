"""Notes as OSC messages over UDP, with a timetag or each at its moment; and OSC 1.0 as bytes."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GrooveError
from ..grid import GM_NOTES, VOICES
from ..timeline.targets import Osc
from .frames import Due
from .sender import Sink
from .walltime import WallClock

Argument = str | int | float | bytes


def message(address: str, *arguments: Argument) -> bytes:
    """Return an OSC message: strings, int32, float32 and blobs.

    Source: opensoundcontrol.org, OSC 1.0.

    >>> message("/hit", 7, 0.5)
    b'/hit\\x00\\x00\\x00\\x00,if\\x00\\x00\\x00\\x00\\x07?\\x00\\x00\\x00'
    """
    tags, data = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, data = tags + "s", data + _string(argument)
        elif isinstance(argument, int):
            tags, data = tags + "i", data + struct.pack(">i", argument)
        elif isinstance(argument, float):
            tags, data = tags + "f", data + struct.pack(">f", argument)
        else:
            tags, data = tags + "b", data + struct.pack(">i", len(argument)) + argument + bytes(-len(argument) % 4)
    return _string(address) + _string(tags) + data


def bundle(tag: int, messages: Sequence[bytes]) -> bytes:
    """Return messages as a bundle with a timetag of 64 bits.

    >>> bundle(1, [b"/a\\x00\\x00,\\x00\\x00\\x00"])
    b'#bundle\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x08/a\\x00\\x00,\\x00\\x00\\x00'
    """
    parts = [b"#bundle\0", tag.to_bytes(8, "big")]
    for each in messages:
        parts += [len(each).to_bytes(4, "big"), each]
    return b"".join(parts)


def _string(text: str) -> bytes:
    data = text.replace("\0", "").encode()
    return data + bytes(4 - len(data) % 4)


class OscSink(Sink):
    """Sends notes to an OSC receiver.

    Args:
        sent: how many notes have gone there before: the count of a message goes on from it.

    Raises:
        GrooveError: there is no such host.
    """

    ready = True

    def __init__(self, target: Osc, clock: WallClock, sent: int = 0) -> None:
        super().__init__(target)
        self._target, self._clock, self._count = target, clock, sent
        self._socket, self._where = _reach(target.host, target.port)

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note that sounds at the monotonic moment `at`."""
        voice = VOICES[note.voice]
        address = self._target.address.replace("{voice}", voice).replace("{drummer}", note.drummer)
        count = self._count & 0x7FFFFFFF
        data = message(address, count, voice, float(note.velocity), note.drummer, GM_NOTES[note.voice])
        if self._target.tagged:
            data = bundle(self._clock.tag(at), [data])

        def send() -> None:
            self._socket.sendto(data, self._where)
            self._count += 1

        return send

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def name(self) -> str:
        """Return what a sentence calls the receiver."""
        return f"OSC receiver {self._target.host}:{self._target.port}"


def _reach(host: str, port: int) -> tuple[socket.socket, Any]:
    """Return a socket and the address to send to: looked up once, so that no name server makes a note late."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a name of a host"
        raise GrooveError(f"there is no host {host!r} to send OSC to ({why}); try its address, as 127.0.0.1") from None
    family, *_, where = min(found, key=lambda each: each[0] != socket.AF_INET)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return sock, where
