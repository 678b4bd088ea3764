"""Notes as OSC messages over UDP, with a timetag or each at its moment."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from ..errors import GrooveError
from ..grooves.grid import GM_NOTES, VOICES
from ..osc_messages.codec import bundle, message
from ..osc_messages.timetags import WallClock
from ..score.targets import Osc
from .frames import Due
from .scheduler import Sink


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
        self._socket, self._where = reach(target.host, target.port)

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


def reach(host: str, port: int) -> tuple[socket.socket, Any]:
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
