"""The first words with the script in Live: who is there, and which version of what it speaks."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from ..errors import GrooveError
from ..osc_messages.codec import Argument, Double, message, read
from .errors import LinkDown, LiveError, NoAnswer, WrongVersion, fault

PROTOCOL = 1
FRAME = 4 << 20  # bytes of a packet at most


class LiveHello(NamedTuple):
    """What the script says of itself.

    Args:
        version: of the script; build: changes with any change of its files.
        live: the version of Live; python: that of the Python in it.
        session: another one for each document that is opened.
        requests: the addresses that it serves.
    """

    version: str
    protocol: int
    build: str
    live: str
    python: str
    session: str
    requests: frozenset[str]


def greet(where: tuple[str, int], name: str, token: str, timeout: float) -> tuple[socket.socket, LiveHello]:
    """Connect with the script and say hello; nothing else is read of the socket meanwhile.

    Args:
        where: host and port of the script.
        name: of this program.
        token: that of the script's groovelive.json, where it has one.
        timeout: seconds to wait for each answer.

    Raises:
        LinkDown: Live, or the script in it, is not there.
        WrongVersion: the script is another one; the sentence says what to do.
        NoAnswer: it is there, but says nothing.
    """
    place = f"{where[0]}:{where[1]}"
    try:
        sock = socket.create_connection(where, timeout)
    except OSError as error:
        raise LinkDown(
            f"Ableton Live with GrooveLive is not at {place} ({error.strerror or error}): start Live and choose "
            "GrooveLive as a Control Surface in its settings (groovelive ableton doctor helps)"
        ) from None
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        options: tuple[Argument, ...] = ("token", token) if token else ()
        sock.sendall(packed("/gl/hello", 0, name, PROTOCOL, *options))
        sock.settimeout(timeout)
        while True:
            found = read(_exactly(sock, int.from_bytes(_exactly(sock, 4), "big")))[0]
            if found.address == "/gl/error":
                raise fault(str(found.arguments[1]), str(found.arguments[2]))
            if found.address == "/gl/ok":
                return sock, _hello(found.arguments[2:])
    except TimeoutError:
        sock.close()
        raise NoAnswer(f"what is at {place} does not answer: Live is busy, or it is another program") from None
    except (OSError, IndexError, LiveError) as error:
        sock.close()
        if isinstance(error, LiveError):
            raise
        raise LinkDown(f"the connection with Live at {place} broke off") from None
    except GrooveError as error:
        sock.close()
        raise WrongVersion(f"what listens at {place} is not GrooveLive: {error}") from None


def packed(address: str, id: int, *arguments: Argument) -> bytes:
    """Return a message as it goes over TCP: its length in four bytes, then OSC with floats as doubles."""
    exact = (Double(each) if type(each) is float else each for each in arguments)
    packet = message(address, id, *exact)
    return len(packet).to_bytes(4, "big") + packet


def _exactly(sock: socket.socket, size: int) -> bytes:
    if size > FRAME:
        raise GrooveError("what it says is not OSC")
    found = b""
    while len(found) < size:
        data = sock.recv(size - len(found))
        if not data:
            raise ConnectionResetError
        found += data
    return found


def _hello(arguments: tuple[Any, ...]) -> LiveHello:
    version, protocol, build, live, python, session, *requests = arguments
    return LiveHello(version, protocol, build, live, python, session, frozenset(requests))
