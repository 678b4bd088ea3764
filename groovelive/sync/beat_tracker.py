"""The pulse in the ticks of a MIDI clock: where its beat is and how fast, though each tick is late by another while."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..score.clocks import TICKS

Floats = NDArray[np.float64]

WINDOW = 32 * TICKS  # ticks that count as long as the tempo holds: 8 bars
READY = 6  # ticks from which on there is a pulse
_FRESH, _FRESH_NOISY = 12, 24  # the last ticks, by which a change shows first: half a beat, or one if they scatter much
_NOISY = 0.08  # of a period, from which on that is much
_WIDER = (48, 192)  # ticks by which a slow one shows
_DOUBT = 5.0  # deviations from which on it is one
_FLOOR = 0.0002  # seconds; no clock is taken to be more regular than that
_PLAINLY = 0.6  # of the error without a change: what a change must leave at most, to count as one
_SURELY = 0.8  # of the error of the other explanation
_GAP = 2.0  # seconds after which it may be another clock that ticks: where the bar begins is not known any more
_PLAIN = 0.25  # of a period by which intervals may differ from whole ones where lost ticks are counted one by one
_FEW = 0.34  # of the intervals, at most, that lost ticks make longer
_PROOF = 2  # ticks by which a tempo from before a pause is proven
_STEADY = 0.05  # of a period by which a tick may be off, beside its scatter, where a tempo is taken to go on
_SURE = 0.02  # of a period, by which that may be uncertain
_LOW, _HIGH = 15.0, 500.0  # bpm


class Word(NamedTuple):
    """Where a clock is: its beat at a moment (s), and its tempo (bpm)."""

    beat: float
    bpm: float
    at: float


class _Line(NamedTuple):
    """A tick's time: `start` + `period` * number; by how much ticks scatter around it, and where half are later (s)."""

    start: float
    period: float
    scatter: float
    lean: float

    def rest(self, numbers: Floats, times: Floats) -> Floats:
        """Return by how much ticks are later than half of those of the line are: lateness may be lopsided."""
        return times - self.start - self.period * numbers - self.lean

    def doubt(self, fitted: int, more: int) -> float:
        """Return the deviation of the median of `more` ticks after the `fitted` ones, as well as the line is known."""
        away = (fitted + more) / 2
        return self.scatter * math.sqrt(math.pi / 2 / more + 1 / fitted + 12 * away**2 / fitted**3)


