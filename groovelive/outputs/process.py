"""The conductor's side of one outlet process: starts it, and again when it dies; writes to it without waiting."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, Any

from ..errors import GrooveError
from ..runtime.supervisor import _death
from ..runtime.workers import command, environment
from ..score.clocks import MidiClock
from ..score.targets import AnyTarget
from .frames import (
    Answer,
    Close,
    Counts,
    Due,
    Fault,
    Flush,
    Frames,
    Kind,
    Notes,
    Open,
    Opened,
    Order,
    Panic,
    Ready,
    Refused,
    Report,
    answers,
    frame,
)

MOST = 4096  # notes that wait for a process that does not read; more are dropped
_PATIENCE = 3.0  # seconds to open a target in
_BOOTING = 15.0  # seconds to open one in that boots a server first
_START = 10.0  # seconds for a process to come up, on a machine that has much to do
_AGAIN = 2.0  # seconds until a target that has gone is tried again
_FAREWELL = 2.0  # seconds for a process to end by itself
_RESTS = (0.0, 0.2, 0.5, 1.0)  # seconds before a process that dies again and again is started again
_SETTLED = 5.0  # seconds after which a process counts as one that runs


class _Place:
    """A sink as its hand knows it: how it stands with the process, and its counts."""

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


class Hand:
    """Runs an outlet process of a kind, from its first target on until `end`.

    Args:
        kind: of the targets.
        tell: called with a sentence when something is amiss, from a thread of the hand.
    """

    def __init__(self, kind: Kind, tell: Callable[[str], None]) -> None:
        self.kind, self._tell = kind, tell
        self._turn = threading.Condition()
        self._queue: deque[Order] = deque()
        self._waiting = 0  # notes in the queue
        self._places: dict[int, _Place] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: IO[bytes] | None = None
        self._ready = threading.Event()
        self._ending = False
        self._keeper = threading.Thread(target=self._keep, name=f"{kind} outlet", daemon=True)
        self._writer = threading.Thread(target=self._write, name=f"{kind} orders", daemon=True)
        self._keeper.start()
        self._writer.start()

    def open(self, sink: int, target: AnyTarget | MidiClock) -> None:
        """Open a target.

        Raises:
            GrooveError: it is not there, or does not answer.
        """
        place = _Place(target)
        with self._turn:
            self._places[sink] = place
            self._put(Open(sink, target))
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
            self._put(Close(sink))

    def empty(self) -> bool:
        """Return whether no target is open."""
        with self._turn:
            return not self._places

    def send(self, notes: Sequence[Due]) -> None:
        """Hand notes over, or drop them where too many wait already."""
        with self._turn:
            taken = []
            for note in notes:
                if (place := self._places.get(note.sink)) is None:
                    continue
                if place.lost or self._waiting >= MOST:
                    place.dropped += 1
                else:
                    taken.append(note)
                    self._waiting += 1
            if taken:
                self._put(Notes(taken))

    def flush(self, sinks: list[int] | None, since: int) -> None:
        """Take back what is not sent."""
        with self._turn:
            self._put(Flush(sinks, since))

    def panic(self) -> None:
        """Forget all, and end what sounds."""
        with self._turn:
            self._queue = deque(order for order in self._queue if isinstance(order, Open | Close))
            self._waiting = 0
            self._put(Panic())

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every sink."""
        with self._turn:
            return {sink: place.counts() for sink, place in self._places.items()}

    def leave(self) -> None:
        """Have the process end what sounds at its targets, and itself."""
        with self._turn:
            self._ending = True
            self._turn.notify_all()

    def end(self) -> None:
        """Leave, and wait until the process has ended; make it, if need be."""
        self.leave()
        self._keeper.join(_FAREWELL)
        if self._keeper.is_alive() and self._process is not None:
            self._process.kill()
            self._keeper.join(_FAREWELL)

    def _put(self, order: Order) -> None:
        self._queue.append(order)
        self._turn.notify_all()

    def _write(self) -> None:
        """Write what is in the queue, whenever there is something and a process to read it."""
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._ending or (self._queue and self._pipe))
                pipe, orders = self._pipe, list(self._queue)
                if self._ending:
                    if pipe is not None:
                        with contextlib.suppress(OSError):
                            pipe.close()
                    return
                self._queue.clear()
                self._waiting = 0
            assert pipe is not None
            data = frame(orders)
            try:
                while data:
                    data = data[os.write(pipe.fileno(), data) :]
            except (OSError, ValueError):  # the process is no more
                with self._turn:
                    if self._pipe is pipe:
                        self._pipe = None

    def _keep(self) -> None:
        """Run the process, and listen to it."""
        falls = 0
        while True:
            began = time.monotonic()
            code = self._live()
            with self._turn:
                if self._ending:
                    return
                self._ready.clear()
                for place in self._places.values():
                    place.before, place.now, place.lost = place.before + place.now, Counts(), False
                    if not place.answered.is_set():
                        place.why = f"the {self.kind} outlet {_death(code)} when it was to open {place.target}"
                        place.answered.set()
            falls = 0 if time.monotonic() - began > _SETTLED else falls + 1
            if falls < 2 and self._process is not None:
                number = self._process.pid
                self._tell(f"the {self.kind} outlet (process {number}) {_death(code)}; it is started again")
            with self._turn:
                if self._turn.wait_for(lambda: self._ending, _RESTS[min(falls, len(_RESTS) - 1)] if falls > 1 else 0):
                    return

    def _live(self) -> int:
        """Start the process, hear it out, and return its exit code."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
        apart: dict[str, Any] = {"start_new_session": True}  # a Ctrl-C in the terminal is the conductor's
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(command(self.kind), env=environment(), **pipes, **apart)
        except OSError as error:
            self._tell(f"the {self.kind} outlet cannot be started: {error}")
            return 1
        assert process.stdin is not None and process.stdout is not None
        with self._turn:
            self._process, self._pipe = process, process.stdin
            if self._ending:
                process.stdin.close()
            again = [
                Open(sink, place.target, place.before.sent) for sink, place in self._places.items() if place.why is None
            ]
            rest = [order for order in self._queue if not isinstance(order, Open)]
            self._queue = deque([*again, *rest])
            self._turn.notify_all()
        frames = Frames()
        with process.stdout as stdout:
            while data := os.read(stdout.fileno(), 1 << 16):
                for body in frames.feed(data):
                    self._hear(answers.decode(body))
        code = process.wait()
        with self._turn:
            if self._pipe is process.stdin:
                self._pipe = None
        with contextlib.suppress(OSError):
            process.stdin.close()
        return code

    def _hear(self, answer: Answer) -> None:
        match answer:
            case Ready():
                self._ready.set()
            case Fault(what):
                self._tell(what)
            case Report(counts):
                with self._turn:
                    for sink, count in counts.items():
                        if sink in self._places:
                            self._places[sink].now = count
            case Opened(sink) | Refused(sink):
                with self._turn:
                    place = self._places.get(sink)
                    if place is None:
                        return
                    why = answer.why if isinstance(answer, Refused) else None
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
                self._put(Open(sink, place.target, (place.before + place.now).sent))
