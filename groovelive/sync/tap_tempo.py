"""Tap tempo: from the moments of some taps to a tempo, and to where the beat is."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

PAUSE = 2.0  # seconds after which a tap is the first of new ones
_MOST = 8  # taps that count


class Taps:
    """Taps of one performer.

    >>> taps = Taps()
    >>> [taps.tap(at) for at in (10.0, 10.5, 11.02, 11.5)]
    [None, 120.0, 117.647059, 120.0]
    >>> round(taps.beat, 6), taps.tap(14.0)
    (11.5, None)
    """

    def __init__(self) -> None:
        self._taps: list[float] = []

    def tap(self, at: float) -> float | None:
        """Take a tap at a moment (s), and return the tempo in bpm: by the median of the intervals; None: there is none.

        A tap more than 2 s after, or at, the last one begins anew.
        """
        if self._taps and not 0 < at - self._taps[-1] <= PAUSE:
            self._taps.clear()
        self._taps = [*self._taps[1 - _MOST :], at]
        interval = self._interval()
        return None if interval is None else round(60 / interval, 6)

    @property
    def beat(self) -> float:
        """The moment of the beat that the last tap is about: by all taps, as each is off by some milliseconds.

        Raises:
            IndexError: nobody has tapped.
        """
        interval = self._interval() or 0.0
        last = self._taps[-1]
        steps = [round((last - tap) / interval) if interval else 0 for tap in self._taps]
        return median(tap + step * interval for tap, step in zip(self._taps, steps, strict=True))

    def _interval(self) -> float | None:
        gaps = [b - a for a, b in pairwise(self._taps)]
        return median(gaps) if gaps else None