class BeatTracker:
    """Hears ticks, and tells the beat: by a line through the ticks of the last 8 bars, or since the tempo changed.

    Whether the last ticks still lie on the line is looked at with every tick. If not, what explains them better
    counts: that some ticks were lost or doubled, so that all since are numbered anew; or another tempo, so that only
    they count. For a few ticks that may be open; then the line goes on.

    A run begins with the tick after a start or a continue: that tick is where the song was said to stand, whatever
    passed before, and only the run's own ticks make its line. Until they do, the tempo from before goes on, as long as
    they agree with it. So it makes no difference whether a leader ticks while it is stopped.

    >>> pulse = BeatTracker()
    >>> pulse.start()
    >>> for k in range(49):
    ...     pulse.tick(100 + k * 0.5 / 24)
    >>> pulse.word()
    Word(beat=2.0, bpm=120.0, at=101.0)
    """

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, float]] = deque(maxlen=WINDOW)  # number, time
        self._number = -1  # of the last tick
        self._zero = 0  # the number of the tick that is beat 0
        self._line: _Line | None = None
        self._before: _Line | None = None  # from before the run, until its own line is known
        self._proven = 0  # the number of the tick from which on it counts
        self._begins = False  # whether the next tick begins a run
        self._place = 0  # ticks from the start of the song to where the next run begins
        self._halt: int | None = None  # the number of the last tick of a run that was stopped
        self.placed = False  # whether it was ever said where the song is
        self.runs = False

    # What is heard

    def tick(self, at: float) -> None:
        """Take a tick, which came at a moment in seconds."""
        self._number += 1
        if self._begins:
            self._begin(at)
        elif self._ticks and at - self._ticks[-1][1] > _GAP:
            self._ticks.clear()
            self._line = self._before = None
            self.placed = False
        if self._before is not None and not self._near(self._before, at):
            self._before = None
        self._ticks.append((self._number, at))
        self._fit()

    def start(self) -> None:
        """Take a start: the next tick is beat 0."""
        self._place, self._halt = 0, None
        self._begins = self.runs = True

    def go_on(self) -> None:
        """Take a continue: the next tick is where the song stands."""
        if self.runs and not self._begins:
            self._halt = self._number  # it was stopped, which was not heard
        if self._halt is not None:
            self._place = self._halt + self._lost() + 1 - self._zero
            self._halt = None
        self._begins = self.runs = True

    def stop(self) -> None:
        """Take a stop: the song stands where it is; ticks may go on."""
        if self.runs and not self._begins:
            self._halt = self._number
        self._begins = self.runs = False

    def locate(self, sixteenths: int) -> None:
        """Take a song position: what comes next is so many 16ths from the start of the song."""
        self._place, self._halt = sixteenths * TICKS // 4, None
        self._begins = self.runs

    def word(self) -> Word | None:
        """Return where the beat was at the last tick, had that come in time; None as long as too little is known."""
        line = self._line if self._is_sure() else self._before
        if line is None or (line is self._before and self._number < self._proven):
            return None
        at = line.start + line.period * self._number
        return Word((self._number - self._zero) / TICKS, round(60 / TICKS / line.period, 6), round(float(at), 9))

    @property
    def scatter(self) -> float:
        """By how much ticks scatter around the pulse, as a standard deviation in seconds."""
        return 0.0 if self._line is None else self._line.scatter

    # The run

    def _begin(self, at: float) -> None:
        """Begin a run with the tick that has come."""
        line = self._line or self._before
        self._proven = self._number
        if line is not None and not self._near(line, at):  # it has paused: the tempo is all that may still hold
            line = line._replace(start=at - line.period * self._number)
            self._proven += _PROOF
        self._before, self._line = line, None
        self._ticks.clear()
        self._zero = self._number - self._place
        self._begins, self.placed = False, True

    def _near(self, line: _Line, at: float) -> bool:
        """Return whether the last tick, which came at a moment, lies on a line as far as ticks scatter."""
        return abs(at - line.start - line.period * self._number) <= 4 * line.scatter + _STEADY * line.period

    def _is_sure(self) -> bool:
        many = len(self._ticks)
        return self._line is not None and self._line.scatter * math.sqrt(12 / many**3) <= _SURE * self._line.period

    def _lost(self) -> int:
        """Return how many of the last ticks of a run that was stopped were lost, as far as the line lacks them."""
        if self._line is None:
            return 0
        numbers, times = (column[-_FRESH:] for column in self._columns())
        return round(float(_missing(numbers, times, self._line.period)[numbers == self._halt].sum()))

    # The line

    def _fit(self) -> None:
        numbers, times = self._columns()
        if len(numbers) < READY:
            return
        if len(numbers) < 2 * _FRESH:  # too few to tell a change from: but where all are plain, one that is lost is too
            self._renumber(_missing(numbers, times, float(np.median(np.diff(times)))))
            numbers, times = self._columns()
        noisy = self._line is not None and self._line.scatter > _NOISY * self._line.period
        fresh = _FRESH_NOISY if noisy else _FRESH
        for wide in (fresh, *_WIDER):
            if len(numbers) < 2 * wide:
                break
            base = _line(numbers[:-wide], times[:-wide])
            rest = base.rest(numbers[-wide:], times[-wide:])
            if abs(float(np.median(rest))) <= _DOUBT * base.doubt(len(numbers) - wide, wide):
                continue
            if wide != fresh:
                self._keep(2 * wide)  # it has been moving for a while
            elif not self._changed(base, numbers, times, rest):
                continue
            numbers, times = self._columns()
            break
        self._line = _line(numbers, times, self._line)
        if self._is_sure():
            self._before = None

    def _columns(self) -> tuple[Floats, Floats]:
        both = np.array(self._ticks, float).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def _changed(self, base: _Line, numbers: Floats, times: Floats, rest: Floats) -> bool:
        """Judge the last ticks, which do not lie on the line of those before; return whether anything was changed."""
        enough = float(np.abs(rest).sum()) * _PLAINLY
        lost, tempo = (enough, 0, 0), (enough, 0, 0)  # error, index of the change, how many were lost
        for k in range(len(rest) - READY + 1):
            before, after = float(np.abs(rest[:k]).sum()), rest[k:]
            many = round(float(np.median(after)) / base.period)
            if many:
                lost = min(lost, (before + float(np.abs(after - many * base.period).sum()), k, many))
            passed = np.arange(1, len(after) + 1)
            slope = float(np.median(after / passed))
            tempo = min(tempo, (before + float(np.abs(after - slope * passed).sum()), k, 0))
        if base.scatter <= _NOISY * base.period:  # several, here and there: each shows by itself
            steps = np.round(rest / base.period)
            if np.abs(rest - steps * base.period).sum() < min(lost, tempo)[0] * _PLAINLY:
                self._renumber(steps)
                return True
        (error, k, many), other = sorted((lost, tempo))
        if error == enough or (error > _SURELY * other[0] and k > len(rest) // 4):
            return False  # or not yet: with some more ticks it will be plain
        if many:
            self._renumber(np.where(np.arange(len(rest)) >= k, many, 0))
        else:
            self._keep(max(len(rest) - k, READY))
        return True

    def _renumber(self, more: NDArray[Any]) -> None:
        """Add to the numbers of the last ticks."""
        last = [self._ticks.pop() for _ in more][::-1]
        if self._halt is not None:
            self._halt += sum(int(lost) for (number, _), lost in zip(last, more, strict=True) if number == self._halt)
        self._ticks += [(number + int(lost), at) for (number, at), lost in zip(last, more, strict=True)]
        self._number = self._ticks[-1][0]

    def _keep(self, last: int) -> None:
        while len(self._ticks) > last:
            self._ticks.popleft()


def _missing(numbers: Floats, times: Floats, period: float) -> Floats:
    """Return how many ticks were lost before each of some, by the intervals; none where these are not plainly whole.

    Nor if many are longer, or the last one is: it may be another tempo.

    >>> _missing(np.arange(4.0), np.array([0, 1.1, 3.0, 4.0]), period=1.0)
    array([0., 0., 1., 1.])
    """
    intervals = np.diff(times) / period
    whole = np.round(intervals)
    are_plain = len(whole) > 0 and np.abs(intervals - whole).max() <= _PLAIN
    if not are_plain or whole[-1] != 1 or np.mean(whole != 1) > _FEW:
        return np.zeros(len(numbers))
    return np.concatenate([[0.0], np.cumsum(whole) - (numbers[1:] - numbers[0])])


def _line(numbers: Floats, times: Floats, before: _Line | None = None) -> _Line:
    """Fit a line by least squares, twice: ticks that are far off it do not count the second time.

    Nor do those count the first time that are plainly off the line from `before`, unless most are.
    """
    n, t = numbers - numbers[-1], times - times[-1]
    kept = np.ones(len(n), bool)
    if before is not None and before.scatter <= _NOISY * before.period:
        near = np.abs(times - before.start - before.period * numbers) <= _PLAIN * before.period
        if near.sum() > max(READY, len(n) / 2):
            kept = near
    for _ in range(2):
        mean, middle = n[kept].mean(), t[kept].mean()
        period = float(((n[kept] - mean) * t[kept]).sum() / ((n[kept] - mean) ** 2).sum())
        rest = t - middle - period * (n - mean)
        scatter = max(1.4826 * float(np.median(np.abs(rest[kept]))), _FLOOR)
        kept = np.abs(rest) <= 4 * scatter
        if kept.sum() < READY:
            break
    period = min(max(period, 60 / TICKS / _HIGH), 60 / TICKS / _LOW)
    start = float(times[-1] + middle) - period * (mean + float(numbers[-1]))
    return _Line(start, period, scatter, float(np.median(rest)))
