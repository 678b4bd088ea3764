"""All outlets of a conductor: opens targets, and gets each note to the process that sends it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence

from ..errors import GrooveError
from ..score.clocks import MidiClock
from ..score.targets import (
    AnyTarget,
    Cv,
    Midi,
    Osc,
    Scsynth,
    SuperDirt,
    Synth,
)
from .frames import Counts, Due, Kind
from .process import Hand


class Outlets:
    """Sends notes to targets, from processes that do nothing else.

    There is one process for each kind of target in use, started at its first one: a crash of scsynth, or of a
    driver, takes nothing else down. One that dies is started again, and its targets opened again. When the conductor
    dies, they end what sounds, and themselves.

    Args:
        tell: called with a sentence when something is amiss, once for each; from any thread.

    >>> import time
    >>> outlets = Outlets(print)
    >>> sink = outlets.open(Osc(port=57999))
    >>> soon = time.monotonic_ns() + 200_000_000
    >>> outlets.send([Due(sink, soon, step=0, voice=0, velocity=0.8, drummer="d1")])
    >>> outlets.end()
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell_on, self._told = tell, set[str]()
        self._lock = threading.Lock()  # of what follows
        self._opening = threading.Lock()
        self._hands: dict[Kind, Hand] = {}
        self._sinks: dict[AnyTarget | MidiClock, int] = {}
        self._homes: dict[int, Hand] = {}
        self._numbers = itertools.count(1)

    def open(self, target: AnyTarget | MidiClock) -> int:
        """Return the sink of a target, or of MIDI clock; the same one for an equal target, until it is closed.

        Raises:
            GrooveError: the receiver, port, kit or synth is not there.
        """
        with self._opening:
            with self._lock:
                if (known := self._sinks.get(target)) is not None:
                    return known
                kind = _kind(target)
                hand = self._hands.get(kind) or self._hands.setdefault(kind, Hand(kind, self._tell))
                sink = next(self._numbers)
            try:
                hand.open(sink, target)
            except GrooveError:
                self._rest(hand)
                raise
            with self._lock:
                self._sinks[target] = sink
                self._homes[sink] = hand
            return sink

    def close(self, sink: int) -> None:
        """End what sounds at a sink, and let its target go."""
        with self._opening:
            with self._lock:
                hand = self._homes.pop(sink, None)
                self._sinks = {target: number for target, number in self._sinks.items() if number != sink}
            if hand is not None:
                hand.close(sink)
                self._rest(hand)

    def send(self, notes: Sequence[Due]) -> None:
        """Have notes sent at their times. Does not wait; those of a sink that is not open are ignored."""
        by_hand: dict[Hand, list[Due]] = {}
        with self._lock:
            for note in notes:
                if (hand := self._homes.get(note.sink)) is not None:
                    by_hand.setdefault(hand, []).append(note)
        for hand, its in by_hand.items():
            hand.send(its)

    def flush(self, sinks: Iterable[int] | None, since: int) -> None:
        """Take back what is not sent yet and due at or after a moment.

        Args:
            sinks: whose notes; None: those of all.
            since: nanoseconds of `time.monotonic_ns`, compared with the `when` of the notes.
        """
        chosen = None if sinks is None else list(sinks)
        for hand in self._all():
            hand.flush(chosen, since)

    def panic(self) -> None:
        """Forget all notes, and end all that sounds."""
        for hand in self._all():
            hand.panic()

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every open sink, as of half a second ago at most."""
        with self._lock:
            homes = set(self._homes)
        return {sink: counts for hand in self._all() for sink, counts in hand.counts().items() if sink in homes}

    def end(self) -> None:
        """End all that sounds, and the processes."""
        with self._opening:
            with self._lock:
                hands = list(self._hands.values())
                self._hands.clear()
                self._sinks.clear()
                self._homes.clear()
            for hand in hands:
                hand.leave()
            for hand in hands:
                hand.end()

    def _all(self) -> list[Hand]:
        with self._lock:
            return list(self._hands.values())

    def _rest(self, hand: Hand) -> None:
        """End a synth that nothing plays on: it keeps the sound device from others."""
        if hand.kind == "synth" and hand.empty():
            with self._lock:
                self._hands.pop(hand.kind, None)
            hand.end()

    def _tell(self, sentence: str) -> None:
        with self._lock:
            if sentence in self._told:
                return
            self._told.add(sentence)
        self._tell_on(sentence)


def _kind(target: AnyTarget | MidiClock) -> Kind:
    match target:
        case Osc() | SuperDirt():
            return "osc"
        case Scsynth() | Cv():
            return "scsynth"
        case Midi() | MidiClock():
            return "midi"
        case Synth():
            return "synth"
    raise GrooveError(f"a {type(target).__name__.lower()} is not played to: the conductor writes it")
