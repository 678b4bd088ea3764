"""MIDI clock for others: its ticks from the grid, handed over like notes; start, song position, continue and stop."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..outputs import Due
from ..outputs.midi_clock import Signal
from ..score.clocks import TICKS
from ..score.edits import BEATS_PER_BAR
from .player import LEAD
from .transport import Transport

_BEFORE = 3_000_000  # ns before its first tick that a sequencer is told to start
_SOON = 0.03  # seconds in which there is time for that
_SIXTEENTH = TICKS // 4


class Ticking:
    """Sends MIDI clock to a sink, for a sequencer that follows.

    Who comes while we play is started at the next bar line; so is the song position, where that is not the first bar.

    Args:
        sink: of the port.
        send: hands over what is due.
        close: closes the sink.
    """

    def __init__(self, sink: int, send: Callable[[list[Due]], None], close: Callable[[int], None]) -> None:
        self._sink, self._send, self._close = sink, send, close
        self._next = 0  # the tick, from beat 0
        self._begin = 0  # the tick at which it is told to start
        self._anchor: int | None = None  # of the transport, as it was when that was decided
        self._runs = False

    def turn(self, transport: Transport, bpm: Callable[[float], float]) -> None:
        """Hand over what is due within the next milliseconds."""
        now = transport.now()
        if transport.playing and transport.anchor != self._anchor:
            self._meet(transport, now)
        if self._anchor is None:
            return
        dues: list[Due] = []
        end = math.inf if transport.stopped is None else transport.stopped
        limit = now + round(LEAD * 1e9)

        def put(signal: Signal, when: int, step: int = 0) -> None:
            dues.append(Due(self._sink, when, step, signal, 0.0, "", beat, bpm(beat)))

        while (beat := self._next / TICKS) < end and (when := transport.ns(beat)) <= limit:
            if self._next == self._begin:
                if beat:
                    put(Signal.POSITION, when - _BEFORE, self._next // _SIXTEENTH)
                put(Signal.CONTINUE if beat else Signal.START, when - _BEFORE)
                self._runs = True
            put(Signal.TICK, when)
            self._next += 1
        if beat >= end and self._runs:
            put(Signal.STOP, transport.ns(end))
            self._runs = False
        if dues:
            self._send(dues)

    def _meet(self, transport: Transport, now: int) -> None:
        """Begin with the transport, or with its next bar."""
        first = self._anchor is None
        self._anchor = transport.anchor
        soon = transport.beat_at(now + round(_SOON * 1e9))
        if soon > transport.began and first:
            bar = math.ceil(soon / BEATS_PER_BAR) * BEATS_PER_BAR
            self._next, self._begin = math.ceil(soon * TICKS), bar * TICKS
        else:
            self._next = math.ceil(transport.began * TICKS)
            self._begin = math.ceil(transport.began * 4) * _SIXTEENTH

    def close(self) -> None:
        """Stop it."""
        self._close(self._sink)
