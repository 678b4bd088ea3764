"""Ableton Link: the session that all programs with Link on this network share, to be followed or led."""

from __future__ import annotations

import time
from typing import Any

from ..score.clocks import Link
from ..score.edits import BEATS_PER_BAR
from .base import Change, check_installed
from .beat_tracker import Word

_TRIES = 3  # readings of both clocks, of which the quickest counts
_QUICK = 5_000  # ns, in which one is good enough
_BASE = 2.0  # seconds between the two readings that tell how fast Link's clock is beside ours, at least
_STEADY = 5e-6  # by which that must have changed to count: else the tempo would never hold
_APART = 0.0005  # seconds by which a session that is led may differ before its beat is set anew
_SAME = 1e-3  # bpm


class LinkSession:
    """Takes part in the Link session of this network; there is only one, it has no name.

    Link's clock is not the one that we schedule by (on Linux it is CLOCK_MONOTONIC_RAW, which nobody corrects): both
    are read together at each look, and the tempo is told in our seconds.

    Args:
        clock: whether start and stop are shared.
        bpm: to begin with, where nobody else is there.

    Raises:
        GrooveError: the extra is not installed.
    """

    by, bend, over, deadband = "link", 0.1, 0.5, 0.0003
    placed = True

    def __init__(self, clock: Link, bpm: float = 120.0) -> None:
        check_installed("link", "Ableton Link", "link")
        import link  # an optional package

        self._link: Any = link.Link(bpm)
        self._clock: Any = self._link.clock()
        self._transport = clock.transport
        self._link.startStopSyncEnabled = clock.transport
        self._base = self._now = self._read()
        self._rate = 1.0  # seconds of Link's clock in one of ours
        self._playing: bool | None = None
        self._link.enabled = True

    @property
    def peers(self) -> int:
        """How many others there are."""
        return int(self._link.numPeers())

    def _read(self) -> tuple[int, int]:
        """Return a moment by our clock and by Link's, in ns."""
        best = (1 << 62, 0, 0)
        for _ in range(_TRIES):
            before = time.monotonic_ns()
            micros = self._clock.micros()
            took = time.monotonic_ns() - before
            best = min(best, (took, before + took // 2, micros * 1000 + 500))
            if took <= _QUICK:
                break
        return best[1:]

    def _look_at_clocks(self) -> None:
        self._now = self._read()
        ours, links = (now - base for now, base in zip(self._now, self._base, strict=True))
        if ours > _BASE * 1e9 and abs(links / ours - self._rate) > _STEADY:
            self._rate = links / ours
        if ours > 60e9:  # what our clock is corrected by changes, in time
            self._base = self._now

    def _micros(self, at: float) -> int:
        """Return a moment (s) of our clock by Link's, in µs."""
        return round((self._now[1] + (at * 1e9 - self._now[0]) * self._rate) / 1000)

    def look(self) -> Word | None:
        """Return the session's beat, whose bar lines are those of quantum 4, now; None without anybody else in it."""
        if not self.peers:
            return None
        self._look_at_clocks()
        state = self._link.captureAppSessionState()
        beat = state.beatAtTime(self._now[1] // 1000, float(BEATS_PER_BAR))
        return Word(beat, round(state.tempo() * self._rate, 4), self._now[0] / 1e9)

    def change(self) -> Change | None:
        """Return whether somebody has started or stopped, where that is shared."""
        if not self._transport or not self.peers:
            return None
        playing = bool(self._link.captureAppSessionState().isPlaying())
        before, self._playing = self._playing, playing
        if before is None or before == playing:
            return None
        return "start" if playing else "stop"

    def lead(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        """Draw the session to us: to our tempo, and its bar lines onto ours, where it is not there already.

        Args:
            beat: ours at a moment.
            bpm: ours.
            at: the moment, in seconds of our clock.
            playing: whether we play, for those who share that.
        """
        self._look_at_clocks()
        state = self._link.captureAppSessionState()
        micros, wanted = self._micros(at), bpm / self._rate
        half = BEATS_PER_BAR / 2
        apart = (state.beatAtTime(micros, float(BEATS_PER_BAR)) - beat + half) % BEATS_PER_BAR - half
        another = abs(state.tempo() - wanted) > _SAME
        moved = playing and abs(apart) * 60 / bpm > _APART
        started = self._transport and bool(state.isPlaying()) != playing
        if another:
            state.setTempo(wanted, micros)
        if playing and (another or moved):
            state.forceBeatAtTime(beat, micros, float(BEATS_PER_BAR))
        if started:
            state.setIsPlaying(playing, micros)
        if another or moved or started:
            self._link.commitAppSessionState(state)

    def alone(self, beat: float, bpm: float, at: float, playing: bool) -> None:
        """Have whoever comes find the session at our tempo, and with our bar lines."""
        self.lead(beat, bpm, at, playing)

    def close(self) -> None:
        """Leave the session."""
        self._link.enabled = False
