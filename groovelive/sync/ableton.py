"""Ableton Live's transport, to be followed or led: by way of the script in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from ..ableton_live import LinkDown, LinkState
from ..ableton_live.connect import connect
from ..errors import GrooveError
from ..score.clocks import AbletonTransport
from ..score.edits import BEATS_PER_BAR
from .base import Change
from .beat_tracker import Word

_EACH = 0.05  # seconds between two looks at a Live that is led
_BEND = 0.03  # the most that its tempo is changed to catch up
_DEADBAND = 0.004  # seconds that are not worth a change: what the script tells scatters by so much
_SAME = 0.01  # bpm
_ON_LINE = 0.06  # beats after a bar line within which Live is started
_AGAIN = 1.0  # seconds until it is asked again to start or stop


class Ours(Protocol):
    """What is needed of the conductor's transport."""

    @property
    def playing(self) -> bool: ...

    def now(self) -> int: ...

    def beat_at(self, ns: int) -> float: ...


class AbletonSource:
    """Where Live is, to be followed.

    Args:
        clock: whose Live, and whether its start and stop are heeded.

    Raises:
        GrooveError: Live is not there.
    """

    by, bend, over, deadband = "ableton", 0.1, 1.0, 0.003
    placed = True

    def __init__(self, clock: AbletonTransport) -> None:
        self._heeded = clock.transport
        self._live = connect(clock.host, clock.port)
        self._clock = self._live.clock
        self._up, self._playing = True, None if self._clock.state is None else self._clock.state.playing
        self._live.on_state(self._state)

    def _state(self, state: LinkState) -> None:
        self._up = state.up

    def look(self) -> Word | None:
        """Return Live's beat now; None while it stands, or is not there."""
        state = self._clock.state
        if not self._up or state is None or not state.playing:
            return None
        at = time.monotonic()
        return Word(self._clock.beat(at), round(state.bpm, 4), at)

    def change(self) -> Change | None:
        """Return whether Live was started or stopped, where that is heeded."""
        state = self._clock.state
        if not self._heeded or not self._up or state is None:
            return None
        before, self._playing = self._playing, state.playing
        if before is None or before == state.playing:
            return None
        return "start" if state.playing else "stop"

    def alone(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        """Nothing: Live is not ours to move."""

    def close(self) -> None:
        """Let it go."""
        self._live.close()


class AbletonLed:
    """A Live that follows us: started on a bar line, kept there by its tempo, stopped with us.

    Raises:
        GrooveError: Live is not there, or only by way of AbletonOSC.
    """

    def __init__(self, clock: AbletonTransport) -> None:
        self._live = connect(clock.host, clock.port)
        try:
            self._led = self._live.lead()
        except GrooveError:
            self._live.close()
            raise
        self._clock, self._heeded = self._live.clock, clock.transport
        self._look_at = self._told_at = 0.0
        self._bpm = 0.0

    def turn(self, transport: Ours, bpm: Callable[[float], float]) -> None:
        """Tell it where we are, some times a second."""
        now = transport.now()
        state = self._clock.state
        if now / 1e9 < self._look_at or state is None or not self._led.up:
            return
        beat = transport.beat_at(now)
        tempo = bpm(beat)
        with contextlib.suppress(LinkDown):  # it went in this moment
            self._tell(transport, state.playing, beat, tempo, now)

    def _tell(self, transport: Ours, plays: bool, beat: float, tempo: float, now: int) -> None:
        if transport.playing and not plays:
            late = beat % BEATS_PER_BAR
            if self._heeded and late < _ON_LINE and self._may(now):
                self._led.tempo(tempo)
                self._led.play()
                self._bpm = tempo
            return  # looked at again at once: the line must not be missed
        self._look_at = now / 1e9 + _EACH
        if not transport.playing:
            if self._heeded and plays and self._may(now):
                self._led.stop()
            return
        half = BEATS_PER_BAR / 2
        ahead = (self._clock.beat(now / 1e9) - beat + half) % BEATS_PER_BAR - half
        bend = 0.0 if abs(ahead) * 60 / tempo < _DEADBAND else min(max(ahead / BEATS_PER_BAR, -_BEND), _BEND)
        wanted = round(tempo * (1 - bend), 3)
        if abs(wanted - self._bpm) > _SAME or (not bend and wanted != self._bpm):
            self._bpm = wanted
            self._led.tempo(wanted)

    def _may(self, now: int) -> bool:
        """Return whether it was not asked just now."""
        if now / 1e9 - self._told_at < _AGAIN:
            return False
        self._told_at = now / 1e9
        return True

    def close(self) -> None:
        """Let it go; it plays on."""
        self._live.close()
