"""An output process: takes orders from standard input, and ends, with all that sounds, when that ends."""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING

from ..errors import GrooveError
from ..osc_messages.timetags import WallClock
from ..runtime.child import Pipe, run, take_over
from ..runtime.midi_ports import LINGER
from ..runtime.midi_ports import ports as midi_ports
from ..runtime.realtime import claim, settle
from ..score.clocks import MidiClock
from ..score.targets import Cv, Midi, Osc, Scsynth, SuperDirt, Synth
from .frames import (
    Answer,
    Close,
    Counts,
    CountsReport,
    EndAll,
    Flush,
    Notes,
    Open,
    Order,
    OutputFault,
    Ready,
    SinkOpened,
    SinkRefused,
    orders,
)
from .midi import MidiSink
from .midi_clock import ClockSink
from .osc import OscSink
from .scheduler import Scheduler, Sink

if TYPE_CHECKING:
    from .embedded_synth import World

_log = logging.getLogger(__name__)
_REPORT = 0.5  # seconds between two reports
_READING, _SENDING = 50, 60  # priorities, below those of audio drivers


class OutputWorker:
    """Does what it is ordered to.

    Args:
        pipe: to the conductor.
    """

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._told: set[str] = set()
        self._clock = WallClock()
        self._sender = Scheduler(self._fault)
        self._wanted: set[int] = set()
        self._lock = threading.Lock()  # of the line above
        self._world: World | None = None
        self._linger = 0.0  # seconds that a driver needs to get the last note-offs away
        self._booting = threading.Lock()  # of the line above

    def run(self) -> None:
        """Take orders until standard input ends."""
        settle()
        # All threads, as the one that sends may have to wait for any of them to let go of the interpreter.
        claim(_READING)
        sending = threading.Thread(target=self._sender.run, args=(_SENDING,), name="sender", daemon=True)
        sending.start()
        threading.Thread(target=self._answer, name="answers", daemon=True).start()
        self._answers.put(Ready())
        for body in self._pipe.bodies():
            self._obey(orders.decode(body))
        self._sender.end()
        sending.join(1.0)
        time.sleep(self._linger)
        if self._world is not None:
            self._world.quit()

    def _obey(self, order: Order) -> None:
        match order:
            case Notes(notes):
                self._sender.push(notes)
            case Flush(sinks, since):
                self._sender.flush(sinks, since)
            case EndAll():
                self._sender.panic()
            case Open():
                self._wanted.add(order.sink)
                self._sender.add(order.sink, Sink(order.target))  # its notes may follow at once
                # Beside the orders: a name server, a driver or a sound device may take its time.
                threading.Thread(target=self._opening, args=(order,), name="open", daemon=True).start()
            case Close(sink):
                with self._lock:
                    self._wanted.discard(sink)
                    self._sender.remove(sink)

    def _opening(self, order: Open) -> None:
        try:
            sink = self._sink(order)
        except Exception as error:
            why = str(error)
            if not isinstance(error, GrooveError):
                _log.exception("%s cannot be opened", order.target)
                why = f"{order.target} cannot be opened: {error}"
            self._sender.remove(order.sink)
            self._answers.put(SinkRefused(order.sink, " ".join(why.split())))
            return
        with self._lock:
            if order.sink not in self._wanted:  # closed meanwhile
                sink.close()
                return
            self._sender.add(order.sink, sink)
        self._answers.put(SinkOpened(order.sink))

    def _sink(self, order: Open) -> Sink:
        match order.target:
            case Osc() as target:
                return OscSink(target, self._clock, order.sent)
            case SuperDirt() as target:
                from .superdirt import SuperDirtSink  # start-up time, here and below: what loads numpy

                return SuperDirtSink(target, self._clock)
            case Scsynth() as target:
                from .scsynth import ScsynthSink  # start-up time: a process has one kind of sink

                return ScsynthSink(target, self._clock, self._say)
            case Cv() as target:
                from .cv import CvSink  # start-up time: a process has one kind of sink

                return CvSink(target, self._clock, self._say)
            case Midi() as target:
                self._linger = LINGER
                return MidiSink(target, lambda at, action: self._sender.later(order.sink, at, action))
            case MidiClock() as clock:
                self._linger = LINGER
                return ClockSink(clock)
            case Synth() as target:
                from ..synthesis.kits import DrumKit  # start-up time: a process has one kind of sink
                from .embedded_synth import SynthSink, World  # start-up time: a process has one kind of sink

                DrumKit(target.kit)  # a slip of the pen opens no sound device
                with self._booting:
                    self._world = self._world or World()
                return SynthSink(target, self._world, self._clock)
            case target:
                raise GrooveError(f"notes for a {type(target).__name__.lower()} are not sent by an outlet")

    def _say(self, sentence: str) -> None:
        self._answers.put(OutputFault(sentence))

    def _fault(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._answers.put(OutputFault(sentence))

    def _answer(self) -> None:
        """Write the answers, and now and then the counts; and see whether the wall clock has been set."""
        last: dict[int, Counts] = {}
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(queue.Empty):
                    self._pipe.write([self._answers.get(timeout=_REPORT)])
                    continue
                if self._clock.look():
                    self._fault("the system's clock was set; timetags follow it")
                if (counts := self._sender.counts()) != last:
                    self._pipe.write([CountsReport(counts)])
                    last = counts


def main(what: str) -> int:
    """Be an output process, or (`ports`, `inports`, `sound`) have a look for `devices`."""
    looks = what in ("ports", "inports", "sound")
    pipe = take_over(f"{what} output", logged=not looks)
    if what in ("ports", "inports"):
        try:
            names = midi_ports("MidiIn" if what == "inports" else "MidiOut")
            pipe.write_bytes("\n".join(["yes", *names]).encode())
        except GrooveError as error:
            pipe.write_bytes(str(error).encode())
        return 0
    if what == "sound":
        from .embedded_synth import World  # start-up time

        try:
            World().quit()
            pipe.write_bytes(b"yes")
        except GrooveError as error:
            pipe.write_bytes(str(error).encode())
        return 0
    if what not in ("osc", "midi", "synth", "scsynth"):
        return 2
    try:
        OutputWorker(pipe).run()
    except Exception as error:
        pipe.write([OutputFault(f"the {what} outlet failed: {type(error).__name__}: {error}")])
        raise
    return 0


def go() -> None:
    """Run `main` and end at once."""
    run(lambda: main(sys.argv[1] if len(sys.argv) > 1 else ""))
