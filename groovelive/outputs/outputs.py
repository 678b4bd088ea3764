"""All outputs of a conductor: opens targets, and gets each note to the process that sends it."""

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
from .process import OutputProcess


class Outputs:
    """Sends notes to targets, from processes that do nothing else.

    There is one process for each kind of target in use, started at its first one: a crash of scsynth, or of a
    driver, takes nothing else down. One that dies is started again, and its targets opened again. When the conductor
    dies, they end what sounds, and themselves.

    Args:
        tell: called with a sentence when something is amiss, once for each; from any thread.

    >>> import time
    >>> outputs = Outputs(print)
    >>> sink = outputs.open(Osc(port=57999))
    >>> soon = time.monotonic_ns() + 200_000_000
    >>> outputs.send([Due(sink, soon, step=0, voice=0, velocity=0.8, drummer="d1")])
    >>> outputs.end()
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell_on, self._told = tell, set[str]()
        self._lock = threading.Lock()  # of what follows
        self._opening = threading.Lock()
        self._processes: dict[Kind, OutputProcess] = {}
        self._sinks: dict[AnyTarget | MidiClock, int] = {}
        self._homes: dict[int, OutputProcess] = {}
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
                process = self._processes.get(kind) or self._processes.setdefault(kind, OutputProcess(kind, self._tell))
                sink = next(self._numbers)
            try:
                process.open(sink, target)
            except GrooveError:
                self._rest(process)
                raise
            with self._lock:
                self._sinks[target] = sink
                self._homes[sink] = process
            return sink

    def close(self, sink: int) -> None:
        """End what sounds at a sink, and let its target go."""
        with self._opening:
            with self._lock:
                process = self._homes.pop(sink, None)
                self._sinks = {target: number for target, number in self._sinks.items() if number != sink}
            if process is not None:
                process.close(sink)
                self._rest(process)

    def send(self, notes: Sequence[Due]) -> None:
        """Have notes sent at their times. Does not wait; those of a sink that is not open are ignored."""
        by_process: dict[OutputProcess, list[Due]] = {}
        with self._lock:
            for note in notes:
                if (process := self._homes.get(note.sink)) is not None:
                    by_process.setdefault(process, []).append(note)
        for process, its in by_process.items():
            process.send(its)

    def flush(self, sinks: Iterable[int] | None, since: int) -> None:
        """Take back what is not sent yet and due at or after a moment.

        Args:
            sinks: whose notes; None: those of all.
            since: nanoseconds of `time.monotonic_ns`, compared with the `when` of the notes.
        """
        chosen = None if sinks is None else list(sinks)
        for process in self._all():
            process.flush(chosen, since)

    def panic(self) -> None:
        """Forget all notes, and end all that sounds."""
        for process in self._all():
            process.panic()

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every open sink, as of half a second ago at most."""
        with self._lock:
            homes = set(self._homes)
        return {sink: counts for process in self._all() for sink, counts in process.counts().items() if sink in homes}

    def end(self) -> None:
        """End all that sounds, and the processes."""
        with self._opening:
            with self._lock:
                processes = list(self._processes.values())
                self._processes.clear()
                self._sinks.clear()
                self._homes.clear()
            for process in processes:
                process.leave()
            for process in processes:
                process.end()

    def _all(self) -> list[OutputProcess]:
        with self._lock:
            return list(self._processes.values())

    def _rest(self, process: OutputProcess) -> None:
        """End a synth that nothing plays on: it keeps the sound device from others."""
        if process.kind == "synth" and process.empty():
            with self._lock:
                self._processes.pop(process.kind, None)
            process.end()

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
