"""Where Live is: its beat at any moment, estimated from what its script says twenty times a second."""

from __future__ import annotations

import collections
import threading
import time
from typing import NamedTuple

_WINDOW = 1.5  # seconds of news that count
_JUMP = 0.12  # seconds by which news may differ from the estimate before they are a jump of the transport
_SLEW = 0.02  # of each second, by which the estimate may move towards the news without a jump


class Beat(NamedTuple):
    """What the script last said of the transport.

    Args:
        bpm: the tempo; playing: whether the transport runs.
        numerator, denominator: of the signature.
        loop: the Arrangement's loop, (start, length) in beats, or None.
        link: whether Ableton Link is on in Live.
    """

    bpm: float
    playing: bool
    numerator: int
    denominator: int
    loop: tuple[float, float] | None
    link: bool


class LiveClock:
    """The beat of Live at any moment of `time.monotonic`.

    Each piece of news says what the song time was at a moment of Live's own clock; the one that reached us fastest
    tells how far that is from ours. The song time that Live tells is never ahead, but may lag, so the foremost of the
    last 1.5 s counts. What remains of jitter is smoothed; a jump of the transport, or another tempo, is followed at
    once. Live knows nothing of what its audio device adds.

    >>> clock = LiveClock()
    >>> for n in range(20):
    ...     clock.hear(100.0 + n / 20, 7.0 + n / 20, n / 10, 120.0, True, 4, 4, False, 0.0, 16.0, False, 0)
    >>> clock.beat(101.5)
    3.0
    >>> clock.when(4.0)
    102.0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news: collections.deque[tuple[float, float, float]] = collections.deque()  # came, host time, beat
        self._beat: Beat | None = None
        self._jumps = -1
        self._at, self._from, self._away = 0.0, 0.0, 0  # the estimate: this beat at that moment; news that disagree
        self.known = threading.Event()

    def hear(
        self, came: float, host: float, beat: float, bpm: float, playing: bool, numerator: int, denominator: int,
        loop: bool, loop_start: float, loop_length: float, link: bool, jumps: int,
    ) -> None:  # fmt: skip
        """Take in a piece of news, /gl/clock, that came at the moment `came`."""
        state = Beat(
            bpm, bool(playing), numerator, denominator, (loop_start, loop_length) if loop else None, bool(link)
        )
        with self._lock:
            before, self._beat = self._beat, state
            anew = before is None or (before.bpm, before.playing) != (bpm, state.playing) or jumps != self._jumps
            self._jumps = jumps
            if anew or not state.playing:
                # The offset of the clocks stays known; the beats so far do not lie on this line.
                offset = min((c - h for c, h, _ in self._news), default=came - host)
                self._news.clear()
                self._at, self._from, self._away = beat, host + min(offset, came - host), 0
            self._news.append((came, host, beat))
            while self._news[-1][0] - self._news[0][0] > _WINDOW:
                self._news.popleft()
            if state.playing:
                self._follow(came)
            self.known.set()

    def _follow(self, came: float) -> None:
        assert self._beat is not None
        rate = self._beat.bpm / 60.0
        offset = min(c - h for c, h, _ in self._news)
        foremost = max(beat - rate * (host + offset) for _, host, beat in self._news)
        now = self._at + (came - self._from) * rate  # what was thought so far
        apart = foremost + rate * came - now
        latest = self._news[-1]
        behind = (latest[2] + rate * (came - latest[1] - offset) - now) / rate
        if abs(behind) > _JUMP:
            self._away += 1
            if self._away > 1:
                self._at, self._from, self._away = latest[2], latest[1] + offset, 0
                self._news = collections.deque([latest])
            return
        self._away = 0
        most = _SLEW * rate * max(0.0, came - self._from)
        # The first news after a jump place it; later ones may only nudge it, never backwards past a standstill.
        self._at = now + (apart if len(self._news) < 5 else max(-most, min(most, apart)))
        self._from = came

    @property
    def state(self) -> Beat | None:
        """What the script last said; None before it has."""
        return self._beat

    def beat(self, at: float | None = None) -> float:
        """Return the beat at a moment of `time.monotonic`, by default now."""
        with self._lock:
            state = self._beat
            if state is None:
                return 0.0
            moment = time.monotonic() if at is None else at
            return self._at + ((moment - self._from) * state.bpm / 60.0 if state.playing else 0.0)

    def when(self, beat: float) -> float:
        """Return the moment of `time.monotonic` at which a beat is, or was; infinity while the transport is stopped."""
        with self._lock:
            state = self._beat
            if state is None or not state.playing:
                return float("inf")
            return self._from + (beat - self._at) * 60.0 / state.bpm

    def next_line(self, beats: float, ahead: float = 0.0) -> float:
        """Return the next multiple of `beats` that is at least `ahead` seconds away."""
        state = self._beat
        at = self.beat() + ahead * (state.bpm if state else 0.0) / 60.0
        return -(-at // beats) * beats
