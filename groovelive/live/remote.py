"""The line to a conductor in another process: requests out, replies and news in, by a thread of its own."""

from __future__ import annotations

import contextlib
import itertools
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late

import zmq

from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.base import EngineError, Failure
from ..protocol.connection import ServiceConnection, ServiceLocator
from ..protocol.frames import from_frames, to_frames
from .clock_offset import ClockOffset

_GLANCE = 0.05  # seconds between two looks at what is to be sent
_IDEA = 1.0  # seconds that each idea may take, on a slow machine that plays meanwhile
_HERE = 3.0  # seconds between two words that one is there
_EXCHANGES = 16  # by which the conductor's clock is measured at most
_EXACT = 200_000  # ns; a clock that is known so well needs no more of them


class WireLine:
    """Asks the conductor, and hears what happens; finds back to it by itself.

    Args:
        by: who asks.
        address: of the conductor; by default that of this user on this machine.
        server: see `groovelive.engine.Client`.
        timeout: seconds that an answer may take.
        now: this machine's monotonic clock, in ns.
    """

    def __init__(
        self,
        by: str,
        address: str | None = None,
        server: str | None = None,
        timeout: float = 5.0,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.by, self.timeout = by, timeout
        self._now, self._offset = now, ClockOffset()
        self._sent: dict[bytes, int] = {}  # when what states the conductor's time was asked for
        self.on_news: Callable[[messages.AnyReply], None] = lambda news: None
        self.on_joined: Callable[[messages.SessionState], None] = lambda state: None
        self.on_turn: Callable[[], None] = lambda: None  # called some times a second
        self.name = ""  # that the conductor gave
        self._key, self._host = uuid.uuid4().hex, socket.gethostname()[:256]
        self._directory = ServiceLocator(address, server, "conductor")
        self._link = ServiceConnection(self._directory, self._directory.await_endpoint(time.monotonic() + timeout))
        self._ids = itertools.count(1)
        self._out: queue.SimpleQueue[tuple[bytes, messages.AnyRequest]] = queue.SimpleQueue()
        self._waiting: dict[bytes, tuple[messages.AnyRequest, Future[messages.AnyReply]]] = {}
        self._over = threading.Event()
        self._bell: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PAIR)
        name = f"inproc://stage-{id(self)}"
        self._bell.bind(name)
        self._rope: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PAIR)
        self._rope.connect(name)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="conductor", daemon=True)
        self._thread.start()

    def ask(self, request: messages.AnyRequest) -> messages.AnyReply:
        """Send a request and return its reply.

        Raises:
            GrooveError: the conductor refuses it, or is not there.
        """
        if threading.current_thread() is self._thread:
            raise GrooveError("what hears the news must not wait for an answer")
        future = self._send(request)
        patience = self.timeout + (_IDEA * request.count if isinstance(request, messages.IdeasRequest) else 0.0)
        try:
            reply = future.result(patience)
        except Late:
            raise self._link.silence(patience) from None
        if isinstance(reply, Failure):
            raise reply.error()
        return reply

    def join(self) -> None:
        """Take part, and measure how far the conductor's clock is from ours.

        Raises:
            GrooveError: as of `ask`.
        """
        self.ask(self._join())
        self.measure()

    def _join(self) -> messages.Join:
        return messages.Join(by=self.by, client=self._key, host=self._host, held=self.name)

    def conductor_ns(self) -> int:
        """Return what the conductor's monotonic clock shows now."""
        return self._now() + self._offset.ns

    def measure(self) -> None:
        """Measure how far the conductor's clock is from ours, until it is known to a fraction of a millisecond.

        On one machine the first answer does; over a network the quickest of some answers counts.
        """
        for _ in range(_EXCHANGES):
            if self._offset.error <= _EXACT:
                return
            self.ask(messages.Here())

    def _send(self, request: messages.AnyRequest) -> Future[messages.AnyReply]:
        if self._over.is_set():
            raise GrooveError("this session is closed; gl.open() opens another")
        id = b"%x" % next(self._ids)
        future: Future[messages.AnyReply] = Future()
        self._waiting[id] = request, future
        self._out.put((id, request))
        with self._lock:
            self._rope.send(b"")
        return future

    # In the thread

    def _run(self) -> None:
        here = time.monotonic()
        while not self._over.is_set():
            try:
                self._turn()
                if time.monotonic() - here > _HERE:
                    here = time.monotonic()
                    self._put(b"here", messages.Here())
                self.on_turn()
            except EngineError as error:  # no conductor any more
                self._fail(error)
                self._over.wait(_GLANCE)
            except zmq.ZMQError:
                if not self._over.is_set():
                    self._over.wait(_GLANCE)

    def _turn(self) -> None:
        poller = zmq.Poller()
        poller.register(self._link.socket, zmq.POLLIN)
        poller.register(self._bell, zmq.POLLIN)
        ready = dict(poller.poll(int(1000 * _GLANCE)))
        if self._bell in ready:
            self._bell.recv()
        while not self._out.empty():
            self._put(*self._out.get())
        while self._link.socket.poll(0):
            self._receive(self._link.socket.recv_multipart())
        if not ready and (news := self._link.look()):
            if news == "moved":
                self._link.move()
            for id, (request, _) in list(self._waiting.items()):
                self._put(id, request)
            self._put(b"join", self._join())

    def _put(self, id: bytes, request: messages.AnyRequest) -> None:
        if isinstance(request, messages.Join | messages.Here):  # of one that is sent twice the first counts: its
            self._sent.setdefault(id, self._now())  # reply may be to either
        try:
            self._link.socket.send_multipart(to_frames(id, request), zmq.NOBLOCK)
        except zmq.Again:
            pass  # it is sent again when there is a way again
        except (EngineError, TypeError, OverflowError) as error:
            waiting = self._waiting.pop(id, None)
            if waiting is not None:
                problem = error if isinstance(error, GrooveError) else GrooveError(f"this cannot be sent: {error}")
                waiting[1].set_exception(problem)

    def _receive(self, parts: list[bytes]) -> None:
        try:
            message = from_frames(parts)
            reply = messages.read_reply(message.body)
        except EngineError:
            return  # of a later version: what it is about is lost, and no more
        sent = self._sent.pop(message.id, None)
        if isinstance(reply, messages.SessionState):
            if sent is not None:
                self._offset.heard(sent, reply.at, self._now())
            if reply.name:
                self.name = reply.name
            elif self.name:  # it was silent for long, and counts as gone
                self._put(b"join", self._join())
            self.on_joined(reply)
        if message.id == messages.NEWS:
            self.on_news(reply)
        elif (waiting := self._waiting.pop(message.id, None)) is not None:
            waiting[1].set_result(reply)

    def _fail(self, error: EngineError) -> None:
        for id in list(self._waiting):
            waiting = self._waiting.pop(id, None)
            if waiting is not None:
                waiting[1].set_exception(error)

    def close(self) -> bool:
        """Leave, and return whether the conductor was there to be told; the music goes on."""
        if self._over.is_set():
            return False
        answered = False
        with contextlib.suppress(GrooveError, Late):
            self._send(messages.Leave()).result(1.0)
            answered = True
        self._over.set()
        with self._lock:
            self._rope.send(b"")
        self._thread.join(2.0)
        for end in (self._rope, self._bell):
            end.close(linger=0)
        self._link.close()
        return answered
