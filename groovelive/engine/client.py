"""Clients of the engine, for threads and for asyncio: typed methods that find back to it by themselves."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal, Unpack

import msgspec
import zmq
import zmq.asyncio
from numpy.typing import ArrayLike

from ..errors import GrooveError
from ..grooves.groove import Groove
from ..protocol import engine as wire
from ..protocol.connection import GLANCE, Directory, Link
from ..protocol.engine import EngineError, Priority
from . import requests as asking
from .requests import Answer, Conditions, Controls, Floats, Point

Path = Literal["linear", "slerp", "random"]


class Client:
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
            LATE, BUSY, OUT_OF_RANGE, NO_WORKER where no engine is there, and others (see `wire.Code`).

    >>> with Client() as client:                                     # doctest: +SKIP
    ...     client.generate("x..x..x.", genre="funk").groove.bars
    2
    """

    def __init__(self, address: str | None = None, *, server: str | None = None, timeout: float = 5.0) -> None:
        self._directory = Directory(address, server)
        self.timeout = _seconds(timeout)
        self._lock = threading.Lock()
        self._idle: list[Link] = []
        self._ids = itertools.count(1)
        self._calls = 0  # how often `cancel` was called
        self._closed = False

    def ask(
        self, request: wire.AnyRequest, *, timeout: float | None = None, priority: Priority = "stage"
    ) -> wire.AnyReply:
        """Send a request of `wire` as it is, and return its reply; what the engine refuses is raised."""
        reply = self._ask(request, timeout, priority)
        if isinstance(reply, wire.Failure):
            raise reply.error()
        return reply

    def hello(self, *, timeout: float | None = None) -> wire.Welcome:
        """Return what the engine is, and its models with their controls, ranges and defaults."""
        return asking.expect(self._ask(wire.Hello(), timeout), wire.Welcome)

    def stats(self, *, timeout: float | None = None) -> wire.Report:
        """Return how the engine is doing."""
        return asking.expect(self._ask(wire.Stats(), timeout), wire.Report)

    def generate(
        self,
        tap: Groove | str | ArrayLike,
        *,
        follow: float | None = None,
        preset: Point | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """Answer a tap with drums.

        Args:
            tap: a Groove of 1 to 64 bars (flattened), (steps, 3) hit, velocity, offset, or a rhythm in text.
            follow: 1 follows the tap, 0 plays the preset alone.
            preset: name of a preset or genre, a latent, or a tap of two bars.
            controls: as for `groovelive.model.Model.drum`, with `model`, and `probabilities` and `latents` to
                have them too.
        """
        request = asking.generate(tap, follow=follow, preset=preset, controls=controls)
        return asking.answer(asking.expect(self._ask(request, timeout, priority), wire.Grooves))

    def encode(
        self,
        taps: Groove | str | ArrayLike | Iterable[Groove],
        *,
        model: str | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
    ) -> Floats:
        """Return the latents (n, z) of a tap of two bars or of many: Grooves, (n, 32, 3), or a rhythm."""
        reply = self._ask(asking.encode(taps, model), timeout, priority)
        return asking.expect(reply, wire.Latents).latents.numpy("latents")

    def decode(
        self,
        z: Point,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """Return the drums of a latent (z,), of many (n, z), or of a preset; controls as for `generate`."""
        reply = self._ask(asking.decode(z, controls), timeout, priority)
        return asking.answer(asking.expect(reply, wire.Grooves))

    def random(
        self,
        count: int = 1,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """Return 1 to 256 grooves from the prior, of the seeds `seed`, `seed` + 1, …; else as `generate`."""
        reply = self._ask(asking.random(count, controls), timeout, priority)
        return asking.answer(asking.expect(reply, wire.Grooves))

    def walk(
        self,
        start: Point,
        end: Point | None = None,
        steps: int = 16,
        *,
        path: Path = "linear",
        wander: float = 1.0,
        seed: int = 0,
        timeout: float | None = None,
        priority: Priority = "stage",
        **conditions: Unpack[Conditions],
    ) -> Answer:
        """Return the grooves on the way from one point to another, in 2 to 256 steps.

        Args:
            start: a latent (z,), a tap or Groove of two bars, a rhythm, or the name of a preset or genre.
            end: likewise; None only with the path "random".
            steps: how many grooves.
            path: "linear", "slerp" along the sphere, or "random", astray.
            wander: how far "random" strays, in standard deviations of the prior.
            seed: of "random".
            conditions: genre, density, redirect, guidance, model.
        """
        request = asking.walk(start, end, steps=steps, path=path, wander=wander, seed=seed, conditions=conditions)
        return asking.answer(asking.expect(self._ask(request, timeout, priority), wire.Grooves))

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

    def _ask(self, request: wire.AnyRequest, timeout: float | None, priority: Priority = "stage") -> wire.AnyReply:
        timeout = self.timeout if timeout is None else _seconds(timeout)
        end = time.monotonic() + timeout
        if priority != "stage":
            request = msgspec.structs.replace(request, priority=priority)
        with self._lock:
            if self._closed:
                raise GrooveError("this client is closed; make a new one")
            link = self._idle.pop() if self._idle else None
            calls = self._calls
        if link is None:
            link = Link(self._directory, self._directory.await_place(end))
        try:
            return self._exchange(link, request, end, timeout, calls)
        finally:
            with self._lock:
                if not self._closed:
                    self._idle.append(link)
                    link = None
            if link is not None:
                link.close()

    def _exchange(self, link: Link, request: wire.AnyRequest, end: float, timeout: float, calls: int) -> wire.AnyReply:
        id = b"%x" % next(self._ids)
        parts = asking.encoded(id, request, timeout)
        glance = end - time.monotonic() if timeout < GLANCE else GLANCE
        _wait(link, glance)
        _send(link, parts)
        while True:
            try:
                message = wire.unpack(link.socket.recv_multipart())
            except zmq.Again:
                pass
            else:
                if message.id == id:
                    return wire.reply(message.body)
                continue  # to a request whose caller has given up
            remaining = end - time.monotonic()
            if remaining <= 0:
                raise link.silence(timeout)
            _wait(link, min(GLANCE, remaining))
            if self._calls != calls:
                _send(link, wire.frames(b"%x" % next(self._ids), wire.Cancel(id=id)))
                raise EngineError("CANCELLED", "the request was taken back")
            if news := link.look():
                if news == "moved":
                    link.move()
                # Under a new id: the engine may have the old one, too.
                id = b"%x" % next(self._ids)
                _wait(link, min(GLANCE, remaining))
                _send(link, asking.encoded(id, request, remaining))


class AsyncClient:
    """Asks the engine from asyncio: the methods of `Client`, to be awaited, all on one connection.

    Cancelling a task takes its request back.

    Args:
        address, server, timeout: as for `Client`.

    >>> async def main():                                            # doctest: +SKIP
    ...     async with AsyncClient() as client:
    ...         return await asyncio.gather(*(client.random(seed=n) for n in range(8)))
    """

    def __init__(self, address: str | None = None, *, server: str | None = None, timeout: float = 5.0) -> None:
        self._directory = Directory(address, server)
        self.timeout = _seconds(timeout)
        self._link: Link | None = None
        self._socket: zmq.asyncio.Socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._tender: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[bytes, _Waiting] = {}
        self._closed = False

    async def hello(self, *, timeout: float | None = None) -> wire.Welcome:
        """As `Client.hello`."""
        return asking.expect(await self._ask(wire.Hello(), timeout), wire.Welcome)

    async def stats(self, *, timeout: float | None = None) -> wire.Report:
        """As `Client.stats`."""
        return asking.expect(await self._ask(wire.Stats(), timeout), wire.Report)

    async def generate(
        self,
        tap: Groove | str | ArrayLike,
        *,
        follow: float | None = None,
        preset: Point | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """As `Client.generate`."""
        request = asking.generate(tap, follow=follow, preset=preset, controls=controls)
        return asking.answer(asking.expect(await self._ask(request, timeout, priority), wire.Grooves))

    async def encode(
        self,
        taps: Groove | str | ArrayLike | Iterable[Groove],
        *,
        model: str | None = None,
        timeout: float | None = None,
        priority: Priority = "stage",
    ) -> Floats:
        """As `Client.encode`."""
        reply = await self._ask(asking.encode(taps, model), timeout, priority)
        return asking.expect(reply, wire.Latents).latents.numpy("latents")

    async def decode(
        self,
        z: Point,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """As `Client.decode`."""
        reply = await self._ask(asking.decode(z, controls), timeout, priority)
        return asking.answer(asking.expect(reply, wire.Grooves))

    async def random(
        self,
        count: int = 1,
        *,
        timeout: float | None = None,
        priority: Priority = "stage",
        **controls: Unpack[Controls],
    ) -> Answer:
        """As `Client.random`."""
        reply = await self._ask(asking.random(count, controls), timeout, priority)
        return asking.answer(asking.expect(reply, wire.Grooves))

    async def walk(
        self,
        start: Point,
        end: Point | None = None,
        steps: int = 16,
        *,
        path: Path = "linear",
        wander: float = 1.0,
        seed: int = 0,
        timeout: float | None = None,
        priority: Priority = "stage",
        **conditions: Unpack[Conditions],
    ) -> Answer:
        """As `Client.walk`."""
        request = asking.walk(start, end, steps=steps, path=path, wander=wander, seed=seed, conditions=conditions)
        return asking.answer(asking.expect(await self._ask(request, timeout, priority), wire.Grooves))

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

    async def _ask(
        self, request: wire.AnyRequest, timeout: float | None, priority: Priority = "stage"
    ) -> wire.AnyReply:
        timeout = self.timeout if timeout is None else _seconds(timeout)
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
                self._put(wire.frames(self._next_id(), wire.Cancel(id=waiting.id)))
            raise
        finally:
            self._waiting.pop(waiting.id, None)

    async def _connect(self, end: float) -> None:
        while self._link is None:
            place = self._directory.find()
            if place is not None:
                self._link = Link(self._directory, place)
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
        parts = asking.encoded(waiting.id, waiting.request, waiting.end - time.monotonic())
        self._waiting[waiting.id] = waiting
        self._put(parts)

    def _put(self, parts: list[bytes]) -> None:
        """Send by the socket that is read from, which would miss replies if another did."""
        assert self._socket is not None
        sent: Any = self._socket.send_multipart(parts, flags=zmq.NOBLOCK)
        if isinstance(sent.exception(), zmq.Again):
            raise _busy()

    async def _read(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            parts = await socket.recv_multipart()
            try:
                message = wire.unpack(parts)
            except EngineError:
                continue
            waiting = self._waiting.pop(message.id, None)
            if waiting is None or waiting.reply.done():
                continue  # to a request whose caller has given up
            try:
                waiting.reply.set_result(wire.reply(message.body))
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

    def __init__(self, request: wire.AnyRequest, end: float, reply: asyncio.Future[wire.AnyReply]) -> None:
        self.request, self.end, self.reply = request, end, reply
        self.id = b""


def _wait(link: Link, seconds: float) -> None:
    """Let the next receipt take up to `seconds`."""
    link.socket.setsockopt(zmq.RCVTIMEO, max(1, int(seconds * 1000)))


def _send(link: Link, parts: list[bytes]) -> None:
    try:
        link.socket.send_multipart(parts, zmq.NOBLOCK)
    except zmq.Again:
        raise _busy() from None


def _busy() -> EngineError:
    return EngineError("BUSY", "too many requests wait to be sent to the engine")


def _seconds(timeout: float) -> float:
    if not 0 < timeout <= wire.MAX_DEADLINE / 1000:
        raise GrooveError(f"timeout must lie from 0 to {wire.MAX_DEADLINE // 1000} seconds, not {timeout!r}")
    return float(timeout)
