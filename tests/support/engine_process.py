"""An engine as a process of its own, and a client that speaks the protocol without groovelive's client."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from groovelive.cli.status import probe
from groovelive.protocol.base import Request
from groovelive.protocol.engine import AnyReply, read_reply
from groovelive.protocol.frames import from_frames, to_frames
from groovelive.runtime import endpoints as connection

PROGRAM = """
import os, sys, threading
from pathlib import Path
from groovelive.engine.server import run
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
run(sys.argv[1], models=[Path(p) for p in sys.argv[2:]], backend=os.environ.get("BACKEND"),
    ready=lambda address: print(address, flush=True), stop=stop)
"""


@contextmanager
def process(
    *models: Path, bind: str = "tcp://127.0.0.1:*", backend: str = "", config: Path | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start an engine; gives its address and its process, and ends it."""
    environment = os.environ | {"GROOVELIVE_CONFIG": str(config or Path(os.devnull))}
    if backend:
        environment["BACKEND"] = backend
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, bind, *map(str, models)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        if not address:
            raise RuntimeError(child.communicate()[1])
        yield address, child
    finally:
        if child.poll() is None:
            child.kill()
        for stream in (child.stdin, child.stdout, child.stderr):
            assert stream is not None
            stream.close()
        child.wait()


def answers() -> bool:
    """Whether the engine that a user would find answers."""
    found = connection.read()
    return found is not None and probe(found)


class Raw:
    """A DEALER socket that sends what it is told to."""

    def __init__(self, address: str, **options: int) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        for name, value in options.items():
            self.socket.setsockopt(getattr(zmq, name), value)
        self.socket.connect(address)
        self._ids = itertools.count()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: Any) -> None:
        self.socket.close(linger=0)

    def send(self, request: Request) -> bytes:
        id = b"%x" % next(self._ids)
        self.socket.send_multipart(to_frames(id, request))
        return id

    def receive(self, seconds: float = 10) -> tuple[bytes, AnyReply]:
        if not self.socket.poll(int(1000 * seconds)):
            raise TimeoutError
        message = from_frames(self.socket.recv_multipart())
        return message.id, read_reply(message.body)

    def ask(self, request: Request, seconds: float = 10) -> AnyReply:
        id = self.send(request)
        answered, reply = self.receive(seconds)
        assert answered == id
        return reply

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        return not self.socket.poll(int(1000 * seconds))
