"""The OSC server: a thread that reads UDP and TCP, makes typed requests of what comes, and takes answers back."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from ...errors import GrooveError
from ...osc_messages.codec import Argument, message, read
from ...protocol.base import EngineError
from .requests import Call, call, id_of

HOST = "127.0.0.1"
WAITING = 256  # calls that wait for the conductor; more are refused
PACE = 0.05  # seconds between two values of one control that are taken of a fader
_GAP = 0.0025  # seconds between any two of all faders
_SCOLDED = 1024  # senders of what is no request, that are remembered so that each is told once
_LARGEST = 65536  # bytes of a packet
_CONNECTIONS = 32
_UNREAD = 4 << 20  # bytes that a TCP peer may leave unread
_AT_ONCE = 64  # datagrams between two looks at other sockets
_REST = 0.001  # seconds of sleep after so many: so a flood leaves the interpreter to others


class OscClient(NamedTuple):
    """Who asks: a UDP address, or a TCP connection."""

    where: tuple[str, int]
    connection: int = 0  # of TCP, from 1

    def __str__(self) -> str:
        return f"{self.where[0]}:{self.where[1]}"


class Asked(NamedTuple):
    """A call, who makes it, and when it came, in ns of the monotonic clock."""

    peer: OscClient
    call: Call
    at: int


class _Connection:
    """A TCP connection: what has come of the next packet, and what has not gone yet."""

    def __init__(self, number: int, sock: socket.socket, where: tuple[str, int]) -> None:
        self.socket, self.peer = sock, OscClient(where, number)
        self.got, self.rest = bytearray(), bytearray()
        self.lock = threading.Lock()


class OscServer:
    """Hears OSC on loopback.

    Args:
        port: of UDP and TCP; 0 takes any that is free.
        wake: called, from the thread, when there is something to take.

    Raises:
        GrooveError: the port is in use.
    """

    def __init__(self, port: int, wake: Callable[[], None]) -> None:
        self._wake_loop = wake
        self._udp, self._tcp = _bound(port)
        self.port: int = self._udp.getsockname()[1]
        self._wake_end, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for sock in (self._udp, self._tcp, self._waker):
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ)
        self._lock = threading.Lock()  # of the lines below
        self._calls: deque[Asked] = deque()
        self._faders: OrderedDict[tuple[str, ...], Asked] = OrderedDict()
        self._moved: dict[tuple[str, ...], float] = {}  # when a fader's last value was taken
        self._next = 0.0
        self._connections: dict[int, _Connection] = {}
        self._gone: list[OscClient] = []
        self._scolded: OrderedDict[OscClient, None] = OrderedDict()
        self._number = 0
        self._over = False
        self._thread = threading.Thread(target=self._run, name="OSC server", daemon=True)
        self._thread.start()

    # For the conductor's loop

    def take(self) -> Asked | None:
        """Return the next call, or None: faders' last values once their time has come, then the rest in order."""
        with self._lock:
            now = time.monotonic()
            if self._faders and now >= self._next:
                for key, asked in self._faders.items():
                    if now - self._moved.get(key, 0.0) >= PACE:
                        del self._faders[key]
                        if len(self._moved) > WAITING:
                            self._moved = {k: t for k, t in self._moved.items() if now - t < PACE}
                        self._moved[key] = now
                        self._next = now + _GAP
                        return asked
            return self._calls.popleft() if self._calls else None

    def gone(self) -> list[OscClient]:
        """Return the TCP peers that have gone since this was last asked."""
        with self._lock:
            gone, self._gone = self._gone, []
        return gone

    def send(self, peer: OscClient, address: str, *arguments: Argument) -> None:
        """Send a message to a peer, without waiting; from any thread."""
        packet = message(address, *arguments)
        if not peer.connection:
            with contextlib.suppress(OSError):  # it has gone, or does not read
                self._udp.sendto(packet, peer.where)
            return
        with self._lock:
            connection = self._connections.get(peer.connection)
        if connection is None:
            return
        with connection.lock:
            connection.rest += len(packet).to_bytes(4, "big") + packet
        self._wake()

    def close(self) -> None:
        """Hear no more."""
        self._over = True
        self._wake()
        self._thread.join(1.0)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_end.send(b".")

    # In the thread

    def _run(self) -> None:
        try:
            while not self._over:
                for key, events in self._selector.select():
                    if key.fileobj is self._waker:
                        with contextlib.suppress(OSError):
                            self._waker.recv(4096)
                    elif key.fileobj is self._udp:
                        self._datagrams()
                    elif key.fileobj is self._tcp:
                        self._accept()
                    elif events & selectors.EVENT_READ:
                        self._stream(key.data)
                self._flush()
        finally:
            for connection in list(self._connections.values()):
                self._drop(connection)
            for sock in (self._udp, self._tcp, self._wake_end, self._waker):
                sock.close()
            self._selector.close()

    def _datagrams(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, where = self._udp.recvfrom(_LARGEST)
            except OSError:  # nothing more; or, on Windows, somebody who was answered had gone
                return
            self._hear(OscClient(where), packet)
        time.sleep(_REST)

    def _accept(self) -> None:
        try:
            sock, where = self._tcp.accept()
        except OSError:
            return
        if len(self._connections) >= _CONNECTIONS:
            sock.close()
            return
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number += 1
        connection = _Connection(self._number, sock, where)
        with self._lock:
            self._connections[self._number] = connection
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _stream(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        connection.got += data
        heard = 0
        while len(connection.got) >= 4:
            size = int.from_bytes(connection.got[:4], "big")
            if not 0 < size <= _LARGEST:
                self._scold(connection.peer, f"a packet over TCP comes after its length, 1 to {_LARGEST} bytes")
                self._flush()
                self._drop(connection)
                return
            if len(connection.got) < 4 + size:
                return
            packet = bytes(connection.got[4 : 4 + size])
            del connection.got[: 4 + size]
            self._hear(connection.peer, packet)
            heard += 1
            if heard % _AT_ONCE == 0:
                time.sleep(_REST)

    def _hear(self, peer: OscClient, packet: bytes) -> None:
        at = time.monotonic_ns()
        try:
            found = read(packet)
        except GrooveError as error:
            self._scold(peer, str(error))
            return
        for each in found:
            id = id_of(each)
            if id is None:
                what = f"{each.address[:40]} is no request"
                self._scold(peer, f"{what}: one goes to /gl/… and has an id, an int, as its first argument")
                continue
            try:
                self._put(Asked(peer, call(each, id), at))
            except EngineError as error:
                self.send(peer, "/gl/error", id, str(error), error.field)
            except (GrooveError, RecursionError, ValueError, OverflowError) as error:
                self.send(peer, "/gl/error", id, str(error), "")

    def _put(self, asked: Asked) -> None:
        key = asked.call.key
        with self._lock:
            if key is not None and (key in self._faders or len(self._faders) < WAITING):
                first = not self._faders
                self._faders[key] = asked
                full = False
            else:
                full = len(self._calls) >= WAITING
                first = not self._calls
                if not full:
                    self._calls.append(asked)
        if full:
            sentence = f"more than {WAITING} requests wait already; send fewer at once, or faders with id 0"
            if asked.call.id:
                self.send(asked.peer, "/gl/error", asked.call.id, sentence, "")
            else:
                self._scold(asked.peer, sentence)
        elif first:
            with contextlib.suppress(Exception):  # the loop looks anyway, soon
                self._wake_loop()

    def _scold(self, peer: OscClient, sentence: str) -> None:
        """Tell a peer what is wrong with what has no id; once."""
        if peer in self._scolded:
            return
        self._scolded[peer] = None
        if len(self._scolded) > _SCOLDED:
            self._scolded.popitem(last=False)
        self.send(peer, "/gl/error", 0, sentence, "")

    def _flush(self) -> None:
        """Send what TCP peers have not been sent yet, as far as they read."""
        for connection in list(self._connections.values()):
            with connection.lock:
                if not connection.rest:
                    continue
                try:
                    sent = connection.socket.send(connection.rest)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    sent = -1
                if sent > 0:
                    del connection.rest[:sent]
                left = len(connection.rest)
            if sent < 0 or left > _UNREAD:
                self._drop(connection)
                continue
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if left else 0)
            self._selector.modify(connection.socket, wanted, connection)

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            if self._connections.pop(connection.peer.connection, None) is None:
                return
            self._gone.append(connection.peer)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.socket)
        connection.socket.close()


def _bound(port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket at one port of loopback."""
    for _ in range(16):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            udp.bind((HOST, port))
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:  # connections of a conductor before this one may linger
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((HOST, udp.getsockname()[1]))
            tcp.listen(_CONNECTIONS)
            return udp, tcp
        except OSError as error:
            udp.close()
            tcp.close()
            problem = error
            if port:
                break
    raise GrooveError(
        f"port {port} is in use or may not be used ({problem.strerror}), so there is no OSC door; another: --osc-port N"
    )
