"""The link to the script in Live: requests from any thread, news to callbacks, and back by itself when it breaks."""

from __future__ import annotations

import collections
import contextlib
import itertools
import logging
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Literal, NamedTuple

from ..errors import GrooveError
from ..osc_messages.codec import Argument, read
from .errors import LinkDown, LiveError, NoAnswer, NotNow, fault
from .handshake import FRAME, LiveHello, greet, packed

PORT = 57150
BACK_OFF = (0.25, 4.0)  # seconds between two attempts to connect: the first, the longest
_WAITING = 32 << 20  # bytes that may wait while Live does not read
_CHUNK = 1 << 18
_HELLO = 5.0  # seconds for Live to say hello back; a stall is waited for

Topic = Literal["clock", "structure", "launched"]
Result = tuple[Any, ...]
Callback = Callable[..., None]

log = logging.getLogger("groovelive.ableton_live")


class LinkState(NamedTuple):
    """Whether the link is up, what the script said when it came up, and why it went down."""

    up: bool
    hello: LiveHello | None
    why: str


class LiveLink:
    """A connection with the script GrooveLive in Ableton Live.

    A stall of Live, as when a menu is open, makes answers late and is no disconnect. When Live, the script or the set
    has gone, calls fail at once with `LinkDown`, and the link comes back by itself.

    Args:
        host, port: where the script listens.
        name: of this program, for Live's status bar.
        token: that of the script's groovelive.json, where it has one.

    >>> LiveLink(port=1).connect(timeout=1.0)
    Traceback (most recent call last):
    groovelive.ableton_live.errors.LinkDown: Ableton Live with GrooveLive is not at 127.0.0.1:1 (Connection ...
    """

    def __init__(self, host: str = "127.0.0.1", port: int = PORT, *, name: str = "groovelive", token: str = "") -> None:
        self.where, self.name, self.token = (host, port), name, token
        self.hello: LiveHello | None = None
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, Future[Result]] = {}
        self._outgoing: collections.deque[bytes] = collections.deque()
        self._waiting, self._rest = 0, b""
        self._topics: dict[Topic, int] = {}
        self._callbacks: dict[str, list[Callback]] = {}
        self._news: queue.SimpleQueue[tuple[Callback, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._up, self._closing = False, threading.Event()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)

    @property
    def up(self) -> bool:
        """Whether there is a connection now."""
        return self._up

    # From any thread

    def connect(self, timeout: float = _HELLO) -> LiveHello:
        """Connect, and stay so until `close`.

        Raises:
            LinkDown: Live, or the script in it, is not there.
            WrongVersion: the script is another one; the sentence says what to do.
            NoAnswer: it is there, but says nothing.
        """
        if self._threads:
            raise GrooveError("this link is connected already; each program needs one")
        sock, hello = greet(self.where, self.name, self.token, timeout)
        self.hello, self._up = hello, True
        self._threads = [
            threading.Thread(target=run, args=arguments, name=f"groovelive-{name}", daemon=True)
            for name, run, arguments in (("live-link", self._run, (sock,)), ("live-news", self._tell, ()))
        ]
        for thread in self._threads:
            thread.start()
        return hello

    def close(self) -> None:
        """End the link, and all calls that wait."""
        self._closing.set()
        self._poke()
        self._news.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2.0)
        self._down("the link was closed")
        for end in (self._wake, self._woken):
            end.close()

    def __enter__(self) -> LiveLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, address: str, *arguments: Argument, **options: Argument | None) -> Future[Result]:
        """Send a request and return at once; the future holds the answer's arguments, or the fault.

        Args:
            options: pairs of a name and a value at the end; those that are None are left out.

        Raises:
            LinkDown, NotNow: it cannot be sent now.
        """
        return self.request(address, arguments, options)[1]

    def call(self, address: str, *arguments: Argument, timeout: float = 3.0, **options: Argument | None) -> Result:
        """Send a request and wait for its answer; what it holds after the id and the milliseconds.

        Raises:
            LinkDown: there is no connection, or it broke.
            NoAnswer: not within `timeout` seconds.
            LiveError: the script's fault, by its type.
        """
        id, future = self.request(address, arguments, options)
        try:
            return future.result(timeout)
        except FutureTimeout:
            with self._lock:
                self._pending.pop(id, None)
            raise NoAnswer(
                f"Live has not answered {address} within {timeout:g} s: it is busy (is a menu or a dialogue open?)"
            ) from None

    def on(self, address: str, callback: Callback) -> Callable[[], None]:
        """Let `callback(*arguments)` be called with each piece of news of an address, and return what ends that.

        All callbacks run in one thread of the link, in order; they may call. The address "state" is the link's own:
        `callback(LinkState)` when it goes down and when it is up again.
        """
        with self._lock:
            self._callbacks.setdefault(address, []).append(callback)

        def end() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._callbacks[address].remove(callback)

        return end

    def subscribe(self, topic: Topic) -> Callable[[], None]:
        """Ask for the news of a topic, after each reconnection too, and return what ends that."""
        with self._lock:
            self._topics[topic] = self._topics.get(topic, 0) + 1
        with contextlib.suppress(LinkDown, NoAnswer):  # then it is asked for when the link is up
            self.call("/gl/subscribe", topic)

        def end() -> None:
            with self._lock:
                self._topics[topic] -= 1
                last = self._topics[topic] == 0
            if last:
                with contextlib.suppress(LiveError):
                    self.send("/gl/unsubscribe", topic)

        return end

    def request(
        self, address: str, arguments: Sequence[Argument] = (), options: Mapping[str, Argument | None] | None = None
    ) -> tuple[int, Future[Result]]:
        """Send a request, as `send` does, and return also its id, which news about it will have."""
        given: list[Argument] = list(arguments)
        for name, value in (options or {}).items():
            if value is not None:
                given += [name, value]
        id = next(self._ids)
        packet = packed(address, id, *given)
        if len(packet) > FRAME:
            raise GrooveError(f"{address} has {len(packet)} bytes; at most {FRAME} can be sent at once")
        future: Future[Result] = Future()
        with self._lock:
            if not self._up:
                raise LinkDown(f"there is no connection with Live at {self.where[0]}:{self.where[1]} at this moment")
            if self._waiting + len(packet) > _WAITING:
                raise NotNow(
                    "Live has not read what was sent to it for long: wait until its menu or dialogue is closed"
                )
            self._pending[id] = future
            self._outgoing.append(packet)
            self._waiting += len(packet)
        self._poke()
        return id, future

    def _poke(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    # In the link's thread

    def _run(self, sock: socket.socket | None) -> None:
        """Serve the connection; when it is gone, get another one."""
        pause, told = BACK_OFF[0], ""
        while not self._closing.is_set():
            if sock is None:
                if self._closing.wait(pause):
                    return
                pause = min(2 * pause, BACK_OFF[1])
                try:
                    sock, hello = greet(self.where, self.name, self.token, _HELLO)
                except LiveError as error:
                    if not isinstance(error, LinkDown) and str(error) != told:
                        told = str(error)
                        self._state(LinkState(False, None, told))
                    continue
                with self._lock:
                    self.hello, self._up = hello, True
                    topics = [topic for topic, wanted in self._topics.items() if wanted]
                if topics:
                    self.request("/gl/subscribe", topics)
                self._state(LinkState(True, hello, ""))
                pause, told = BACK_OFF[0], ""
            try:
                why = self._serve(sock)
            except OSError as error:
                why = error.strerror or str(error)
            except GrooveError as error:
                why = str(error)
            sock.close()
            sock = None
            self._down(f"the connection with Live is gone ({why})")

    def _serve(self, sock: socket.socket) -> str:
        """Read and write until the connection ends; return why it did."""
        sock.setblocking(False)
        inbox = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            selector.register(sock, selectors.EVENT_READ)
            while not self._closing.is_set():
                with self._lock:
                    wanted = bool(self._rest or self._outgoing)
                selector.modify(sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0))
                for key, events in selector.select():
                    if key.fileobj is self._woken:
                        with contextlib.suppress(BlockingIOError):
                            self._woken.recv(4096)
                        continue
                    if events & selectors.EVENT_WRITE:
                        self._write(sock)
                    if events & selectors.EVENT_READ:
                        data = sock.recv(_CHUNK)
                        if not data:
                            return "it was closed there"
                        inbox += data
                        if self._take(inbox):
                            return "another set, or the end of Live"
        return "closed here"

    def _write(self, sock: socket.socket) -> None:
        with self._lock:
            if not self._rest and self._outgoing:
                self._rest = b"".join(self._outgoing)
                self._outgoing.clear()
        sent = sock.send(memoryview(self._rest)[:_CHUNK])
        self._rest = self._rest[sent:]
        with self._lock:
            self._waiting -= sent

    def _take(self, inbox: bytearray) -> bool:
        """Take the packets that are whole; whether the script said goodbye."""
        at, bye = 0, False
        while len(inbox) - at >= 4:
            size = int.from_bytes(inbox[at : at + 4], "big")
            if not 0 < size <= 8 * FRAME:
                raise GrooveError("what came is not OSC")
            if len(inbox) - at < 4 + size:
                break
            for found in read(bytes(inbox[at + 4 : at + 4 + size])):
                bye = bye or found.address == "/gl/bye"
                self._dispatch(found.address, found.arguments)
            at += 4 + size
        del inbox[:at]
        return bye

    def _dispatch(self, address: str, arguments: Result) -> None:
        if address not in ("/gl/ok", "/gl/error"):
            with self._lock:
                callbacks = list(self._callbacks.get(address, ()))
            # When it came counts for a clock; how long a callback before it took does not.
            if address == "/gl/clock":
                arguments = (time.monotonic(), *arguments)
            for callback in callbacks:
                self._news.put((callback, arguments))
            return
        with self._lock:
            future = self._pending.pop(arguments[0], None) if arguments else None
        if future is None or not future.set_running_or_notify_cancel():
            if address == "/gl/error" and arguments[:1] == (0,):
                log.warning("the script in Live says: %s", arguments[2])
            return  # else it was given up
        if address == "/gl/ok":
            future.set_result(arguments[2:])
        else:
            future.set_exception(fault(str(arguments[1]), str(arguments[2])))

    def _down(self, why: str) -> None:
        with self._lock:
            was, self._up = self._up, False
            pending, self._pending = list(self._pending.values()), {}
            self._outgoing.clear()
            self._rest, self._waiting = b"", 0
        for future in pending:
            if future.set_running_or_notify_cancel():
                future.set_exception(LinkDown(f"{why}; whether this was done is not known"))
        if was:
            self._state(LinkState(False, None, why))

    def _state(self, state: LinkState) -> None:
        with self._lock:
            callbacks = list(self._callbacks.get("state", ()))
        for callback in callbacks:
            self._news.put((callback, (state,)))

    # In the thread of the news

    def _tell(self) -> None:
        while (found := self._news.get()) is not None:
            callback, arguments = found
            try:
                callback(*arguments)
            except Exception:  # whose callback it is must not stop the others
                log.exception("a callback of the link to Live failed")
