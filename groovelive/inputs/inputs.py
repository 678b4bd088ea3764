"""All inputs of a conductor: opens MIDI ports in a process that reads them, and keeps what has come until it looks."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import GrooveError
from ..runtime.workers import Fall, Worker, command
from .frames import Answer, Listen, Messages, PortGone, PortOpened, PortRefused, answers

_PATIENCE = 8.0  # seconds that a port may take to open


class PortMessage(NamedTuple):
    """A message that came to a port, and when, in ns of `time.monotonic_ns`."""

    port: str
    at: int
    data: bytes


class _Place:
    def __init__(self, port: str, virtual: bool, wait: bool) -> None:
        self.port, self.virtual, self.wait = port, virtual, wait
        self.answered, self.why = threading.Event(), ""
        self.gone = False


class Inputs:
    """Reads MIDI ports, in a process of its own: it is started at the first, and again when it dies.

    Args:
        tell: called with a sentence when a port goes or comes back; from any thread.
        wake: called when something has come; from any thread.
    """

    def __init__(self, tell: Callable[[str], None], wake: Callable[[], None]) -> None:
        self._tell, self._wake = tell, wake
        self._came: queue.SimpleQueue[PortMessage] = queue.SimpleQueue()
        self._worker: Worker[Listen] = Worker(
            "MIDI inputs",
            command("groovelive.inputs"),
            hear=lambda body: self._hear(answers.decode(body)),
            begin=self._begin,
            fell=self._fell,
        )
        self._turn = self._worker.turn  # of what follows, too
        self._places: dict[int, _Place] = {}
        self._numbers = itertools.count(1)
        self._started = False

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
        with self._turn:
            if any((place.port, place.virtual) == (port, virtual) for place in self._places.values()):
                return
            number, place = next(self._numbers), _Place(port, virtual, wait)
            self._places[number] = place
            self._worker.post(Listen(number, port, virtual, wait))
            if not self._started:
                self._started = True
                self._worker.start()
        if not place.answered.wait(_PATIENCE):
            place.why = f"MIDI port {port!r} did not open within {_PATIENCE:g} s"
        if place.why:
            with self._turn:
                self._places.pop(number, None)
            raise GrooveError(place.why)

    def opened(self, port: str, virtual: bool = False) -> bool:
        """Return whether a port is read, or looked for."""
        with self._turn:
            return not port or any((one.port, one.virtual) == (port, virtual) for one in self._places.values())

    @property
    def ports(self) -> dict[str, bool]:
        """The ports that are read, and whether each is there; else it is looked for."""
        with self._turn:
            return {place.port: not place.gone for place in self._places.values() if place.answered.is_set()}

    def take(self) -> list[PortMessage]:
        """Return what has come since the last look."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._came.get_nowait())
        return found

    def end(self) -> None:
        """End the process."""
        self._worker.end()

    # In the threads of the worker

    def _begin(self, waiting: list[Listen]) -> Iterable[Listen]:
        """Read all ports that were read in the process before."""
        return [Listen(number, one.port, one.virtual, one.wait) for number, one in self._places.items()]

    def _fell(self, fall: Fall) -> bool:
        with self._turn:
            opening = [place for place in self._places.values() if not place.answered.is_set()]
            for place in self._places.values():
                place.wait = True
        for place in opening:
            place.why = f"what reads MIDI ports ended when it was to open {place.port!r}"
            place.answered.set()
        if fall.number == 1:
            self._tell("what reads MIDI ports has ended; it is started again")
        return True

    def _hear(self, answer: Answer) -> None:
        with self._turn:
            place = self._places.get(answer.number)
        if place is None:
            return
        match answer:
            case Messages(messages=messages):
                for at, data in messages:
                    self._came.put(PortMessage(place.port, at, data))
                self._wake()
            case PortOpened():
                if place.gone:
                    self._tell(f"MIDI port {place.port!r} is back")
                place.gone = False
                place.answered.set()
            case PortGone():
                if not place.gone:
                    self._tell(f"MIDI port {place.port!r} is not there; it is looked for, and heard when it comes")
                place.gone = True
                place.answered.set()
            case PortRefused(why=why):
                place.why = why
                place.answered.set()
