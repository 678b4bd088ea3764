"""The conductor's side of one output process: opens targets, hands notes over, opens all anew when it dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from ..errors import GrooveError
from ..runtime.workers import Fall, Worker, command
from ..score.clocks import MidiClock
from ..score.targets import AnyTarget
from .frames import (
    Answer,
    Close,
    Counts,
    CountsReport,
    Due,
    EndAll,
    Flush,
    Kind,
    Notes,
    Open,
    Order,
    OutputFault,
    Ready,
    SinkOpened,
    SinkRefused,
    answers,
)

MOST = 4096  # notes that wait for a process that does not read; more are dropped
_PATIENCE = 3.0  # seconds to open a target in
_BOOTING = 15.0  # seconds to open one in that boots a server first
_START = 10.0  # seconds for a process to come up, on a machine that has much to do
_AGAIN = 2.0  # seconds until a target that has gone is tried again


class _Place:
    """A sink as its process is known to have it: how it stands there, and its counts."""

    def __init__(self, target: AnyTarget | MidiClock) -> None:
        self.target = target
        self.answered = threading.Event()
        self.why: str | None = None  # it was refused
        self.lost = False  # it was refused when it was opened again
        self.before = Counts()  # by processes that are no more
        self.now = Counts()
        self.dropped = 0  # on this side

    def counts(self) -> Counts:
        return self.before + self.now + Counts(dropped=self.dropped)


class OutputProcess:
    """Runs an output process of a kind, from its first target on until `end`.

    Args:
        kind: of the targets.
        tell: called with a sentence when something is amiss, from a thread of the worker.
    """

    def __init__(self, kind: Kind, tell: Callable[[str], None]) -> None:
        self.kind, self._tell = kind, tell
        self._places: dict[int, _Place] = {}
        self._ready = threading.Event()
        self._worker: Worker[Order] = Worker(
            f"{kind} output",
            command("groovelive.outputs", kind),
            hear=lambda body: self._hear(answers.decode(body)),
            begin=self._begin,
            fell=self._fell,
            weigh=lambda order: len(order.notes) if isinstance(order, Notes) else 0,
        )
        self._turn = self._worker.turn  # of the places, too
        self._worker.start()

    @property
    def pid(self) -> int:
        """The process that runs."""
        return self._worker.pid

    def open(self, sink: int, target: AnyTarget | MidiClock) -> None:
        """Open a target.

        Raises:
            GrooveError: it is not there, or does not answer.
        """
        place = _Place(target)
        with self._turn:
            self._places[sink] = place
            self._worker.post(Open(sink, target))
        started = self._ready.wait(_START)
        patience = _BOOTING if getattr(target, "boot", False) else _PATIENCE
        if not place.answered.wait(patience if started else 0):
            place.why = f"the {self.kind} outlet does not answer within {patience:g} s: is its receiver stuck?"
        if place.why is not None:
            self.close(sink)
            raise GrooveError(place.why)

    def close(self, sink: int) -> None:
        """Close a target."""
        with self._turn:
            self._places.pop(sink, None)
            self._worker.post(Close(sink))

    def empty(self) -> bool:
        """Return whether no target is open."""
        with self._turn:
            return not self._places

    def send(self, notes: Sequence[Due]) -> None:
        """Hand notes over, or drop them where too many wait already."""
        with self._turn:
            taken: list[Due] = []
            for note in notes:
                if (place := self._places.get(note.sink)) is None:
                    continue
                if place.lost or self._worker.waiting + len(taken) >= MOST:
                    place.dropped += 1
                else:
                    taken.append(note)
            if taken:
                self._worker.post(Notes(taken))

    def flush(self, sinks: list[int] | None, since: int) -> None:
        """Take back what is not sent."""
        self._worker.post(Flush(sinks, since))

    def panic(self) -> None:
        """Forget all, and end what sounds."""
        with self._turn:
            self._worker.keep(lambda order: isinstance(order, Open | Close))
            self._worker.post(EndAll())

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every sink."""
        with self._turn:
            return {sink: place.counts() for sink, place in self._places.items()}

    def leave(self) -> None:
        """Have the process end what sounds at its targets, and itself."""
        self._worker.leave()

    def end(self) -> None:
        """Leave, and wait until the process has ended; make it, if need be."""
        self._worker.end()

    # In the threads of the worker

    def _begin(self, waiting: list[Order]) -> Iterable[Order]:
        """Open all that was open in the process before."""
        again = [
            Open(sink, place.target, place.before.sent) for sink, place in self._places.items() if place.why is None
        ]
        return [*again, *(order for order in waiting if not isinstance(order, Open))]

    def _fell(self, fall: Fall) -> bool:
        with self._turn:
            self._ready.clear()
            for place in self._places.values():
                place.before, place.now, place.lost = place.before + place.now, Counts(), False
                if not place.answered.is_set():
                    place.why = f"the {self.kind} outlet {fall.how} when it was to open {place.target}"
                    place.answered.set()
        if fall.number == 1:
            self._tell(f"the {self.kind} outlet{fall.process} {fall.how}; it is started again")
        return True

    def _hear(self, answer: Answer) -> None:
        match answer:
            case Ready():
                self._ready.set()
            case OutputFault(what):
                self._tell(what)
            case CountsReport(counts):
                with self._turn:
                    for sink, count in counts.items():
                        if sink in self._places:
                            self._places[sink].now = count
            case SinkOpened(sink):
                self._answered(sink, None)
            case SinkRefused(sink, why):
                self._answered(sink, why)

    def _answered(self, sink: int, why: str | None) -> None:
        with self._turn:
            place = self._places.get(sink)
            if place is None:
                return
            if not place.answered.is_set():
                place.why = why
                place.answered.set()
                return
            place.lost = why is not None
        if why is not None:  # it was there before: a server or a device that is away for a while
            self._tell(why)
            again = threading.Timer(_AGAIN, self._reopen, (sink,))
            again.daemon = True
            again.start()

    def _reopen(self, sink: int) -> None:
        with self._turn:
            place = self._places.get(sink)
            if place is not None and place.lost:
                self._worker.post(Open(sink, place.target, (place.before + place.now).sent))
