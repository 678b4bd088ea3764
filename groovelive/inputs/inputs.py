"""All inlets of a conductor: opens MIDI ports in a process that reads them, and keeps what has come until it looks."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import GrooveError
from ..outputs.frames import Frames
from ..runtime.workers import environment
from .frames import (
    Answer,
    Gone,
    Listen,
    Messages,
    Opened,
    Refused,
    answers,
    frame,
)

_PATIENCE = 8.0  # seconds that a port may take to open
_RESTS = (0.0, 0.2, 1.0, 5.0)  # seconds until a process that has died is started again
_SETTLED = 10.0  # seconds after which one that dies counts as the first that did
_FAREWELL = 2.0  # seconds that it has to end


class Heard(NamedTuple):
    """A message that came to a port, and when, in ns of `time.monotonic_ns`."""

    port: str
    at: int
    data: bytes


class _Place:
    def __init__(self, port: str, virtual: bool, wait: bool) -> None:
        self.port, self.virtual, self.wait = port, virtual, wait
        self.answered, self.why = threading.Event(), ""
        self.gone = False


class Inlets:
    """Reads MIDI ports, in a process of its own: it is started at the first, and again when it dies.

    Args:
        tell: called with a sentence when a port goes or comes back; from any thread.
        ring: called when something has come; from any thread.
    """

    def __init__(self, tell: Callable[[str], None], ring: Callable[[], None]) -> None:
        self._tell, self._ring = tell, ring
        self._came: queue.SimpleQueue[tuple[str, int, bytes]] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of what follows
        self._places: dict[int, _Place] = {}
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None
        self._ending = threading.Event()

    def open(self, port: str, virtual: bool = False, wait: bool = False) -> None:
        """Read a port; nothing, where it is read already.

        Args:
            port: its name, or a part of it; "" is none.
            virtual: whether it is made, for others to connect to.
            wait: whether to look for it until it is there.

        Raises:
            GrooveError: it is not there, in use, or could be several; there is no MIDI.
        """
        if not port:
            return
        with self._lock:
            if any((place.port, place.virtual) == (port, virtual) for place in self._places.values()):
                return
            number, place = next(self._numbers), _Place(port, virtual, wait)
            self._places[number] = place
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="inlets", daemon=True)
                self._keeper.start()
            elif self._process is not None:
                self._send(self._process, [Listen(number, port, virtual, wait)])
        if not place.answered.wait(_PATIENCE):
            place.why = f"MIDI port {port!r} did not open within {_PATIENCE:g} s"
        if place.why:
            with self._lock:
                self._places.pop(number, None)
            raise GrooveError(place.why)

    def opened(self, port: str, virtual: bool = False) -> bool:
        """Return whether a port is read, or looked for."""
        with self._lock:
            return not port or any((one.port, one.virtual) == (port, virtual) for one in self._places.values())

    @property
    def ports(self) -> dict[str, bool]:
        """The ports that are read, and whether each is there; else it is looked for."""
        with self._lock:
            return {place.port: not place.gone for place in self._places.values() if place.answered.is_set()}

    def take(self) -> list[Heard]:
        """Return what has come since the last look."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(Heard(*self._came.get_nowait()))
        return found

    def end(self) -> None:
        """End the process."""
        self._ending.set()
        with self._lock:
            process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if self._keeper is not None:
            self._keeper.join(_FAREWELL)
            if self._keeper.is_alive() and process is not None:
                process.kill()
                self._keeper.join(_FAREWELL)

    # In the thread

    def _keep(self) -> None:
        falls = 0
        while not self._ending.is_set():
            began = time.monotonic()
            self._live()
            if self._ending.is_set():
                return
            falls = 0 if time.monotonic() - began > _SETTLED else falls + 1
            with self._lock:
                opening = [place for place in self._places.values() if not place.answered.is_set()]
                for place in self._places.values():
                    place.wait = True
            for place in opening:
                place.why = f"what reads MIDI ports ended when it was to open {place.port!r}"
                place.answered.set()
            if falls < 2:
                self._tell("what reads MIDI ports has ended; it is started again")
            self._ending.wait(_RESTS[min(falls, len(_RESTS) - 1)])

    def _live(self) -> None:
        """Start the process, and hear it out."""
        command = [sys.executable, "-P", "-m", "groovelive.inputs"]
        apart: dict[str, Any] = {"start_new_session": True}  # a Ctrl-C in the terminal is the conductor's
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(command, env=environment(), **pipes, **apart)
        except OSError as error:
            self._tell(f"what reads MIDI ports cannot be started: {error}")
            return
        with self._lock:
            self._process = process
            self._send(process, [Listen(k, p.port, p.virtual, p.wait) for k, p in self._places.items()])
        frames = Frames()
        assert process.stdout is not None
        with process.stdout as stdout:
            while data := os.read(stdout.fileno(), 1 << 16):
                for body in frames.feed(data):
                    self._hear(answers.decode(body))
        process.wait()
        with self._lock:
            self._process = None

    def _send(self, process: subprocess.Popen[bytes], orders: list[Listen]) -> None:
        assert process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is no more: the next is told
            data = frame(orders)
            while data:
                data = data[os.write(process.stdin.fileno(), data) :]

    def _hear(self, answer: Answer) -> None:
        with self._lock:
            place = self._places.get(answer.number)
        if place is None:
            return
        match answer:
            case Messages(messages=messages):
                for at, data in messages:
                    self._came.put((place.port, at, data))
                self._ring()
            case Opened():
                if place.gone:
                    self._tell(f"MIDI port {place.port!r} is back")
                place.gone = False
                place.answered.set()
            case Gone():
                if not place.gone:
                    self._tell(f"MIDI port {place.port!r} is not there; it is looked for, and heard when it comes")
                place.gone = True
                place.answered.set()
            case Refused(why=why):
                place.why = why
                place.answered.set()
