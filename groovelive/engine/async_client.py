"""A client of the engine for asyncio: the methods of `Client`, to be awaited, all on one connection."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import msgspec
import zmq
import zmq.asyncio

from ..errors import GrooveError
from ..protocol.base import EngineError, Priority
from ..protocol.connection import GLANCE, ServiceConnection, ServiceLocator
from ..protocol.engine import AnyReply, AnyRequest, Cancel, read_reply
from ..protocol.frames import from_frames, to_frames
from .client import too_busy
from .methods import Methods, Question, seconds
from .requests import encoded

_R = TypeVar("_R")


class AsyncClient(Methods):
    """Asks the engine from asyncio: the methods of `Client`, to be awaited, all on one connection.

    Cancelling a task takes its request back.

    Args:
        address, server, timeout: as for `Client`.

    >>> async def main():                                            # doctest: +SKIP
    ...     async with AsyncClient() as client:
    ...         return await asyncio.gather(*(client.random(seed=n) for n in range(8)))
    """

    def __init__(self, address: str | None = None, *, server: str | None = None, timeout: float = 5.0) -> None:
        self._directory = ServiceLocator(address, server)
        self.timeout = seconds(timeout)
        self._link: ServiceConnection | None = None
        self._socket: zmq.asyncio.Socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._tender: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[bytes, _Waiting] = {}
        self._closed = False

    async def close(self) -> None:
        """Take back what is awaited, and close."""
        self._closed = True
        self._fail(EngineError("CANCELLED", "the client was closed"))
        for task in (self._reader, self._tender):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._link is not None:
            self._drop_socket()
            self._link.close()
            self._link = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _answer(self, ask: Callable[[], Question[_R]]) -> _R:
        question = ask()
        return question.read(await self._ask(question.request, question.timeout, question.priority))

    async def _ask(self, request: AnyRequest, timeout: float | None, priority: Priority = "stage") -> AnyReply:
        timeout = self.timeout if timeout is None else seconds(timeout)
        end = time.monotonic() + timeout
        if priority != "stage":
            request = msgspec.structs.replace(request, priority=priority)
        if self._closed:
            raise GrooveError("this client is closed; make a new one")
        await self._connect(end)
        assert self._link is not None
        waiting = _Waiting(request, end, asyncio.get_running_loop().create_future())
        self._send(waiting)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + end - time.monotonic()):
                return await waiting.reply
        except TimeoutError:
            raise self._link.silence(timeout) from None
        except asyncio.CancelledError:
            if not self._closed:
                self._put(to_frames(self._next_id(), Cancel(id=waiting.id)))
            raise
        finally:
            self._waiting.pop(waiting.id, None)

    async def _connect(self, end: float) -> None:
        while self._link is None:
            place = self._directory.find()
            if place is not None:
                self._link = ServiceConnection(self._directory, place)
                break
            if time.monotonic() >= end:
                raise EngineError("NO_WORKER", "the engine is starting, but is not there yet")
            await asyncio.sleep(GLANCE)
        if self._reader is None or self._reader.done():
            self._take_socket()
        if self._tender is None or self._tender.done():
            self._tender = asyncio.create_task(self._tend())

    def _take_socket(self) -> None:
        assert self._link is not None
        self._socket = zmq.asyncio.Socket.shadow(self._link.socket.underlying)
        self._reader = asyncio.create_task(self._read(self._socket))

    def _drop_socket(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _next_id(self) -> bytes:
        return b"%x" % next(self._ids)

    def _send(self, waiting: _Waiting) -> None:
        self._waiting.pop(waiting.id, None)
        waiting.id = self._next_id()
        parts = encoded(waiting.id, waiting.request, waiting.end - time.monotonic())
        self._waiting[waiting.id] = waiting
        self._put(parts)

    def _put(self, parts: list[bytes]) -> None:
        """Send by the socket that is read from, which would miss replies if another did."""
        assert self._socket is not None
        sent: Any = self._socket.send_multipart(parts, flags=zmq.NOBLOCK)
        if isinstance(sent.exception(), zmq.Again):
            raise too_busy()

    async def _read(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            parts = await socket.recv_multipart()
            try:
                message = from_frames(parts)
            except EngineError:
                continue
            waiting = self._waiting.pop(message.id, None)
            if waiting is None or waiting.reply.done():
                continue  # to a request whose caller has given up
            try:
                waiting.reply.set_result(read_reply(message.body))
            except EngineError as error:
                waiting.reply.set_exception(error)

    async def _tend(self) -> None:
        """Look after the connection while something is awaited."""
        while self._waiting and self._link is not None:
            await asyncio.sleep(GLANCE)
            try:
                news = self._link.look()
            except EngineError as error:
                self._fail(error)
                return
            if news == "moved":
                self._drop_socket()
                self._link.move()
                self._take_socket()
            if news:
                for waiting in list(self._waiting.values()):
                    self._send(waiting)

    def _fail(self, error: EngineError) -> None:
        for waiting in self._waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(error)


class _Waiting:
    """A request whose reply is awaited."""

    __slots__ = ("end", "id", "reply", "request")

    def __init__(self, request: AnyRequest, end: float, reply: asyncio.Future[AnyReply]) -> None:
        self.request, self.end, self.reply = request, end, reply
        self.id = b""
