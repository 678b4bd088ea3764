"""MIDI clock through a port: each tick at its moment, and what tells a sequencer to start, go on and stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from ..runtime.midi_ports import LINGER, check_virtual, open_client, which
from ..score.clocks import MidiClock
from .frames import Due
from .scheduler import Sink

POSITIONS = 1 << 14  # that a song position, in 16ths, can tell


class Signal(IntEnum):
    """What is sent; the `voice` of a `Due` of MIDI clock. The `step` of a position is the 16ths from the start."""

    TICK = 0
    POSITION = 1
    START = 2
    CONTINUE = 3
    STOP = 4


_BYTES = {Signal.TICK: 0xF8, Signal.POSITION: 0xF2, Signal.START: 0xFA, Signal.CONTINUE: 0xFB, Signal.STOP: 0xFC}


class ClockSink(Sink):
    """Sends MIDI clock to a port.

    Raises:
        GrooveError: there is no MIDI, or no such port.
    """

    ready = steady = True

    def __init__(self, clock: MidiClock) -> None:
        super().__init__(clock)
        self._clock, self._runs = clock, False
        out = open_client("MidiOut")
        if clock.virtual:
            check_virtual()
            out.open_virtual_port(clock.port)
        else:
            out.open_port(which(clock.port, list(out.ports)))
        self._out: Any = out

    def prepare(self, note: Due, at: int) -> Callable[[], None]:
        """Return what sends a tick, or another signal."""
        signal = Signal(note.voice)
        data = [_BYTES[signal]]
        if signal is Signal.POSITION:
            position = note.step % POSITIONS
            data += [position & 0x7F, position >> 7]

        def send() -> None:
            self._runs = signal is not Signal.STOP and (self._runs or signal in (Signal.START, Signal.CONTINUE))
            self._out.send_raw(*data)

        return send

    def close(self) -> None:
        """Stop whoever follows, and close the port when that has gone."""
        try:
            if self._runs:
                self._out.send_raw(_BYTES[Signal.STOP])
        finally:
            threading.Timer(LINGER, self._out.close_port).start()

    def name(self) -> str:
        """Return what a sentence calls the port."""
        return f"MIDI clock {self._clock.port!r}"
