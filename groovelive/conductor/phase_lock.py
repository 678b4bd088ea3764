"""Following another clock: from what it says of its beats to the tempo that brings ours onto its bar lines."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import NamedTuple

from ..score.edits import BEATS_PER_BAR

_HEARD = 5  # words of a leader, of one tempo, whose median counts: any one may have been on its way for longer
_SAME = 1e-3  # bpm by which two tempos may differ and still count as one
_GENTLE = 4.0  # beats; what takes longer to catch up with is first caught up with at an even tempo
_SMALL, _SWIFT = 0.1, 1.5  # beats, as a leader's change of tempo leaves them behind: caught up with so much quicker
_CREEP = 4.0  # beats in which a tempo that is off by a little must not lead out of the deadband


class Way(NamedTuple):
    """How to go on: at `start` bpm, then in a line to `end` over so many beats; 0 beats: at `end` from then on."""

    start: float
    end: float
    beats: float


class PhaseLock:
    """Where a leader's beats are, and how ours have to move.

    Bar lines are drawn onto bar lines: the beat numbers of the two may differ by whole bars. An error of phase is taken
    out by a tempo that differs a little from the leader's and comes back to it in a line, never by a jump.

    Args:
        bend: the most by which the tempo differs from the leader's in the mean, as a part of it.
        over: beats in which an error is taken out, where `bend` is enough for that.
        deadband: seconds of error that are left alone.

    >>> following = PhaseLock()
    >>> following.heard(8.0, 120.0, at=100.0)
    >>> following.error(4.5, at=100.0), following.error(4.5, at=100.25)
    (-0.5, 0.0)
    >>> following.way(4.0, at=100.0), following.way(4.0 + 1.5, at=100.0)
    (Way(start=120.0, end=120.0, beats=0.0), Way(start=108.0, end=108.0, beats=0.0))
    >>> following.way(4.0 - 0.01, at=100.0)
    Way(start=120.602006, end=120.0, beats=4.0)
    """

    def __init__(self, bend: float = 0.1, over: float = 4.0, deadband: float = 0.002) -> None:
        self._bend, self._over, self._deadband = bend, over, deadband
        self._phases: deque[float] = deque(maxlen=_HEARD)  # the leader's beat at moment 0, as each word has it
        self._origin = 0.0  # moment 0, near to now: a tempo that is off by little must not matter
        self.bpm = 0.0
        self.last = -math.inf

    def heard(self, beat: float, bpm: float, at: float, anew: bool = False) -> None:
        """Take a leader's word.

        Args:
            beat: of the leader.
            bpm: its tempo.
            at: when, in seconds of the clock that the other methods are asked by.
            anew: whether it has started since its last word: what was before is no guide.
        """
        if anew or abs(bpm - self.bpm) > _SAME:
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
        """Return the leader's beat at a moment."""
        return median(self._phases) + (at - self._origin) * self.bpm / 60

    def error(self, beat: float, at: float) -> float:
        """Return by how many beats ours, which is at `beat` then, lies behind, from -2 up to 2; before: negative."""
        half = BEATS_PER_BAR / 2
        return (self.beat(at) - beat + half) % BEATS_PER_BAR - half

    def milliseconds(self, beat: float, at: float) -> float:
        """Return the error in milliseconds of the leader's tempo."""
        return self.error(beat, at) * 60_000 / self.bpm

    def is_far(self, beat: float, at: float) -> bool:
        """Return whether ours, at `beat` at a moment, is so far from the leader that `way` takes it out in parts."""
        return abs(self.error(beat, at)) > self._bend * _GENTLE

    def together(self, beat: float, at: float, bpm: float) -> bool:
        """Return whether ours, at `beat` at a moment and then at `bpm`, is with the leader, and will be for a while."""
        creep = abs(bpm - self.bpm) / self.bpm * _CREEP
        return max(abs(self.error(beat, at)), creep) * 60 / self.bpm <= self._deadband

    def way(self, beat: float, at: float, whole: bool = False) -> Way:
        """Return how to go on from a moment, at which ours is at `beat`, so that the error vanishes.

        Args:
            whole: whether this is all that is done about it; else, of a large error, only the first part is, and the
                rest is to be asked for when it has become small.
        """
        error, bpm = self.error(beat, at), round(self.bpm, 6)
        if abs(error) * 60 / bpm <= self._deadband:
            return Way(bpm, bpm, 0.0)
        if self.is_far(beat, at) and not whole:
            even = round(bpm * (1 + math.copysign(self._bend, error)), 6)
            return Way(even, even, 0.0)
        bend = self._bend * (_SWIFT if abs(error) <= _SMALL else 1)
        beats = max(self._over, abs(error) / bend)
        return Way(round(bpm * _start(error / beats), 6), bpm, round(beats, 6))


def _start(gain: float) -> float:
    """Return the tempo, in parts of that at its end, at which a line begins that gains so much in each of its beats.

    In the line from x to 1 over one beat, -log(x) / (1 - x) beats at tempo 1 pass: 1 - gain of them are wanted.
    """
    low, high = 1e-3, 1e3
    for _ in range(60):
        x = math.sqrt(low * high)
        passes = 1.0 if abs(1 - x) < 1e-12 else -math.log(x) / (1 - x)
        low, high = (x, high) if passes > 1 - gain else (low, x)
    return x
