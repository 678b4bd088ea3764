"""Where the music is: beats against the monotonic clock, through the tempo map, with a start and a stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..score.score import Score


class Transport:
    """Turns moments of the monotonic clock into beats and back.

    Args:
        score: whose tempo map counts.
        anchor: monotonic ns at which beat 0 was, or would have been; by default now.
        now: the clock.

    >>> transport = Transport(Score(), anchor=0)
    >>> transport.ns(4.0), transport.beat_at(2_500_000_000)
    (2000000000, 5.0)
    """

    def __init__(self, score: Score, anchor: int | None = None, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._score, self.now = score, now
        self.anchor = now() if anchor is None else anchor
        self.stopped: float | None = None  # the beat at which it stands
        self.began = 0.0  # the beat at which it started last
        self.on_moved: Callable[[], None] = lambda: None  # called when it has been started or stopped

    @property
    def playing(self) -> bool:
        """Whether time passes."""
        return self.stopped is None

    def ns(self, beat: float) -> int:
        """Return the moment of a beat, in ns of the monotonic clock: from the grid, never from what time it is now."""
        return self.anchor + round(self._score.tempo.seconds(beat) * 1e9)

    def beat_at(self, ns: int) -> float:
        """Return the beat at a moment; where the transport stands, never beyond that."""
        beat = self._score.tempo.beat((ns - self.anchor) / 1e9)
        return beat if self.stopped is None else min(beat, self.stopped)

    def beat(self) -> float:
        """Return the beat now."""
        return max(self.beat_at(self.now()), 0.0)

    def stop(self, beat: float) -> None:
        """Let time stand at a beat from then on."""
        if self.stopped is None:
            self.stopped = beat
            self.on_moved()

    def start(self, beat: float, delay: int) -> None:
        """Let time pass again, so that a beat is `delay` ns from now."""
        self.stopped, self.began = None, beat
        self.anchor += self.now() + delay - self.ns(beat)
        self.on_moved()
