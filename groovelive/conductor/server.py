"""The session server: the conductor's socket, its clients, and what they are told unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import zmq

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.base import MAX_REQUEST, EngineError, Failure, Reply
from ..protocol.frames import from_frames, routing, to_frames
from ..runtime.curve import Curve, guard, protect
from .members import GONE, KnownMember, Members

_UNREAD = 4096  # news that a client may leave unread, before it misses some (and notices, by the numbers)
_LOOKS = 1.0  # seconds between two looks at who is still there
_READ = 32  # requests between two looks at the clock
_ALIVE = 2_000, 6_000  # ms between heartbeats, and until one that is missing ends a connection


class Caller(NamedTuple):
    """Who asks, and under which id."""

    envelope: tuple[bytes, ...]
    id: bytes

    @property
    def client(self) -> bytes:
        """What tells a client's connection from others."""
        return self.envelope[0]


class LocalCaller(NamedTuple):
    """Who asks, but over OSC, in this process; `hear` takes the reply."""

    hear: Callable[[Reply], None]


class _Subscriber(msgspec.Struct):
    envelope: tuple[bytes, ...]
    key: str
    wish: str  # what it would be called
    heard: float


class SessionServer:
    """A ROUTER socket at which clients ask, and hear what happens once they have joined.

    Args:
        bind: address.
        curve: the keys, where others can reach it.
        changed: called with who takes part, when that has changed.

    Raises:
        GrooveError: the address cannot be bound.
    """

    def __init__(
        self,
        bind: str,
        curve: Curve | None = None,
        changed: Callable[[tuple[KnownMember, ...]], None] = lambda members: None,
    ) -> None:
        self.members = Members(self._announce, lambda: changed(self.members.known))
        self._look_at = 0.0
        self.context: zmq.Context[Any] = zmq.Context()
        self._guardian = guard(self.context, curve) if curve is not None else None
        self.socket = self.context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.LINGER, 100),
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.SNDHWM, _UNREAD),
            (zmq.MAXMSGSIZE, MAX_REQUEST),
            (zmq.HEARTBEAT_IVL, _ALIVE[0]),
            (zmq.HEARTBEAT_TIMEOUT, _ALIVE[1]),
        ):
            self.socket.setsockopt(option, value)
        if curve is not None:
            protect(self.socket, curve)
        try:
            self.socket.bind(bind)
        except zmq.ZMQError as error:
            self.close()
            raise GrooveError(f"{bind} cannot be bound: {error.strerror}") from None
        self._subscribers: dict[bytes, _Subscriber] = {}

    @property
    def address(self) -> str:
        """Where it is bound."""
        endpoint = self.socket.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(endpoint, bytes)
        return endpoint.decode().rstrip("\0")

    @property
    def clients(self) -> tuple[str, ...]:
        """Who takes part."""
        self._look()
        return self.members.present

    def turn(self) -> None:
        """See, once in a while, who is still there."""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOKS
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for client in [c for c, subscriber in self._subscribers.items() if now - subscriber.heard > GONE]:
            subscriber = self._subscribers.pop(client)
            self.members.lost(subscriber.key, now - subscriber.heard)
        self.members.turn()

    def name(self, caller: Caller | LocalCaller) -> str:
        """Return what a caller is called; "" where it has not joined, or was silent for so long that it must again."""
        subscriber = self._subscribers.get(caller.client) if isinstance(caller, Caller) else None
        return "" if subscriber is None else self.members.name(subscriber.key)

    def doing(self, caller: Caller | LocalCaller, by: str) -> str:
        """Return the name of who makes a request: its own, also where it still says the one that it wished for."""
        subscriber = self._subscribers.get(caller.client) if isinstance(caller, Caller) else None
        return by if subscriber is None or by != subscriber.wish else self.members.name(subscriber.key) or by

    def requests(self) -> Iterator[tuple[Caller, messages.AnyRequest]]:
        """Yield the requests that are there; what is none is answered here."""
        for _ in range(_READ):
            try:
                client, *parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            envelope, id = routing(client, parts)
            caller = Caller(tuple(envelope), id)
            try:
                if id == messages.NEWS:
                    raise EngineError("BAD_REQUEST", f"the id {messages.NEWS!r} is that of news; take another", "id")
                request = messages.read_request(from_frames(parts).body)
            except EngineError as error:
                self.refuse(caller, error)
                continue
            if (subscriber := self._subscribers.get(client)) is not None:
                subscriber.heard = time.monotonic()
            yield caller, request

    def join(self, caller: Caller, request: messages.Join) -> None:
        """Let a client hear what happens, and give it a name.

        Raises:
            GrooveError: nobody may be called as it wishes to be.
        """
        key = request.client or caller.client.hex()
        self.tell(messages.Done())  # of those whose programs have died the connections are gone, and it is noticed
        for client in [c for c, one in self._subscribers.items() if one.key == key and c != caller.client]:
            del self._subscribers[client]
        self.members.join(key, request.host, request.by, request.held)
        self._subscribers[caller.client] = _Subscriber(caller.envelope, key, request.by, time.monotonic())

    def leave(self, caller: Caller) -> None:
        """Tell a client nothing more."""
        subscriber = self._subscribers.pop(caller.client, None)
        if subscriber is not None:
            self.members.left(subscriber.key)

    def _announce(self, name: str, there: bool) -> None:
        self.tell(messages.Attended(name=name, there=there))

    def reply(self, caller: Caller | LocalCaller, message: Reply) -> None:
        """Answer a request."""
        if isinstance(caller, LocalCaller):
            caller.hear(message)
            return
        try:
            frames = to_frames(caller.id, message)
        except EngineError as error:
            frames = to_frames(caller.id, Failure(code=error.code, message=error.message, field=error.field))
        self._send(caller.envelope, frames)

    def refuse(self, caller: Caller | LocalCaller, error: GrooveError) -> None:
        """Answer a request with what is wrong."""
        code, field = (error.code, error.field) if isinstance(error, EngineError) else ("OUT_OF_RANGE", "")
        self.reply(caller, Failure(code=code, message=str(error), field=field))

    def tell(self, news: Reply) -> None:
        """Tell all who have joined."""
        if not self._subscribers:
            return
        try:
            frames = to_frames(messages.NEWS, news)
        except EngineError:  # too large: who misses it asks for it
            return
        for key, subscriber in list(self._subscribers.items()):
            if not self._send(subscriber.envelope, frames):
                self._subscribers.pop(key, None)
                self.members.lost(subscriber.key)

    def _send(self, envelope: tuple[bytes, ...], frames: list[bytes]) -> bool:
        """Send, or not; False where the client has gone."""
        try:
            self.socket.send_multipart([*envelope, *frames], zmq.NOBLOCK)
        except zmq.Again:
            return True  # it does not read; it will see that numbers are missing
        except zmq.ZMQError:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
        if self._guardian is not None:
            self._guardian.stop()
        self.context.term()


class Waker:
    """What wakes the loop, from any thread.

    Args:
        context: of the loop's sockets.
    """

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.socket = context.socket(zmq.PULL)
        self.socket.bind("inproc://waker")
        self._lock, self._sender = threading.Lock(), context.socket(zmq.PUSH)
        self._sender.setsockopt(zmq.LINGER, 0)
        self._sender.connect("inproc://waker")

    def wake(self) -> None:
        """Wake the loop; from any thread."""
        with self._lock:
            if not self._sender.closed:
                self._sender.send(b"", zmq.NOBLOCK)

    def woken(self) -> None:
        """Forget that it was woken; from the loop."""
        while self.socket.poll(0):
            self.socket.recv()

    def close(self) -> None:
        """Close the sockets."""
        with self._lock:
            self._sender.close()
        self.socket.close()
