"""The process of an outlet: takes orders from standard input, and ends, with all that sounds, when that ends."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import GrooveError
from ..osc_messages.timetags import WallClock
from ..runtime.realtime import claim, settle
from ..score.clocks import MidiClock
from ..score.targets import Cv, Midi, Osc, Scsynth, SuperDirt, Synth
from .frames import (
    Answer,
    Close,
    Counts,
    Fault,
    Flush,
    Frames,
    Notes,
    Open,
    Opened,
    Order,
    Panic,
    Ready,
    Refused,
    Report,
    frame,
    orders,
)
from .scheduler import Sender, Sink

if TYPE_CHECKING:
    from .embedded_synth import World

_REPORT = 0.5  # seconds between two reports
_READING, _SENDING = 50, 60  # priorities, below those of audio drivers


class Outlet:
    """Does what it is ordered to.

    Args:
        pipe: file descriptor that the answers are written to.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._told: set[str] = set()
        self._clock = WallClock()
        self._sender = Sender(self._fault)
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
        frames = Frames()
        while data := os.read(0, 1 << 16):
            for body in frames.feed(data):
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
            case Panic():
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
            why = str(error) if isinstance(error, GrooveError) else f"{order.target} cannot be opened: {error}"
            self._sender.remove(order.sink)
            self._answers.put(Refused(order.sink, " ".join(why.split())))
            return
        with self._lock:
            if order.sink not in self._wanted:  # closed meanwhile
                sink.close()
                return
            self._sender.add(order.sink, sink)
        self._answers.put(Opened(order.sink))

    def _sink(self, order: Open) -> Sink:
        match order.target:
            case Osc() as target:
                from .osc import OscSink

                return OscSink(target, self._clock, order.sent)
            case SuperDirt() as target:
                from .superdirt import SuperDirtSink

                return SuperDirtSink(target, self._clock)
            case Scsynth() as target:
                from .scsynth import ScsynthSink

                return ScsynthSink(target, self._clock, self._say)
            case Cv() as target:
                from .cv import CvSink

                return CvSink(target, self._clock, self._say)
            case Midi() as target:
                from .midi import LINGER, MidiSink

                self._linger = LINGER
                return MidiSink(target, lambda at, action: self._sender.later(order.sink, at, action))
            case MidiClock() as clock:
                from .midi import LINGER
                from .midi_clock import ClockSink

                self._linger = LINGER
                return ClockSink(clock)
            case Synth() as target:
                from ..synthesis.kits import DrumKit
                from .embedded_synth import SynthSink, World

                DrumKit(target.kit)  # a slip of the pen opens no sound device
                with self._booting:
                    self._world = self._world or World()
                return SynthSink(target, self._world, self._clock)
            case target:
                raise GrooveError(f"notes for a {type(target).__name__.lower()} are not sent by an outlet")

    def _say(self, sentence: str) -> None:
        self._answers.put(Fault(sentence))

    def _fault(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._answers.put(Fault(sentence))

    def _answer(self) -> None:
        """Write the answers, and now and then the counts; and see whether the wall clock has been set."""
        last: dict[int, Counts] = {}
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(queue.Empty):
                    self._write([self._answers.get(timeout=_REPORT)])
                    continue
                if self._clock.look():
                    self._fault("the system's clock was set; timetags follow it")
                if (counts := self._sender.counts()) != last:
                    self._write([Report(counts)])
                    last = counts

    def _write(self, answers: Sequence[Answer]) -> None:
        data = frame(answers)
        while data:
            data = data[os.write(self._pipe, data) :]


def alone() -> int:
    """Leave the terminal to others, and return a descriptor of what was standard output.

    Drivers and scsynth print to both outputs as they like. GROOVELIVE_OUTLET_LOG names a file to see it in.
    """
    pipe = os.dup(1)
    log = os.environ.get("GROOVELIVE_OUTLET_LOG", os.devnull)
    drain = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(drain, 1)
    os.dup2(drain, 2)
    # How the conductor ends is told by the end of standard input; it takes a Ctrl-C for both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return pipe


def main(what: str) -> int:
    """Be an outlet, or (`ports`, `sound`) have a look for `devices`."""
    pipe = alone()
    if what == "ports":
        from .midi import ports

        with contextlib.suppress(GrooveError):
            os.write(pipe, "\n".join(ports()).encode())
        return 0
    if what == "sound":
        from .embedded_synth import World

        with contextlib.suppress(GrooveError):
            World().quit()
            os.write(pipe, b"yes")
        return 0
    if what not in ("osc", "midi", "synth", "scsynth"):
        return 2
    outlet = Outlet(pipe)
    try:
        outlet.run()
    except Exception as error:
        outlet._write([Fault(f"the {what} outlet failed: {type(error).__name__}: {error}")])
        raise
    return 0


def go() -> None:
    """Run `main` and end at once: the threads of drivers do not always let a process go."""
    code = 1
    try:
        code = main(sys.argv[1] if len(sys.argv) > 1 else "")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)
