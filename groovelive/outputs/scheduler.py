"""Sends what is due, each note at its moment, from a thread that does nothing else."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..errors import GrooveError
from ..runtime.realtime import claim
from ..score.clocks import MidiClock
from ..score.targets import AnyTarget, tagged
from .frames import Counts, Due

HOPELESS = 50_000_000  # ns; a note that is later than this is not sent
TOLERABLE = 10_000_000  # ns; a note without a timetag that is later than this counts as late
NEAR = 1_000_000  # ns; so long before its time a note is made ready
_SECOND = 1_000_000_000
_log = logging.getLogger(__name__)


class Sink:
    """A receiver of notes; the sender calls all its methods, one at a time.

    This class itself stands for a receiver that is being opened, to which nothing can be sent yet.
    """

    ready = False
    steady = False  # whether what is due at it is no sound, and stays due in a panic

    def __init__(self, target: AnyTarget | MidiClock) -> None:
        self.tagged = not isinstance(target, MidiClock) and tagged(target)
        self.ahead = 0 if isinstance(target, MidiClock) or not self.tagged else round(target.ahead * _SECOND)
        self.shift = round(target.shift * _SECOND)

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a note that sounds at the monotonic moment `at`, its shift included."""
        raise NotImplementedError

    def hush(self) -> None:
        """End whatever sounds."""

    def close(self) -> None:
        """End whatever sounds, and let the receiver go."""

    def name(self) -> str:
        """Return what a sentence calls the receiver."""
        raise NotImplementedError


class _Tally:
    """Counts what becomes of the notes of a sink."""

    __slots__ = ("dropped", "late", "lead", "sent")

    def __init__(self) -> None:
        self.sent = self.late = self.dropped = 0
        self.lead: int | None = None

    def counts(self) -> Counts:
        return Counts(self.sent, self.late, self.dropped, None if self.lead is None else self.lead / 1e6)


class _Entry(NamedTuple):
    at: int  # when to send
    order: int
    sink: int
    note: Due | None
    action: Callable[[], None] | None


class Scheduler:
    """Keeps notes until they are due and sends them.

    A note that is less than 50 ms late is sent at once; one that is later is dropped and counted, so that no burst
    follows a stall.

    Args:
        fault: told a sentence when a receiver cannot be sent to.
        clock: nanoseconds, monotonic.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        fault: Callable[[str], None],
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._fault, self._clock, self._sleep = fault, clock, sleep
        self._turn = threading.Condition(threading.Lock())
        self._heap: list[_Entry] = []
        self._orders = itertools.count()
        self._sinks: dict[int, Sink] = {}
        self._tallies: dict[int, _Tally] = {}
        self._over = False

    def add(self, number: int, sink: Sink) -> None:
        """Send the notes of a number to a sink from now on: those too that are due at the one in its place so far."""
        with self._turn:
            self._sinks[number] = sink
            self._tallies.setdefault(number, _Tally())

    def remove(self, number: int) -> None:
        """Close a sink, and forget what is due at it."""
        with self._turn:
            sink = self._sinks.pop(number, None)
            self._tallies.pop(number, None)
            self._keep(lambda entry: entry.sink != number)
            if sink is not None:
                self._attempt(sink, sink.close)

    def push(self, notes: Iterable[Due]) -> None:
        """Take notes; those of no sink are ignored."""
        with self._turn:
            first = self._heap[0].at if self._heap else None
            for note in notes:
                sink = self._sinks.get(note.sink)
                if sink is not None:
                    at = note.when + sink.shift - sink.ahead
                    heapq.heappush(self._heap, _Entry(at, next(self._orders), note.sink, note, None))
            if self._heap and (first is None or self._heap[0].at < first):
                self._turn.notify()

    def later(self, number: int, at: int, action: Callable[[], None]) -> None:
        """Do something for a sink at a moment, however late; only for the sink itself, out of `play`."""
        heapq.heappush(self._heap, _Entry(at, next(self._orders), number, None, action))

    def flush(self, numbers: Sequence[int] | None, since: int) -> None:
        """Forget the notes of some sinks (of all: None) whose `when` is `since` or after it."""
        with self._turn:
            self._keep(
                lambda entry: (
                    entry.note is None or entry.note.when < since or (numbers is not None and entry.sink not in numbers)
                )
            )

    def panic(self) -> None:
        """Forget all that is due, but the ticks of a clock, and end whatever sounds."""
        with self._turn:
            self._keep(lambda entry: self._sinks[entry.sink].steady)
            for sink in self._sinks.values():
                self._attempt(sink, sink.hush)

    def end(self) -> None:
        """Close all sinks, and end `run`."""
        with self._turn:
            self._over = True
            self._heap.clear()
            for sink in self._sinks.values():
                self._attempt(sink, sink.close)
            self._sinks.clear()
            self._turn.notify()

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every open sink."""
        with self._turn:
            return {number: tally.counts() for number, tally in self._tallies.items()}

    def run(self, priority: int) -> None:
        """Send what is due until `end`, from this thread."""
        claim(priority)
        with self._turn:
            while not self._over:
                rest = self.step()
                self._turn.wait(None if rest is None else rest / _SECOND)

    def step(self) -> int | None:
        """Send all that is due by now or within 1 ms, and return the nanoseconds until there is more; None: no more.

        The last millisecond is slept through, not waited: a short sleep ends closer to its time than a condition that
        others may notify (here by 0.1 ms), and the note is ready by then. Orders wait so long.
        """
        while self._heap:
            rest = self._heap[0].at - self._clock()
            if rest > NEAR:
                return rest - NEAR
            entry = heapq.heappop(self._heap)
            sink = self._sinks[entry.sink]
            if entry.action is not None:
                self._await(entry.at)
                self._attempt(sink, entry.action)
            elif entry.note is not None:
                self._play(sink, self._tallies[entry.sink], entry.note)
        return None

    def _play(self, sink: Sink, tally: _Tally, note: Due) -> None:
        at = note.when + sink.shift
        lead = at - self._clock()
        if lead < -HOPELESS or not sink.ready:
            tally.dropped += 1
            return
        try:
            send = sink.prepare(note, at)
            if not sink.tagged:
                self._await(at)
                lead = at - self._clock()
            send()
        except Exception as error:
            tally.dropped += 1
            self._failed(sink, error)
            return
        tally.sent += 1
        tally.late += lead < (0 if sink.tagged else -TOLERABLE)
        if sink.tagged and (tally.lead is None or lead < tally.lead):
            tally.lead = lead

    def _await(self, at: int) -> None:
        while (rest := at - self._clock()) > 0:
            self._sleep(rest / _SECOND)

    def _attempt(self, sink: Sink, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self._failed(sink, error)

    def _failed(self, sink: Sink, error: Exception) -> None:
        if not isinstance(error, OSError | GrooveError):
            _log.error("the %s cannot be sent to", sink.name(), exc_info=error)
        why = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        self._fault(f"the {sink.name()} cannot be sent to: {why}")

    def _keep(self, wanted: Callable[[_Entry], bool]) -> None:
        self._heap = [entry for entry in self._heap if wanted(entry)]
        heapq.heapify(self._heap)
