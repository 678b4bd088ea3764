"""The tempo map: from beats to seconds and back, exactly, through tempos that hold and tempos that ramp."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import expm1, log1p
from typing import NamedTuple

DEFAULT = 120.0
LOW, HIGH = 20.0, 400.0


class Segment(NamedTuple):
    """From `beat` on, the tempo goes from `bpm` by `slope` bpm a beat; it begins `seconds` after beat 0."""

    beat: float
    seconds: float
    bpm: float
    slope: float


class TempoMap:
    """Beats to seconds and back.

    Args:
        points: (beat, bpm at it, bpm towards the next point), by beat, the first at 0; between two points the tempo
            moves in a line, after the last it holds.
        before: segments that come before the first of them.

    >>> tempo = TempoMap([(0, 120, 120), (8, 60, 60)])
    >>> tempo.seconds(8), tempo.seconds(9), tempo.beat(5.0), tempo.bpm(8.5)
    (4.0, 5.0, 9.0, 60.0)
    >>> ramp = TempoMap([(0, 60, 120), (8, 120, 120)])
    >>> round(ramp.beat(ramp.seconds(5.0)), 9), ramp.bpm(4)
    (5.0, 90.0)
    """

    __slots__ = ("_beats", "_seconds", "segments")

    def __init__(
        self, points: Sequence[tuple[float, float, float]] = ((0.0, DEFAULT, DEFAULT),), before: Sequence[Segment] = ()
    ) -> None:
        segments = list(before)
        seconds = 0.0
        if before:
            seconds = before[-1].seconds + _span(before[-1], points[0][0] - before[-1].beat)
        for k, (beat, bpm, towards) in enumerate(points):
            slope = 0.0
            if k + 1 < len(points):
                slope = (towards - bpm) / (points[k + 1][0] - beat)
            segments.append(Segment(float(beat), seconds, float(bpm), slope))
            if k + 1 < len(points):
                seconds += _span(segments[-1], points[k + 1][0] - beat)
        self.segments = tuple(segments)
        self._beats = [s.beat for s in segments]
        self._seconds = [s.seconds for s in segments]

    def extended(self, points: Sequence[tuple[float, float, float]]) -> TempoMap:
        """Return a map that is as this one up to the first of some points, and from there on as they say."""
        return TempoMap(points, self.segments[: bisect_left(self._beats, points[0][0])])

    def seconds(self, beat: float) -> float:
        """Return the seconds from beat 0 to a beat, which may lie before it."""
        segment = self.segments[max(bisect_right(self._beats, beat) - 1, 0)]
        return segment.seconds + _span(segment, beat - segment.beat)

    def beat(self, seconds: float) -> float:
        """Return the beat at so many seconds after beat 0."""
        segment = self.segments[max(bisect_right(self._seconds, seconds) - 1, 0)]
        passed = seconds - segment.seconds
        if abs(segment.slope) < 1e-9 or passed < 0:
            return segment.beat + passed * segment.bpm / 60
        return segment.beat + segment.bpm / segment.slope * expm1(passed * segment.slope / 60)

    def bpm(self, beat: float) -> float:
        """Return the tempo at a beat, in beats a minute."""
        segment = self.segments[max(bisect_right(self._beats, beat) - 1, 0)]
        return segment.bpm + segment.slope * max(beat - segment.beat, 0.0)


def _span(segment: Segment, beats: float) -> float:
    """Return the seconds of so many beats from the start of a segment: the integral of 60 / bpm."""
    if abs(segment.slope) < 1e-9 or beats < 0:
        return beats * 60 / segment.bpm
    return 60 / segment.slope * log1p(beats * segment.slope / segment.bpm)
