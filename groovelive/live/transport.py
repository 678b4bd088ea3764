"""The session's time: its tempo, its start and stop, the clocks that it follows and leads, and waiting."""

from __future__ import annotations

import time
from typing import Any

from ..checks import number
from ..errors import GrooveError
from ..protocol import session as messages
from ..protocol.session import Draft, When
from ..score.clocks import AnyClock
from ..score.controls import SESSION_CONTROLS
from ..score.edit_log import SESSION
from ..score.edits import BEATS_PER_BAR, Edit, Line
from .addressed import addressed
from .client import SessionClient
from .clocks import clock_of
from .control_help import ControlDocs

_NAPS = 0.02  # seconds between two looks at the beat, while one is waited for
_LONGEST = 1e7  # beats that are waited for


def session_number(name: str, doc: str) -> property:
    """Return a number of the session as an attribute."""

    def get(self: SessionClient) -> Any:
        with self._lock:
            value = self.score.number(SESSION, name, self.present, SESSION_CONTROLS[name].default)
        return addressed(value, self._address(name))

    def set(self: SessionClient, value: Any) -> None:
        self.write([Draft(name, value)])

    return property(get, set, doc=doc)


class TransportControls(SessionClient):
    """A client that also has the session's tempo and transport in hand."""

    def _bpm(self) -> float:
        with self._lock:
            bpm: float = addressed(self.score.tempo.bpm(self.present), self._address("bpm"))
        return bpm

    def _set_bpm(self, value: float | Line) -> None:
        self.write([Draft("bpm", value)])

    bpm = property(_bpm, _set_bpm, doc="Tempo in beats a minute, 20..400: a number, or a ramp: line(120, 140, bars=8).")
    quantum = session_number("quantum", "Bars, 0..64: an edit is due at the next line of so many; 0 is at once.")

    @property
    def __custom_documentations__(self) -> ControlDocs:
        """The help of the controls, which IPython shows: `live.bpm?` tells what it is now."""
        return ControlDocs(self, "live", (SESSION, ""), self.score.pending(self.present))

    def play(self) -> None:
        """Let the transport run, from the next bar line on."""
        self._transport(True)

    def stop(self) -> None:
        """Let the transport stand; what rings, rings out."""
        self._transport(False)

    def _transport(self, playing: bool) -> None:
        if not self.realtime:
            raise GrooveError("time passes by live.run(bars=...) here; gl.open() has a transport to start and stop")
        self.send([Draft("playing", playing)], When("now"))

    def follow(self, clock: AnyClock | None) -> None:
        """Let a clock lead the tempo: `link()`, `midi_clock("port")` or `live.ableton`; None: the conductor.

        Bar lines come together within some beats, by a tempo that differs a little: the beat number never jumps. If the
        clock goes away, the tempo stays as it is until it is back.

        Raises:
            GrooveError: it is not there, what it needs is not installed, or a peer leads.
        """
        wanted = None if clock is None else clock_of(clock)
        self._expect(messages.Follow(clock=wanted, by=self.by), messages.Done)

    def lead(self, clock: AnyClock | None, on: bool = True) -> None:
        """Have a clock follow: `link()`, `midi_clock("port")` or `live.ableton`; `on=False`: no more. None: none does.

        Raises:
            GrooveError: it is not there, or what it needs is not installed.
        """
        wanted = None if clock is None else clock_of(clock)
        self._expect(messages.LeadRequest(clock=wanted, on=bool(on), by=self.by), messages.Done)

    def tap(self, *, bar: bool = False) -> float | None:
        """Tap the tempo: from the second tap on it is set at once. Returns it in bpm; None: this was the first.

        The median of the last intervals, up to seven, counts; after two seconds without a tap they begin anew.

        Args:
            bar: whether this tap is the first beat of a bar: the bar lines are drawn onto it within some beats.

        Raises:
            GrooveError: somebody else leads the tempo, or it is out of range.

        >>> import groovelive as gl
        >>> live = gl.open(realtime=False)
        >>> live.tap()
        >>> live.run(beats=0.8)
        >>> live.tap(), live.bpm
        (150.0, 150.0)
        """
        edits: tuple[Edit, ...] = self._expect(messages.Tap(bar=bool(bar), by=self.by), messages.WrittenEdits).edits
        if not edits:
            return None
        value = edits[0].value
        return float(value.end if isinstance(value, Line) else value)  # type: ignore[arg-type]

    def wait(self, bars: float | None = None, *, beats: float | None = None) -> None:
        """Wait for so many bars, or beats; in a session that is not in real time they pass at once."""
        span = _span(bars, beats)
        if self._simulated is not None:
            self._simulated.run(span)
            return
        end = self.beat + span
        while self.beat < end:
            time.sleep(_NAPS)

    def run(self, bars: float | None = None, *, beats: float | None = None) -> None:
        """Let so many bars, or beats, pass on the simulated clock.

        Raises:
            GrooveError: this session is in real time, where `wait` waits.
        """
        if self._simulated is None:
            raise GrooveError("this session runs by itself; live.wait(bars=...) waits")
        self._simulated.run(_span(bars, beats))


def _span(bars: float | None, beats: float | None) -> float:
    """Return a time in beats that is given in bars or beats."""
    if (bars is None) == (beats is None):
        raise GrooveError("say how long: bars=8, or beats=2")
    if bars is not None:
        return BEATS_PER_BAR * number("time passes forwards: bars", bars, 0, _LONGEST / BEATS_PER_BAR, above=True)
    return number("time passes forwards: beats", beats, 0, _LONGEST, above=True)
