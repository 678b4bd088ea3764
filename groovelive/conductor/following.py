"""Following another clock: from what a peer says of its beats to the tempo that brings ours onto its bar lines."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from ..timeline.edits import BEATS_PER_BAR

_HEARD = 5  # words of a peer, of one tempo, whose median counts: any one may have been on its way for longer
_SAME = 1e-3  # bpm by which two tempos may differ and still count as one


class Following:
    """Where a peer's beats are, and how ours have to move.

    Bar lines are drawn onto bar lines: the beat numbers of the two may differ by whole bars. An error of phase is taken
    out by a tempo that differs a little from the peer's, never by a jump.

    Args:
        bend: the most by which the tempo differs from the peer's, as a part of it.
        over: beats in which an error is taken out, where `bend` is enough for that.
        deadband: seconds of error that are left alone.

    >>> following = Following()
    >>> following.heard(8.0, 120.0, at=100.0)
    >>> following.error(4.5, at=100.0), following.error(4.5, at=100.25)
    (-0.5, 0.0)
    >>> following.tempo(4.0 - 0.01, at=100.0), following.tempo(4.0 + 1.5, at=100.0), following.tempo(4.0, at=100.0)
    (120.3, 108.0, 120.0)
    """

    def __init__(self, bend: float = 0.1, over: float = 4.0, deadband: float = 0.002) -> None:
        self._bend, self._over, self._deadband = bend, over, deadband
        self._phases: deque[float] = deque(maxlen=_HEARD)  # the peer's beat at moment 0, as each word has it
        self._origin = 0.0  # moment 0, near to now: a tempo that is off by little must not matter
        self.bpm = 0.0
        self.last = -math.inf

    def heard(self, beat: float, bpm: float, at: float) -> None:
        """Take a peer's word.

        Args:
            beat: of the peer.
            bpm: its tempo.
            at: when, in seconds of the clock that the other methods are asked by.
        """
        if abs(bpm - self.bpm) > _SAME:
            self._phases.clear()
            self._origin, self.bpm = at, bpm
        elif at > self._origin:
            passed = (at - self._origin) * bpm / 60
            self._phases = deque((phase + passed for phase in self._phases), maxlen=_HEARD)
            self._origin = at
        phase = beat - (at - self._origin) * bpm / 60
        if self._phases and abs(phase - median(self._phases)) > 1:  # it has jumped: what was before is no guide
            self._phases.clear()
        self._phases.append(phase)
        self.last = max(self.last, at)

    def beat(self, at: float) -> float:
        """Return the peer's beat at a moment."""
        return median(self._phases) + (at - self._origin) * self.bpm / 60

    def error(self, beat: float, at: float) -> float:
        """Return by how many beats ours, which is at `beat` then, lies behind, from -2 up to 2; before: negative."""
        half = BEATS_PER_BAR / 2
        return (self.beat(at) - beat + half) % BEATS_PER_BAR - half

    def milliseconds(self, beat: float, at: float) -> float:
        """Return the error in milliseconds of the peer's tempo."""
        return self.error(beat, at) * 60_000 / self.bpm

    def tempo(self, beat: float, at: float) -> float:
        """Return the tempo to go on at from a moment, at which ours is at `beat`, so that the error vanishes."""
        error = self.error(beat, at)
        if abs(error) * 60 / self.bpm <= self._deadband:
            return round(self.bpm, 6)
        bend = min(max(error / self._over, -self._bend), self._bend)
        return round(self.bpm * (1 + bend), 6)
