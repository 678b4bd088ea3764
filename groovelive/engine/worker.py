"""An engine that works for a broker: it joins, takes requests, and hands their replies back.

A worker's messages begin with `b"GLW1"` and one of the words below; see `broker`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import zmq

from ..errors import GrooveError
from ..protocol.base import MAX_REPLY
from ..protocol.engine import EngineHello, Welcome, read_reply
from ..protocol.frames import HEADER, from_frames, to_frames
from ..runtime.curve import Peer, introduce

WORKER_HEADER = b"GLW1"
READY, REPLY, BEAT, BYE = b"ready", b"reply", b"beat", b"bye"  # from a worker
ASK, WHO, NO = b"ask", b"who", b"no"  # to a worker; and BEAT


INTERVAL = 0.25  # seconds between heartbeats
SILENCE = 1.0  # seconds without one after which the other side counts as lost
GREETING = 10.0  # seconds that an engine has to say which models it serves

_pack = msgspec.msgpack.Encoder()


def join(
    address: str,
    engine: str,
    stop: threading.Event,
    *,
    own: Peer | None = None,
    peer: Peer | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Let an engine on this machine work for the broker at `address`, until `stop` is set.

    Args:
        address: of the broker.
        engine: address of the engine; it must be up.
        stop: ends it.
        own: keys for the engine.
        peer: keys for the broker.
        tell: called with a sentence when the broker is found or lost.

    Raises:
        GrooveError: the engine does not answer, or the broker does not take it.
    """
    context: zmq.Context[Any] = zmq.Context()
    try:
        local = context.socket(zmq.DEALER)
        local.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
        if own is not None:
            introduce(local, own)
        local.connect(engine)
        local.send_multipart(to_frames(b"models", EngineHello()))
        if not local.poll(int(1000 * GREETING)):
            raise GrooveError(f"the engine at {engine} does not answer")
        welcome = read_reply(from_frames(local.recv_multipart()).body)
        if not isinstance(welcome, Welcome):
            raise GrooveError(f"the engine at {engine} does not say which models it has")
        models = _pack.encode([(m.name, m.version, m.backend) for m in welcome.models])
        while not stop.is_set():
            _work(context, address, peer, local, models, stop, tell)
    finally:
        context.destroy(linger=200)


def _work(
    context: zmq.Context[Any],
    address: str,
    peer: Peer | None,
    local: zmq.Socket[bytes],
    models: bytes,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Work over one connection to the broker, until that is silent or `stop` is set."""
    remote = context.socket(zmq.DEALER)
    remote.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
    if peer is not None:
        introduce(remote, peer)
    remote.connect(address)
    remote.send_multipart([WORKER_HEADER, READY, models])
    heard, found, due = time.monotonic(), False, 0.0
    while not stop.is_set() and time.monotonic() - heard < (SILENCE if found else 4 * SILENCE):
        now = time.monotonic()
        if now >= due:
            remote.send_multipart([WORKER_HEADER, BEAT])
            due = now + INTERVAL
        for socket in zmq.select([remote, local], [], [], max(0.0, due - now))[0]:
            while parts := _next(socket):
                if socket is local:
                    remote.send_multipart([WORKER_HEADER, REPLY, *parts[1:]])
                    continue
                heard = time.monotonic()
                if not found:
                    found = True
                    tell(f"joined {address}")
                word, rest = parts[1], parts[2:]
                if word == ASK:
                    local.send_multipart([HEADER, *rest])
                elif word == WHO:
                    remote.send_multipart([WORKER_HEADER, READY, models])
                elif word == NO:
                    remote.close(linger=0)
                    raise GrooveError(f"{address} does not take this engine: {rest[0].decode()}")
    if stop.is_set():
        remote.send_multipart([WORKER_HEADER, BYE])
        remote.close(linger=200)
        return
    if found:
        tell(f"lost {address}")
    remote.close(linger=0)


def _next(socket: zmq.Socket[bytes]) -> list[bytes]:
    try:
        return socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return []
