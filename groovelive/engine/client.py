"""A client of the engine for threads, which finds back to it by itself."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import msgspec
import zmq

from ..errors import GrooveError
from ..protocol.base import EngineError, Failure, Priority
from ..protocol.connection import GLANCE, ServiceConnection, ServiceLocator
from ..protocol.engine import AnyReply, AnyRequest, Cancel, read_reply
from ..protocol.frames import from_frames, to_frames
from .methods import Methods, Question, seconds
from .requests import encoded

_R = TypeVar("_R")


class Client(Methods):
    """Asks the engine for grooves; any number of threads may share one.

    Every method takes `timeout`, seconds after which the engine does not begin with the request any more;
    most take `priority`: "background" lets everything of the "stage" go first. A request that was lost with a
    dying engine is asked again as soon as an engine is back, within its time.

    Args:
        address: of the engine; by default that of `groovelive serve` on this machine.
        server: for an engine on another machine: its public key, the name it is known by, or "" to find it by
            the name of its host. This machine must be known there (see `groovelive keys`).
        timeout: seconds that a request may take unless it says otherwise.

    Raises:
        GrooveError: by every method, for an argument that is wrong; its kind `EngineError` has a `code`:
            LATE, BUSY, OUT_OF_RANGE, NO_WORKER where no engine is there, and others (see `Code`).

    >>> with Client() as client:                                     # doctest: +SKIP
    ...     client.generate("x..x..x.", genre="funk").groove.bars
    2
    """

    def __init__(self, address: str | None = None, *, server: str | None = None, timeout: float = 5.0) -> None:
        self._directory = ServiceLocator(address, server)
        self.timeout = seconds(timeout)
        self._lock = threading.Lock()
        self._idle: list[ServiceConnection] = []
        self._ids = itertools.count(1)
        self._calls = 0  # how often `cancel` was called
        self._closed = False

    def ask(self, request: AnyRequest, *, timeout: float | None = None, priority: Priority = "stage") -> AnyReply:
        """Send a request of `protocol.engine` as it is, and return its reply; what the engine refuses is raised."""
        reply = self._ask(request, timeout, priority)
        if isinstance(reply, Failure):
            raise reply.error()
        return reply

    def cancel(self) -> None:
        """Take back all that other threads are waiting for: there, EngineError CANCELLED is raised."""
        with self._lock:
            self._calls += 1

    def close(self) -> None:
        """Take back what is awaited, and close; a closed client answers with GrooveError."""
        with self._lock:
            self._closed = True
            self._calls += 1
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, ask: Callable[[], Question[_R]]) -> _R:
        question = ask()
        return question.read(self._ask(question.request, question.timeout, question.priority))

    def _ask(self, request: AnyRequest, timeout: float | None, priority: Priority = "stage") -> AnyReply:
        timeout = self.timeout if timeout is None else seconds(timeout)
        end = time.monotonic() + timeout
        if priority != "stage":
            request = msgspec.structs.replace(request, priority=priority)
        with self._lock:
            if self._closed:
                raise GrooveError("this client is closed; make a new one")
            link = self._idle.pop() if self._idle else None
            calls = self._calls
        if link is None:
            link = ServiceConnection(self._directory, self._directory.await_endpoint(end))
        try:
            return self._exchange(link, request, end, timeout, calls)
        finally:
            with self._lock:
                if not self._closed:
                    self._idle.append(link)
                    link = None
            if link is not None:
                link.close()

    def _exchange(
        self, link: ServiceConnection, request: AnyRequest, end: float, timeout: float, calls: int
    ) -> AnyReply:
        id = b"%x" % next(self._ids)
        parts = encoded(id, request, timeout)
        glance = end - time.monotonic() if timeout < GLANCE else GLANCE
        _wait(link, glance)
        _send(link, parts)
        while True:
            try:
                message = from_frames(link.socket.recv_multipart())
            except zmq.Again:
                pass
            else:
                if message.id == id:
                    return read_reply(message.body)
                continue  # to a request whose caller has given up
            remaining = end - time.monotonic()
            if remaining <= 0:
                raise link.silence(timeout)
            _wait(link, min(GLANCE, remaining))
            if self._calls != calls:
                _send(link, to_frames(b"%x" % next(self._ids), Cancel(id=id)))
                raise EngineError("CANCELLED", "the request was taken back")
            if news := link.look():
                if news == "moved":
                    link.move()
                # Under a new id: the engine may have the old one, too.
                id = b"%x" % next(self._ids)
                _wait(link, min(GLANCE, remaining))
                _send(link, encoded(id, request, remaining))


def _wait(link: ServiceConnection, seconds: float) -> None:
    """Let the next receipt take up to `seconds`."""
    link.socket.setsockopt(zmq.RCVTIMEO, max(1, int(seconds * 1000)))


def _send(link: ServiceConnection, parts: list[bytes]) -> None:
    try:
        link.socket.send_multipart(parts, zmq.NOBLOCK)
    except zmq.Again:
        raise too_busy() from None


def too_busy() -> EngineError:
    """Return the error for a client whose requests are not taken off fast enough."""
    return EngineError("BUSY", "too many requests wait to be sent to the engine")
